package lan_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"rsc.io/qr"

	"github.com/singoff/singoff/service/lan"
)

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// up is an interface that is up.
func up(name string, texts ...string) lan.Interface {
	return lan.Interface{Name: name, Up: true, Addrs: addrs(texts...)}
}

var loopback = lan.Interface{Name: "lo", Up: true, Loopback: true, Addrs: addrs("127.0.0.1", "::1", "192.168.99.1")}

func byDefault(i lan.Interface) lan.Interface { i.Default = true; return i }

// The address shown must be one that a guest's phone can reach: not that of this machine alone, of a container's bridge, of a cable without
// a router, or of a tunnel.
func TestReachable(t *testing.T) {
	t.Parallel()
	down, tunnel := up("eth1", "192.168.8.1"), up("office", "10.8.0.2")
	down.Up, tunnel.PointToPoint = false, true
	fleeting := up("wlan0", "2001:db8::1", "2001:db8::aaaa", "fe80::1")
	fleeting.Fleeting = addrs("2001:db8::aaaa")
	onlyFleeting := up("wlan0", "2001:db8::aaaa")
	onlyFleeting.Fleeting = addrs("2001:db8::aaaa")
	for name, test := range map[string]struct {
		interfaces []lan.Interface
		want       string
	}{
		"nothing":               {nil, "[]"},
		"loopback alone":        {[]lan.Interface{loopback}, "[]"},
		"a laptop":              {[]lan.Interface{loopback, up("docker0", "172.17.0.1"), byDefault(up("wlan0", "192.168.0.5", "fe80::1"))}, "[192.168.0.5]"},
		"two nets":              {[]lan.Interface{up("eth0", "192.168.1.5"), byDefault(up("wlan0", "192.168.0.5"))}, "[192.168.0.5 192.168.1.5]"},
		"two of a net":          {[]lan.Interface{byDefault(up("eth0", "10.0.0.9", "10.0.0.8"))}, "[10.0.0.8 10.0.0.9]"},
		"the same twice":        {[]lan.Interface{up("eth0", "10.0.0.9"), up("wlan0", "10.0.0.9")}, "[10.0.0.9]"},
		"no default route":      {[]lan.Interface{up("eth0", "192.168.1.5"), up("wlan0", "10.0.0.5")}, "[10.0.0.5 192.168.1.5]"},
		"the VPN is default":    {[]lan.Interface{byDefault(up("utun3", "10.9.0.2")), up("en0", "192.168.0.5")}, "[192.168.0.5]"},
		"private before public": {[]lan.Interface{up("eth0", "203.0.113.7", "192.168.0.5")}, "[192.168.0.5 203.0.113.7]"},
		"public alone":          {[]lan.Interface{byDefault(up("eth0", "203.0.113.7"))}, "[203.0.113.7]"},
		"no router":             {[]lan.Interface{up("eth0", "169.254.3.4")}, "[]"},
		"down, and a tunnel":    {[]lan.Interface{down, tunnel}, "[]"},
		"IPv6 only":             {[]lan.Interface{loopback, byDefault(up("eth0", "2001:db8::5", "fe80::1", "fd00::5"))}, "[fd00::5 2001:db8::5]"},
		"both":                  {[]lan.Interface{byDefault(up("eth0", "fd00::5", "192.168.0.5"))}, "[192.168.0.5 fd00::5]"},
		"IPv4 in IPv6":          {[]lan.Interface{up("eth0", "::ffff:192.168.0.5")}, "[192.168.0.5]"},
		"temporary":             {[]lan.Interface{fleeting}, "[2001:db8::1]"},
		"only temporary":        {[]lan.Interface{onlyFleeting}, "[2001:db8::aaaa]"},
		"a bridge of the house": {[]lan.Interface{up("br0", "192.168.0.5"), up("br-lan", "192.168.1.1")}, "[192.168.0.5 192.168.1.1]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprint(lan.Reachable(test.interfaces)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestVirtualAdapters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"docker0", "br-0123456789ab", "veth1a2b3c", "virbr0", "vmnet8", "vboxnet0", "tun0", "tap0", "utun4", "wg0", "wg-home", "tailscale0",
		"cni0", "podman1", "lxcbr0", "zt5u4", "bridge100", "awdl0", "ppp0", "vEthernet (WSL)", "VMware Network Adapter VMnet8", "Tailscale",
	} {
		if got := lan.Reachable([]lan.Interface{up(name, "192.168.0.5")}); len(got) > 0 {
			t.Errorf("%s: got %v, want nothing", name, got)
		}
	}
	for _, name := range []string{"eth0", "enp3s0", "wlan0", "wlp2s0", "en0", "bond0", "br0", "bridge0", "Wi-Fi", "Ethernet 2", "이더넷", "end0", "usb0", "eth0.5"} {
		if got := lan.Reachable([]lan.Interface{up(name, "192.168.0.5")}); len(got) != 1 {
			t.Errorf("%s: got %v, want its address", name, got)
		}
	}
}

func TestOrderOfInterfacesDoesntMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := []lan.Interface{
			loopback, up("docker0", "172.17.0.1"), up("eth0", "192.168.1.5", "169.254.3.4"), byDefault(up("wlan0", "10.0.0.5", "fd00::5")),
			up("eth1", "203.0.113.7"), up("eth2", "2001:db8::1"),
		}
		want := "[10.0.0.5 192.168.1.5 203.0.113.7 fd00::5 2001:db8::1]"
		if got := fmt.Sprint(lan.Reachable(rapid.Permutation(list).Draw(t, "order"))); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestInterfacesOfThisMachine(t *testing.T) {
	t.Parallel()
	list, err := lan.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Loopback && i.Up {
			for _, addr := range i.Addrs {
				if addr.IsLoopback() {
					return
				}
			}
		}
	}
	t.Errorf("got %+v, want the loopback interface in it", list)
}

// modules reads a drawn code back: black or white, with what surrounds it.
func modules(t *testing.T, drawn string) (rows [][]bool) {
	t.Helper()
	for line := range strings.Lines(drawn) {
		line, begins := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "\x1b[38;5;16;48;5;231m")
		line, ends := strings.CutSuffix(line, "\x1b[0m")
		if !begins || !ends {
			t.Fatalf("got %q, want black on white from its beginning to its end", line)
		}
		var upper, lower []bool
		for _, half := range line {
			upper = append(upper, half == '▀' || half == '█')
			lower = append(lower, half == '▄' || half == '█')
		}
		rows = append(rows, upper, lower)
	}
	return rows
}

// A camera needs the code as it is, and four white modules around it.
func TestQR(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"http://192.168.0.5:8080/", "https://[2001:db8:1:2:3:4:5:6]:8080/battle/", "a"} {
		drawn, err := lan.QR(text)
		if err != nil {
			t.Fatal(err)
		}
		code, err := qr.Encode(text, qr.L)
		if err != nil {
			t.Fatal(err)
		}
		rows := modules(t, drawn)
		if n := code.Size + 8; len(rows) < n || len(rows) > n+1 {
			t.Errorf("got %d rows, want %d", len(rows), n)
		}
		for y, row := range rows {
			if len(row) != code.Size+8 {
				t.Fatalf("got %d columns in row %d, want %d", len(row), y, code.Size+8)
			}
			for x, black := range row {
				if want := code.Black(x-4, y-4); black != want {
					t.Fatalf("%s: got %v at %d, %d, want %v", text, black, x, y, want)
				}
			}
		}
	}
}

func TestQROfTooMuch(t *testing.T) {
	t.Parallel()
	if _, err := lan.QR(strings.Repeat("a", 4000)); !errors.Is(err, lan.ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
}
