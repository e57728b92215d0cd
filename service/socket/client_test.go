package socket_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const joinPath = singoffv1.RoomService_Join_FullMethodName

// client is the other end of the wire, byte by byte.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	body []byte // bytes of gRPC frames that were read and aren't parsed
	// queue has events that were read and not looked at.
	queue []*singoffv1.Event
}

// upgrade makes a websocket of a connection.
func upgrade(t *testing.T, conn net.Conn, path string, header ...string) *client {
	t.Helper()
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	t.Cleanup(func() { conn.Close() })
	if code, protocol := c.handshake(path, header...); code != http.StatusSwitchingProtocols || protocol != "grpc-websockets" {
		t.Fatalf("got %d with %q, want 101 and grpc-websockets", code, protocol)
	}
	return c
}

// handshake sends what a browser sends; the lines given replace those of the same header.
func (c *client) handshake(path string, header ...string) (code int, protocol string) {
	c.t.Helper()
	lines := []string{"GET " + path + " HTTP/1.1", "Host: battle.example"}
	for _, standard := range []string{
		"Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: grpc-websockets", "User-Agent: test",
	} {
		key, _, _ := strings.Cut(standard, " ")
		if !slices.ContainsFunc(header, func(line string) bool { return strings.HasPrefix(line, key) }) {
			lines = append(lines, standard)
		}
	}
	c.send([]byte(strings.Join(append(lines, header...), "\r\n") + "\r\n\r\n"))
	return c.response()
}

func (c *client) response() (code int, protocol string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Sec-Websocket-Protocol")
}

func (c *client) send(p []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatal(err)
	}
}

// frame is a masked frame.
func frame(op ws.OpCode, fin bool, payload []byte) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, payload)))
}

// binary sends one message.
func (c *client) binary(payload ...byte) { c.t.Helper(); c.send(frame(ws.OpBinary, true, payload)) }

const browserHeaders = "content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n"

func (c *client) headers(lines ...string) {
	c.t.Helper()
	c.binary([]byte(browserHeaders + strings.Join(lines, ""))...)
}

// grpcFrame is a message as gRPC frames it.
func grpcFrame(m proto.Message) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(data))), data...)
}

func (c *client) say(requests ...proto.Message) {
	c.t.Helper()
	for _, r := range requests {
		c.binary(append([]byte{0}, grpcFrame(r)...)...)
	}
}

func (c *client) endSending() { c.t.Helper(); c.binary(1) }

// frame reads the next frame, whatever it is.
func (c *client) frame() (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(c.r); err != nil {
		return f, err
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(c.r, f.Payload)
	return f, err
}

// part is a gRPC-Web frame of the answer.
type part struct {
	flags byte
	data  []byte
}

// part reads the answer as the wrapper's client does: what comes after a frame of headers in the same message waits for the next message.
// Control frames are skipped.
func (c *client) part() (part, error) {
	for {
		if len(c.body) >= 5 && len(c.body) >= 5+int(binary.BigEndian.Uint32(c.body[1:])) {
			n := 5 + int(binary.BigEndian.Uint32(c.body[1:]))
			p := part{c.body[0], c.body[5:n]}
			c.body = c.body[n:]
			if p.flags == 0x80 && len(c.body) > 0 {
				return part{}, fmt.Errorf("%d bytes follow headers in the same message, where the wrapper's client doesn't see them", len(c.body))
			}
			return p, nil
		}
		f, err := c.frame()
		switch {
		case err != nil:
			return part{}, err
		case f.Header.Masked:
			return part{}, fmt.Errorf("a masked frame of the server")
		case f.Header.OpCode == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(f.Payload)
			return part{}, closeError{code, reason}
		case f.Header.OpCode == ws.OpBinary && f.Header.Fin:
			c.body = append(c.body, f.Payload...)
		case !f.Header.OpCode.IsControl():
			return part{}, fmt.Errorf("a frame %+v, want whole binary messages", f.Header)
		}
	}
}

type closeError struct {
	code   ws.StatusCode
	reason string
}

func (e closeError) Error() string { return fmt.Sprintf("closed: %d %s", e.code, e.reason) }

// mustPart reads on and wants no error.
func (c *client) mustPart() part {
	c.t.Helper()
	p, err := c.part()
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// wantHeaders reads the response's headers.
func (c *client) wantHeaders() {
	c.t.Helper()
	if p := c.mustPart(); p.flags != 0x80 || string(p.data) != "Content-Type: application/grpc+proto\r\n" {
		c.t.Fatalf("got %#x %q, want the headers", p.flags, p.data)
	}
}

// events reads the next message.
func (c *client) events() []*singoffv1.Event {
	c.t.Helper()
	p := c.mustPart()
	resp := new(singoffv1.JoinResponse)
	if err := proto.Unmarshal(p.data, resp); p.flags != 0 || err != nil {
		c.t.Fatalf("got %#x %q, %v, want a JoinResponse", p.flags, p.data, err)
	}
	return resp.GetEvents()
}

// wantEnd reads the trailers and the close frame, answers it, and reads the end of the connection.
func (c *client) wantEnd(trailers string) {
	c.t.Helper()
	if p := c.mustPart(); p.flags != 0x80 || string(p.data) != trailers {
		c.t.Fatalf("got %#x %q, want the trailers %q", p.flags, p.data, trailers)
	}
	c.wantClose(ws.StatusNormalClosure)
}

// wantClose reads a close frame, answers it, and reads the end of the connection.
func (c *client) wantClose(code ws.StatusCode) {
	c.t.Helper()
	p, err := c.part()
	if got := new(closeError); !errors.As(err, got) || got.code != code {
		c.t.Fatalf("got %#x %q, %v, want a close frame with %d", p.flags, p.data, err, code)
	}
	_, _ = c.conn.Write(frame(ws.OpClose, true, ws.NewCloseFrameBody(code, "")))
	c.wantGone()
}

// wantGone reads the end of the connection.
func (c *client) wantGone() {
	c.t.Helper()
	if p, err := io.ReadAll(c.r); len(p) > 0 {
		c.t.Fatalf("got %q, %v, want the end of the connection", p, err)
	}
}
