package rpc

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// pages names a list that is given in pages: what it is a list of, and what else its page tokens are bound to, none with a slash. A page token is these
// and where the next page begins, with slashes between, in base64url.
type pages []string

// token is the page token of the page that begins at, or after, next.
func (p pages) token(next string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.prefix() + next))
}

// numberToken is token, where pages begin at numbers.
func (p pages) numberToken(next uint64) string {
	return p.token(strconv.FormatUint(next, 10))
}

// next takes apart a token that was made for the same list; ok is false for any other.
func (p pages) next(token string) (next string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", false
	}
	next, ok = strings.CutPrefix(string(raw), p.prefix())
	return next, ok && p.token(next) == token
}

// nextNumber is next, where pages begin at numbers.
func (p pages) nextNumber(token string) (next uint64, ok bool) {
	text, ok := p.next(token)
	if !ok {
		return 0, false
	}
	next, err := strconv.ParseUint(text, 10, 64)
	return next, err == nil && p.numberToken(next) == token
}

func (p pages) prefix() string { return strings.Join(p, "/") + "/" }
