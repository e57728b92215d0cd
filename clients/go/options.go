package singoff

import (
	"crypto/tls"
	"net"
	"strings"

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
	tls        *tls.Config    // nil: see plaintext
	plaintext  bool           // true for loopback targets unless tls is set
	transport  transport.Transport
	transports bool // transport was given
}

// WithTLS encrypts and checks the server by this configuration; nil: the system's roots. It is the default for targets
// that aren't loopback.
func WithTLS(config *tls.Config) Option {
	return func(c *clientConfig) {
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		c.tls, c.plaintext = config, false
	}
}

// WithPlaintext sends everything, keys and tokens too, unencrypted. It is the default for loopback and unix targets.
func WithPlaintext() Option {
	return func(c *clientConfig) { c.tls, c.plaintext = nil, true }
}

// WithNamespace joins and lists rooms of this namespace, `[A-Za-z0-9_-]{1,64}`. Default: `default`.
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

// WithTransport reaches the server by another way than native gRPC; Dial's target is then only a name.
func WithTransport(t transport.Transport) Option {
	return func(c *clientConfig) { c.transport, c.transports = t, true }
}

func (c *clientConfig) validate() error {
	switch {
	case c.target == "":
		return invalid("target", "is empty; an address like 127.0.0.1:7070 is needed")
	case c.namespace != "" && !idForm.MatchString(c.namespace):
		return invalid("namespace", "%q isn't an id: 1 to 64 of A-Z a-z 0-9 _ -", c.namespace)
	case len(c.name) > 64:
		return invalid("client name", "is %d bytes long, at most 64 are allowed", len(c.name))
	case c.transports && c.transport == nil:
		return invalid("transport", "is nil")
	}
	return nil
}

// isLoopback tells whether what is sent to a target stays on this machine.
func isLoopback(target string) bool {
	if strings.HasPrefix(target, "unix:") || strings.HasPrefix(target, "unix-abstract:") {
		return true
	}
	target = target[strings.LastIndex(target, "/")+1:]
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		host = strings.Trim(target, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
