package names

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Why a nickname is refused, to be told apart with errors.Is.
var (
	// ErrEmpty: nothing is left of it but white space.
	ErrEmpty = errors.New("the nickname is empty")
	// ErrTooLong: it has more than MaxCharacters or MaxBytes.
	ErrTooLong = errors.New("the nickname is too long")
	// ErrEncoding: it isn't UTF-8.
	ErrEncoding = errors.New("the nickname isn't UTF-8")
	// ErrCharacter: it has a character that is invisible, changes the text around it, or means nothing.
	ErrCharacter = errors.New("the nickname has a character that isn't allowed")
	// ErrPile: too much is put into one character, or a mark has nothing to stand on.
	ErrPile = errors.New("the nickname has a character that is piled up")
)

// Error is a refusal. Its text is a sentence for people, without the refused characters themselves.
type Error struct {
	// Reason is one of the Err of this package.
	Reason error
	// Rune is the refused code point; 0 if it isn't one that is to blame.
	Rune rune
	// Position is the character that it is in, counted in grapheme clusters of the trimmed name from 1; 0 if it isn't one that
	// is to blame.
	Position int

	text string
}

// Error is the sentence.
func (e *Error) Error() string {
	if e.text == "" {
		return e.Reason.Error()
	}
	return e.text
}

// Unwrap is the Reason.
func (e *Error) Unwrap() error { return e.Reason }

func tooLong(n int, unit string, limit int) *Error {
	return &Error{Reason: ErrTooLong, text: fmt.Sprintf("the nickname has %d %s, at most %d are allowed", n, unit, limit)}
}

func notUTF8(s string) *Error {
	at := 0
	for at < len(s) {
		r, n := utf8.DecodeRuneInString(s[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return &Error{Reason: ErrEncoding, text: fmt.Sprintf("the nickname isn't UTF-8: its byte %d is 0x%02x", at+1, s[at])}
}

func notAllowed(r rune, what string, position int) *Error {
	return &Error{
		Reason: ErrCharacter, Rune: r, Position: position,
		text: fmt.Sprintf("the nickname can't have %U, %s (its character %d)", r, what, position),
	}
}

func baseless(r rune, position int) *Error {
	return &Error{
		Reason: ErrPile, Rune: r, Position: position,
		text: fmt.Sprintf("the nickname can't have %U, a mark, without a character for it to stand on (its character %d)", r, position),
	}
}

func tower(r rune, position int) *Error {
	return &Error{
		Reason: ErrPile, Rune: r, Position: position,
		text: fmt.Sprintf("the nickname can't have more than %d marks on one character, %U is one more (its character %d)", MaxMarks, r, position),
	}
}

func crowd(n, position int) *Error {
	return &Error{
		Reason: ErrPile, Position: position,
		text: fmt.Sprintf("the nickname's character %d is made of %d code points, at most %d are allowed", position, n, MaxCodePoints),
	}
}
