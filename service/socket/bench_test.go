package socket_test

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/gobwas/ws"

	"github.com/singoff/singoff/service/rpc"
)

// BenchmarkDelivery is what a message to everybody costs: the same parts to each of so many sockets, whose clients read.
func BenchmarkDelivery(b *testing.B) {
	for _, test := range []struct{ sockets, parts, bytes int }{{8, 1, 150}, {8, 8, 150}, {100, 1, 150}, {8, 1, 60 << 10}} {
		b.Run(fmt.Sprintf("%d sockets, %d x %d bytes", test.sockets, test.parts, test.bytes), func(b *testing.B) {
			streams := make(chan rpc.Stream)
			s := listen(b, func(stream rpc.Stream) error {
				streams <- stream
				_, err := stream.Receive()
				return err
			})
			var all []rpc.Stream
			for range test.sockets {
				conn, err := net.Dial("tcp", s.addr)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { conn.Close() })
				fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
					"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: grpc-websockets\r\n\r\n%s",
					joinPath, frame(ws.OpBinary, true, []byte(browserHeaders)))
				go io.Copy(io.Discard, struct{ io.Reader }{conn})
				all = append(all, <-streams)
			}
			parts := make([][]byte, test.parts)
			for i := range parts {
				parts[i] = make([]byte, test.bytes)
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, stream := range all {
					if err := stream.Send(parts); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*test.sockets), "ns/delivery")
		})
	}
}
