package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// The files of a house's directory.
const (
	// caFile holds the authority's certificate and key: whoever can read it can pretend to be this server.
	caFile = "ca.pem"
	// caCertFile holds the certificate alone, to be handed to clients.
	caCertFile = "ca.crt"
	// serverFile holds the server's certificate and key.
	serverFile = "server.pem"
)

// HouseConfig is what OpenHouse needs.
type HouseConfig struct {
	// Dir keeps the authority; made if it isn't there, readable by the user alone. Required.
	Dir string
	// Names gives the names and addresses by which clients reach the server now. Asked at handshakes, at most every 10 s. Required.
	Names func() Names
	// Logger gets a line when something is made, and warnings. The zero one logs nothing.
	Logger zerolog.Logger
}

func (cfg HouseConfig) validate() error {
	switch {
	case cfg.Dir == "":
		return errors.New("certs: HouseConfig.Dir is missing")
	case cfg.Names == nil:
		return errors.New("certs: HouseConfig.Names is missing")
	}
	return nil
}

// namesInterval is how often a handshake looks whether the server's names have changed.
const namesInterval = 10 * time.Second

// House is a Source: a certificate authority of the house's own and the server's certificate by it. The authority is made once and kept,
// for phones that trust it; the certificate is made anew when the server's addresses change or its end is near.
type House struct {
	cfg     HouseConfig
	ca      *authority
	current atomic.Pointer[tls.Certificate]

	// looking is held by the one handshake that looks at the names; it protects what follows.
	looking sync.Mutex
	looked  time.Time
	refused map[string]bool // names that were warned of
}

// OpenHouse opens the house's authority, or makes it, and a certificate of the server. One that is damaged is an error: phones trust it,
// and a new one in its place would be news to them.
func OpenHouse(cfg HouseConfig) (*House, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	names := cfg.Names()
	ca, err := openAuthority(cfg, names)
	if err != nil {
		return nil, err
	}
	h := &House{cfg: cfg, ca: ca, looked: time.Now(), refused: map[string]bool{}}
	names = h.permitted(names)
	if kept, err := readPair(h.path(serverFile)); err == nil && h.ca.issued(kept.Leaf) && fits(kept.Leaf, names, ca) {
		h.current.Store(kept)
		return h, nil
	}
	if err := h.renew(names); err != nil {
		return nil, err
	}
	return h, nil
}

// Certificate implements Source.
func (h *House) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if h.looking.TryLock() {
		h.lookLocked()
		h.looking.Unlock()
	}
	return h.current.Load(), nil
}

func (h *House) lookLocked() {
	now := time.Now()
	if now.Sub(h.looked) < namesInterval {
		return
	}
	h.looked = now
	names := h.permitted(h.cfg.Names())
	if fits(h.current.Load().Leaf, names, h.ca) {
		return
	}
	if err := h.renew(names); err != nil {
		h.cfg.Logger.Error().Err(err).Msg("no new certificate could be made; the old one stays")
	}
}

// renew makes a certificate and takes it into use. That it can't be kept in its file is no harm but to those who trust it alone.
func (h *House) renew(names Names) error {
	pair, pem, err := h.ca.issue(names)
	if err != nil {
		return err
	}
	if err := replaceFile(h.path(serverFile), pem); err != nil {
		h.cfg.Logger.Warn().Err(err).Msg("the server's certificate can't be kept; the next start makes another")
	}
	h.current.Store(pair)
	h.cfg.Logger.Info().Strs("names", names.strings()).Time("not_after", pair.Leaf.NotAfter).Msg("server certificate made")
	return nil
}

// permitted leaves out what the authority may not vouch for, with a warning for each.
func (h *House) permitted(names Names) Names {
	good, refused := h.ca.permitted(names)
	for _, name := range refused {
		if !h.refused[name] {
			h.refused[name] = true
			h.cfg.Logger.Warn().Str("name", name).Str("dir", h.cfg.Dir).
				Msg("the house's CA was made without this name and may not vouch for it; empty the directory to make another CA, which phones must trust anew")
		}
	}
	return good
}

func (h *House) path(name string) string { return filepath.Join(h.cfg.Dir, name) }

// CertificateFile is where the authority's certificate is, for `singoff --ca`.
func (h *House) CertificateFile() string { return h.path(caCertFile) }

// PEM is the authority's certificate.
func (h *House) PEM() []byte { return h.ca.certPEM() }

// Name is how phones show the authority.
func (h *House) Name() string { return h.ca.cert.Subject.CommonName }

// Fingerprint is the SHA-256 of the authority's certificate as phones show it: 32 pairs of digits.
func (h *House) Fingerprint() string {
	sum := sha256.Sum256(h.ca.cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}
