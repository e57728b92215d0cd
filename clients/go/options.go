package singoff

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/clients/go/transport"
)

// Option changes how a Client works.
type Option func(*clientConfig)

// clientConfig is what the options of Dial make up.
type clientConfig struct {
	target     string
	namespace  string         // empty: `default`
	name       string         // told in Hello.client, at most 64 bytes; `singoff-go`
	logger     zerolog.Logger // Nop
	security   security
	tls        *tls.Config // of encrypted; nil: the system's roots
	ca         []byte      // to be trusted too, in PEM
	kind       transport.Kind
	dial       dialFunc    // nil: as net.Dialer does
	freshToken TokenSource // nil: calls are nobody's
	custom     bool        // transport was given
	transport  transport.Transport
}

// security is what was said about encryption.
type security int

const (
	unsaid security = iota // the target tells
	plain
	encrypted
)

// WithTLS encrypts and checks the server by this configuration; nil: the system's roots. It is the default for `host:port` that isn't
// loopback, and for https.
func WithTLS(config *tls.Config) Option {
	return func(c *clientConfig) { c.tls, c.security = config, encrypted }
}

// WithCA encrypts, and trusts servers with a certificate by one of these authorities too, in PEM: the CA of a house, for instance.
func WithCA(pem []byte) Option {
	return func(c *clientConfig) { c.ca, c.security = pem, encrypted }
}

// WithPlaintext sends everything, keys and tokens too, unencrypted. It is the default for loopback and unix targets, and what a URL of
// http that isn't loopback needs to be taken.
func WithPlaintext() Option {
	return func(c *clientConfig) { c.tls, c.ca, c.security = nil, nil, plain }
}

// WithNamespace joins and lists rooms of this namespace, `[A-Za-z0-9_-]{1,64}`, and asks for its songs. Default: `default`, for songs a token's.
func WithNamespace(namespace string) Option {
	return func(c *clientConfig) { c.namespace = namespace }
}

// WithClientName tells the operator which program this is, with its version; at most 64 bytes. Default: `singoff-go`.
func WithClientName(name string) Option {
	return func(c *clientConfig) { c.name = name }
}

// WithLogger logs connections and what went wrong with them. Default: nothing is logged.
func WithLogger(logger zerolog.Logger) Option {
	return func(c *clientConfig) { c.logger = logger }
}

// WithTransport chooses the way to the server; see Dial. Default: transport.KindAuto.
func WithTransport(kind transport.Kind) Option {
	return func(c *clientConfig) { c.kind = kind }
}

// WithFreshToken signs in: calls that belong to no Room show a token of this source, each asking for one, and Rooms whose JoinOptions have
// neither Token nor FreshToken take theirs from it. Default: guests.
func WithFreshToken(source TokenSource) Option {
	return func(c *clientConfig) { c.freshToken = source }
}

// dialFunc is net.Dialer.DialContext, or something like it.
type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// WithDialer makes connections by this function instead of net.Dialer's DialContext: through a tunnel, for instance.
func WithDialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(c *clientConfig) { c.dial = dial }
}

// WithCustomTransport reaches the server by a way that isn't singoff's own; Dial's target is then only a name. The Client closes it.
func WithCustomTransport(t transport.Transport) Option {
	return func(c *clientConfig) { c.transport, c.custom = t, true }
}

func (c *clientConfig) validate() error {
	switch {
	case c.target == "":
		return invalid("target", "is empty; an address like 127.0.0.1:7070 is needed, or a URL like http://127.0.0.1:8080")
	case c.namespace != "" && !idForm.MatchString(c.namespace):
		return invalid("namespace", "%q isn't an id: 1 to 64 of A-Z a-z 0-9 _ -", c.namespace)
	case len(c.name) > 64:
		return invalid("client name", "is %d bytes long, at most 64 are allowed", len(c.name))
	case c.custom && c.transport == nil:
		return invalid("transport", "is nil")
	}
	return nil
}
