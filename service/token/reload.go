package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// lookEvery is how old the last look at the key file may be when a token is checked.
const lookEvery = time.Second

// maxKeyFile is the largest file of keys.
const maxKeyFile = 256 << 10

// look reads the key file again if the last look was a second ago. One caller does it, the others go on with the keys there are.
func (v *Verifier) look() {
	if !v.looking.TryLock() {
		return
	}
	defer v.looking.Unlock()
	now := time.Now()
	if since := now.Sub(v.looked); since >= 0 && since < lookEvery {
		return
	}
	v.looked = now
	data, err := readKeyFile(v.cfg.KeyFile)
	if err == nil && v.seen != nil && bytes.Equal(data, v.seen) {
		return
	}
	v.replace(data, err)
}

// replace takes new keys, or says once that there are none.
func (v *Verifier) replace(data []byte, err error) {
	if err != nil {
		if v.seen != nil {
			v.cfg.Logger.Error().Err(err).Msg("the key file can't be read; the keys before stay in use")
		}
		v.seen = nil
		return
	}
	v.seen = data
	found, err := parseKeys(data)
	if err != nil {
		v.cfg.Logger.Error().Err(err).Str("file", v.cfg.KeyFile).Msg("the key file has changed and makes no sense; the keys before stay in use")
		return
	}
	v.keys.Store(found)
	v.cfg.Logger.Info().Str("file", v.cfg.KeyFile).Int("keys", len(found.all)).Msg("new keys for tokens")
}

// readKeyFile never gives nil without an error.
func readKeyFile(path string) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(data) > maxKeyFile {
		return nil, fmt.Errorf("%s: is larger than %d bytes", path, maxKeyFile)
	}
	return data, err
}
