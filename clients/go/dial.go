package singoff

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"

	"github.com/rs/zerolog"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/singoff/singoff/clients/go/transport"
)

// OpenTransport makes the transport that Dial would use for target, for whoever puts something of their own around it and gives it to
// WithCustomTransport. Errors: ErrInvalid names the option.
func OpenTransport(target string, opts ...Option) (transport.Transport, error) {
	config, err := configOf(target, opts)
	if err != nil {
		return nil, err
	}
	return config.open()
}

func configOf(target string, opts []Option) (clientConfig, error) {
	config := clientConfig{target: target, name: "singoff-go", logger: zerolog.Nop(), kind: transport.KindAuto}
	for _, opt := range opts {
		opt(&config)
	}
	err := config.validate()
	return config, err
}

// open makes the transport that target and options ask for.
func (c *clientConfig) open() (transport.Transport, error) {
	switch {
	case c.custom:
		return c.transport, nil
	case isURL(c.target):
		return c.openURL()
	}
	switch c.kind {
	case transport.KindAuto, transport.KindNative:
		return c.openNative()
	case transport.KindWebsocket, transport.KindFetch:
		return nil, invalid("target", "%q is an address of native gRPC; %s needs the URL of the HTTP port, like http://127.0.0.1:8080", c.target, c.kind)
	}
	return nil, c.unknownKind()
}

func (c *clientConfig) unknownKind() error {
	return invalid("transport", "%q is none of auto, native, websocket, fetch", c.kind)
}

func (c *clientConfig) openNative() (transport.Transport, error) {
	creds := insecure.NewCredentials()
	if c.security == encrypted || c.security == unsaid && !isLoopback(c.target) {
		config, err := c.tlsConfig()
		if err != nil {
			return nil, err
		}
		creds = credentials.NewTLS(config)
	}
	config := transport.NativeConfig{Target: c.target, Credentials: creds, UserAgent: c.name}
	if c.dial != nil {
		config.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
			if path, ok := strings.CutPrefix(addr, "unix://"); ok {
				return c.dial(ctx, "unix", path)
			}
			return c.dial(ctx, "tcp", addr)
		}
	}
	native, err := transport.NewNative(config)
	if err != nil {
		return nil, invalid("target", "%q: %v", c.target, err)
	}
	return native, nil
}

func (c *clientConfig) openURL() (transport.Transport, error) {
	config, err := c.http()
	if err != nil {
		return nil, err
	}
	switch c.kind {
	case transport.KindWebsocket:
		return transport.NewWebsocket(config)
	case transport.KindFetch:
		return transport.NewFetch(config)
	case transport.KindAuto:
		return openAuto(config)
	case transport.KindNative:
		return nil, invalid("target", "%q is a URL; native gRPC needs an address like 127.0.0.1:7070 or unix:PATH", c.target)
	}
	return nil, c.unknownKind()
}

func openAuto(config transport.HTTPConfig) (transport.Transport, error) {
	websocket, err := transport.NewWebsocket(config)
	if err != nil {
		return nil, err
	}
	fetch, err := transport.NewFetch(config)
	if err != nil {
		return nil, err
	}
	return transport.NewAuto(transport.AutoConfig{Websocket: websocket, Fetch: fetch})
}

// http is how a URL is reached: what leaves the machine is encrypted unless somebody says otherwise.
func (c *clientConfig) http() (transport.HTTPConfig, error) {
	u, err := transport.ParseURL(c.target)
	if err != nil {
		return transport.HTTPConfig{}, invalid("target", "%q %v", c.target, err)
	}
	config := transport.HTTPConfig{URL: u.String(), UserAgent: c.name, Dial: c.dial}
	switch {
	case u.Scheme == "https" && c.security == plain:
		return config, invalid("target", "%q is encrypted, and plain text was asked for", c.target)
	case u.Scheme == "http" && c.security == encrypted:
		return config, invalid("target", "%q isn't encrypted, and TLS was asked for; https is needed", c.target)
	case u.Scheme == "http" && c.security == unsaid && !isLoopback(u.Host):
		return config, invalid("target", "%q would send keys unencrypted to another machine; https is needed, or WithPlaintext to say that it is meant", c.target)
	case u.Scheme == "https":
		config.TLS, err = c.tlsConfig()
	}
	return config, err
}

// tlsConfig is the one that was given, or the system's, with the authorities that are to be trusted too.
func (c *clientConfig) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.tls != nil {
		config = c.tls.Clone()
	}
	if c.ca == nil {
		return config, nil
	}
	config.RootCAs = rootsOf(config)
	if !config.RootCAs.AppendCertsFromPEM(c.ca) {
		return nil, invalid("CA", "holds no certificate in PEM")
	}
	return config, nil
}

// rootsOf is a copy of what a configuration trusts. A system without any roots is no reason not to trust the house's.
func rootsOf(config *tls.Config) *x509.CertPool {
	if config.RootCAs != nil {
		return config.RootCAs.Clone()
	}
	if system, err := x509.SystemCertPool(); err == nil {
		return system
	}
	return x509.NewCertPool()
}

// isURL tells a URL from the names that gRPC knows.
func isURL(target string) bool {
	scheme, _, found := strings.Cut(target, "://")
	return found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
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
