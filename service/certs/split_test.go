package certs_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/singoff/singoff/service/certs"
)

// port serves both sides of a port until the test ends.
func port(t *testing.T) (addr string, house *certs.House) {
	t.Helper()
	house = open(t, filepath.Join(t.TempDir(), "tls"), &lines{}, always(names()))
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, plain := certs.Split(lis, certs.TLS(house, "h2", "http/1.1"))
	mux := http.NewServeMux()
	mux.Handle("/", certs.ToTLS())
	for _, path := range certs.GuidePaths {
		mux.Handle(path, house.Guide())
	}
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%s %s %v", r.Proto, r.URL, r.TLS != nil)
	})
	servers := map[net.Listener]*http.Server{secure: {Handler: echo}, plain: {Handler: mux}}
	ended := make(chan error, 2)
	for lis, srv := range servers {
		go func() { ended <- srv.Serve(lis) }()
	}
	t.Cleanup(func() {
		for _, srv := range servers {
			if err := srv.Close(); err != nil {
				t.Errorf("got %v, want nil", err)
			}
		}
		for range servers {
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v, want an ordered end", err)
			}
		}
	})
	return lis.Addr().String(), house
}

func client(t *testing.T, house *certs.House, h2 bool) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: trust(t, "", house.PEM()), ForceAttemptHTTP2: h2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestOnePortForBoth(t *testing.T) {
	t.Parallel()
	addr, house := port(t)
	for h2, want := range map[bool]string{true: "HTTP/2.0 /a?b=c true", false: "HTTP/1.1 /a?b=c true"} {
		if _, got := get(t, client(t, house, h2), "https://"+addr+"/a?b=c"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	resp, _ := get(t, client(t, house, false), "http://"+addr+"/battle/a%2Fb?c=d")
	if got, want := resp.Header.Get("Location"), "https://"+addr+"/battle/a%2Fb?c=d"; resp.StatusCode != 307 || got != want {
		t.Errorf("got %d to %q, want 307 to %q", resp.StatusCode, got, want)
	}
	large := strings.Repeat("a", 1<<20)
	resp, err := client(t, house, true).Post("https://"+addr+"/", "text/plain", strings.NewReader(large))
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %v, %v", resp, err)
	}
	resp.Body.Close()
}

// A client that was never told of TLS must not be left without an answer, and one of HTTP/1.0 says no host.
func TestPlainWithoutHost(t *testing.T) {
	t.Parallel()
	addr, _ := port(t)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "400") {
		t.Errorf("got %q, %v, want 400", line, err)
	}
}

// Somebody who connects and says nothing must not keep others from being accepted, nor the port from being closed.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	addr, house := port(t)
	for range 50 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	if _, got := get(t, client(t, house, true), "https://"+addr+"/"); !strings.Contains(got, "true") {
		t.Errorf("got %q, want an answer beside silent connections", got)
	}
}

func TestSilentConnectionIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lis := newPipes()
		secure, plain := certs.Split(lis, &tls.Config{})
		conn := lis.dial()
		began := time.Now()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || time.Since(began) != 5*time.Second {
			t.Errorf("got %v after %v, want the end after 5s", err, time.Since(began))
		}
		late := lis.dial()
		go func() { late.Write([]byte("G")) }()
		got, err := plain.Accept()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // the time-out was for the first byte alone
		go func() { late.Write([]byte("ET /")) }()
		text := make([]byte, 5)
		if _, err := io.ReadFull(got, text); err != nil || string(text) != "GET /" {
			t.Errorf("got %q, %v, want all that was sent", text, err)
		}
		got.Close()
		if err := secure.Close(); err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if err := plain.Close(); err != nil {
			t.Errorf("got %v from the second side, want nil", err)
		}
		if _, err := plain.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

// The connection below TLS is to be reached by who sets options of its socket.
func TestSocketIsReached(t *testing.T) {
	t.Parallel()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, _ := certs.Split(lis, &tls.Config{})
	defer secure.Close()
	conn, err := net.Dial("tcp", lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte{0x16})
	got, err := secure.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	below := got.(*tls.Conn).NetConn().(interface{ NetConn() net.Conn }).NetConn()
	if _, ok := below.(*net.TCPConn); !ok {
		t.Errorf("got %T, want *net.TCPConn", below)
	}
}

// Errors of Accept are for who serves: it knows which ones pass.
func TestAcceptErrorIsHandedOn(t *testing.T) {
	t.Parallel()
	lis := newPipes()
	secure, _ := certs.Split(lis, &tls.Config{})
	defer secure.Close()
	tooMany := errors.New("too many open files")
	lis.conns <- pipeOrError{err: tooMany}
	if _, err := secure.Accept(); !errors.Is(err, tooMany) {
		t.Errorf("got %v, want %v", err, tooMany)
	}
}

// pipes is a listener of pipes.
type pipes struct {
	conns chan pipeOrError
	done  chan struct{}
}

type pipeOrError struct {
	conn net.Conn
	err  error
}

func newPipes() *pipes { return &pipes{make(chan pipeOrError), make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	a, b := net.Pipe()
	p.conns <- pipeOrError{conn: a}
	return b
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c.conn, c.err
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }
func (p *pipes) Close() error   { close(p.done); return nil }

func TestGuide(t *testing.T) {
	t.Parallel()
	addr, house := port(t)
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, page := get(t, plain, "http://"+addr+"/ca")
	if resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %v", resp.Header)
	}
	for _, want := range []string{
		house.Fingerprint(), house.Name(), "https://" + addr, `href="ca.crt"`,
		"인증서 신뢰 설정", "CA 인증서", "Certificate Trust Settings", "CA certificate",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("want %q in the page, got %s", want, page)
		}
	}
	resp, cert := get(t, plain, "http://"+addr+"/ca.crt")
	if resp.Header.Get("Content-Type") != "application/x-x509-ca-cert" || cert != string(house.PEM()) {
		t.Errorf("got %v %q, want the certificate", resp.Header, cert)
	}
}

// A redirect must not lead to another server, whatever is asked for.
func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	addr, _ := port(t)
	for ask, want := range map[string]string{
		"//evil.example/a":      "/evil.example/a",       // cleaned first, on this server
		"http://evil.example/a": "https://evil.example/", // by its Host, which a browser doesn't let a page choose
		"*":                     "https://sing.example/",
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: sing.example\r\nConnection: close\r\n\r\n", ask)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want && resp.StatusCode != 400 {
			t.Errorf("%s: got %q, want %q", ask, got, want)
		}
	}
}
