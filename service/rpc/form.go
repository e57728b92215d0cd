package rpc

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// The bounds of what names something, beside ids.
const (
	titleCharacters  = 100
	instanceBytes    = 64
	clientBytes      = 64
	guestKeyBytes    = 16
	defaultNamespace = "default"
)

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
