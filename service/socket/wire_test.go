package socket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
)

// Every byte of an answer: headers, message and trailers are messages of their own, then a close frame.
func TestBytesOfAnAnswer(t *testing.T) {
	t.Parallel()
	s := listen(t, func(stream rpc.Stream) error {
		if err := stream.Send([][]byte{[]byte("ab"), []byte("c")}); err != nil {
			return err
		}
		return status.Error(codes.NotFound, "100% 없음\n")
	})
	c := s.join(t)
	want := slices.Concat(
		[]byte("\x82\x2b\x80\x00\x00\x00\x26Content-Type: application/grpc+proto\r\n"),
		[]byte("\x82\x08\x00\x00\x00\x00\x03abc"),
		[]byte("\x82\x41\x80\x00\x00\x00\x3cgrpc-message: 100%25 %EC%97%86%EC%9D%8C%0A\r\ngrpc-status: 5\r\n"),
		[]byte("\x88\x02\x03\xe8"),
	)
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.r, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %q, %v, want %q", got[:n], err, want)
	}
	c.send(frame(ws.OpClose, true, []byte{3, 232}))
	c.wantGone()
	s.wantEnded(t, "served")
}

func TestAnswerOfTrailersAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"ok":           {nil, "grpc-status: 0\r\n"},
		"status":       {status.Error(codes.ResourceExhausted, "full"), "grpc-message: full\r\ngrpc-status: 8\r\n"},
		"not a status": {errors.New("ouch"), "grpc-message: ouch\r\ngrpc-status: 2\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(rpc.Stream) error { return test.err })
			s.join(t).wantEnd(test.want)
		})
	}
}

// However a client cuts its bytes, the server reads the same.
func TestCuts(t *testing.T) {
	t.Parallel()
	stream := slices.Concat(grpcFrame(chat("하나")), grpcFrame(chat(strings.Repeat("둘", 3000))), grpcFrame(chat("")), grpcFrame(chat("셋")))
	for name, cut := range map[string]func(c *client){
		"one message": func(c *client) { c.binary(append([]byte{0}, stream...)...) },
		"a byte a message": func(c *client) {
			var out []byte
			for _, b := range stream {
				out = append(out, frame(ws.OpBinary, true, []byte{0, b})...)
			}
			c.send(out)
		},
		"a byte a fragment, pings between, empty fragments": func(c *client) {
			out := frame(ws.OpBinary, false, []byte{0})
			for _, b := range stream {
				out = append(out, frame(ws.OpContinuation, false, nil)...)
				out = append(out, frame(ws.OpPing, true, []byte{b})...)
				out = append(out, frame(ws.OpContinuation, false, []byte{b})...)
				out = append(out, frame(ws.OpPong, true, nil)...)
			}
			c.send(append(out, frame(ws.OpContinuation, true, nil)...))
		},
		"the kind alone, empty messages": func(c *client) {
			for chunk := range slices.Chunk(stream, 1000) {
				c.binary()
				c.binary(0)
				c.binary(append([]byte{0}, chunk...)...)
			}
		},
		"a byte a packet": func(c *client) {
			for _, b := range frame(ws.OpBinary, true, append([]byte{0}, stream...)) {
				c.send([]byte{b})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, echo)
			c := s.join(t)
			cut(c)
			c.endSending()
			c.wantHeaders()
			for _, want := range []string{"하나", strings.Repeat("둘", 3000), "", "셋"} {
				c.wantSaid(want)
			}
			c.wantEnd("grpc-status: 0\r\n")
		})
	}
}

// Some clients don't wait for the answer to the handshake.
func TestBytesTogetherWithTheHandshake(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	conn := s.dial(t)
	request := "GET " + joinPath + " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, grpc-websockets\r\n\r\n"
	conn.Write(slices.Concat([]byte(request), frame(ws.OpBinary, true, []byte(browserHeaders)),
		frame(ws.OpBinary, true, append([]byte{0}, grpcFrame(chat("la"))...)), frame(ws.OpBinary, true, []byte{1})))
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	if code, protocol := c.response(); code != http.StatusSwitchingProtocols || protocol != "grpc-websockets" {
		t.Fatalf("got %d, %q, want 101 with grpc-websockets", code, protocol)
	}
	c.wantHeaders()
	c.wantSaid("la")
	c.wantEnd("grpc-status: 0\r\n")
}

func TestHeadersInEveryForm(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"none":             "",
		"the wrapper's":    browserHeaders,
		"without last end": "content-type: application/grpc-web+proto",
		"twice the same":   "a: b\r\na: c\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := upgrade(t, listen(t, echo).dial(t), joinPath)
			c.send(append(frame(ws.OpBinary, false, []byte(text)), frame(ws.OpContinuation, true, nil)...))
			c.endSending()
			c.wantEnd("grpc-status: 0\r\n")
		})
	}
}

func TestWhoIsThere(t *testing.T) {
	t.Parallel()
	got := make(chan rpc.Peer, 1)
	s := listen(t, func(stream rpc.Stream) error { got <- stream.Peer(); return nil }, func(cfg *socket.Config) {
		cfg.RemoteAddr = func(r *http.Request) string { return r.Header.Get("X-Forwarded-For") }
	})
	c := upgrade(t, s.dial(t), joinPath, "X-Forwarded-For: 203.0.113.7")
	c.headers()
	c.wantEnd("grpc-status: 0\r\n")
	want := rpc.Peer{Addr: "203.0.113.7", UserAgent: "test", Transport: rpc.TransportWebsocket}
	if p := <-got; p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
}

func TestGRPCTimeout(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		code codes.Code
		most time.Duration
	}{
		"1m":         {codes.DeadlineExceeded, time.Millisecond},
		"1n":         {codes.DeadlineExceeded, time.Millisecond},
		"99999999H":  {codes.OK, 1 << 62},
		"10S":        {codes.OK, 10 * time.Second},
		"1":          {codes.Internal, 0},
		"S":          {codes.Internal, 0},
		"-1S":        {codes.Internal, 0},
		"999999999S": {codes.Internal, 0},
		"1x":         {codes.Internal, 0},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(stream rpc.Stream) error {
				deadline, ok := stream.Context().Deadline()
				if !ok || time.Until(deadline) > want.most && want.most < time.Minute {
					t.Errorf("got the deadline %v, %v, want one within %v", deadline, ok, want.most)
				}
				if want.code == codes.OK {
					return nil
				}
				<-stream.Context().Done()
				return status.FromContextError(stream.Context().Err()).Err()
			})
			c := upgrade(t, s.dial(t), joinPath)
			c.headers("grpc-timeout: " + text + "\r\n")
			if p := c.mustPart(); !strings.Contains(string(p.data), "grpc-status: "+fmt.Sprint(uint32(want.code))+"\r\n") {
				t.Errorf("got %q, want the code %d", p.data, want.code)
			}
		})
	}
}

func TestHandshakesRefused(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	for name, test := range map[string]struct {
		header []string
		code   int
	}{
		"no subprotocol":       {[]string{"Sec-WebSocket-Protocol: chat"}, http.StatusUpgradeRequired},
		"another origin":       {[]string{"Origin: https://evil.example"}, http.StatusForbidden},
		"bad key":              {[]string{"Sec-WebSocket-Key: short"}, http.StatusBadRequest},
		"a list of no use":     {[]string{"Sec-WebSocket-Protocol: ,,;=grpc"}, http.StatusUpgradeRequired},
		"not an upgrade":       {[]string{"Upgrade: h2c"}, http.StatusUpgradeRequired},
		"two upgrades at once": {[]string{"Upgrade: h2c", "Upgrade: websocket"}, http.StatusUpgradeRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := s.dial(t)
			defer conn.Close()
			c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
			if code, _ := c.handshake(joinPath, test.header...); code != test.code {
				t.Errorf("got %d, want %d", code, test.code)
			}
		})
	}
}

func TestClosedHandlerRefuses(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	s.Close()
	conn := s.dial(t)
	defer conn.Close()
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	if code, _ := c.handshake(joinPath); code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", code)
	}
}

func TestCloseEndsSockets(t *testing.T) {
	t.Parallel()
	s := listen(t, func(stream rpc.Stream) error {
		<-stream.Context().Done()
		return context.Canceled
	})
	joined, quiet := s.join(t), upgrade(t, s.dial(t), joinPath)
	joined.say(chat("la"))
	closed := make(chan struct{})
	go func() { defer close(closed); s.Close() }()
	for _, c := range []*client{joined, quiet} {
		c.wantEnd("grpc-message: the server shuts down\r\ngrpc-status: 14\r\n")
	}
	<-closed
}
