package e2e_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Whoever talks rubbish to a port, or nothing at all, is cut off within a bound, and nobody else notices.
func TestRubbishOnBothPorts(t *testing.T) {
	t.Parallel()
	d := start(t)
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 1<<20)
	random.Read(noise)
	tls := []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 400))
	for name, data := range map[string][]byte{
		"nothing":      nil,
		"noise":        noise,
		"TLS":          tls,
		"HTTP/1":       []byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		"half a head":  []byte("GET / HTT"),
		"preface only": []byte(http2.ClientPreface),
		"endless head": append([]byte("GET / HTTP/1.1\r\nX: "), bytes.Repeat([]byte("a"), 1<<20)...),
	} {
		for port, addr := range map[string]string{"gRPC": d.grpc, "HTTP": d.http} {
			t.Run(name+" to "+port, func(t *testing.T) {
				t.Parallel()
				wantCut(t, addr, data)
			})
		}
	}
	t.Cleanup(func() {
		mina := join(t, dial(t, d.grpc), singer("Mina"))
		mina.say("still singing")
		mina.until("what was said", func(ev *singoffv1.Event) bool { return ev.GetChatMessage() != nil })
		if errs := append(d.log("error"), d.log("raw")...); len(errs) != 0 {
			t.Errorf("got %v, want nothing an operator must act on", errs)
		}
	})
}

// wantCut sends the data and waits until the server ends the connection.
func wantCut(t *testing.T, addr string, data []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write(data) // may fail: the server may have cut it off already
	if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
		t.Errorf("got a connection that still lives after %v", patience)
	}
}

// Ordinary clients may keep alive every 5 s, also without a stream.
func TestKeepaliveWithoutStreamsIsAllowed(t *testing.T) {
	t.Parallel()
	d := start(t)
	conn, err := net.Dial("tcp", d.grpc)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	acks, broken := make(chan struct{}), make(chan error, 1)
	go func() { broken <- readFrames(framer, http2.NewFramer(conn, nil), acks) }()
	ticker := time.NewTicker(5*time.Second + 50*time.Millisecond)
	defer ticker.Stop()
	for n := range 4 {
		if err := framer.WritePing(false, [8]byte{byte(n + 1)}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-acks:
		case err := <-broken:
			t.Fatalf("got %v, want ping %d answered", err, n+1)
		case <-time.After(patience):
			t.Fatalf("got no answer to ping %d", n+1)
		}
		if n < 3 {
			<-ticker.C
		}
	}
	conn.Close()
	<-broken
}

// readFrames answers the server, tells of each ping that the server answers, and gives what ends the connection.
func readFrames(in, out *http2.Framer, acks chan<- struct{}) error {
	for {
		frame, err := in.ReadFrame()
		if err != nil {
			return err
		}
		switch f := frame.(type) {
		case *http2.GoAwayFrame:
			return http2.ConnectionError(f.ErrCode)
		case *http2.PingFrame:
			if f.IsAck() {
				acks <- struct{}{}
			} else if err := out.WritePing(true, f.Data); err != nil {
				return err
			}
		case *http2.SettingsFrame:
			if !f.IsAck() {
				if err := out.WriteSettingsAck(); err != nil {
					return err
				}
			}
		}
	}
}
