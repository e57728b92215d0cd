package rpc

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// The bounds of what names something. Ids match `[A-Za-z0-9_-]{1,64}`.
const (
	idBytes          = 64
	titleCharacters  = 100
	instanceBytes    = 64
	clientBytes      = 64
	guestKeyBytes    = 16
	defaultNamespace = "default"
)

// checkID says what is wrong with an id; empty: nothing.
func checkID(id string) string {
	if id == "" {
		return fmt.Sprintf("is missing; 1 to %d of A-Z a-z 0-9 _ -", idBytes)
	}
	if len(id) > idBytes {
		return fmt.Sprintf("has %d bytes, the limit is %d", len(id), idBytes)
	}
	for _, c := range id {
		if !isIDCharacter(c) {
			return fmt.Sprintf("has %q, which isn't one of A-Z a-z 0-9 _ -", c)
		}
	}
	return ""
}

func isIDCharacter(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// checkTitle says what is wrong with a room's title; empty: nothing.
func checkTitle(title string) string {
	if n := utf8.RuneCountInString(title); n > titleCharacters {
		return fmt.Sprintf("has %d characters, the limit is %d", n, titleCharacters)
	}
	return checkControls(title)
}

// checkBytes says what is wrong with a short text for machines or the operator; empty: nothing.
func checkBytes(text string, limit int) string {
	if len(text) > limit {
		return fmt.Sprintf("has %d bytes, the limit is %d", len(text), limit)
	}
	return checkControls(text)
}

func checkControls(text string) string {
	for _, c := range text {
		if unicode.IsControl(c) {
			return fmt.Sprintf("has the control character %U", c)
		}
	}
	return ""
}
