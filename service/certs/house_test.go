package certs_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/certs"
)

const day = 24 * time.Hour

// names are those of a laptop at home; more hosts are added.
func names(hosts ...string) certs.Names {
	n := certs.Names{DNS: []string{"localhost", "laptop", "laptop.local"}, Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	for _, host := range hosts {
		n.AddHost(host)
	}
	return n
}

func open(t *testing.T, dir string, log *lines, names func() certs.Names) *certs.House {
	t.Helper()
	h, err := certs.OpenHouse(certs.HouseConfig{Dir: dir, Names: names, Logger: zerolog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func always(n certs.Names) func() certs.Names { return func() certs.Names { return n } }

func leaf(t *testing.T, h *certs.House) *x509.Certificate {
	t.Helper()
	cert, err := h.Certificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf
}

func TestHouse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "singoff", "tls")
	hosts := names("192.168.0.5", "2001:db8::5")
	h := open(t, dir, &lines{}, always(hosts))
	for _, host := range []string{"localhost", "laptop", "laptop.local", "127.0.0.1", "192.168.0.5", "2001:db8::5"} {
		state, err := shake(t, certs.TLS(h, "h2"), trust(t, host, h.PEM(), "h2"))
		if err != nil {
			t.Errorf("%s: got %v from a client that trusts the house", host, err)
			continue
		}
		chain := state.VerifiedChains[0]
		if got := chain[0].NotAfter.Sub(chain[0].NotBefore); got > 398*day {
			t.Errorf("got a certificate for %v, want at most 398 days", got)
		}
	}
	if _, err := shake(t, certs.TLS(h), trust(t, "192.168.0.6", h.PEM())); err == nil {
		t.Error("got a connection under an address that isn't the server's")
	}
	for file, want := range map[string]fs.FileMode{"ca.pem": 0o600, "server.pem": 0o600, "ca.crt": 0o644, "": fs.ModeDir | 0o700} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", file, info.Mode(), err, want)
		}
	}
	if got, err := os.ReadFile(h.CertificateFile()); err != nil || string(got) != string(h.PEM()) || strings.Contains(string(got), "KEY") {
		t.Errorf("got %s, %v, want the CA's certificate alone", got, err)
	}
	if !regexp.MustCompile(`^([0-9A-F]{2}:){31}[0-9A-F]{2}$`).MatchString(h.Fingerprint()) {
		t.Errorf("got %q, want a SHA-256 as phones show it", h.Fingerprint())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("got %q left over, want nothing", left)
	}
}

// Phones trust the CA, and some people the certificate itself: both must live through a restart.
func TestHouseIsKept(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	first := open(t, dir, log, always(names("192.168.0.5")))
	second := open(t, dir, log, always(names("192.168.0.5")))
	if first.Fingerprint() != second.Fingerprint() || !leaf(t, first).Equal(leaf(t, second)) {
		t.Error("got another CA or certificate after a restart, want the same")
	}
	third := open(t, dir, log, always(names("192.168.0.6")))
	if first.Fingerprint() != third.Fingerprint() || leaf(t, first).Equal(leaf(t, third)) {
		t.Error("want the same CA and another certificate after a restart elsewhere")
	}
	if n := log.count("server certificate made"); n != 2 {
		t.Errorf("got %d certificates, want 2", n)
	}
}

func TestCertificateFollowsTheAddresses(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	synctest.Test(t, func(t *testing.T) {
		now := names("192.168.0.5")
		h := open(t, dir, log, func() certs.Names { return now })
		first := leaf(t, h)
		now = names("10.0.0.7")
		time.Sleep(9 * time.Second)
		if !leaf(t, h).Equal(first) {
			t.Error("got another certificate, want none made at every handshake")
		}
		time.Sleep(time.Second)
		second := leaf(t, h)
		if second.VerifyHostname("10.0.0.7") != nil {
			t.Errorf("got %v, want one for the new address", second.IPAddresses)
		}
		now = names()
		time.Sleep(time.Minute)
		if !leaf(t, h).Equal(second) {
			t.Error("got another certificate without an address, want the one that has it still")
		}
	})
}

func TestCertificateIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, log, always(names()))
		first := leaf(t, h)
		for range 10 * 365 { // the CA's life
			time.Sleep(day)
			if left := time.Until(leaf(t, h).NotAfter); left < 0 {
				t.Fatalf("got a certificate that ended %v ago", -left)
			}
		}
		if n := log.count("server certificate made"); n < 10 || n > 13 {
			t.Errorf("got %d certificates in ten years, want one a year", n)
		}
		if leaf(t, h).Equal(first) {
			t.Error("got the first certificate still")
		}
		if log.count(`"level":"error"`) > 0 {
			t.Error("got errors in the log, want none")
		}
	})
}

func TestCAIsMadeAnewBeforeItsEnd(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	synctest.Test(t, func(t *testing.T) {
		first := open(t, dir, log, always(names())).Fingerprint()
		time.Sleep((3650 - 61) * day)
		if open(t, dir, log, always(names())).Fingerprint() != first {
			t.Error("got another CA, want the same with 61 days left")
		}
		time.Sleep(2 * day)
		h := open(t, dir, log, always(names()))
		if h.Fingerprint() == first || log.count("phones must trust anew") != 1 {
			t.Error("got the same CA or no warning, want another with 59 days left")
		}
		if _, err := shake(t, certs.TLS(h), trust(t, "laptop.local", h.PEM())); err != nil {
			t.Errorf("got %v, want a certificate of the new CA", err)
		}
	})
}

// Whoever steals the CA's key may pretend to be something in a house, not a bank.
func TestCAVouchesForTheHouseAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := open(t, dir, &lines{}, always(names("203.0.113.7", "sing.example")))
	stolen, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.PEM())
	for host, want := range map[string]bool{
		"laptop.local": true, "tv.local": true, "localhost": true, "nas.home.arpa": true, "laptop": true, "sing.example": true,
		"192.168.7.7": true, "10.9.8.7": true, "fd00::9": true, "2001:db8::9": true, "203.0.113.7": true,
		"bank.example": false, "notlocal": false, "1.1.1.1": false, "203.0.113.8": false, "local.example": false,
	} {
		template := &x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		if addr, err := netip.ParseAddr(host); err == nil {
			template.IPAddresses = []net.IP{addr.AsSlice()}
		} else {
			template.DNSNames = []string{host}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, stolen.Leaf, leaf(t, h).PublicKey, stolen.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		_, err = cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
		if got := err == nil; got != want {
			t.Errorf("%s: got %v (%v), want %v", host, got, err, want)
		}
	}
	if !stolen.Leaf.PermittedDNSDomainsCritical || !stolen.Leaf.MaxPathLenZero {
		t.Error("want critical constraints, and no CA below this one")
	}
}

// A name the CA can't vouch for would make clients refuse the whole certificate.
func TestNameThatTheCAMayNotVouchFor(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	open(t, dir, log, always(names()))
	h := open(t, dir, log, always(names("sing.example", "203.0.113.7", "192.168.0.5")))
	if got := leaf(t, h); got.VerifyHostname("192.168.0.5") != nil || got.VerifyHostname("sing.example") == nil || got.VerifyHostname("203.0.113.7") == nil {
		t.Errorf("got %v %v, want only what the CA permits", got.DNSNames, got.IPAddresses)
	}
	if log.count(`"name":"sing.example"`) != 1 || log.count(`"name":"203.0.113.7"`) != 1 {
		t.Error("want a warning for each name")
	}
	if _, err := shake(t, certs.TLS(h), trust(t, "laptop.local", h.PEM())); err != nil {
		t.Errorf("got %v, want the other names to work", err)
	}
}

func TestDamagedCAIsntReplaced(t *testing.T) {
	t.Parallel()
	cert, key := pair(t, "laptop", time.Hour)
	for name, content := range map[string][]byte{"rubbish": []byte("rubbish"), "empty": nil, "not a CA": slices.Concat(cert, key)} {
		dir := t.TempDir()
		write(t, dir, map[string][]byte{"ca.pem": content})
		_, err := certs.OpenHouse(certs.HouseConfig{Dir: dir, Names: always(names())})
		if !errors.Is(err, certs.ErrAuthority) {
			t.Errorf("%s: got %v, want ErrAuthority", name, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "ca.pem")); err != nil || string(got) != string(content) {
			t.Errorf("%s: got %q, %v, want the file as it was", name, got, err)
		}
	}
}

func TestDamagedCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	cert, key := pair(t, "laptop", 400*day)
	for name, content := range map[string][]byte{"rubbish": []byte("rubbish"), "another CA's": slices.Concat(cert, key)} {
		dir := t.TempDir()
		open(t, dir, &lines{}, always(names()))
		write(t, dir, map[string][]byte{"server.pem": content})
		h := open(t, dir, &lines{}, always(names()))
		if _, err := shake(t, certs.TLS(h), trust(t, "laptop", h.PEM())); err != nil {
			t.Errorf("%s: got %v, want a new certificate", name, err)
		}
	}
}

func TestOpenKeyIsClosed(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	open(t, dir, log, always(names()))
	path := filepath.Join(dir, "ca.pem")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, dir, log, always(names()))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || log.count("others on this machine could read") != 1 {
		t.Errorf("got %v, %v, want 0600 and a warning", info.Mode(), err)
	}
}

// Two servers that start at the same moment must not each make a CA: phones would trust one of them.
func TestServersShareOneCA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all sync.WaitGroup
	prints := make([]string, 8)
	for i := range prints {
		all.Go(func() {
			h, err := certs.OpenHouse(certs.HouseConfig{Dir: dir, Names: always(names())})
			if err != nil {
				t.Error(err)
				return
			}
			prints[i] = h.Fingerprint()
		})
	}
	all.Wait()
	if len(slices.Compact(prints)) != 1 {
		t.Errorf("got %q, want one CA", prints)
	}
}

func TestHouseConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]certs.HouseConfig{
		"Dir":   {Names: always(names())},
		"Names": {Dir: t.TempDir()},
	} {
		if _, err := certs.OpenHouse(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s named", err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(file), map[string][]byte{"file": nil})
	if _, err := certs.OpenHouse(certs.HouseConfig{Dir: filepath.Join(file, "tls"), Names: always(names())}); err == nil {
		t.Error("got no error of a folder that can't be made")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	var n certs.Names
	for _, host := range []string{"Laptop", "laptop", "민아의 노트북", "-bad-", "a..b", "", "192.168.0.5", "::ffff:192.168.0.5", "[fd00::5]", "0.0.0.0", "::", "fe80::1%eth0", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a"} {
		n.AddHost(host)
	}
	if len(n.DNS) != 1 || n.DNS[0] != "laptop" {
		t.Errorf("got %q, want laptop once", n.DNS)
	}
	if want := "[192.168.0.5 fd00::5 fe80::1]"; len(n.Addrs) != 3 || want != "["+n.Addrs[0].String()+" "+n.Addrs[1].String()+" "+n.Addrs[2].String()+"]" {
		t.Errorf("got %v, want %s", n.Addrs, want)
	}
	own := certs.OwnNames()
	if !slices.Contains(own.DNS, "localhost") || !slices.Contains(own.Addrs, netip.MustParseAddr("::1")) {
		t.Errorf("got %v, want localhost and ::1 in it", own)
	}
}
