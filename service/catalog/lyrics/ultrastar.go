package lyrics

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/singoff/singoff/service/catalog/charset"
)

// UltraStar is the head of a file of notes, as UltraStar and its kin keep beside a song.
type UltraStar struct {
	// Title and Artist as written; empty: not said.
	Title, Artist string
	// Audio is the name of the audio file beside the notes: #AUDIO, else #MP3.
	Audio string
	// Cover is the name of the picture beside the notes.
	Cover string
}

var (
	header       = regexp.MustCompile(`^\s*#\s*([A-Za-z0-9_]+)\s*:(.*)$`)
	mainHeader   = regexp.MustCompile(`^\s*#\s*(?i:TITLE|ARTIST|MP3|AUDIO|BPM|VERSION|ENCODING)\s*:`)
	ownEncoding  = regexp.MustCompile(`(?im)^\s*#\s*ENCODING\s*:\s*([A-Za-z0-9_-]+)\s*$`)
	syllableLine = regexp.MustCompile(`^\s*([:*FRG])\s*(-?\d+)\s+(-?\d+)\s+(-?\d+) ?(.*)$`)
	breakLine    = regexp.MustCompile(`^\s*-\s*(-?\d+)(?:\s+(-?\d+))?\s*$`)
	beatLine     = regexp.MustCompile(`^\s*B\s*(-?[\d.,]+)\s+([\d.,]+)\s*$`)
	partLine     = regexp.MustCompile(`^\s*P\s*\d\s*$`)
)

func looksLikeNotes(text string) bool {
	for line := range strings.Lines(newlines.Replace(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case mainHeader.MatchString(line):
			return true
		case strings.TrimSpace(line) != "" && !header.MatchString(line):
			return false
		}
	}
	return false
}

// declared is the encoding that a notes file names itself.
func declared(b []byte) (charset.Name, bool) {
	head := b[:min(len(b), 4096)]
	m := ownEncoding.FindSubmatch(head)
	if m == nil {
		return "", false
	}
	name, err := charset.ParseName(string(m[1]))
	return name, err == nil && name != charset.UTF8
}

// notes is a notes file as far as it has been read.
type notes struct {
	head     UltraStar
	bpm, gap float64 // quarter notes a minute, of which a beat is a quarter; milliseconds
	changes  []tempo
	relative bool
	base     int64 // relative mode: the beat that numbers count from
	lines    []Line
	line     []Word
	count    int
}

// tempo is a change of it.
type tempo struct{ beat, bpm float64 }

// parseNotes reads headers and notes. The headers come also with an error about the notes.
func parseNotes(text string) (Lyrics, *UltraStar, error) {
	n := notes{}
	for line := range strings.Lines(newlines.Replace(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.TrimSpace(line) == "E" {
			break
		}
		if err := n.take(line); err != nil {
			return Lyrics{}, &n.head, err
		}
		if n.count > maxNotes {
			return Lyrics{}, &n.head, fmt.Errorf("%w: more than %d notes", ErrTooLong, maxNotes)
		}
	}
	n.endLine()
	l, err := arrange(n.lines).bounded()
	return l, &n.head, err
}

// take reads a line; what is none of the known ones is passed over, as UltraStar does.
func (n *notes) take(line string) error {
	if m := header.FindStringSubmatch(line); m != nil {
		return n.header(strings.ToUpper(m[1]), strings.TrimSpace(m[2]))
	}
	if m := syllableLine.FindStringSubmatch(line); m != nil {
		return n.note(m)
	}
	if m := breakLine.FindStringSubmatch(line); m != nil {
		n.endLine()
		if n.relative {
			step, _ := strconv.ParseInt(m[1], 10, 64)
			if m[2] != "" {
				step, _ = strconv.ParseInt(m[2], 10, 64)
			}
			n.base += min(max(step, 0), maxBeat)
		}
		return nil
	}
	if partLine.MatchString(line) {
		n.endLine()
		n.base = 0
		return nil
	}
	if m := beatLine.FindStringSubmatch(line); m != nil {
		at, err := decimal(m[1])
		bpm, err2 := decimal(m[2])
		if err == nil && err2 == nil && bpm >= 1 && bpm <= maxBPM && len(n.changes) < 1000 {
			n.changes = append(n.changes, tempo{at + float64(n.base), bpm})
		}
	}
	return nil
}

const (
	maxBPM   = 100_000
	maxBeat  = 1 << 40
	maxNotes = 30_000
)

func (n *notes) header(key, value string) error {
	s := &n.head
	text := strings.TrimSpace(plain(value))
	var err error
	switch key {
	case "TITLE":
		s.Title = text
	case "ARTIST":
		s.Artist = text
	case "AUDIO":
		s.Audio = value
	case "MP3":
		if s.Audio == "" {
			s.Audio = value
		}
	case "COVER":
		s.Cover = value
	case "BPM":
		if n.bpm, err = decimal(value); err != nil || !(n.bpm >= 1 && n.bpm <= maxBPM) {
			return fmt.Errorf("%w: #BPM is %.40q, must be 1 to %d", ErrNotes, value, maxBPM)
		}
	case "GAP":
		if n.gap, err = decimal(value); err != nil || !(math.Abs(n.gap) <= float64(maxTime/time.Millisecond)) {
			return fmt.Errorf("%w: #GAP is %.40q, must be milliseconds", ErrNotes, value)
		}
	case "RELATIVE":
		n.relative = strings.EqualFold(value, "yes") || strings.EqualFold(value, "true")
	}
	return nil
}

func decimal(s string) (float64, error) {
	return strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
}

// note is a syllable: kind, beat, length in beats, pitch, text.
func (n *notes) note(m []string) error {
	if n.bpm == 0 {
		return fmt.Errorf("%w: notes without #BPM before them", ErrNotes)
	}
	n.count++
	beat, err := strconv.ParseInt(m[2], 10, 64)
	length, err2 := strconv.ParseInt(m[3], 10, 64)
	if err != nil || err2 != nil || beat > maxBeat || beat < -maxBeat || length > maxBeat {
		return fmt.Errorf("%w: a note at beat %.30s of %.30s beats", ErrNotes, m[2], m[3])
	}
	start := n.at(beat + n.base)
	w := Word{Start: start, End: max(start, n.at(beat+n.base+max(length, 0)))}
	if w.End == 0 {
		w.End = 1
	}
	text := plain(m[5])
	if held := strings.TrimLeft(text, "~"); held != text && strings.TrimSpace(held) == "" && len(n.line) > 0 {
		last := &n.line[len(n.line)-1] // the syllable before is held
		last.End = w.End
		last.Text += held
		return nil
	}
	w.Text = strings.ReplaceAll(text, "~", "")
	n.line = append(n.line, w)
	return nil
}

// at is the time of a beat.
func (n *notes) at(beat int64) time.Duration {
	ms, from, bpm := n.gap, 0.0, n.bpm
	for _, c := range n.changes {
		if c.beat >= float64(beat) || c.beat < from {
			break
		}
		ms += (c.beat - from) * 15_000 / bpm
		from, bpm = c.beat, c.bpm
	}
	ms += (float64(beat) - from) * 15_000 / bpm
	return time.Duration(min(max(ms, 0), float64(maxTime/time.Millisecond)) * float64(time.Millisecond))
}

func (n *notes) endLine() {
	if len(n.line) > 0 {
		if l := timed(n.line[0].Start, n.line); l.Text != "" {
			n.lines = append(n.lines, l)
		}
	}
	n.line = nil
}
