package transport

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzWire: whatever a server sends ends in messages, a status or an error, the same ones however the bytes are cut, and what is allocated keeps
// step with what has come.
func FuzzWire(f *testing.F) {
	for _, seed := range []string{
		"", "\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x02hi\x80\x00\x00\x00\x10grpc-status: 0\r\n", "\x80\x00\x00\x00\x06a: b\r\n\x00\xff\xff\xff\xff",
		"\x80\x00\x00\x00\x24grpc-status: 99999999999999999999\r\n", "\x00\x00\x3f\xff\xffx", "\x80\x00\x00\x00\x22grpc-status:7\ngrpc-message:%zz%EC%95\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, err1 := readAll(t, bytes.NewReader(b))
		bytewise, err2 := readAll(t, iotest.OneByteReader(bytes.NewReader(b)))
		if !bytes.Equal(whole, bytewise) || err1 != err2 {
			t.Errorf("got %q, %q at once and %q, %q byte by byte", whole, err1, bytewise, err2)
		}
	})
}

// readAll gives all messages, and how it ended.
func readAll(t *testing.T, in io.Reader) (all []byte, end string) {
	w := wire{in: in}
	for {
		message, ended, err := w.next()
		switch {
		case err != nil:
			return all, err.Error()
		case ended != nil:
			return all, ended.String()
		}
		if cap(message) > 2*len(message)+startBytes+bytes.MinRead {
			t.Errorf("got %d bytes allocated for %d", cap(message), len(message))
		}
		all = append(append(all, message...), '|')
	}
}

// A frame that claims 4 MiB and doesn't come costs little.
func TestClaimsAreNotAllocated(t *testing.T) {
	t.Parallel()
	claim := []byte{0, 0, 0x3f, 0xff, 0xff, 'x'}
	got := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if _, _, err := (&wire{in: bytes.NewReader(claim)}).next(); err == nil {
				b.Fatal("got a message, want an error")
			}
		}
	}).AllocedBytesPerOp()
	if got > 2*startBytes {
		t.Errorf("got %d bytes for a frame that claims 4 MiB, want at most %d", got, 2*startBytes)
	}
}
