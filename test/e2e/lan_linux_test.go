package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/singoff/singoff/service/lan"
)

// inNet runs singoffd in a network of its own, laid by a script of ip commands, until it serves; it gives what it said to people and to the
// log. Its ports are the usual ones: nobody else is in there.
func inNet(t *testing.T, terminal bool, script string, args ...string) (shown string, log []map[string]any) {
	t.Helper()
	// The log goes to a pipe, so that what is for people is apart from it.
	cmd := exec.Command("sh", "-euc", "{ "+script+"\n} >&2; exec "+filepath.Join(bin, "singoffd")+" --admin-addr off "+strings.Join(args, " "))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	cmd.Env = append(os.Environ(), "TERM=xterm")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	read := make(chan struct{})
	if terminal {
		ours, theirs, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		cmd.Stdout = theirs
		go func() { defer close(read); io.Copy(&out, ours) }() // ends when nobody has the other side any more
		defer theirs.Close()
	} else {
		cmd.Stdout = &out
		close(read)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if file, ok := cmd.Stdout.(*os.File); ok {
		file.Close()
	}
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer late.Stop()
	log = untilServing(t, cmd, stderr)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("got %v, want an ordered end; the log is %v", err, log)
	}
	<-read
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), log
}

// untilServing reads the log, ends the server when it serves, and reads on to its end.
func untilServing(t *testing.T, cmd *exec.Cmd, stderr io.Reader) (log []map[string]any) {
	t.Helper()
	serving := false
	all, err := io.ReadAll(readerFunc(func(p []byte) (int, error) {
		n, err := stderr.Read(p)
		if !serving && bytes.Contains(p[:n], []byte(`"message":"serving"`)) {
			serving = true
			cmd.Process.Signal(syscall.SIGTERM)
		}
		return n, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		entry := map[string]any{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("got %q of the script or the server", line)
		}
		log = append(log, entry)
	}
	return log
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// messages are those of a log.
func messages(log []map[string]any) (list []string) {
	for _, entry := range log {
		list = append(list, entry["message"].(string))
	}
	return list
}

// link lays an interface: half of a pair, whose other end is up too.
func link(name string, commands ...string) string {
	lines := []string{
		"ip link add " + name + " type veth peer name veth-" + name,
		"ip link set veth-" + name + " up",
		"ip link set " + name + " up",
	}
	return strings.Join(append(lines, commands...), "\n") + "\n"
}

const loopbackUp = "ip link set lo up\n"

// houseNet has two nets; a bridge of containers, an address without a router and the tunnel to an office lead to no phone.
func houseNet() string {
	return loopbackUp +
		link("docker0", "ip addr add 172.17.0.1/16 dev docker0") +
		link("tun0", "ip addr add 10.8.0.2/24 dev tun0") +
		link("eth1", "ip addr add 169.254.7.7/16 dev eth1") +
		link("eth0", "ip addr add 192.168.0.5/24 dev eth0") +
		link("wlan0", "ip addr add 10.0.0.7/24 dev wlan0", "ip route add default via 10.0.0.1 dev wlan0")
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("laying a network needs root; service/lan tests the choice of addresses without")
	}
}

// A code that shows loopback, a bridge of containers or a link-local address lets no phone in, and nobody is told why.
func TestPhonesAreToldWhereToGo(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, test := range map[string]struct {
		net  string
		args []string
		urls []string // in their order; all others are wrong
		said string   // in the log
	}{
		"two nets": {houseNet(), []string{"--lan"}, []string{"http://10.0.0.7:8080/", "http://192.168.0.5:8080/"}, "without encryption"},
		"two nets, TLS": {
			houseNet(), []string{"--lan", "--tls", "self", "--tls-dir", filepath.Join(t.TempDir(), "tls")},
			[]string{"http://10.0.0.7:8080/ca", "https://10.0.0.7:8080/", "https://192.168.0.5:8080/"}, "server certificate made",
		},
		"one of them": {houseNet(), []string{"--http-addr", "192.168.0.5:80"}, []string{"http://192.168.0.5:80/"}, "without encryption"},
		"IPv6 only": {
			loopbackUp + link("eth0", "ip addr add fd00::5/64 dev eth0 nodad", "ip addr add 2001:db8::5/64 dev eth0 nodad", "ip route add default via fd00::1 dev eth0"),
			[]string{"--lan"}, []string{"http://[fd00::5]:8080/", "http://[2001:db8::5]:8080/"}, "without encryption",
		},
		"a name": {houseNet(), []string{"--lan", "--public-url", "https://sing.example/battle"}, []string{
			"https://sing.example/battle/", "http://10.0.0.7:8080/battle/", "http://192.168.0.5:8080/battle/",
		}, "without encryption"},
		"without the flag": {houseNet(), nil, nil, "only this machine can join; --lan lets phones"},
		"no net":           {loopbackUp, []string{"--lan"}, nil, "no address on a net that a phone could use"},
		"no router": {
			loopbackUp + link("docker0", "ip addr add 172.17.0.1/16 dev docker0") + link("eth0", "ip addr add 169.254.7.7/16 dev eth0"),
			[]string{"--lan"}, nil, "no address on a net that a phone could use",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown, log := inNet(t, false, test.net, test.args...)
			var urls []string
			for word := range strings.FieldsSeq(shown) {
				if strings.HasPrefix(word, "http") {
					urls = append(urls, word)
				}
			}
			if !slices.Equal(urls, test.urls) {
				t.Errorf("got %q in %q, want %q", urls, shown, test.urls)
			}
			if !slices.ContainsFunc(messages(log), func(m string) bool { return strings.Contains(m, test.said) }) {
				t.Errorf("got %q in the log, want %q", messages(log), test.said)
			}
			if strings.ContainsAny(shown, "\x1b█▀▄") {
				t.Errorf("got %q, want plain text where nobody looks", shown)
			}
			for _, line := range log {
				if line["message"] == "serving" && len(test.urls) > 0 && !strings.HasPrefix(line["url"].(string), "http") {
					t.Errorf("got %v, want the URL in the log", line)
				}
			}
		})
	}
}

func TestCodeOnATerminal(t *testing.T) {
	t.Parallel()
	needRoot(t)
	want, err := lan.QR("http://10.0.0.7:8080/")
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := inNet(t, true, houseNet(), "--lan")
	if !strings.Contains(shown, want) || !strings.Contains(shown, "port 8080") {
		t.Errorf("got %s, want the code of the best address, and the port for the firewall", shown)
	}
	shown, _ = inNet(t, true, houseNet())
	if shown != "" {
		t.Errorf("got %q of a server for this machine alone, want nothing", shown)
	}
}
