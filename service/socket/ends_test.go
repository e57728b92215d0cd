package socket_test

import (
	"errors"
	"io"
	"net"
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

// received is what Receive has given in the end.
type received struct {
	chats []string
	err   error
}

// listener serves until the input ends, tells how, and waits for the end of the context if that must come.
func listener(results chan<- received) func(rpc.Stream) error {
	return func(stream rpc.Stream) error {
		var r received
		for {
			req, err := stream.Receive()
			if r.err = err; err != nil {
				break
			}
			r.chats = append(r.chats, req.GetChatMessage().GetText())
		}
		if !errors.Is(r.err, io.EOF) && !errors.Is(r.err, rpc.ErrTooLarge) && !errors.Is(r.err, rpc.ErrMalformed) {
			<-stream.Context().Done()
		}
		results <- r
		return nil
	}
}

func mask(p []byte) []byte { return frame(ws.OpBinary, true, p) }

// raw is a frame with its header as given, masked with zeros.
func raw(first, second byte, rest ...byte) []byte {
	return append([]byte{first, second}, rest...)
}

var zeroMask = []byte{0, 0, 0, 0}

func TestViolations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bytes []byte
		code  ws.StatusCode
	}{
		"not masked":                  {ws.MustCompileFrame(ws.NewBinaryFrame([]byte{1})), 1002},
		"reserved bit":                {raw(0xc2, 0x81, 0, 0, 0, 0, 1), 1002},
		"reserved opcode":             {raw(0x83, 0x80, zeroMask...), 1002},
		"reserved control":            {raw(0x8b, 0x80, zeroMask...), 1002},
		"text":                        {frame(ws.OpText, true, []byte("hello")), 1003},
		"text of rubbish":             {frame(ws.OpText, true, []byte{0xff, 0xfe}), 1003},
		"continuation of nothing":     {frame(ws.OpContinuation, true, []byte{0}), 1002},
		"message within a message":    {slices.Concat(frame(ws.OpBinary, false, []byte{0}), frame(ws.OpBinary, true, []byte{0})), 1002},
		"ping in fragments":           {frame(ws.OpPing, false, nil), 1002},
		"ping too long":               {raw(0x89, 0xfe, 0, 126, 0, 0, 0, 0), 1002},
		"close too long":              {raw(0x88, 0xfe, 0, 126, 0, 0, 0, 0), 1002},
		"2 GiB":                       {raw(0x82, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0), 1009},
		"2 GiB of a fragment":         {slices.Concat(frame(ws.OpBinary, false, []byte{0}), raw(0x80, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0)), 1009},
		"a byte beyond the limit":     {raw(0x82, 0xff, 0, 0, 0, 0, 0, 4, 0, 7, 0, 0, 0, 0), 1009},
		"negative length":             {raw(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1002},
		"close with half a code":      {frame(ws.OpClose, true, []byte{3}), 1002},
		"close with no such code":     {frame(ws.OpClose, true, []byte{3, 237}), 1002}, // 1005
		"close with a bad reason":     {frame(ws.OpClose, true, []byte{3, 232, 0xff}), 1007},
		"unknown kind":                {mask([]byte{2}), 1002},
		"end and more":                {mask([]byte{1, 1}), 1002},
		"message after the end":       {slices.Concat(mask([]byte{1}), mask([]byte{0, 0})), 1002},
		"empty message after the end": {slices.Concat(mask([]byte{1}), mask(nil)), 1002},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := make(chan received, 1)
			s := listen(t, func(stream rpc.Stream) error {
				err := listener(results)(stream)
				<-stream.Context().Done() // also after the end of sending
				return err
			})
			c := s.join(t)
			c.say(chat("la"))
			c.send(test.bytes)
			c.wantClose(test.code)
			r := <-results
			if len(r.chats) != 1 || strings.Contains(name, "after the end") != errors.Is(r.err, io.EOF) ||
				errors.Is(r.err, rpc.ErrTooLarge) || errors.Is(r.err, rpc.ErrMalformed) {
				t.Errorf("got %q and then %v, want one chat and an error that isn't the room's matter", r.chats, r.err)
			}
			s.wantEnded(t, "violation")
		})
	}
}

func TestViolationsOfTheHeaders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bytes []byte
		code  ws.StatusCode
	}{
		"text":       {frame(ws.OpText, true, []byte(browserHeaders)), 1003},
		"no headers": {mask([]byte{0, 0, 0, 0, 0, 0}), 1002},
		"rubbish":    {[]byte("GET / HTTP/1.1\r\n\r\n"), 1002},
		"too large":  {mask([]byte("a: " + strings.Repeat("b", 16<<10))), 1009},
		"too large, piece by piece": {slices.Concat(frame(ws.OpBinary, false, []byte("a: "+strings.Repeat("b", 9000))),
			frame(ws.OpContinuation, true, []byte(strings.Repeat("b", 9000)))), 1009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(rpc.Stream) error { t.Error("got served"); return nil })
			c := upgrade(t, s.dial(t), joinPath)
			c.send(test.bytes)
			c.wantClose(test.code)
			s.wantEnded(t, "violation")
		})
	}
}

// A broken connection is never an end of sending: the member would leave, and lose the seat.
func TestBrokenIsNotAnEndOfSending(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		act    func(c *client)
		reason string
	}{
		"FIN":                  {func(c *client) { c.conn.Close() }, "broken"},
		"RST":                  {reset, "broken"},
		"FIN in a frame":       {func(c *client) { c.send(mask([]byte{0, 0, 0, 0, 0, 9})[:5]); c.conn.Close() }, "broken"},
		"FIN in a gRPC frame":  {func(c *client) { c.binary(0, 0, 0, 0, 0, 9, 1); c.conn.Close() }, "broken"},
		"FIN in a message":     {func(c *client) { c.send(frame(ws.OpBinary, false, []byte{0})); c.conn.Close() }, "broken"},
		"FIN in a close frame": {func(c *client) { c.send(frame(ws.OpClose, true, []byte{3, 232})[:4]); c.conn.Close() }, "broken"},
		"half-closed TCP":      {func(c *client) { c.conn.(*net.TCPConn).CloseWrite() }, "broken"},
		"close frame":          {func(c *client) { c.send(frame(ws.OpClose, true, []byte{3, 233})) }, "closed"},
		"close frame, no code": {func(c *client) { c.send(frame(ws.OpClose, true, nil)) }, "closed"},
		"close in a message": {func(c *client) {
			c.send(slices.Concat(frame(ws.OpBinary, false, []byte{0}), frame(ws.OpClose, true, nil)))
		}, "closed"},
		"close in a gRPC frame": {func(c *client) { c.binary(0, 0, 0, 0, 0, 9, 1); c.send(frame(ws.OpClose, true, nil)) }, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results := make(chan received, 1)
			s := listen(t, listener(results))
			c := s.join(t)
			c.say(chat("la"))
			test.act(c)
			r := <-results
			if r.err == nil || errors.Is(r.err, io.EOF) || errors.Is(r.err, io.ErrUnexpectedEOF) || errors.Is(r.err, rpc.ErrMalformed) {
				t.Errorf("got %v, want an error that is a broken connection alone", r.err)
			}
			s.wantEnded(t, test.reason)
		})
	}
}

// reset breaks the connection with an RST.
func reset(c *client) {
	c.conn.(*net.TCPConn).SetLinger(0)
	c.conn.Close()
}

// A client that closes gets its code back, and nothing else.
func TestCloseFrameIsAnswered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, want []byte }{
		"1000":           {[]byte{3, 232}, []byte("\x88\x02\x03\xe8")},
		"4000 bye":       {[]byte("\x0f\xa0bye"), []byte("\x88\x02\x0f\xa0")},
		"without a code": {nil, []byte("\x88\x00")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, echo)
			c := s.join(t)
			c.send(frame(ws.OpClose, true, test.body))
			if got, err := io.ReadAll(c.r); err != nil || string(got) != string(test.want) {
				t.Errorf("got %q, %v, want %q and the end", got, err, test.want)
			}
			s.wantEnded(t, "closed")
		})
	}
}

// After the end of sending the answer goes on, pings are answered, and the end of the connection is still seen.
func TestAfterTheEndOfSending(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		act    func(c *client)
		reason string
	}{
		"FIN":         {func(c *client) { c.conn.Close() }, "broken"},
		"close frame": {func(c *client) { c.send(frame(ws.OpClose, true, nil)) }, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan struct{})
			s := listen(t, func(stream rpc.Stream) error {
				defer close(seen)
				if _, err := stream.Receive(); !errors.Is(err, io.EOF) {
					t.Errorf("got %v, want EOF", err)
				}
				if _, err := stream.Receive(); !errors.Is(err, io.EOF) {
					t.Errorf("got %v again, want EOF", err)
				}
				stream.Send([][]byte{said("la")})
				<-stream.Context().Done()
				return nil
			})
			c := s.join(t)
			c.endSending()
			c.wantHeaders()
			c.wantSaid("la")
			c.send(frame(ws.OpPing, true, []byte("?")))
			if f, err := c.frame(); err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "?" {
				t.Errorf("got %+v, %v, want the pong", f, err)
			}
			test.act(c)
			<-seen
			s.wantEnded(t, test.reason)
		})
	}
}

func TestMessagesAtFault(t *testing.T) {
	t.Parallel()
	const limit = 16 << 10
	for name, test := range map[string]struct {
		payload []byte
		end     bool
		want    error
	}{
		"a byte too large":     {grpcHead(0, limit+1), false, rpc.ErrTooLarge},
		"4 GiB":                {grpcHead(0, 1<<32-1), false, rpc.ErrTooLarge},
		"compressed":           {grpcHead(1, 1), false, rpc.ErrMalformed},
		"trailers":             {grpcHead(0x80, 1), false, rpc.ErrMalformed},
		"no JoinRequest":       {append(grpcHead(0, 2), 0xff, 0xff), false, rpc.ErrMalformed},
		"ended in a frame":     {append(grpcHead(0, 2), 8), true, rpc.ErrMalformed},
		"ended after a header": {grpcHead(0, 2), true, rpc.ErrMalformed},
		"ended in a header":    {[]byte{0, 0}, true, rpc.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(stream rpc.Stream) error {
				for range 2 {
					if _, err := stream.Receive(); !errors.Is(err, test.want) || errors.Is(err, io.EOF) {
						t.Errorf("got %v, want %v", err, test.want)
					}
				}
				if err := stream.Send([][]byte{said("sorry")}); err != nil {
					t.Errorf("got %v, want it written", err)
				}
				return status.Error(codes.InvalidArgument, "no")
			})
			c := s.join(t)
			c.binary(append([]byte{0}, test.payload...)...)
			if test.end {
				c.endSending()
			}
			// What a client had under way meanwhile must not make TCP throw our last words away.
			for range 20 {
				c.conn.Write(mask(append([]byte{0}, make([]byte, 4<<10)...)))
			}
			c.wantHeaders()
			c.wantSaid("sorry")
			c.wantEnd("grpc-message: no\r\ngrpc-status: 3\r\n")
		})
	}
}

func grpcHead(flags byte, size uint32) []byte {
	return []byte{flags, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}
}

func TestLargestMessage(t *testing.T) {
	t.Parallel()
	s := listen(t, echo, func(cfg *socket.Config) { cfg.MessageBytes = 1024 })
	c := s.join(t)
	text := strings.Repeat("a", 1024-6) // and 6 bytes around it
	c.say(chat(text))
	c.wantHeaders()
	c.wantSaid(text)
	c.say(chat(text + "a"))
	if p := c.mustPart(); !strings.Contains(string(p.data), "1025 bytes, the limit is 1024") {
		t.Errorf("got %q, want a refusal that names size and limit", p.data)
	}
}

func TestPanicEndsOneSocket(t *testing.T) {
	t.Parallel()
	s := listen(t, func(stream rpc.Stream) error {
		if req, _ := stream.Receive(); req.GetChatMessage().GetText() == "panic" {
			panic("secret detail")
		}
		stream.Send([][]byte{said("fine")})
		return nil
	})
	bad, good := s.join(t), s.join(t)
	bad.say(chat("panic"))
	bad.wantEnd("grpc-message: internal error\r\ngrpc-status: 13\r\n")
	good.say(chat("la"))
	good.wantHeaders()
	good.wantSaid("fine")
	good.wantEnd("grpc-status: 0\r\n")
	s.wantEnded(t, "internal")
}

// A sender that is stuck is freed by the return of Serve, and the connection goes with it.
func TestStuckSenderIsFreed(t *testing.T) {
	t.Parallel()
	sent := make(chan error, 1)
	stuck := make(chan struct{})
	s := listen(t, func(stream rpc.Stream) error {
		go func() {
			big := [][]byte{make([]byte, 64<<10)}
			for i := 0; ; i++ {
				if i == 500 {
					close(stuck)
				}
				if err := stream.Send(big); err != nil {
					sent <- err
					return
				}
			}
		}()
		select {
		case <-stuck:
			t.Error("got 32 MB taken by a client that reads nothing")
		case <-time.After(300 * time.Millisecond):
		}
		return status.Error(codes.Aborted, "too slow")
	}, func(cfg *socket.Config) { cfg.CloseTimeout = 100 * time.Millisecond })
	c := s.join(t)
	if err := <-sent; err == nil {
		t.Error("got no error, want one")
	}
	s.Close()
	if n, err := io.Copy(io.Discard, c.r); n > 8<<20 {
		t.Errorf("got %d bytes, %v, want few", n, err)
	}
}
