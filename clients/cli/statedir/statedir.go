// Package statedir keeps who a person is between two runs of the program: one file per server, namespace and nickname with
// the guest's secret key, and for each room the point up to which its events were seen. Files are readable by their
// owner alone, replaced whole, and locked while they change, so that several programs may use one at a time.
// A file that can't be read is set aside and told, never overwritten.
package statedir

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/singoff/singoff/clients/cli/names"
)

// ErrNoHome is returned by Default when the system names no place for a person's files.
var ErrNoHome = errors.New("no home directory is known: give --state-dir")

// Config says where the files are and whom to tell about one that was set aside.
type Config struct {
	// Dir is the directory; it's made when needed. Empty: Default().
	Dir string
	// Tell is called with a sentence for people when a file was set aside; nil: nobody is told.
	Tell func(sentence string)
}

// Default is where the operating system wants such files: $XDG_STATE_HOME/singoff or ~/.local/state/singoff,
// ~/Library/Application Support/singoff on macOS, %LocalAppData%\singoff on Windows.
func Default() (string, error) {
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "singoff"), nil
		}
	case "darwin", "ios":
		if dir, err := os.UserConfigDir(); err == nil {
			return filepath.Join(dir, "singoff"), nil
		}
	default:
		if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "singoff"), nil
		}
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local", "state", "singoff"), nil
		}
	}
	return "", ErrNoHome
}

// Dir is a directory of guests. Its methods may be called concurrently, and by several programs.
type Dir struct {
	path string
	tell func(string)
}

// Open makes the directory if needed.
func Open(cfg Config) (*Dir, error) {
	if cfg.Dir == "" {
		dir, err := Default()
		if err != nil {
			return nil, err
		}
		cfg.Dir = dir
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("the state directory can't be made: %w", err)
	}
	if cfg.Tell == nil {
		cfg.Tell = func(string) {}
	}
	return &Dir{path: cfg.Dir, tell: cfg.Tell}, nil
}

// Key names a guest: nicknames that a room takes for the same are the same guest.
type Key struct {
	Server    string // as given on the command line
	Namespace string // empty: `default`
	Nickname  string // empty for observers
}

// canonical is the key as it's compared: nicknames like rooms compare them.
func (k Key) canonical() Key {
	return Key{
		Server:    strings.ToLower(strings.TrimSpace(k.Server)),
		Namespace: cmp.Or(k.Namespace, "default"),
		Nickname:  names.Fold(k.Nickname),
	}
}

func (k Key) file() string {
	c := k.canonical()
	sum := sha256.Sum256([]byte(c.Server + "\x00" + c.Namespace + "\x00" + c.Nickname))
	name := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15])
	return "guest-" + strings.ToLower(name) + ".json"
}

// keyBytes is the length of a guest's secret key.
const keyBytes = 16

func newGuestKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key)
	return key
}
