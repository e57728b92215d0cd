package socket_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
)

// pipes is a listener of connections in memory, for clocks that a test turns.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// bubble is a server inside a synctest bubble, and a socket of it.
func bubble(t *testing.T, serve func(rpc.Stream) error, change ...func(*socket.Config)) (*server, *client) {
	t.Helper()
	s := newHandler(t, serve, change...)
	lis := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: s.Handler}
	var over sync.WaitGroup
	over.Go(func() { srv.Serve(lis) })
	near, far := net.Pipe()
	t.Cleanup(func() { // before the bubble ends
		near.Close()
		srv.Close()
		s.Close()
		over.Wait()
	})
	lis.conns <- far
	return s, upgrade(t, near, joinPath)
}

// wait serves until the socket breaks.
func wait(stream rpc.Stream) error {
	_, err := stream.Receive()
	return err
}

func TestHeadersInTime(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*client){
		"nothing": func(*client) {},
		"a byte now and then": func(c *client) {
			for _, b := range mask([]byte("a: b\r\n"))[:4] {
				time.Sleep(time.Second)
				c.send([]byte{b})
			}
		},
		"pings alone": func(c *client) {
			for range 4 {
				time.Sleep(time.Second)
				c.send(frame(ws.OpPing, true, nil))
				c.frame()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := bubble(t, func(rpc.Stream) error { t.Error("got served"); return nil })
				began := time.Now()
				act(c)
				c.wantEnd("grpc-message: headers: didn't come within 5s\r\ngrpc-status: 4\r\n")
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("got the end after %v, want 5s", took)
				}
				s.wantEnded(t, "headers")
			})
		})
	}
}

func TestAnsweringClientIsPingedAndLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := bubble(t, wait)
		c.headers()
		last := time.Now()
		for range 1000 {
			f, err := c.frame()
			if err != nil || f.Header.OpCode != ws.OpPing {
				t.Fatalf("got %+v, %v, want a ping", f, err)
			}
			if since := time.Since(last); since != 1500*time.Millisecond {
				t.Fatalf("got a ping after %v, want 1.5s of silence", since)
			}
			time.Sleep(5900 * time.Millisecond)
			c.send(frame(ws.OpPong, true, f.Payload))
			last = time.Now()
		}
	})
}

func TestSilentClientIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := bubble(t, wait)
		c.headers()
		began := time.Now()
		if f, err := c.frame(); err != nil || f.Header.OpCode != ws.OpPing {
			t.Fatalf("got %+v, %v, want a ping", f, err)
		}
		if _, err := c.frame(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end of the connection", err)
		}
		if took := time.Since(began); took != 7500*time.Millisecond {
			t.Errorf("got the end after %v, want 7.5s", took)
		}
		s.wantEnded(t, "silent")
	})
}

// A large message over a slow link can't be interrupted by a pong: any byte counts.
func TestAnyByteCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := bubble(t, wait)
		c.headers()
		go io.Copy(io.Discard, c.r)
		for _, b := range mask(append([]byte{0}, grpcFrame(chat("la"))...))[:12] {
			time.Sleep(6 * time.Second)
			c.send([]byte{b})
		}
	})
}

// Nobody listens while the room makes a client wait. What it said meanwhile is unread, so it isn't lost; a broken connection is still
// found, by the pings.
func TestClientThatIsNotListenedToLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := bubble(t, func(stream rpc.Stream) error {
			select {
			case <-time.After(time.Minute):
			case <-stream.Context().Done():
				t.Error("got the end, want it to live")
			}
			stream.Receive()
			<-stream.Context().Done()
			return nil
		})
		c.headers()
		go io.Copy(io.Discard, c.r)
		time.Sleep(time.Minute)
		c.say(chat("la"))
		time.Sleep(time.Second)
		c.conn.Close()
		synctest.Wait()
		time.Sleep(4 * time.Second)
		s.wantEnded(t, "broken")
	})
}

func TestClientThatTakesNothingIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan time.Time, 1)
		s, c := bubble(t, func(stream rpc.Stream) error {
			go echo(stream) // reads
			err := stream.Send([][]byte{make([]byte, 64<<10)})
			ended <- time.Now()
			return err
		})
		c.headers()
		began := time.Now()
		for range 3 { // it goes on speaking
			time.Sleep(2 * time.Second)
			c.send(frame(ws.OpPong, true, nil))
		}
		if took := (<-ended).Sub(began); took != 7*time.Second {
			t.Errorf("got the end after %v, want 7s", took)
		}
		s.wantEnded(t, "stuck")
	})
}

// 64 KiB over a slow link take their time; as long as something is taken the client lives.
func TestSlowReaderLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := bubble(t, func(stream rpc.Stream) error {
			go stream.Receive()
			return stream.Send([][]byte{make([]byte, 64<<10)})
		})
		c.headers()
		buf := make([]byte, 4<<10)
		for n, more := 0, 1; more > 0; n += more {
			time.Sleep(900 * time.Millisecond)
			if more, _ = c.r.Read(buf); more == 0 && n < 64<<10 {
				t.Errorf("got the end after %d bytes, want all", n)
			}
		}
		s.wantEnded(t, "served")
	})
}

// A client that floods pings and reads slowly gets few pongs, the last one's among them.
func TestPingFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sending := make(chan struct{})
		_, c := bubble(t, func(stream rpc.Stream) error {
			go func() {
				<-sending
				stream.Send([][]byte{make([]byte, 32<<10)})
			}()
			_, err := stream.Receive()
			return err
		})
		c.headers()
		close(sending)
		synctest.Wait() // the message is under way and nobody takes it
		for i := range 10_000 {
			c.send(frame(ws.OpPing, true, []byte{byte(i >> 8), byte(i)}))
		}
		c.wantHeaders()
		c.part()
		var f ws.Frame
		for range 3 { // the first may have been written before the last pings were read
			var err error
			if f, err = c.frame(); err != nil || f.Header.OpCode != ws.OpPong {
				t.Fatalf("got %+v, %v, want a pong", f, err)
			}
			if string(f.Payload) == "\x27\x0f" {
				break
			}
		}
		if string(f.Payload) != "\x27\x0f" {
			t.Errorf("got %x after three pongs, want that of the last ping", f.Payload)
		}
		c.endSending()
	})
}

// Whoever doesn't answer the close frame is gone a second later.
func TestCloseTimeout(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*client){
		"silent": func(*client) {},
		"goes on": func(c *client) {
			for range 100 {
				if _, err := c.conn.Write(mask([]byte{0, 0})); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := bubble(t, func(rpc.Stream) error { return nil })
				c.headers()
				began := time.Now()
				c.mustPart()
				if _, err := c.part(); !errors.As(err, new(closeError)) {
					t.Fatalf("got %v, want a close frame", err)
				}
				act(c)
				if _, err := c.frame(); err == nil {
					t.Error("got a frame after the close frame")
				}
				if took := time.Since(began); took > 1100*time.Millisecond || took < time.Second {
					t.Errorf("got the end after %v, want 1s", took)
				}
				s.wantEnded(t, "served")
			})
		})
	}
}
