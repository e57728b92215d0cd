package socket

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/gobwas/ws"
)

// What a message after the first begins with.
const (
	kindData = 0 // bytes of gRPC frames follow
	kindEnd  = 1 // the client has sent everything
)

// maxHeaders is the largest message of headers.
const maxHeaders = 16 << 10

// wire reads what the client sends: headers once, then the bytes of its gRPC frames. One goroutine at a time.
type wire struct {
	frames *frames
	within bool // a message of data is under way
	ended  bool // kindEnd has come
}

// headers reads the first message.
func (w *wire) headers() (http.Header, error) {
	if err := w.frames.next(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(w.frames, maxHeaders+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxHeaders:
		return nil, violation{ws.StatusMessageTooBig, fmt.Sprintf("headers of more than %d bytes", maxHeaders)}
	}
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(text) + "\r\n\r\n"))).ReadMIMEHeader()
	if err != nil {
		return nil, violation{ws.StatusProtocolError, "the first message isn't headers, lines of `key: value`"}
	}
	return http.Header(header), nil
}

// Read gives the bytes of the client's gRPC frames, however they are cut into messages; io.EOF: it has ended sending.
func (w *wire) Read(p []byte) (int, error) {
	for {
		if w.within {
			n, err := w.frames.Read(p)
			if err == nil || !errors.Is(err, io.EOF) {
				return n, err
			}
			w.within = false
		}
		if err := w.begin(); err != nil {
			return 0, err
		}
	}
}

// begin takes the first byte of the next message. An empty one says nothing.
func (w *wire) begin() error {
	if w.ended {
		return io.EOF
	}
	if err := w.frames.next(); err != nil {
		return err
	}
	var kind [1]byte
	switch _, err := io.ReadFull(w.frames, kind[:]); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case kind[0] == kindData:
		w.within = true
		return nil
	case kind[0] != kindEnd:
		return violation{ws.StatusProtocolError, fmt.Sprintf("a message of kind %d, there are %d and %d", kind[0], kindData, kindEnd)}
	}
	switch n, err := io.ReadFull(w.frames, kind[:]); {
	case n > 0:
		return violation{ws.StatusProtocolError, "a message that ends sending and goes on"}
	case !errors.Is(err, io.EOF):
		return err
	}
	w.ended = true
	return io.EOF
}

// drain reads on after the end of sending, for the sake of what isn't data: whatever comes is the end of the socket.
func (w *wire) drain() error {
	if err := w.frames.next(); err != nil {
		return err
	}
	return violation{ws.StatusProtocolError, "a message after the end of sending"}
}
