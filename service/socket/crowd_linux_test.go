package socket_test

import (
	"bytes"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sync/errgroup"

	"github.com/singoff/singoff/service/socket"
)

// base is what a process holds.
type base struct{ goroutines, files int }

func measure(t *testing.T) base {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return base{runtime.NumGoroutine(), len(files)}
}

// settle waits until no socket is open and the process holds no more than before.
func (s *server) settle(t *testing.T, before base) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(15 * time.Second)
	for {
		now, open := measure(t), gauge(t, s.registry, "singoff_socket_open")
		if open == 0 && now.goroutines <= before.goroutines && now.files <= before.files {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			stacks := make([]byte, 1<<20)
			t.Fatalf("got %v sockets open and %+v, want none and no more than %+v\n%s", open, now, before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// quick makes a server whose patience is short.
func quick(cfg *socket.Config) {
	cfg.HelloTimeout, cfg.CloseTimeout = 2*time.Second, 300*time.Millisecond
	cfg.PingInterval, cfg.PingTimeout, cfg.WriteTimeout = 500*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond
}

// 500 sockets are dropped in the middle of things in every manner; nothing of them stays. Not parallel to other tests: it counts all
// goroutines and files of the process.
func TestCrowdOfDroppedSockets(t *testing.T) {
	before := measure(t)
	s := listen(t, echo, quick)
	listening := measure(t)
	drop := []func(c *client){
		func(c *client) { c.send(frame(ws.OpClose, true, []byte{3, 232})); c.conn.Close() },
		func(c *client) { c.conn.Close() },
		reset,
		func(c *client) {
			c.conn.Write(bytes.Repeat(mask(append([]byte{0}, grpcFrame(chat("la"))...)), 100))
			reset(c)
		},
		func(c *client) { c.send(mask([]byte{0, 0, 0, 0, 0, 9})[:5]); c.conn.Close() },
		func(c *client) { c.send(mask([]byte{0, 0, 0, 0, 0, 9})[:5]); reset(c) },
		func(c *client) { c.endSending(); c.conn.Close() },
		func(c *client) { c.binary(7) },
		func(*client) {}, // and never reads
		func(c *client) { c.conn.(*net.TCPConn).CloseWrite() },
	}
	var all errgroup.Group
	all.SetLimit(50)
	var mu sync.Mutex
	var left []net.Conn // open at their end
	for i := range 500 {
		all.Go(func() error {
			conn := s.dial(t)
			mu.Lock()
			left = append(left, conn)
			mu.Unlock()
			c := upgrade(t, conn, joinPath)
			if i%25 == 24 { // no headers
				return nil
			}
			c.headers()
			if i%2 == 0 {
				c.say(chat("la"))
				c.wantHeaders()
				c.wantSaid("la")
			}
			drop[i%len(drop)](c)
			return nil
		})
	}
	all.Wait()
	// The server's ends go while the clients that never close still hold theirs.
	held := base{listening.goroutines, listening.files + len(left)}
	s.settle(t, held)
	for _, conn := range left {
		conn.Close()
	}
	s.settle(t, listening)
	s.stop()
	s.settle(t, before)
}

// Rubbish costs nothing to speak of, and somebody who chats beside it notices nothing.
func TestCrowdOfRubbish(t *testing.T) {
	s := listen(t, echo, func(cfg *socket.Config) { cfg.MessageBytes = 64 << 10 })
	good := s.join(t)
	good.say(chat("first"))
	good.wantHeaders()
	good.wantSaid("first")
	heap := heapBytes()
	var all sync.WaitGroup
	for _, say := range []func(*client){
		func(*client) {}, // says nothing
		func(c *client) { c.headers() },
		func(c *client) { c.send(bytes.Repeat([]byte{0xa5}, 1000)) },
		func(c *client) { c.headers(); c.conn.Write(raw(0x82, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0)) },
		func(c *client) { c.headers(); c.conn.Write(raw(0x82, 0xff, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0, 0, 0, 0)) },
		func(c *client) { c.headers(); c.binary(append([]byte{0}, grpcHead(0, 64<<10)...)...) },
		func(c *client) { // never reads
			c.headers()
			message := mask(append([]byte{0}, grpcFrame(chat(string(bytes.Repeat([]byte{'a'}, 16000))))...))
			c.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
			for {
				if _, err := c.conn.Write(message); err != nil {
					return
				}
			}
		},
		func(c *client) { // pings and never reads
			c.headers()
			pings := bytes.Repeat(frame(ws.OpPing, true, make([]byte, 125)), 100)
			c.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
			for {
				if _, err := c.conn.Write(pings); err != nil {
					return
				}
			}
		},
		func(c *client) { c.headers(); c.conn.Write(bytes.Repeat(mask(nil), 10_000)) },
		func(c *client) {
			c.headers()
			c.send(frame(ws.OpBinary, false, []byte{0}))
			c.conn.Write(bytes.Repeat(frame(ws.OpContinuation, false, nil), 10_000))
		},
	} {
		for range 10 {
			all.Go(func() { say(upgrade(t, s.dial(t), joinPath)) })
		}
	}
	all.Wait()
	if grown := heapBytes() - heap; grown > 16<<20 {
		t.Errorf("got %d bytes more on the heap for 100 sockets, want at most 16 MiB", grown)
	}
	good.say(chat("last"))
	good.wantSaid("last")
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
