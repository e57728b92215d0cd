package clientaddr_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/singoff/singoff/service/clientaddr"
)

func resolver(t *testing.T, log *strings.Builder, trusted ...string) *clientaddr.Resolver {
	t.Helper()
	parsed, err := clientaddr.ParseTrusted(trusted)
	if err != nil {
		t.Fatal(err)
	}
	return clientaddr.New(clientaddr.Config{Trusted: parsed, Logger: zerolog.New(log)})
}

// through gives a request as a handler behind the middleware sees it.
func through(r *clientaddr.Resolver, req *http.Request) (seen *http.Request) {
	r.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { seen = req })).ServeHTTP(httptest.NewRecorder(), req)
	return seen
}

func request(peer string, forwarded ...string) *http.Request {
	req := httptest.NewRequest("GET", "http://sing.example/", nil)
	req.RemoteAddr = peer
	for _, value := range forwarded {
		req.Header.Add("X-Forwarded-For", value)
	}
	return req
}

// A client may write what it likes into X-Forwarded-For; the proxies add to its end. Only what trusted ones added is believed.
func TestAddress(t *testing.T) {
	t.Parallel()
	usual, none, farm := clientaddr.DefaultTrusted, []string{"none"}, []string{"10.1.0.0/16", "2001:db8:1::/48"}
	for name, test := range map[string]struct {
		trusted   []string
		peer      string
		forwarded []string
		want      string
	}{
		"no proxy":                      {usual, "203.0.113.7:4711", nil, "203.0.113.7:4711"},
		"no proxy, IPv6":                {usual, "[2001:db8::7]:4711", nil, "[2001:db8::7]:4711"},
		"IPv4 in IPv6's clothes":        {usual, "[::ffff:203.0.113.7]:4711", nil, "203.0.113.7:4711"},
		"proxy on this machine":         {usual, "127.0.0.1:4711", []string{"203.0.113.7"}, "203.0.113.7"},
		"proxy on this machine, IPv6":   {usual, "[::1]:4711", []string{"2001:db8::7"}, "2001:db8::7"},
		"proxy over a socket":           {usual, "@", []string{"203.0.113.7"}, "203.0.113.7"},
		"proxy over a nameless socket":  {usual, "", []string{"203.0.113.7"}, "203.0.113.7"},
		"this machine by itself":        {usual, "127.0.0.1:4711", nil, "127.0.0.1:4711"},
		"a socket by itself":            {usual, "@", nil, clientaddr.Unix},
		"client of the same machine":    {usual, "127.0.0.1:4711", []string{"127.0.0.1"}, "127.0.0.1"},
		"stranger that lies":            {usual, "203.0.113.7:4711", []string{"127.0.0.1"}, "203.0.113.7:4711"},
		"lie before the truth":          {usual, "127.0.0.1:4711", []string{"127.0.0.1, 198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"lie in a header of its own":    {usual, "127.0.0.1:4711", []string{"127.0.0.1", "203.0.113.7"}, "203.0.113.7"},
		"two proxies":                   {farm, "10.1.0.1:4711", []string{"198.51.100.1, 203.0.113.7, 10.1.9.9"}, "203.0.113.7"},
		"two proxies, one not trusted":  {farm, "10.1.0.1:4711", []string{"203.0.113.7, 10.2.9.9"}, "10.2.9.9"},
		"proxy over IPv6":               {farm, "[2001:db8:1::1]:4711", []string{"203.0.113.7"}, "203.0.113.7"},
		"loopback isn't in the list":    {farm, "127.0.0.1:4711", []string{"203.0.113.7"}, "127.0.0.1:4711"},
		"nobody is trusted":             {none, "127.0.0.1:4711", []string{"203.0.113.7"}, "127.0.0.1:4711"},
		"nobody, over a socket":         {none, "@", []string{"203.0.113.7"}, clientaddr.Unix},
		"with ports":                    {usual, "127.0.0.1:4711", []string{"203.0.113.7:80"}, "203.0.113.7"},
		"IPv6 with a port":              {usual, "127.0.0.1:4711", []string{"[2001:db8::7]:80"}, "2001:db8::7"},
		"IPv6 in brackets":              {usual, "127.0.0.1:4711", []string{"[2001:db8::7]"}, "2001:db8::7"},
		"a zone is left out":            {usual, "127.0.0.1:4711", []string{"fe80::1%\nforged"}, "fe80::1"},
		"spaces and tabs":               {usual, "127.0.0.1:4711", []string{" 198.51.100.1 ,\t203.0.113.7 "}, "203.0.113.7"},
		"empty":                         {usual, "127.0.0.1:4711", []string{""}, "127.0.0.1:4711"},
		"rubbish":                       {usual, "127.0.0.1:4711", []string{"unknown"}, "127.0.0.1:4711"},
		"rubbish before a trusted one":  {usual, "127.0.0.1:4711", []string{"<script>, 127.0.0.9"}, "127.0.0.9"},
		"rubbish at the end":            {usual, "127.0.0.1:4711", []string{"203.0.113.7, 999.1.1.1"}, "127.0.0.1:4711"},
		"rubbish far behind the client": {usual, "127.0.0.1:4711", []string{"\x00\xff, 203.0.113.7"}, "203.0.113.7"},
		"a long lie":                    {usual, "127.0.0.1:4711", []string{strings.Repeat("9.9.9.9,", 10_000) + "203.0.113.7"}, "203.0.113.7"},
		"long rubbish":                  {usual, "127.0.0.1:4711", []string{strings.Repeat("1", 100_000)}, "127.0.0.1:4711"},
		"half an address at the cut":    {usual, "127.0.0.1:4711", []string{"1" + strings.Repeat("127.0.0.1,", 102) + "::1"}, "127.0.0.1"},
		"too many hops":                 {usual, "127.0.0.1:4711", []string{"203.0.113.7" + strings.Repeat(",127.0.0.2", 16)}, "127.0.0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := resolver(t, &strings.Builder{}, test.trusted...)
			seen := through(r, request(test.peer, test.forwarded...))
			if seen.RemoteAddr != test.want {
				t.Errorf("got %q over HTTP, want %q", seen.RemoteAddr, test.want)
			}
			if seen.Header.Get("X-Forwarded-For") != "" {
				t.Errorf("got %q left in the request, want nothing", seen.Header)
			}
			md := metadata.MD{"x-forwarded-for": test.forwarded}
			ctx := peer.NewContext(metadata.NewIncomingContext(t.Context(), md), &peer.Peer{Addr: address(test.peer)})
			if got := r.GRPC(ctx); got != test.want {
				t.Errorf("got %q over gRPC, want %q", got, test.want)
			}
		})
	}
}

// address is a net.Addr with any text.
type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func TestGRPCWithoutPeer(t *testing.T) {
	t.Parallel()
	r := resolver(t, &strings.Builder{}, "loopback")
	if got := r.GRPC(t.Context()); got != "" {
		t.Errorf("got %q, want nothing of a call without a peer", got)
	}
	ctx := peer.NewContext(t.Context(), &peer.Peer{Addr: &net.UnixAddr{Net: "unix", Name: "@"}})
	if got := r.GRPC(ctx); got != clientaddr.Unix {
		t.Errorf("got %q, want %q without metadata", got, clientaddr.Unix)
	}
}

// gRPC over the HTTP port hands the settled address on as its peer: it mustn't be settled twice.
func TestSettlingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	r := resolver(t, &strings.Builder{}, "loopback", "unix", "private")
	for _, peer := range []string{"203.0.113.7:4711", "@", "127.0.0.1:4711"} {
		for _, forwarded := range []string{"203.0.113.7", "192.168.0.9", "::1", "rubbish"} {
			once := through(r, request(peer, forwarded))
			first := once.RemoteAddr
			if twice := through(r, once); twice.RemoteAddr != first {
				t.Errorf("%s for %s: got %q, then %q", peer, forwarded, first, twice.RemoteAddr)
			}
		}
	}
}

func TestUntrustedPeerIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r := resolver(t, &log, "10.1.0.0/16")
	for range 3 {
		through(r, request("203.0.113.7:4711", "198.51.100.1"))
	}
	through(r, request("10.1.0.1:4711", "198.51.100.1"))
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "203.0.113.7:4711") || !strings.Contains(log.String(), "--trusted-proxies") {
		t.Errorf("got %q, want one line that names the peer and the flag", log.String())
	}
}

func TestNobodyIsWarnedOfWithoutReason(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r := resolver(t, &log, clientaddr.DefaultTrusted...)
	through(r, request("203.0.113.7:4711"))
	through(r, request("127.0.0.1:4711", "203.0.113.7"))
	if log.Len() > 0 {
		t.Errorf("got %q, want silence", log.String())
	}
}

func TestAskedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		peer    string
		tls     bool
		host    string
		headers map[string]string
		want    string
	}{
		"plain":                {"203.0.113.7:1", false, "Sing.Example:8080", nil, "http://sing.example:8080"},
		"plain, own port":      {"203.0.113.7:1", false, "sing.example:80", nil, "http://sing.example"},
		"TLS":                  {"203.0.113.7:1", true, "sing.example:443", nil, "https://sing.example"},
		"TLS, other port":      {"203.0.113.7:1", true, "192.168.0.5:8080", nil, "https://192.168.0.5:8080"},
		"IPv6":                 {"203.0.113.7:1", false, "[2001:db8::1]:80", nil, "http://[2001:db8::1]"},
		"proxy with TLS":       {"127.0.0.1:1", false, "sing.example", map[string]string{"X-Forwarded-Proto": "https"}, "https://sing.example"},
		"websocket's scheme":   {"127.0.0.1:1", false, "sing.example", map[string]string{"X-Forwarded-Proto": "WSS"}, "https://sing.example"},
		"TLS up to here alone": {"127.0.0.1:1", true, "sing.example", map[string]string{"X-Forwarded-Proto": "http"}, "http://sing.example"},
		"proxy's own host":     {"127.0.0.1:1", false, "127.0.0.1:8080", map[string]string{"X-Forwarded-Host": "evil.example, sing.example", "X-Forwarded-Proto": "http,https"}, "https://sing.example"},
		"unknown scheme":       {"127.0.0.1:1", false, "sing.example", map[string]string{"X-Forwarded-Proto": "gopher"}, "http://sing.example"},
		"host that is none":    {"127.0.0.1:1", false, "sing.example", map[string]string{"X-Forwarded-Host": "a b\"<c>"}, "http://sing.example"},
		"host that is long":    {"127.0.0.1:1", false, "sing.example", map[string]string{"X-Forwarded-Host": strings.Repeat("a", 256)}, "http://sing.example"},
		"stranger that lies":   {"203.0.113.7:1", false, "sing.example", map[string]string{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}, "http://sing.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := request(test.peer)
			req.Host = test.host
			if test.tls {
				req.TLS = &tls.ConnectionState{}
			}
			for name, value := range test.headers {
				req.Header.Set(name, value)
			}
			seen := through(resolver(t, &strings.Builder{}, clientaddr.DefaultTrusted...), req)
			if got := clientaddr.AskedFor(seen).URL(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			for name := range test.headers {
				if seen.Header.Get(name) != "" || req.Header.Get(name) == "" {
					t.Errorf("got %s %q behind and %q before, want it gone and untouched", name, seen.Header.Get(name), req.Header.Get(name))
				}
			}
		})
	}
}

func TestAskedForWithoutMiddleware(t *testing.T) {
	t.Parallel()
	req := request("127.0.0.1:1")
	req.Header.Set("X-Forwarded-Host", "evil.example")
	if got := clientaddr.AskedFor(req).URL(); got != "http://sing.example" {
		t.Errorf("got %s, want what the request says itself", got)
	}
}

func TestParseTrusted(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{
		{}, {"none"}, {"loopback", "unix"}, {" private "}, {"10.1.2.3"}, {"2001:db8::1", "10.0.0.0/8"}, {"::ffff:10.1.2.3"},
	} {
		if _, err := clientaddr.ParseTrusted(list); err != nil {
			t.Errorf("%q: got %v, want it taken", list, err)
		}
	}
	for want, list := range map[string][]string{
		`"10.1.0.0/33"`:       {"loopback", "10.1.0.0/33"},
		`"nginx"`:             {"nginx"},
		`""`:                  {""},
		`"::ffff:10.0.0.0/8"`: {"::ffff:10.0.0.0/8"},
		"none stands alone":   {"none", "loopback"},
	} {
		if _, err := clientaddr.ParseTrusted(list); !errors.Is(err, clientaddr.ErrTrusted) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ErrTrusted and %s in it", list, err, want)
		}
	}
}

func TestNetworkIsMasked(t *testing.T) {
	t.Parallel()
	r := resolver(t, &strings.Builder{}, "10.1.2.3/16")
	if got := through(r, request("10.1.9.9:1", "203.0.113.7")).RemoteAddr; got != "203.0.113.7" {
		t.Errorf("got %q, want the whole of 10.1.0.0/16 to be trusted", got)
	}
}

// Whatever is sent, the address is one that can be logged and counted, and no stranger's word.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "127.0.0.1, 203.0.113.7", "[::1]:80,", ",,,", "fe80::1%eth0", "unknown, \x00", "::ffff:127.0.0.1"} {
		f.Add("127.0.0.1:4711", seed, seed)
		f.Add("203.0.113.7:4711", seed, seed)
	}
	trusted, err := clientaddr.ParseTrusted(clientaddr.DefaultTrusted)
	if err != nil {
		f.Fatal(err)
	}
	r := clientaddr.New(clientaddr.Config{Trusted: trusted})
	f.Fuzz(func(t *testing.T, from, forwarded, host string) {
		req := request(from, forwarded)
		req.Header.Set("X-Forwarded-Host", host)
		seen := through(r, req)
		addr := clientaddr.IP(seen.RemoteAddr)
		if seen.RemoteAddr != clientaddr.Unix && !addr.IsValid() {
			t.Errorf("got %q of %q for %q, want an address", seen.RemoteAddr, from, forwarded)
		}
		if addr.IsValid() && len(seen.RemoteAddr) > 80 {
			t.Errorf("got %q, want a short address", seen.RemoteAddr)
		}
		at, err := netip.ParseAddrPort(from)
		if err == nil && !at.Addr().Unmap().IsLoopback() && addr != at.Addr().WithZone("").Unmap() {
			t.Errorf("got %q of the stranger %q, want the stranger", seen.RemoteAddr, from)
		}
		if host := clientaddr.AskedFor(seen).Host; strings.ContainsAny(host, " \"'<>/\\@\r\n\x00") {
			t.Errorf("got host %q, want none that breaks a URL", host)
		}
		md := metadata.NewIncomingContext(context.Background(), metadata.Pairs("x-forwarded-for", forwarded))
		if got := r.GRPC(peer.NewContext(md, &peer.Peer{Addr: address(from)})); got != seen.RemoteAddr {
			t.Errorf("got %q over gRPC, want %q as over HTTP", got, seen.RemoteAddr)
		}
	})
}
