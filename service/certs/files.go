package certs

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// ErrPair is wrapped by what is wrong with a certificate's files.
var ErrPair = errors.New("certificate and key")

const (
	// reloadInterval is how often a handshake looks whether the files have changed.
	reloadInterval = time.Second
	// soon is how long before a certificate's end the operator is warned at its loading.
	soon = 7 * 24 * time.Hour
)

// Files is a Source: a certificate with its chain and a key, in PEM. They are read anew when they change, without a restart; a pair that is
// broken then, or half written, leaves the old one in use.
type Files struct {
	certPath, keyPath string
	logger            zerolog.Logger
	current           atomic.Pointer[tls.Certificate]

	// looking is held by the one handshake that looks at the files; it protects what follows.
	looking   sync.Mutex
	looked    time.Time
	cert, key []byte // as they were last read, good or not
}

// OpenFiles reads both files. An error wraps ErrPair and names the file.
func OpenFiles(certPath, keyPath string, logger zerolog.Logger) (*Files, error) {
	f := &Files{certPath: certPath, keyPath: keyPath, logger: logger, looked: time.Now()}
	if _, err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// Certificate implements Source.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if f.looking.TryLock() {
		f.lookLocked()
		f.looking.Unlock()
	}
	return f.current.Load(), nil
}

func (f *Files) lookLocked() {
	now := time.Now()
	if now.Sub(f.looked) < reloadInterval {
		return
	}
	f.looked = now
	changed, err := f.load()
	switch {
	case err != nil && changed:
		f.logger.Error().Err(err).Msg("the new certificate is of no use; the old one stays")
	case changed:
		f.logger.Info().Time("not_after", f.current.Load().Leaf.NotAfter).Msg("certificate reloaded")
	}
}

// load reads the files, and takes them into use if they are a pair. changed: they aren't what they were when they were last read.
func (f *Files) load() (changed bool, err error) {
	cert, certErr := os.ReadFile(f.certPath)
	key, keyErr := os.ReadFile(f.keyPath)
	changed = f.cert == nil || !bytes.Equal(cert, f.cert) || !bytes.Equal(key, f.key)
	f.cert, f.key = append([]byte{}, cert...), key
	if !changed {
		return false, errors.Join(certErr, keyErr)
	}
	if err := errors.Join(certErr, keyErr); err != nil {
		return true, fmt.Errorf("%w: %w", ErrPair, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return true, fmt.Errorf("%w: %s, %s: %w", ErrPair, f.certPath, f.keyPath, err)
	}
	if left := time.Until(pair.Leaf.NotAfter); left < soon {
		f.logger.Warn().Str("file", f.certPath).Time("not_after", pair.Leaf.NotAfter).Msg("the certificate ends soon, or has ended")
	}
	f.current.Store(&pair)
	return true, nil
}
