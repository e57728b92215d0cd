package lan

import (
	"errors"
	"fmt"
	"strings"

	"rsc.io/qr"
)

// ErrTooLong is what QR answers for a text that fits in no code.
var ErrTooLong = errors.New("lan: too long for a QR code")

// quiet is how many white modules a code needs around it.
const quiet = 4

// Colours of a terminal that are black and white whatever its theme: a code must be dark on light, and its quiet zone light, too.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	plain        = "\x1b[0m"
)

// QR draws a text as a code for a terminal, two rows of modules in a line.
func QR(text string) (string, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return "", fmt.Errorf("%w: %d bytes", ErrTooLong, len(text))
	}
	// Upper and lower half; outside the code nothing is black.
	halves := map[[2]bool]rune{{false, false}: ' ', {true, false}: '▀', {false, true}: '▄', {true, true}: '█'}
	var drawn strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		drawn.WriteString(blackOnWhite)
		for x := -quiet; x < code.Size+quiet; x++ {
			drawn.WriteRune(halves[[2]bool{code.Black(x, y), code.Black(x, y+1)}])
		}
		drawn.WriteString(plain + "\n")
	}
	return drawn.String(), nil
}
