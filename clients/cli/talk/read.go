package talk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrLineTooLong is given to Mode.Failed for a line of more than MaxLine bytes: nothing of it is sent, and the next line is read.
var ErrLineTooLong = errors.New("the line is too long")

// readLoop hands on the lines of the input until its end, or that of the conversation.
func (c *conversation) readLoop() {
	defer close(c.lines)
	if c.Lines != nil {
		c.passOn()
		return
	}
	r := bufio.NewReaderSize(c.In, 4096)
	for number := 1; ; number++ {
		text, size, err := readLine(r)
		if (size > 0 || err == nil) && !c.handOn(line{number: number, text: text}, size) {
			return
		}
		if err != nil {
			return
		}
	}
}

// passOn hands on Lines.
func (c *conversation) passOn() {
	for number := 1; ; number++ {
		select {
		case text, ok := <-c.Lines:
			if !ok || !c.handOn(line{number: number, text: text}, len(text)) {
				return
			}
		case <-c.ctx.Done():
			return
		}
	}
}

// handOn hands on a line of so many bytes; false: the conversation is over.
func (c *conversation) handOn(l line, size int) bool {
	if size > MaxLine {
		l.err = fmt.Errorf("%w: %d bytes, and %d is the limit; nothing of it was sent", ErrLineTooLong, size, MaxLine)
	}
	select {
	case c.lines <- l:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// readLine reads up to the next line feed, and keeps at most MaxLine bytes of it. size is that of the whole line.
func readLine(r *bufio.Reader) (text string, size int, err error) {
	var kept []byte
	for {
		part, err := r.ReadSlice('\n')
		size += len(part)
		if len(kept) <= MaxLine {
			kept = append(kept, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == nil {
			size--
		}
		if errors.Is(err, io.EOF) || err == nil {
			kept = bytes.TrimSuffix(bytes.TrimSuffix(kept, []byte("\n")), []byte("\r"))
		}
		return string(kept), size, err
	}
}
