package service_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/service/lan"
)

// browse asks by a client that follows no redirects and trusts the CA given, if any.
func browse(t *testing.T, ca []byte, req *http.Request) (*http.Response, string) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
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

func get(t *testing.T, url string, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func TestTLSOfTheHouse(t *testing.T) {
	t.Parallel()
	log := &lines{}
	cfg := config(log)
	cfg.TLS, cfg.TLSDir, cfg.BasePath = service.TLSSelf, filepath.Join(t.TempDir(), "tls"), "/battle"
	s := run(t, cfg)
	ca := s.Reach().CA
	if ca == nil || !s.Reach().Encrypted || s.PublicURL() != "https://"+s.Addrs().HTTP+"/battle/" {
		t.Fatalf("got %+v, want an https URL and the CA", s.Reach())
	}
	resp, page := browse(t, nil, get(t, ca.Guide))
	if resp.StatusCode != 200 || !strings.Contains(page, ca.Fingerprint) || ca.Guide != "http://"+s.Addrs().HTTP+"/battle/ca" {
		t.Errorf("got %d %s at %s, want the page that tells the fingerprint", resp.StatusCode, page, ca.Guide)
	}
	_, cert := browse(t, nil, get(t, ca.Guide+".crt"))
	if file, err := os.ReadFile(ca.File); err != nil || string(file) != cert {
		t.Errorf("got %q from the port and %q from the file, %v, want the same", cert, file, err)
	}
	resp, _ = browse(t, nil, get(t, "http://"+s.Addrs().HTTP+"/battle/readyz?a=b"))
	if got, want := resp.Header.Get("Location"), "https://"+s.Addrs().HTTP+"/battle/readyz?a=b"; got != want {
		t.Errorf("got %q, want a redirect to %q", got, want)
	}
	for _, path := range []string{"/battle/readyz", "/readyz"} {
		if _, body := browse(t, []byte(cert), get(t, "https://"+s.Addrs().HTTP+path)); body != "ready\n" {
			t.Errorf("%s: got %q, want ready", path, body)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	if err := roomsOver(t, s.Addrs().GRPC, credentials.NewTLS(&tls.Config{RootCAs: pool})); err != nil {
		t.Errorf("got %v over gRPC with TLS", err)
	}
	if err := rooms(t, s.Addrs().GRPC); err == nil {
		t.Error("got an answer over gRPC without TLS, want none")
	}
	if strings.Contains(log.String(), "reachable from other machines without encryption") {
		t.Error("got a warning about encryption, want none")
	}
}

// roomsOver is rooms with encryption. One that isn't spoken to as it wants never answers.
func roomsOver(t *testing.T, addr string, creds credentials.TransportCredentials) error {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = singoffv1.NewRoomServiceClient(conn).ListRooms(ctx, &singoffv1.ListRoomsRequest{})
	return err
}

func TestTLSFiles(t *testing.T) {
	t.Parallel()
	made := config(&lines{})
	made.TLS, made.TLSDir = service.TLSSelf, t.TempDir()
	if s, err := service.New(t.Context(), made); err != nil {
		t.Fatal(err)
	} else if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := config(&lines{})
	cfg.TLSCert = filepath.Join(made.TLSDir, "server.pem")
	cfg.TLSKey = cfg.TLSCert
	s := run(t, cfg)
	cert, err := os.ReadFile(filepath.Join(made.TLSDir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if _, body := browse(t, cert, get(t, "https://"+s.Addrs().HTTP+"/readyz")); body != "ready\n" {
		t.Errorf("got %q, want ready", body)
	}
	if resp, _ := browse(t, cert, get(t, "https://"+s.Addrs().HTTP+"/ca")); resp.StatusCode != 404 || s.Reach().CA != nil {
		t.Errorf("got %v at /ca, want nothing: it isn't the house's CA", resp.Status)
	}
	cfg.TLSKey = filepath.Join(made.TLSDir, "nothing")
	if _, err := service.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), cfg.TLSKey) {
		t.Errorf("got %v, want the file that isn't there named", err)
	}
}

// watch opens a Watch by a POST as a browser's would be, and waits for its first answer. It stays open until the test ends.
func watch(t *testing.T, url string, hello *singoffv1.Hello, headers ...string) {
	t.Helper()
	message, err := proto.Marshal(&singoffv1.WatchRequest{Hello: hello})
	if err != nil {
		t.Fatal(err)
	}
	body := append([]byte{0}, binary.BigEndian.AppendUint32(nil, uint32(len(message)))...)
	req := get(t, url+"/singoff.v1.RoomService/Watch", headers...)
	req.Method, req.Body = http.MethodPost, io.NopCloser(bytes.NewReader(append(body, message...)))
	req.Header.Set("Content-Type", "application/grpc-web+proto")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if _, err := io.ReadFull(resp.Body, make([]byte, 6)); err != nil {
		t.Fatalf("got %v %v, want an answer to Hello", resp, err)
	}
}

// addresses asks the operator's port for the members' addresses, by their nicknames.
func addresses(t *testing.T, s *service.Server) map[string]string {
	t.Helper()
	resp, err := singoffv1.NewAdminServiceClient(dial(t, s.Addrs().Admin)).ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, c := range resp.GetConnections() {
		found[c.GetNickname()] = c.GetRemoteAddress()
	}
	return found
}

// The operator, and the limits, must see who is there, not the proxy; nor what a stranger says of themselves.
func TestClientsBehindProxies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		trusted string
		want    string
	}{
		"trusted":     {"loopback", "203.0.113.7"},
		"not trusted": {"10.0.0.0/8", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(&lines{})
			cfg.TrustedProxies, cfg.AdminAddr = []string{test.trusted}, "unix:"+socketPath(t)
			s := run(t, cfg)
			const chain = "198.51.100.9, 203.0.113.7"
			watch(t, "http://"+s.Addrs().HTTP, &singoffv1.Hello{RoomId: "r", Nickname: "Mina"}, "X-Forwarded-For", chain)
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", chain)
			stream, err := singoffv1.NewRoomServiceClient(dial(t, s.Addrs().GRPC)).Join(ctx)
			if err != nil {
				t.Fatal(err)
			}
			hello := &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{RoomId: "r", Nickname: "Jun"}}
			if err := stream.Send(&singoffv1.JoinRequest{Command: hello}); err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Recv(); err != nil {
				t.Fatal(err)
			}
			for who, addr := range addresses(t, s) {
				if host, _, err := net.SplitHostPort(addr); err == nil {
					addr = host
				}
				if addr != test.want {
					t.Errorf("got %s from %q, want %q", who, addr, test.want)
				}
			}
			if got := len(addresses(t, s)); got != 2 {
				t.Errorf("got %d connections, want 2", got)
			}
		})
	}
}

func TestPagesOfOtherSites(t *testing.T) {
	t.Parallel()
	log := &lines{}
	cfg := config(log)
	cfg.AllowedOrigins, cfg.PublicURL = []string{"https://friends.example"}, "https://sing.example/battle"
	s := run(t, cfg)
	anyone := config(log)
	anyone.AllowedOrigins = []string{"*"}
	anybody := run(t, anyone)
	const ws = "grpc-websockets"
	for name, test := range map[string]struct {
		s       *service.Server
		headers []string
		want    int
	}{
		"own page":        {s, []string{"Origin", "http://" + s.Addrs().HTTP}, 200},
		"public URL":      {s, []string{"Origin", "https://sing.example"}, 200},
		"named":           {s, []string{"Origin", "https://friends.example"}, 200},
		"through a proxy": {s, []string{"Origin", "https://other.example", "X-Forwarded-Host", "other.example"}, 200},
		"another":         {s, []string{"Origin", "https://evil.example"}, 403},
		"any":             {anybody, []string{"Origin", "https://evil.example"}, 200},
	} {
		req := get(t, "http://"+test.s.Addrs().HTTP+"/singoff.v1.RoomService/ListRooms", test.headers...)
		req.Method, req.Body = http.MethodPost, io.NopCloser(bytes.NewReader(make([]byte, 5)))
		req.Header.Set("Content-Type", "application/grpc-web+proto")
		if resp, body := browse(t, nil, req); resp.StatusCode != test.want {
			t.Errorf("%s: got %v %q over fetch, want %d", name, resp.Status, body, test.want)
		}
		upgrade := get(t, "http://"+test.s.Addrs().HTTP+"/singoff.v1.RoomService/Join", append(test.headers,
			"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
			"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol", ws)...)
		want := map[int]int{200: http.StatusSwitchingProtocols, 403: 403}[test.want]
		if got := opens(t, upgrade); got != want {
			t.Errorf("%s: got %d over websocket, want %d", name, got, want)
		}
	}
	if n := strings.Count(log.String(), "pages of every site"); n != 1 {
		t.Errorf("got %d warnings about *, want one", n)
	}
}

// opens gives the status of the answer alone: what follows an upgrade is no body.
func opens(t *testing.T, req *http.Request) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestReach(t *testing.T) {
	t.Parallel()
	interfaces, err := lan.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	mine := lan.Reachable(interfaces)
	log := &lines{}
	local := run(t, config(log))
	if r := local.Reach(); !r.Local || r.URL != "http://"+local.Addrs().HTTP+"/" || len(r.Others) > 0 || r.GRPC != "" || r.CA != nil {
		t.Errorf("got %+v, want this machine alone", r)
	}
	if err := rooms(t, local.Addrs().GRPC); err != nil { // it serves
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "only this machine can join") || !strings.Contains(log.String(), "--lan") {
		t.Errorf("got %s, want that it is said, and the flag named", log)
	}
	cfg := config(&lines{})
	cfg.GRPCAddr, cfg.HTTPAddr, cfg.BasePath = ":0", ":0", "/battle"
	all := run(t, cfg)
	r := all.Reach()
	_, port, err := net.SplitHostPort(all.Addrs().HTTP)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, addr := range mine {
		want = append(want, "http://"+net.JoinHostPort(addr.String(), port)+"/battle/")
	}
	if len(mine) > 0 {
		if got := append([]string{r.URL}, r.Others...); !slices.Equal(got, want) || r.Local || r.Nowhere {
			t.Errorf("got %v, want %v", got, want)
		}
		if host, _, err := net.SplitHostPort(r.GRPC); err != nil || host != mine[0].String() {
			t.Errorf("got %q, want %v for native clients", r.GRPC, mine[0])
		}
	} else if !r.Nowhere {
		t.Errorf("got %+v, want that nobody gets here", r)
	}
	cfg = config(&lines{})
	cfg.PublicURL = "https://sing.example/battle"
	if r := run(t, cfg).Reach(); r.URL != "https://sing.example/battle/" || r.Local {
		t.Errorf("got %+v, want the URL that was said", r)
	}
	cfg = config(&lines{})
	cfg.HTTPAddr = "unix:" + socketPath(t)
	if r := run(t, cfg).Reach(); r.URL != "" || r.Local || r.Port != 0 {
		t.Errorf("got %+v, want no URL of a socket", r)
	}
}

func TestNetworkThatIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*service.Config){
		"trusted proxies: ":            func(c *service.Config) { c.TrustedProxies = []string{"nginx"} },
		"allowed origins: ":            func(c *service.Config) { c.AllowedOrigins = []string{"friends.example"} },
		`"sing.example"`:               func(c *service.Config) { c.PublicURL = "sing.example" },
		`"battle"`:                     func(c *service.Config) { c.BasePath = "battle" },
		"TLS: ":                        func(c *service.Config) { c.TLS = "on" },
		"TLS certificate, TLS key: ":   func(c *service.Config) { c.TLSCert = "a" },
		"choose one":                   func(c *service.Config) { c.TLS, c.TLSCert, c.TLSKey = service.TLSSelf, "a", "b" },
		"bad configuration":            func(c *service.Config) { c.TLSKey = "a" },
		"public URL or base path: \"/": func(c *service.Config) { c.BasePath = "/a b" },
	} {
		cfg := config(&lines{})
		change(&cfg)
		if _, err := service.New(t.Context(), cfg); !errors.Is(err, service.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ErrConfig and %q in it", err, want)
		}
	}
}
