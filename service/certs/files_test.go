package certs_test

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/certs"
)

// named is the common name of the certificate that a source gives.
func named(t *testing.T, s certs.Source) string {
	t.Helper()
	cert, err := s.Certificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf.Subject.CommonName
}

func openFiles(t *testing.T, dir string, log *lines) (*certs.Files, error) {
	t.Helper()
	return certs.OpenFiles(filepath.Join(dir, "cert"), filepath.Join(dir, "key"), zerolog.New(log))
}

// Whoever renews certificates writes two files, one after the other, and tells nobody.
func TestFilesAreReloaded(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), &lines{}
	synctest.Test(t, func(t *testing.T) {
		cert, key := pair(t, "old.example", 90*24*time.Hour)
		write(t, dir, map[string][]byte{"cert": cert, "key": key})
		f, err := openFiles(t, dir, log)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(when, want string, errors, reloads int) {
			t.Helper()
			for range 3 { // later handshakes look no sooner than a second later
				if got := named(t, f); got != want {
					t.Errorf("%s: got %s, want %s", when, got, want)
				}
			}
			if e, r := log.count(`"level":"error"`), log.count("certificate reloaded"); e != errors || r != reloads {
				t.Errorf("%s: got %d errors and %d reloads in the log, want %d and %d", when, e, r, errors, reloads)
			}
		}
		expect("at first", "old.example", 0, 0)
		newCert, newKey := pair(t, "new.example", 90*24*time.Hour)
		write(t, dir, map[string][]byte{"cert": newCert})
		expect("too soon to look", "old.example", 0, 0)
		time.Sleep(time.Second)
		expect("half renewed", "old.example", 1, 0)
		time.Sleep(time.Hour)
		expect("half renewed, an hour later", "old.example", 1, 0)
		write(t, dir, map[string][]byte{"key": newKey})
		time.Sleep(time.Second)
		expect("renewed", "new.example", 1, 1)
		if err := os.Remove(filepath.Join(dir, "key")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		expect("without its key", "new.example", 2, 1)
		write(t, dir, map[string][]byte{"key": newKey})
		time.Sleep(time.Second)
		expect("complete again", "new.example", 2, 2)
	})
}

func TestEndOfCertificateIsWarnedOf(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{-time.Minute, 6 * 24 * time.Hour} {
		dir, log := t.TempDir(), &lines{}
		cert, key := pair(t, "old.example", life)
		write(t, dir, map[string][]byte{"cert": cert, "key": key})
		if _, err := openFiles(t, dir, log); err != nil || log.count("ends soon, or has ended") != 1 {
			t.Errorf("got %v and %d warnings of an end in %v, want one", err, log.count(""), life)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	cert, key := pair(t, "a.example", time.Hour)
	_, other := pair(t, "b.example", time.Hour)
	for name, files := range map[string]map[string][]byte{
		"no certificate":    {"key": key},
		"no key":            {"cert": cert},
		"another's key":     {"cert": cert, "key": other},
		"rubbish":           {"cert": []byte("rubbish"), "key": key},
		"the wrong way":     {"cert": key, "key": cert},
		"half":              {"cert": cert[:len(cert)/2], "key": key},
		"empty certificate": {"cert": {}, "key": key},
	} {
		dir := t.TempDir()
		write(t, dir, files)
		if _, err := openFiles(t, dir, &lines{}); !errors.Is(err, certs.ErrPair) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want ErrPair that names the file", name, err)
		}
	}
}

func TestHandshakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := pair(t, "a.example", time.Hour)
	write(t, dir, map[string][]byte{"cert": cert, "key": key})
	f, err := openFiles(t, dir, &lines{})
	if err != nil {
		t.Fatal(err)
	}
	both, h2 := certs.TLS(f, "h2", "http/1.1"), certs.TLS(f, "h2")
	old := trust(t, "a.example", cert)
	old.MaxVersion = tls.VersionTLS11
	if _, err := shake(t, both, old); err == nil {
		t.Error("got a connection by TLS 1.1, want none")
	}
	for _, test := range []struct {
		server *tls.Config
		offers []string
		want   string
	}{
		{both, []string{"h2", "http/1.1"}, "h2"},
		{both, []string{"http/1.1"}, "http/1.1"}, // a browser that opens a websocket
		{both, nil, ""},
		{h2, []string{"h2"}, "h2"},
	} {
		state, err := shake(t, test.server, trust(t, "a.example", cert, test.offers...))
		if err != nil || state.NegotiatedProtocol != test.want {
			t.Errorf("%v: got %q, %v, want %q", test.offers, state.NegotiatedProtocol, err, test.want)
		}
	}
}
