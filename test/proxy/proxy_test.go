// Package proxy holds battles through Debian's nginx and Caddy with the very configurations that docs/operations.md shows: what an operator
// copies out of it must work. Addresses, ports and files are a test's own, and nginx's time-outs are shorter than by default.
package proxy_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/certs"
)

const (
	// patience is how long anything may take that has no time of its own.
	patience = 30 * time.Second
	// name of the server in the documented configurations.
	name = "sing.example"
)

// The timers that the grpc-web wrapper is linked with run from the start of the process to its end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/desertbit/timer.timerRoutine"))
}

// software is a kind of proxy.
type software struct {
	// config makes the documented configuration work for one test.
	config func(t *testing.T, s site) string
	// command runs it in the foreground, with a file of that configuration.
	command func(dir, config string) *exec.Cmd
}

// site is what stands in the documented configurations' place.
type site struct {
	// dir is the test's own.
	dir string
	// addr is where the proxy listens, host:port.
	addr string
	// pem is the file with its certificate and key.
	pem string
	behind
}

// behind says where the server is that a proxy stands before, and what to add to the documented configuration.
type behind struct {
	grpc, http string
	// more goes into nginx's block of browsers.
	more string
}

// documented is a configuration in docs/operations.md.
func documented(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	begin := "<!-- the block below is run by test/proxy -->\n```" + language + "\n"
	_, rest, found := strings.Cut(string(text), begin)
	block, _, ended := strings.Cut(rest, "\n```\n")
	if !found || !ended {
		t.Fatalf("docs/operations.md has no block after %q", begin)
	}
	return block + "\n"
}

// replace replaces what must be there, once.
func replace(t *testing.T, text string, changes ...string) string {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		if n := strings.Count(text, changes[i]); n != 1 {
			t.Fatalf("got %q %d times in the documented configuration, want it once", changes[i], n)
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

// proxy is a running one.
type proxy struct {
	addr string // host:port of its TLS
	tls  *tls.Config
}

// start runs a proxy in front of a server until the test ends.
func (s software) start(t *testing.T, to behind) *proxy {
	t.Helper()
	dir := t.TempDir()
	house, err := certs.OpenHouse(certs.HouseConfig{Dir: dir, Names: func() certs.Names {
		return certs.Names{DNS: []string{name}, Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(house.PEM())
	for range 10 { // a free port may be taken meanwhile
		here := site{dir: dir, addr: freeAddr(t), pem: filepath.Join(dir, "server.pem"), behind: to}
		if s.run(t, here) {
			return &proxy{addr: here.addr, tls: &tls.Config{RootCAs: pool, ServerName: name}}
		}
	}
	t.Fatal("the proxy finds no free port")
	return nil
}

// run waits until the proxy takes connections. false: somebody else has the port.
func (s software) run(t *testing.T, here site) bool {
	t.Helper()
	config := filepath.Join(here.dir, "config")
	if err := os.WriteFile(config, []byte(s.config(t, here)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := s.command(here.dir, config)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	said := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; make packages installs it", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if !takes(t, here.addr, ended, said) {
		return false
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || t.Failed() {
			t.Logf("the proxy ended with %v and said:\n%s", err, said)
		}
	})
	return true
}

// takes waits for the first connection that is taken.
func takes(t *testing.T, addr string, ended <-chan error, said *bytes.Buffer) bool {
	t.Helper()
	deadline := time.After(patience)
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return true
		}
		select {
		case err := <-ended:
			if bytes.Contains(bytes.ToLower(said.Bytes()), []byte("address already in use")) {
				return false
			}
			t.Fatalf("the proxy ended: %v\n%s", err, said)
		case <-deadline:
			t.Fatalf("the proxy took no connection within %v", patience)
		case <-time.After(20 * time.Millisecond): // it tells nobody when it is ready
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	return lis.Addr().String()
}

// get asks for a path and gives the whole answer.
func (p *proxy) get(t *testing.T, path string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", p.addr, p.tls)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, name)
	answer, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return string(answer)
}

func TestDocumentedConfigurationsServe(t *testing.T) {
	t.Parallel()
	for title, kind := range map[string]software{"nginx": nginx, "Caddy": caddy} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			p := kind.start(t, startHouse(t).behind(""))
			for path, want := range map[string]string{"/battle/readyz": "ready\n", "/battle/": "</html>\n"} {
				answer := p.get(t, path)
				status, _, _ := strings.Cut(answer, "\r\n")
				if !strings.Contains(status, " 200 ") || !strings.HasSuffix(answer, want) {
					t.Errorf("%s: got %q, want 200 and %q at its end", path, answer, want)
				}
			}
		})
	}
}
