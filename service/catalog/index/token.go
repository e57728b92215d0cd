package index

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"
)

// place is where a page ended.
type place struct {
	Item
	at time.Time // of ByRecency
}

// A token is the base64url of a version, the query's hash, when the page's last track was played, its id, title and artist: the page after
// it can be told even when songs have come or gone in between.
const (
	tokenVersion = 2
	tokenHead    = 1 + 8 + 8
	idLength     = 16
	maxToken     = 4096
)

func token(last *place, m *matcher) string {
	b := append([]byte{tokenVersion}, m.hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(last.at.UnixNano())) // of no meaning in other orders
	b = append(b, last.ID...)
	b = append(b, last.Title...)
	b = append(b, 0)
	return base64.RawURLEncoding.EncodeToString(append(b, last.Artist...))
}

// parseToken gives nil for none.
func parseToken(q Query, m *matcher) (*place, error) {
	if q.Token == "" {
		return nil, nil
	}
	if len(q.Token) > maxToken {
		return nil, ErrToken
	}
	b, err := base64.RawURLEncoding.DecodeString(q.Token)
	if err != nil || len(b) < tokenHead+idLength || b[0] != tokenVersion || !bytes.Equal(b[1:9], m.hash[:]) {
		return nil, ErrToken
	}
	text := string(b[tokenHead+idLength:])
	title, artist, ok := strings.Cut(text, "\x00")
	if !ok || !utf8.ValidString(text) {
		return nil, ErrToken
	}
	return &place{
		Item: Item{ID: string(b[tokenHead : tokenHead+idLength]), Title: title, Artist: artist, Keys: Prepare(title, artist)},
		at:   time.Unix(0, int64(binary.BigEndian.Uint64(b[9:tokenHead]))),
	}, nil
}
