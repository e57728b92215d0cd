package tui

import (
	"io"
	"os"
)

// terminal tells when nothing more will be typed: the terminal is gone.
type terminal struct {
	*os.File
	gone func()
}

// watched is an input whose end, or failure, is told.
func watched(in io.Reader, gone func()) io.Reader {
	if f, ok := in.(*os.File); ok {
		return &terminal{f, gone}
	}
	return in
}

// Read reads what is typed.
func (t *terminal) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	if err != nil {
		t.gone()
	}
	return n, err
}
