package singoff_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
)

// What can't work, or would send keys where everybody can read them, is refused with the reason.
func TestDialRefuses(t *testing.T) {
	t.Parallel()
	way := singoff.WithTransport
	for name, test := range map[string]struct {
		target  string
		options []singoff.Option
		says    string
	}{
		"nothing":                        {"", nil, "empty"},
		"http to another machine":        {"http://singoff.example", nil, "WithPlaintext"},
		"http to a name of this one":     {"http://localhost.example:8080/", nil, "WithPlaintext"},
		"http with TLS":                  {"http://127.0.0.1:8080", []singoff.Option{singoff.WithTLS(nil)}, "https"},
		"http with a CA":                 {"http://127.0.0.1:8080", []singoff.Option{singoff.WithCA([]byte("x"))}, "https"},
		"https in plain text":            {"https://singoff.example", []singoff.Option{singoff.WithPlaintext()}, "plain text"},
		"no certificate":                 {"https://singoff.example", []singoff.Option{singoff.WithCA([]byte("x"))}, "CA"},
		"no certificate, native":         {"singoff.example:7070", []singoff.Option{singoff.WithCA([]byte("x"))}, "CA"},
		"an address by websocket":        {"127.0.0.1:7070", []singoff.Option{way(transport.KindWebsocket)}, "URL"},
		"a socket by fetch":              {"unix:/run/x", []singoff.Option{way(transport.KindFetch)}, "URL"},
		"a URL by native":                {"http://127.0.0.1:8080", []singoff.Option{way(transport.KindNative)}, "native"},
		"an unknown way":                 {"http://127.0.0.1:8080", []singoff.Option{way("pigeon")}, "pigeon"},
		"an unknown way to an address":   {"127.0.0.1:7070", []singoff.Option{way("pigeon")}, "pigeon"},
		"a URL with a query":             {"http://127.0.0.1:8080/?a", nil, "query"},
		"a URL with a user":              {"https://me@singoff.example", nil, "user"},
		"a URL without a host":           {"https:///x", nil, "host"},
		"plain text that was taken back": {"http://10.0.0.1", []singoff.Option{singoff.WithPlaintext(), singoff.WithTLS(nil)}, "https"},
	} {
		_, err := singoff.Dial(test.target, test.options...)
		if !errors.Is(err, singoff.ErrInvalid) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want ErrInvalid with %q", name, err, test.says)
		}
	}
	for target, options := range map[string][]singoff.Option{
		"http://10.0.0.1:8080/battle": {singoff.WithPlaintext()}, "https://singoff.example": nil, "http://[::1]:8080": nil,
		"singoff.example:7070": {singoff.WithPlaintext()}, "127.0.0.1:1": {way(transport.KindNative)},
	} {
		client, err := singoff.Dial(target, options...)
		if err != nil {
			t.Errorf("Dial(%q): %v", target, err)
			continue
		}
		_ = client.Close()
	}
}

// The house's CA is trusted beside whatever else is.
func TestWithCA(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, test := range map[string]struct {
		options []singoff.Option
		code    codes.Code
	}{
		"no CA":         {nil, codes.Unavailable},
		"the CA":        {[]singoff.Option{singoff.WithCA(ca)}, codes.Unimplemented}, // reached
		"beside a TLS":  {[]singoff.Option{singoff.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13}), singoff.WithCA(ca)}, codes.Unimplemented},
		"before a TLS":  {[]singoff.Option{singoff.WithCA(ca), singoff.WithTLS(nil)}, codes.Unimplemented},
		"taken back":    {[]singoff.Option{singoff.WithCA(ca), singoff.WithPlaintext(), singoff.WithTLS(nil)}, codes.Unavailable},
		"another's CAs": {[]singoff.Option{singoff.WithTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: nil})}, codes.Unavailable},
	} {
		client, err := singoff.Dial(server.URL, test.options...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := client.ListRooms(t.Context(), 0, ""); status.Code(err) != test.code {
			t.Errorf("%s: got %v, want %v", name, err, test.code)
		}
		_ = client.Close()
	}
}
