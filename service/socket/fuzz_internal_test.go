package socket

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/gobwas/ws"

	"github.com/singoff/singoff/service/rpc"
)

// sip gives a few bytes at a time.
type sip struct {
	data []byte
	n    int
}

func (s *sip) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.data)
	s.data = s.data[n:]
	return n, nil
}

// outcome is what a stream of a client's bytes is read as.
type outcome struct {
	headers, body, controls string
	err                     string
}

// read reads everything as a server does, sips of n bytes.
func read(data []byte, n int) (out outcome, err error) {
	controls := new(bytes.Buffer)
	w := &wire{frames: newFrames(&sip{data, n}, func(op ws.OpCode, payload []byte) error {
		controls.WriteByte(byte(op))
		controls.Write(payload)
		if op == ws.OpClose {
			code, err := checkClose(payload)
			if err == nil {
				err = closed{code}
			}
			return err
		}
		return nil
	})}
	header, err := w.headers()
	if err == nil {
		out.headers = string(block(header))
		var body []byte
		if body, err = io.ReadAll(w); err == nil {
			err = w.drain()
		}
		out.body = string(body)
	}
	out.controls, out.err = controls.String(), err.Error()
	return out, err
}

// FuzzWire: whatever a client sends, it is read the same however it comes in, and its end is a broken connection, a violation with a code that may
// be sent, or a close frame.
func FuzzWire(f *testing.F) {
	masked := func(op ws.OpCode, fin bool, payload string) []byte {
		return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
	}
	for _, seed := range [][][]byte{
		{masked(ws.OpBinary, true, "a: b\r\n"), masked(ws.OpBinary, true, "\x00\x00\x00\x00\x00\x01a"), masked(ws.OpBinary, true, "\x01")},
		{masked(ws.OpBinary, false, "a: b\r\n"), masked(ws.OpPing, true, "?"), masked(ws.OpContinuation, true, ""), masked(ws.OpBinary, true, "\x01"), masked(ws.OpClose, true, "\x03\xe8bye")},
		{masked(ws.OpBinary, true, ""), masked(ws.OpClose, true, "\x03")},
		{masked(ws.OpText, true, "a: b\r\n")},
		{masked(ws.OpBinary, true, ""), {0x82, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0}},
		{masked(ws.OpBinary, true, ""), masked(ws.OpBinary, true, "\x02")},
	} {
		f.Add(bytes.Join(seed, nil), uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		whole, err := read(data, len(data)+1)
		if sipped, _ := read(data, int(n)+1); sipped != whole {
			t.Fatalf("got %q in sips of %d bytes, want %q as at once", sipped, n, whole)
		}
		v, isViolation := errors.AsType[violation](err)
		_, isClosed := errors.AsType[closed](err)
		switch {
		case isViolation && (ws.CheckCloseFrameData(v.code, v.text) != nil || len(v.text) > 120):
			t.Errorf("got the violation %v, want one that a close frame can tell", v)
		case !isViolation && !isClosed && !errors.Is(err, errHungUp):
			t.Errorf("got %v, want one of the three ends", err)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			t.Errorf("got %v, which looks like an end of sending", err)
		}
		if len(whole.body) > len(data) {
			t.Errorf("got %d bytes out of %d", len(whole.body), len(data))
		}
	})
}

// FuzzMessages: whatever a client's gRPC frames hold, each is taken or refused as the room expects, and reading goes on or has ended for good.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x02\x08\x01\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x00"))
	f.Add([]byte("\x00\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x00\x05\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &link{
			handler: &Handler{cfg: Config{MessageBytes: 1 << 10}},
			wire:    &wire{frames: newFrames(bytes.NewReader(messages(data)), func(ws.OpCode, []byte) error { return nil })},
		}
		s := &stream{link: l}
		for range len(data) + 1 {
			request, err := s.receive()
			switch {
			case (request == nil) == (err == nil):
				t.Fatalf("got %v and %v, want one of them", request, err)
			case err == nil:
				continue
			case !errors.Is(err, rpc.ErrTooLarge) && !errors.Is(err, rpc.ErrMalformed) && !errors.Is(err, io.EOF):
				t.Fatalf("got %v, want a refusal or the end", err)
			case cap(s.in) > keptBuffer:
				t.Fatalf("got a buffer of %d bytes kept, want at most %d", cap(s.in), keptBuffer)
			}
			return
		}
		t.Error("got no end")
	})
}

// messages is the bytes as a client's messages, and the end of sending.
func messages(data []byte) (out []byte) {
	for _, b := range data {
		out = append(out, ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame([]byte{kindData, b})))...)
	}
	return append(out, ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame([]byte{kindEnd})))...)
}
