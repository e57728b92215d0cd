// Package lyrics reads song texts, whatever they were written in, into one form: lines, words and their times. It knows LRC with
// all its stamps, plain text, UltraStar's notes, and what tags hold (plain, LRC, or stamped pieces). What it gives is bounded and
// holds no stamp, tag or bracket, so that whoever shows it needs to know no format.
package lyrics

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/singoff/singoff/service/catalog/charset"
)

var (
	// ErrEmpty is returned where no line of text is left.
	ErrEmpty = errors.New("no lyrics in it")
	// ErrTooLong is returned for more than MaxBytes, MaxLines or maxText.
	ErrTooLong = errors.New("lyrics too long")
	// ErrNotes is returned for an UltraStar file whose headers or notes make no sense.
	ErrNotes = errors.New("broken UltraStar notes")
)

const (
	// MaxBytes is the largest file that is read.
	MaxBytes = 1 << 20
	// MaxLines is how many lines lyrics have at most, repeated ones counted.
	MaxLines = 4096
	// maxText bounds all text together, in bytes, since repeated stamps multiply lines.
	maxText = 1 << 20
	// maxLine is how many characters of a line are kept.
	maxLine = 1000
	// maxTime is beyond any song.
	maxTime = 100 * time.Hour
)

// Kind is how finely lyrics are timed.
type Kind int

// Kinds, as the protocol numbers them.
const (
	None Kind = iota
	Plain
	Lines
	Words
)

// String names the kind: `words`.
func (k Kind) String() string {
	return [...]string{None: "none", Plain: "plain", Lines: "lines", Words: "words"}[min(max(k, None), Words)]
}

// Lyrics is a song's text.
type Lyrics struct {
	// Kind says which times there are: of nothing, of each line, of words too.
	Kind Kind
	// Lines in the order they are sung, Plain ones as written; at most MaxLines.
	Lines []Line
}

// Line is a line of text, or a pause.
type Line struct {
	// Start is when it begins, from the song's beginning; 0 in Plain lyrics.
	Start time.Duration
	// End is when it ends; 0: with the next line.
	End time.Duration
	// Text without stamps; empty: a pause.
	Text string
	// Words, if they have times; their texts together are Text.
	Words []Word
	// Together is what has the same time and is shown below: a translation, a romanisation.
	Together []string
}

// Word is a piece of a line with the space that follows it.
type Word struct {
	// Start is when it begins, from the song's beginning.
	Start time.Duration
	// End is when it ends; 0: with the next one.
	End time.Duration
	// Text of the piece.
	Text string
}

// Parse reads a file as LRC, UltraStar notes or plain text, which its content tells, not its name; the name stands in errors.
// Bytes that aren't UTF-8 are expected in CP949; see Reader for others. Errors are this package's, and charset's.
func Parse(name string, b []byte) (Lyrics, error) { return Reader{}.Parse(name, b) }

// Reader reads files.
type Reader struct {
	// Charset is what text is expected in that isn't UTF-8. Default CP949.
	Charset charset.Name
}

// Parse is Parse with the reader's encoding.
func (r Reader) Parse(name string, b []byte) (Lyrics, error) {
	l, _, err := r.ParseFile(name, b)
	return l, err
}

// ParseFile is Parse, with the head of UltraStar's notes also where an error is about the notes; nil: the file holds none.
func (r Reader) ParseFile(name string, b []byte) (Lyrics, *UltraStar, error) {
	text, err := r.text(name, b)
	if err != nil {
		return Lyrics{}, nil, err
	}
	l, star, err := fromText(text)
	if err != nil {
		return Lyrics{}, star, fmt.Errorf("%s: %w", name, err)
	}
	return l, star, nil
}

// text decodes a file, UltraStar's own word for its encoding included.
func (r Reader) text(name string, b []byte) (string, error) {
	if len(b) > MaxBytes {
		return "", fmt.Errorf("%s: %w: %d bytes, at most %d", name, ErrTooLong, len(b), MaxBytes)
	}
	fallback := r.Charset
	if own, ok := declared(b); ok {
		fallback = own
	}
	text, _, err := charset.Decode(b, fallback)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// FromText reads text that is decoded already: a tag's, a looked-up one. It tells the format as Parse does. Errors are ErrEmpty,
// ErrTooLong and ErrNotes.
func FromText(text string) (Lyrics, error) {
	l, _, err := fromText(text)
	return l, err
}

func fromText(text string) (Lyrics, *UltraStar, error) {
	if len(text) > 2*MaxBytes { // CP949 grows by half in UTF-8, ASCII in UTF-16 shrinks
		return Lyrics{}, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(text), 2*MaxBytes)
	}
	text = trimMarks(text)
	if looksLikeNotes(text) {
		return parseNotes(text)
	}
	l, err := parseLRC(text)
	return l, nil, err
}

// bounded refuses what is too long or empty.
func (l Lyrics) bounded() (Lyrics, error) {
	if len(l.Lines) > MaxLines {
		return Lyrics{}, fmt.Errorf("%w: %d lines, at most %d", ErrTooLong, len(l.Lines), MaxLines)
	}
	bytes, shown := 0, false
	for _, line := range l.Lines {
		bytes += line.size()
		shown = shown || line.Text != ""
	}
	if bytes > maxText {
		return Lyrics{}, fmt.Errorf("%w: %d bytes with what is repeated, at most %d", ErrTooLong, bytes, maxText)
	}
	if !shown {
		return Lyrics{}, ErrEmpty
	}
	return l, nil
}

// size is what maxText counts of a line.
func (l Line) size() int {
	n := len(l.Text)
	for _, t := range l.Together {
		n += len(t)
	}
	for _, w := range l.Words {
		n += len(w.Text) + 16
	}
	return n
}

// cut keeps maxLine characters.
func cut(s string) string {
	if utf8.RuneCountInString(s) <= maxLine {
		return s
	}
	return string([]rune(s)[:maxLine])
}
