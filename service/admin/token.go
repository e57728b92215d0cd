package admin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// Bounds of a token.
const (
	tokenLeast = 16
	tokenMost  = 512
)

// ErrToken is wrapped by what ReadToken says of a file without a usable token. It never repeats what is in the file.
var ErrToken = errors.New("no usable token")

// ReadToken reads a token from a file: 16 to 512 printable ASCII characters without spaces, on one line.
func ReadToken(path string) (token string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, 2*tokenMost))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	token = strings.TrimSpace(string(data))
	if n := len(token); n < tokenLeast || n > tokenMost {
		return "", fmt.Errorf("%s: %w: it must have %d to %d characters", path, ErrToken, tokenLeast, tokenMost)
	}
	for _, c := range token {
		if c <= ' ' || c > unicode.MaxASCII || unicode.IsControl(c) {
			return "", fmt.Errorf("%s: %w: it must be of printable ASCII characters without spaces, on one line", path, ErrToken)
		}
	}
	return token, nil
}
