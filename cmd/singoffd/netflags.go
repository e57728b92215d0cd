package main

import (
	"net"

	"github.com/singoff/singoff/service"
)

// netFlags are how others get to the server.
type netFlags struct {
	LAN       bool   `name:"lan" group:"Where" help:"Let phones and others on the house's net in: both ports listen on all addresses, unless theirs is given, and the start shows what a phone could use, with a QR code."`
	PublicURL string `name:"public-url" group:"Where" placeholder:"URL" help:"Where people find the server, to be shown and shared: https://sing.example/battle (the best address of the HTTP port)."`
	BasePath  string `group:"Where" placeholder:"PATH" help:"Path below which the HTTP port answers, and without it too (the public URL's)."`

	TLS     string `name:"tls" group:"Encryption" default:"${tls}" enum:"off,self" placeholder:"KIND" help:"off, or self: a certificate authority of the house's own, which phones are told to trust (${default})."`
	TLSDir  string `name:"tls-dir" group:"Encryption" type:"path" placeholder:"FOLDER" help:"Where --tls self keeps its authority (singoff/tls in your configuration folder)."`
	TLSCert string `name:"tls-cert" group:"Encryption" type:"path" placeholder:"FILE" help:"Certificate with its chain, in PEM, for both ports; read again when it changes."`
	TLSKey  string `name:"tls-key" group:"Encryption" type:"path" placeholder:"FILE" help:"The certificate's key, in PEM."`

	TrustedProxies []string `group:"Where" default:"${trusted_proxies}" placeholder:"LIST" help:"Proxies that are believed in what they say of the client (X-Forwarded-For, -Proto, -Host): networks, addresses, loopback, private, unix, or none (${default})."`
	AllowedOrigins []string `group:"Where" placeholder:"LIST" help:"Other sites whose pages may speak to the server: https://friends.example,… or * (its own alone)."`
}

// set brings them into the configuration.
func (f netFlags) set(cfg *service.Config) {
	cfg.PublicURL, cfg.BasePath = f.PublicURL, f.BasePath
	cfg.TLS, cfg.TLSDir, cfg.TLSCert, cfg.TLSKey = f.TLS, f.TLSDir, f.TLSCert, f.TLSKey
	cfg.TrustedProxies, cfg.AllowedOrigins = f.TrustedProxies, f.AllowedOrigins
}

// addr is where a port listens: as was said, else as is usual, with --lan on all addresses.
func (f netFlags) addr(said, usual string) string {
	switch {
	case said != "":
		return said
	case f.LAN:
		_, port, _ := net.SplitHostPort(usual) // a constant of ours
		return net.JoinHostPort("", port)
	}
	return usual
}
