package socket

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/gobwas/ws"

	"github.com/singoff/singoff/service/rpc"
)

// maxFrame is the largest frame of data, to be refused by its header alone: a message of rpc.MaxReceiveBytes, its kind, its gRPC header.
const maxFrame = rpc.MaxReceiveBytes + 6

// violation is a client's breach of the protocol: the close code that tells it, and the words.
type violation struct {
	code ws.StatusCode
	text string
}

// Error implements error.
func (v violation) Error() string { return fmt.Sprintf("socket: %s (close code %d)", v.text, v.code) }

// closed is a client's close frame; 0: it had no code.
type closed struct{ code ws.StatusCode }

// Error implements error.
func (c closed) Error() string {
	return fmt.Sprintf("socket: the client closed (close code %d)", c.code)
}

// frames reads a client's frames and makes messages of them, as streams of bytes: nothing of a message is kept here, however long it is.
// One goroutine at a time.
type frames struct {
	r *bufio.Reader
	// control is called with what comes between and within messages; payload is its until it returns.
	control func(op ws.OpCode, payload []byte) error

	// The frame under way.

	header ws.Header
	left   int64 // bytes of it that weren't read
	state  ws.State

	head    [ws.MaxHeaderSize]byte
	payload [ws.MaxControlFramePayloadSize]byte
}

func newFrames(r io.Reader, control func(ws.OpCode, []byte) error) *frames {
	return &frames{r: bufio.NewReaderSize(r, readBuffer), control: control, state: ws.StateServerSide, header: ws.Header{Fin: true}}
}

// readBuffer is for each socket as long as it is open; larger payloads are read past it.
const readBuffer = 2 << 10

// next waits for a message. The one before must have been read to its end.
func (f *frames) next() error { return f.frame() }

// frame waits for the next frame of data.
func (f *frames) frame() error {
	for {
		h, err := ws.ReadHeaderBuffer(f.r, f.head[:0])
		switch {
		case errors.Is(err, ws.ErrHeaderLengthMSB), errors.Is(err, ws.ErrHeaderLengthUnexpected):
			return violation{ws.StatusProtocolError, err.Error()}
		case err != nil:
			return hungUp(err)
		}
		if err := ws.CheckHeader(h, f.state); err != nil {
			return violation{ws.StatusProtocolError, err.Error()}
		}
		switch {
		case h.OpCode.IsControl():
			if err := f.takeControl(h); err != nil {
				return err
			}
			continue
		case h.OpCode == ws.OpText:
			return violation{ws.StatusUnsupportedData, "text, where binary messages are expected"}
		case h.Length > maxFrame:
			return violation{ws.StatusMessageTooBig, fmt.Sprintf("a frame of %d bytes, the limit is %d", h.Length, maxFrame)}
		}
		f.begin(h)
		return nil
	}
}

func (f *frames) begin(h ws.Header) {
	f.header, f.left = h, h.Length
	if h.Fin {
		f.state = f.state.Clear(ws.StateFragmented)
	} else {
		f.state = f.state.Set(ws.StateFragmented)
	}
}

func (f *frames) takeControl(h ws.Header) error {
	payload := f.payload[:h.Length]
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return hungUp(err)
	}
	ws.Cipher(payload, h.Mask, 0)
	return f.control(h.OpCode, payload)
}

// Read reads on in the message under way; io.EOF is its end.
func (f *frames) Read(p []byte) (int, error) {
	for f.left == 0 {
		if f.header.Fin {
			return 0, io.EOF
		}
		if err := f.frame(); err != nil {
			return 0, err
		}
	}
	offset := f.header.Length - f.left
	n, err := f.r.Read(p[:min(int64(len(p)), f.left)])
	ws.Cipher(p[:n], f.header.Mask, int(offset&3))
	f.left -= int64(n)
	if err != nil {
		return n, hungUp(err)
	}
	return n, nil
}

// discardAll reads until the client's close frame, or any other error, and keeps nothing.
func (f *frames) discardAll() error {
	for {
		if _, err := io.CopyN(io.Discard, f.r, f.left); err != nil {
			return hungUp(err)
		}
		f.left = 0
		if err := f.frame(); err != nil {
			return err
		}
	}
}

// checkClose gives a close frame's code, or what is wrong with it.
func checkClose(payload []byte) (ws.StatusCode, error) {
	if len(payload) == 0 {
		return 0, nil
	}
	if len(payload) == 1 {
		return 0, violation{ws.StatusProtocolError, "a close frame with half a code"}
	}
	code, reason := ws.ParseCloseFrameData(payload)
	switch err := ws.CheckCloseFrameData(code, reason); {
	case errors.Is(err, ws.ErrProtocolInvalidUTF8):
		return 0, violation{ws.StatusInvalidFramePayloadData, err.Error()}
	case err != nil:
		return 0, violation{ws.StatusProtocolError, err.Error()}
	}
	return code, nil
}
