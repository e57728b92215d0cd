package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// ErrAuthority is wrapped by OpenHouse when the house's CA is damaged.
var ErrAuthority = errors.New("the house's CA is damaged; restore it, or empty its directory to make another, which phones must trust anew")

const (
	day = 24 * time.Hour
	// caLife is short of Apple's and Android's patience, which have no limit for a CA that a user trusts.
	caLife = 3650 * day
	// caLeft is how much of it must be left at a start; else another is made.
	caLeft = 60 * day
	// leafLife is below what Apple takes of a CA that a user trusts (825 days), and of any other (398).
	leafLife = 397 * day
	// leafLeft is when a certificate is made anew.
	leafLeft = 30 * day
	// behind is how far a phone's clock may be behind.
	behind = day
)

// The authority vouches for the house and nothing else, by name constraints that all current clients obey: Go, OpenSSL, Chrome (from 112
// on), Firefox, Apple's and Android's. So whoever steals its key can't pretend to be a bank to the phones that trust it.
var (
	houseDomains = []string{"localhost", "local", "lan", "home", "home.arpa", "internal"}
	// IPv6 is permitted as a whole: a house's prefix is a public one and changes. Names are what attackers want.
	houseNetworks = []string{
		"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "::/0",
	}
)

// authority is a certificate with its key, which signs others.
type authority struct {
	cert *x509.Certificate
	pair *tls.Certificate
}

// openAuthority reads the house's CA, or makes it. Of two processes that make one at the same time, one wins and both use its.
func openAuthority(cfg HouseConfig, names Names) (*authority, error) {
	path := filepath.Join(cfg.Dir, caFile)
	ca, err := readAuthority(path)
	if err == nil && time.Until(ca.cert.NotAfter) < caLeft {
		cfg.Logger.Warn().Time("not_after", ca.cert.NotAfter).Msg("the house's CA ends soon; another is made, which phones must trust anew")
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("certs: %w", err)
		}
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeAuthority(path, names); err != nil {
			return nil, fmt.Errorf("certs: %w", err)
		}
		ca, err = readAuthority(path)
	}
	if err != nil {
		return nil, err
	}
	tighten(path, cfg.Logger)
	if err := replaceFile(filepath.Join(cfg.Dir, caCertFile), ca.certPEM(), 0o644); err != nil {
		cfg.Logger.Warn().Err(err).Msg("the CA's certificate can't be laid out for clients; /ca.crt has it too")
	}
	return ca, nil
}

func readAuthority(path string) (*authority, error) {
	pair, err := readPair(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrAuthority, err)
	case !pair.Leaf.IsCA:
		return nil, fmt.Errorf("%w: %s isn't a CA", ErrAuthority, path)
	}
	return &authority{cert: pair.Leaf, pair: pair}, nil
}

func makeAuthority(path string, names Names) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	now := time.Now()
	template := &x509.Certificate{
		// Without a common name iOS doesn't list it among those to be trusted.
		Subject:               pkix.Name{CommonName: fmt.Sprintf("singoff house CA (%s, %s)", short(host), now.Format(time.DateOnly)), Organization: []string{"singoff"}},
		NotBefore:             now.Add(-behind),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,

		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         append(slices.Clone(houseDomains), names.DNS...),
		PermittedIPRanges:           permittedRanges(names.Addrs),
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	text, err := encodePair(key, der)
	if err != nil {
		return err
	}
	return createFile(path, text)
}

// short is a name that fits into a certificate's, which takes 64 characters.
func short(host string) string {
	host, _, _ = strings.Cut(host, ".")
	return host[:min(len(host), 30)]
}

// permittedRanges are those of every house, and the public addresses of this one.
func permittedRanges(addrs []netip.Addr) (ranges []*net.IPNet) {
	for _, text := range houseNetworks {
		_, network, _ := net.ParseCIDR(text) // constants
		ranges = append(ranges, network)
	}
	for _, addr := range addrs {
		if !within(ranges, addr) {
			ranges = append(ranges, &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())})
		}
	}
	return ranges
}

func within(ranges []*net.IPNet, addr netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r *net.IPNet) bool {
		return len(r.Mask)*8 == addr.BitLen() && r.Contains(addr.AsSlice())
	})
}

// permitted parts names into those the authority may vouch for and the others.
func (a *authority) permitted(names Names) (good Names, refused []string) {
	for _, name := range names.DNS {
		if slices.ContainsFunc(a.cert.PermittedDNSDomains, func(d string) bool { return name == d || strings.HasSuffix(name, "."+d) }) {
			good.DNS = append(good.DNS, name)
		} else {
			refused = append(refused, name)
		}
	}
	for _, addr := range names.Addrs {
		if within(a.cert.PermittedIPRanges, addr) {
			good.Addrs = append(good.Addrs, addr)
		} else {
			refused = append(refused, addr.String())
		}
	}
	return good, refused
}

// issue makes a server's certificate, and its form in a file.
func (a *authority) issue(names Names) (*tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "singoff server", Organization: []string{"singoff"}},
		NotBefore:   now.Add(-behind),
		NotAfter:    earlier(now.Add(leafLife-behind), a.cert.NotAfter),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    names.DNS,

		BasicConstraintsValid: true,
	}
	for _, addr := range names.Addrs {
		template.IPAddresses = append(template.IPAddresses, addr.AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.pair.PrivateKey)
	if err != nil {
		return nil, nil, err
	}
	text, err := encodePair(key, der)
	if err != nil {
		return nil, nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	return &pair, text, err
}

// issued says whether a certificate is this authority's.
func (a *authority) issued(leaf *x509.Certificate) bool {
	return leaf.CheckSignatureFrom(a.cert) == nil
}

// fits says whether a certificate will do: it has all names, and is neither near its end nor from the future. One more name in it is no harm.
func fits(leaf *x509.Certificate, names Names, ca *authority) bool {
	now := time.Now()
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return false
	}
	if leaf.NotAfter.Sub(now) < leafLeft && leaf.NotAfter.Before(ca.cert.NotAfter) {
		return false
	}
	for _, name := range names.strings() {
		if leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tighten makes a key's file readable by its owner alone.
func tighten(path string, logger zerolog.Logger) {
	info, err := os.Stat(path)
	if err != nil || !othersCanRead(info.Mode()) {
		return
	}
	err = os.Chmod(path, 0o600)
	logger.Warn().Err(err).Str("file", path).Msg("others on this machine could read the CA's key; it is closed to them now")
}
