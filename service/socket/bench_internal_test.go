package socket

import (
	"fmt"
	"io"
	"net"
	"testing"
)

// BenchmarkWrite is what decides between copying the parts of a message into one buffer and handing them over as a vector.
func BenchmarkWrite(b *testing.B) {
	for _, test := range []struct{ parts, bytes int }{{1, 150}, {8, 150}, {200, 150}, {1, 16 << 10}, {1, 60 << 10}} {
		parts := make([][]byte, test.parts)
		for i := range parts {
			parts[i] = make([]byte, test.bytes)
		}
		head := make([]byte, frameHead)
		name := fmt.Sprintf("%d x %d bytes", test.parts, test.bytes)
		b.Run("copy/"+name, func(b *testing.B) {
			o := &outbox{conn: drained(b), pulse: newPulse(), turn: make(chan struct{}, 1)}
			b.ReportAllocs()
			for b.Loop() {
				if err := o.send(message{head: head, parts: parts}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("vector/"+name, func(b *testing.B) {
			conn, all, vector := drained(b), [][]byte(nil), new(net.Buffers)
			b.ReportAllocs()
			for b.Loop() {
				all = append(append(all[:0], head), parts...)
				*vector = all
				if _, err := vector.WriteTo(conn); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// drained is a TCP connection whose other end reads.
func drained(b *testing.B) net.Conn {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer lis.Close()
	conn, err := net.Dial("tcp", lis.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	far, err := lis.Accept()
	if err != nil {
		b.Fatal(err)
	}
	go io.Copy(io.Discard, struct{ io.Reader }{far})
	b.Cleanup(func() { conn.Close(); far.Close() })
	return conn
}
