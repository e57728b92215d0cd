package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

// size of a message on the bare wire: as many bytes as a chat event has.
const size = 64

// floorRoom writes each message to all its members, under its lock and from the goroutine that read it.
type floorRoom struct {
	mu      sync.Mutex
	members []net.Conn
}

// serveFloor is the least that a server can do: read a message, write it to everybody in the room.
func serveFloor(context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "{\"grpc_addr\": %q}\n", l.Addr().String())
	rooms := map[uint32]*floorRoom{}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		var id [4]byte
		if _, err := io.ReadFull(conn, id[:]); err != nil {
			conn.Close()
			continue
		}
		key := binary.BigEndian.Uint32(id[:])
		if rooms[key] == nil {
			rooms[key] = &floorRoom{}
		}
		room := rooms[key]
		room.mu.Lock()
		room.members = append(room.members, conn)
		room.mu.Unlock()
		go room.readLoop(conn)
	}
}

func (r *floorRoom) readLoop(conn net.Conn) {
	buf := make([]byte, size)
	for {
		if _, err := io.ReadFull(conn, buf); err != nil {
			return
		}
		r.mu.Lock()
		for _, m := range r.members {
			_, _ = m.Write(buf)
		}
		r.mu.Unlock()
	}
}

// floorMember is a member of a bare room.
type floorMember struct {
	conn net.Conn
	in   *bufio.Reader
	buf  [size]byte
}

func dialFloor(ctx context.Context, at addresses, room, _ int) (member, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", at.GRPC)
	if err != nil {
		return nil, err
	}
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], uint32(room))
	if _, err := conn.Write(id[:]); err != nil {
		return nil, err
	}
	return &floorMember{conn: conn, in: bufio.NewReader(conn)}, nil
}

func (m *floorMember) say(text string) error {
	_, err := io.WriteString(m.conn, text)
	return err
}

func (m *floorMember) hear(got func(string)) error {
	if _, err := io.ReadFull(m.in, m.buf[:]); err != nil {
		return err
	}
	got(string(m.buf[:]))
	return nil
}

func (m *floorMember) close() { _ = m.conn.Close() }
