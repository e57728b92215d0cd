package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/reload"
)

// ErrPair is wrapped by what is wrong with a certificate's files.
var ErrPair = errors.New("certificate and key")

const (
	// soon is how long before a certificate's end the operator is warned at its loading.
	soon = 7 * 24 * time.Hour
	// maxFile is the largest file of a certificate with its chain, or a key.
	maxFile = 1 << 20
)

// Files is a Source: a certificate with its chain and a key, in PEM. They are read anew when they change, without a restart; a pair that is
// broken then, or half written, leaves the old one in use.
type Files struct {
	certPath, keyPath string
	logger            zerolog.Logger
	files             *reload.Files[*tls.Certificate]
}

// OpenFiles reads both files. An error wraps ErrPair and names the file.
func OpenFiles(certPath, keyPath string, logger zerolog.Logger) (*Files, error) {
	f := &Files{certPath: certPath, keyPath: keyPath, logger: logger}
	var err error
	f.files, err = reload.Open(reload.Config[*tls.Certificate]{
		Paths: []string{certPath, keyPath}, MaxBytes: maxFile, Make: f.pair, Changed: f.changed,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPair, err)
	}
	return f, nil
}

// Certificate implements Source.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.files.Current(), nil
}

func (f *Files) pair(contents [][]byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", f.certPath, f.keyPath, err)
	}
	if left := time.Until(pair.Leaf.NotAfter); left < soon {
		f.logger.Warn().Str("file", f.certPath).Time("not_after", pair.Leaf.NotAfter).Msg("the certificate ends soon, or has ended")
	}
	return &pair, nil
}

func (f *Files) changed(now *tls.Certificate, err error) {
	if err != nil {
		f.logger.Error().Err(fmt.Errorf("%w: %w", ErrPair, err)).Msg("the new certificate is of no use; the old one stays")
		return
	}
	f.logger.Info().Time("not_after", now.Leaf.NotAfter).Msg("certificate reloaded")
}
