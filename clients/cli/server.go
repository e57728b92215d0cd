package cli

import (
	"fmt"
	"os"
	"strings"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
)

// mixed is the way of simulate alone: all of them at once.
const mixed = "mixed"

// server are the flags that say where the server is, and by which way it is reached.
type server struct {
	Server    string `default:"127.0.0.1:7070" env:"SINGOFF_SERVER" placeholder:"ADDRESS" help:"Server: HOST:PORT or unix:PATH of its gRPC port, or the URL of its HTTP port, like http://127.0.0.1:8080 (${default}; $$${env})."`
	Transport string `default:"auto" env:"SINGOFF_TRANSPORT" placeholder:"WAY" help:"The way to it: native (gRPC), websocket, fetch (plain HTTP requests, where websockets are blocked), or auto: native to HOST:PORT, to a URL the websocket as long as that works, else fetch. For simulate also mixed (${default}; $$${env})."`
	URL       string `name:"url" default:"http://127.0.0.1:8080" env:"SINGOFF_URL" help:"URL of the HTTP port, for another way than native where --server isn't one (${default}; $$${env})."`
	Plaintext bool   `help:"Speak unencrypted to a server elsewhere too. On this machine that's the default, elsewhere TLS is. Keys can be read on the way."`
	CA        string `name:"ca" type:"existingfile" env:"SINGOFF_CA" placeholder:"FILE" help:"Certificate, in PEM, of the authority that made the server's: that of a house, for instance ($$${env})."`
}

// kind is the way that was asked for.
func (s *server) kind() (transport.Kind, error) {
	switch kind := transport.Kind(s.Transport); kind {
	case transport.KindAuto, transport.KindNative, transport.KindWebsocket, transport.KindFetch:
		return kind, nil
	case mixed:
		return "", fmt.Errorf("%w: --transport %s is for simulate alone", errUsage, mixed)
	}
	return "", fmt.Errorf("%w: --transport %q is none of auto, native, websocket, fetch", errUsage, s.Transport)
}

// target is where a way leads to.
func (s *server) target(kind transport.Kind) string {
	if isURL(s.Server) || kind == transport.KindAuto || kind == transport.KindNative {
		return s.Server
	}
	return s.URL
}

var errCAAndPlaintext = fmt.Errorf("%w: --ca and --plaintext: give one of them", errUsage)

func isURL(address string) bool { return strings.Contains(address, "://") }

// security are the options of the SDK that say how the connection is protected.
func (s *server) security() ([]singoff.Option, error) {
	switch {
	case s.CA != "" && s.Plaintext:
		return nil, errCAAndPlaintext
	case s.Plaintext:
		return []singoff.Option{singoff.WithPlaintext()}, nil
	case s.CA != "":
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, err
		}
		return []singoff.Option{singoff.WithCA(pem)}, nil
	}
	return nil, nil
}

// dial makes the client of the server.
func (g *globals) dial(options ...singoff.Option) (*singoff.Client, error) {
	kind, err := g.kind()
	if err != nil {
		return nil, err
	}
	return g.dialBy(kind, options...)
}

func (g *globals) dialBy(kind transport.Kind, options ...singoff.Option) (*singoff.Client, error) {
	security, err := g.security()
	if err != nil {
		return nil, err
	}
	options = append(append(options, security...), singoff.WithTransport(kind), singoff.WithClientName("singoff-cli "+g.cfg.Version))
	if g.Namespace != "" {
		options = append(options, singoff.WithNamespace(g.Namespace))
	}
	return singoff.Dial(g.target(kind), options...)
}
