// Package names holds the rules of nicknames.
package names

import (
	"errors"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Clean gives a typed nickname as it is shown.
func Clean(typed string) (string, error) {
	s := strings.TrimSpace(norm.NFC.String(typed))
	if s == "" {
		return "", errors.New("the nickname is empty")
	}
	return s, nil
}

// Key gives a nickname as it is compared.
func Key(shown string) string { return cases.Fold().String(norm.NFKC.String(shown)) }
