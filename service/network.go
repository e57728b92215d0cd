package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/singoff/singoff/service/certs"
	"github.com/singoff/singoff/service/clientaddr"
	"github.com/singoff/singoff/service/lan"
	"github.com/singoff/singoff/service/origin"
	"github.com/singoff/singoff/service/public"
	"github.com/singoff/singoff/service/rpc"
)

// What Config.TLS may be.
const (
	// TLSOff speaks plain HTTP and gRPC, unless Config.TLSCert and TLSKey are given.
	TLSOff = "off"
	// TLSSelf speaks TLS by a certificate authority of the house's own.
	TLSSelf = "self"
)

// network is what stands between the ports and the services: TLS, proxies, other sites' pages.
type network struct {
	clients *clientaddr.Resolver
	origins *origin.Guard
	place   public.Place
	source  certs.Source // nil: no TLS
	house   *certs.House // nil: the certificate isn't of the house's own CA
}

// checkNetwork refuses what openNetwork can't open for another reason than a file's.
func (c Config) checkNetwork() error {
	_, trustedErr := clientaddr.ParseTrusted(c.TrustedProxies)
	_, originErr := origin.New(c.AllowedOrigins...)
	_, placeErr := public.Parse(c.PublicURL, c.BasePath)
	var tlsErr error
	switch {
	case c.TLS != TLSOff && c.TLS != TLSSelf:
		tlsErr = fmt.Errorf("TLS: %q is unknown; there are %q and %q", c.TLS, TLSOff, TLSSelf)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		tlsErr = errors.New("TLS certificate, TLS key: one is given without the other")
	case c.TLS == TLSSelf && c.TLSCert != "":
		tlsErr = errors.New("TLS: self makes a certificate, and TLS certificate gives another; choose one")
	}
	return errors.Join(trustedErr, originErr, placeErr, tlsErr)
}

// openNetwork reads what the operator said about it, and the certificates.
func (s *Server) openNetwork(context.Context) error {
	trusted, err := clientaddr.ParseTrusted(s.cfg.TrustedProxies)
	if err != nil {
		return err
	}
	s.network.clients = clientaddr.New(clientaddr.Config{Trusted: trusted, Logger: s.cfg.Logger})
	if s.network.place, err = public.Parse(s.cfg.PublicURL, s.cfg.BasePath); err != nil {
		return err
	}
	if s.network.origins, err = origin.New(append([]string{s.network.place.Origin()}, s.cfg.AllowedOrigins...)...); err != nil {
		return err
	}
	if s.network.origins.AllowsAny() {
		s.cfg.Logger.Warn().Msg("pages of every site may speak to this server from their readers' browsers (--allowed-origins '*')")
	}
	return s.openTLS()
}

func (s *Server) openTLS() error {
	switch {
	case s.cfg.TLSCert != "":
		files, err := certs.OpenFiles(s.cfg.TLSCert, s.cfg.TLSKey, s.cfg.Logger)
		if err != nil {
			return err
		}
		s.network.source = files
	case s.cfg.TLS == TLSSelf:
		dir, err := s.cfg.tlsDir()
		if err != nil {
			return err
		}
		house, err := certs.OpenHouse(certs.HouseConfig{Dir: dir, Names: s.cfg.names, Logger: s.cfg.Logger})
		if err != nil {
			return err
		}
		s.network.source, s.network.house = house, house
	}
	return nil
}

// tlsDir is where the house's CA is kept.
func (c Config) tlsDir() (string, error) {
	if c.TLSDir != "" {
		return c.TLSDir, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("TLS directory: there is no usual place for it, name one: %w", err)
	}
	return filepath.Join(dir, "singoff", "tls"), nil
}

// names are those by which clients may reach the server now.
func (c Config) names() certs.Names {
	names := certs.OwnNames()
	for _, text := range []string{c.HTTPAddr, c.GRPCAddr} {
		if host, _, err := net.SplitHostPort(text); err == nil {
			names.AddHost(host)
		}
	}
	if u, err := url.Parse(c.PublicURL); err == nil {
		names.AddHost(u.Hostname())
	}
	for _, addr := range reachable() {
		names.AddAddr(addr)
	}
	return names
}

// reachable are the addresses of this machine that a phone could use.
func reachable() []netip.Addr {
	interfaces, err := lan.Interfaces()
	if err != nil {
		return nil // a system that doesn't tell; --public-url does then
	}
	return lan.Reachable(interfaces)
}

// scheme of the HTTP port.
func (n *network) scheme() string {
	if n.source != nil {
		return "https"
	}
	return "http"
}

// grpcOptions are TLS, if it is on, and the client's address for every call.
func (n *network) grpcOptions() (options []grpc.ServerOption) {
	if n.source != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(certs.TLS(n.source, "h2"))))
	}
	return append(options, grpc.ChainUnaryInterceptor(n.addressUnary), grpc.ChainStreamInterceptor(n.addressStream))
}

// address puts the client's address as trusted proxies tell it into a call's context.
func (n *network) address(ctx context.Context) context.Context {
	peer := rpc.PeerOf(ctx)
	if peer.Transport != rpc.TransportNative {
		return ctx // it came through the HTTP port, where it was settled
	}
	peer.Addr = n.clients.GRPC(ctx)
	return rpc.WithPeer(ctx, peer)
}

func (n *network) addressUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return handler(n.address(ctx), req)
}

func (n *network) addressStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return handler(srv, &addressed{stream, n.address(stream.Context())})
}

// addressed is a stream with its client's address in its context.
type addressed struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (a *addressed) Context() context.Context { return a.ctx }

// behind puts what a proxy changes before the HTTP port's own handler: the client's address, then the base path.
func (n *network) behind(next http.Handler) http.Handler {
	return n.clients.Middleware(n.place.Handler(n.guided(next)))
}

// guided tells phones how to trust the house's CA, if there is one.
func (n *network) guided(next http.Handler) http.Handler {
	if n.house == nil {
		return next
	}
	mux := http.NewServeMux()
	mux.Handle("/", next)
	for _, path := range certs.GuidePaths {
		mux.Handle(path, n.house.Guide())
	}
	return mux
}

// split parts the HTTP port into TLS and plain, if TLS is on; plain then leads to TLS.
func (n *network) split(lis net.Listener) (main, plain net.Listener) {
	if n.source == nil {
		return lis, nil
	}
	return certs.Split(lis, certs.TLS(n.source, "h2", "http/1.1"))
}

// plainTimeout is how long a request to the plain side of the HTTP port, and its answer, may take.
const plainTimeout = 10 * time.Second

// newPlain serves the plain side.
func (n *network) newPlain(like *http.Server) *http.Server {
	return &http.Server{
		Handler:        n.behind(certs.ToTLS()),
		ReadTimeout:    plainTimeout,
		WriteTimeout:   plainTimeout,
		MaxHeaderBytes: like.MaxHeaderBytes,
		ErrorLog:       like.ErrorLog,
		TLSNextProto:   map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2
	}
}
