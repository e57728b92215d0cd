package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// receiveBytes is the largest message that is taken from a server: a Welcome is below 1 MiB.
	receiveBytes = 4 << 20
	// trailerBytes is the largest frame of headers or trailers.
	trailerBytes = 64 << 10
	// startBytes is how much is allocated for a frame before its bytes have come.
	startBytes = 64 << 10
)

// A frame is one byte of flags, its length in four, most significant first, and as many bytes.
const (
	frameHeader = 5
	// flagTrailers marks a frame of headers or trailers, `key: value\r\n` each.
	flagTrailers = 0x80
)

// What begins each message that a client sends over the websocket, after the first one, of headers.
const (
	sendData = 0x00
	sendEnd  = 0x01
)

// errWire: the server sent what it never may.
var errWire = errors.New("not the wire of grpc-websockets")

// wire reads the stream of bytes that a server sends: frames of headers, messages and trailers.
type wire struct {
	in      io.Reader
	headers bool // have come
}

// next gives the next message. ended is the status the server has given instead; err is the wire's.
func (w *wire) next() (message []byte, ended *status.Status, err error) {
	for {
		flags, payload, err := w.frame()
		switch {
		case err != nil:
			return nil, nil, err
		case flags == 0:
			w.headers = true
			return payload, nil, nil
		}
		ended, err = trailers(payload)
		switch {
		case err != nil:
			return nil, nil, err
		case ended != nil:
			return nil, ended, nil
		case w.headers:
			return nil, nil, fmt.Errorf("%w: trailers without a grpc-status", errWire)
		}
		w.headers = true
	}
}

func (w *wire) frame() (flags byte, payload []byte, err error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(w.in, header[:]); err != nil {
		return 0, nil, err
	}
	flags, size := header[0], int64(binary.BigEndian.Uint32(header[1:]))
	limit := int64(receiveBytes)
	switch flags {
	case 0:
	case flagTrailers:
		limit = trailerBytes
	default:
		return 0, nil, fmt.Errorf("%w: a frame with flags %#02x", errWire, flags)
	}
	if size > limit {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes with flags %#02x, at most %d are allowed", errWire, size, flags, limit)
	}
	payload, err = read(w.in, size)
	return flags, payload, err
}

// read reads size bytes. What it allocates keeps step with what has come.
func read(in io.Reader, size int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(size, startBytes)+bytes.MinRead))
	n, err := io.CopyN(buf, in, size)
	if errors.Is(err, io.EOF) && (n > 0 || size > 0) {
		err = io.ErrUnexpectedEOF
	}
	return buf.Bytes(), err
}

// trailers reads the status out of a frame of headers or trailers; nil: there is none in it.
func trailers(frame []byte) (*status.Status, error) {
	var code, message string
	found := false
	for line := range strings.Lines(string(frame)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "grpc-status":
			code, found = strings.TrimSpace(value), true
		case "grpc-message":
			message = strings.TrimSpace(value)
		}
	}
	if !found {
		return nil, nil
	}
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: a grpc-status of %q", errWire, code)
	}
	if decoded, err := url.PathUnescape(message); err == nil {
		message = decoded
	}
	return status.New(codes.Code(n), strings.ToValidUTF8(message, "�")), nil
}

// data makes a message to send out of a gRPC message that encode appends.
func data(encode func([]byte) ([]byte, error)) ([]byte, error) {
	b, err := encode(make([]byte, 1+frameHeader, 256))
	if err != nil {
		return nil, err
	}
	b[0] = sendData
	binary.BigEndian.PutUint32(b[2:], uint32(len(b)-1-frameHeader))
	return b, nil
}
