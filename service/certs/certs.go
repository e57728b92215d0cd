// Package certs gives the server its TLS certificates: from two files that somebody else renews, or from a certificate authority of the
// house's own, made here, which phones are told to trust. It also lets one port answer plain HTTP beside TLS, so that who types an
// address without https still arrives.
package certs

import "crypto/tls"

// Source has the certificate of each handshake. Its method may be called concurrently and doesn't wait.
type Source interface {
	Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// TLS is a server's configuration over a source, for the protocols of one port in the order of preference: h2, http/1.1.
func TLS(source Source, protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: source.Certificate,
		NextProtos:     protocols,
	}
}
