package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/transport"
	"github.com/singoff/singoff/clients/go/transport/transporttest"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// socket is the server's end of a websocket, played by a test.
type socket struct {
	*websocket.Conn
	t   *testing.T
	ctx context.Context
}

// next is the client's next message, as it came; nil: there will be none.
func (s *socket) next() []byte {
	kind, b, err := s.Read(s.ctx)
	if err != nil {
		return nil
	}
	if kind != websocket.MessageBinary {
		s.t.Errorf("got a message of kind %v, want binary", kind)
	}
	return b
}

// request is the client's next JoinRequest.
func (s *socket) request() *singoffv1.JoinRequest {
	b := s.next()
	if b == nil {
		return nil
	}
	if len(b) < 6 || b[0] != 0 || b[1] != 0 || int(binary.BigEndian.Uint32(b[2:])) != len(b)-6 {
		s.t.Errorf("got the message %x, want 00, then one gRPC frame", b)
		return nil
	}
	m := new(singoffv1.JoinRequest)
	if err := proto.Unmarshal(b[6:], m); err != nil {
		s.t.Errorf("a frame: %v", err)
	}
	return m
}

// say sends messages as they are.
func (s *socket) say(messages ...[]byte) {
	for _, m := range messages {
		_ = s.Write(s.ctx, websocket.MessageBinary, m) // a client that is gone needs none
	}
}

func frame(flags byte, payload string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(payload)))
	return append(b, payload...)
}

func response(number uint64) []byte {
	b, err := proto.Marshal(&singoffv1.JoinResponse{Events: []*singoffv1.Event{{Number: number}}})
	if err != nil {
		panic(err)
	}
	return frame(0, string(b))
}

func joined(b ...[]byte) []byte { return bytes.Join(b, nil) }

var (
	respHeaders = frame(0x80, "Content-Type: application/grpc-web+proto\r\n")
	respOK      = frame(0x80, "grpc-status: 0\r\ngrpc-message: \r\n")
)

// upgrade plays the server's end of each websocket, from after the client's headers.
func upgrade(t *testing.T, play func(*socket)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/base"+singoffv1.RoomService_Join_FullMethodName {
			t.Errorf("got the path %q", r.URL.Path)
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"grpc-websockets"}})
		if err != nil {
			t.Errorf("Accept: %v", err)
			return
		}
		defer conn.CloseNow()
		s := &socket{Conn: conn, t: t, ctx: context.WithoutCancel(r.Context())}
		if headers := s.next(); headers != nil && string(headers) != "content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n" {
			t.Errorf("got the headers %q", headers)
		}
		play(s)
	})
}

func newWebsocket(t *testing.T, config transport.HTTPConfig) *transport.Websocket {
	t.Helper()
	w, err := transport.NewWebsocket(config)
	if err != nil {
		t.Fatalf("NewWebsocket: %v", err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// playSocket gives a transport whose server is played.
func playSocket(t *testing.T, play func(*socket)) *transport.Websocket {
	t.Helper()
	server := httptest.NewServer(upgrade(t, play))
	t.Cleanup(server.Close)
	return newWebsocket(t, transport.HTTPConfig{URL: server.URL + "/base/"})
}

func mustOpen(t *testing.T, tr transport.Transport) transport.Stream {
	t.Helper()
	stream, err := tr.Join(t.Context())
	if err != nil {
		t.Fatalf("Join: %v", err)
	}
	return stream
}

// The bytes of frames come as the server likes: cut anywhere, several in one message, or as the wrapper does it, a message for each half.
func TestWebsocketIsAStreamOfBytes(t *testing.T) {
	t.Parallel()
	all := joined(respHeaders, response(1), frame(0, ""), response(2), respOK)
	var bytewise [][]byte
	for i := range all {
		bytewise = append(bytewise, all[i:i+1])
	}
	for name, messages := range map[string][][]byte{
		"a frame each":     {respHeaders, response(1), frame(0, ""), response(2), respOK},
		"all at once":      {all},
		"byte by byte":     bytewise,
		"halves":           {respHeaders[:5], respHeaders[5:], response(1)[:5], response(1)[5:], frame(0, ""), response(2)[:5], response(2)[5:], respOK[:5], respOK[5:]},
		"empty ones too":   {{}, all[:7], {}, {}, all[7:]},
		"without headers":  {response(1), frame(0, ""), response(2), respOK},
		"keys in any case": {response(1), frame(0, ""), response(2), frame(0x80, "Grpc-Status: 0\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := mustOpen(t, playSocket(t, func(s *socket) {
				s.say(messages...)
				s.next()
			}))
			var got []uint64
			for {
				m, err := stream.Recv()
				if err != nil {
					if !errors.Is(err, io.EOF) {
						t.Errorf("the end: got %v, want EOF", err)
					}
					break
				}
				if len(m.GetEvents()) == 0 {
					got = append(got, 0)
				}
				for _, ev := range m.GetEvents() {
					got = append(got, ev.GetNumber())
				}
			}
			if len(got) != 3 || got[0] != 1 || got[1] != 0 || got[2] != 2 {
				t.Errorf("got %v, want 1, a sign of life, 2", got)
			}
		})
	}
}

func TestWebsocketTalks(t *testing.T) {
	t.Parallel()
	w := playSocket(t, func(s *socket) {
		s.say(respHeaders)
		for m := s.request(); m != nil; m = s.request() {
			s.say(response(m.GetNumber()))
		}
	})
	one, two := mustOpen(t, w), mustOpen(t, w)
	for i := range uint64(3) {
		say(t, one, 1+i)
		say(t, two, 100+i)
	}
	if got := one.Way(); got.Kind != transport.KindWebsocket || got.Fallback != nil {
		t.Errorf("Way: got %+v", got)
	}
}

// The trailers end the stream, whatever the websocket does then.
func TestWebsocketTrailers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		messages [][]byte
		close    websocket.StatusCode // 0: the connection breaks
		code     codes.Code
		message  string
	}{
		"alone":           {[][]byte{frame(0x80, "grpc-status: 8\r\ngrpc-message: no free seat\r\n")}, 1000, codes.ResourceExhausted, "no free seat"},
		"after headers":   {[][]byte{respHeaders, frame(0x80, "grpc-status: 14\r\ngrpc-message: 100%25 %EC%95%88\r\n")}, 1000, codes.Unavailable, "100% 안"},
		"bad escapes":     {[][]byte{frame(0x80, "grpc-status: 3\r\ngrpc-message: 100% sure\r\n")}, 1000, codes.InvalidArgument, "100% sure"},
		"an odd close":    {[][]byte{frame(0x80, "grpc-status: 10\r\n")}, 1011, codes.Aborted, ""},
		"no close at all": {[][]byte{frame(0x80, "grpc-status: 10\r\n")}, 0, codes.Aborted, ""},
		"with others":     {[][]byte{frame(0x80, "a: b\r\ngrpc-message: :\r\ngrpc-status:16\r\n")}, 1000, codes.Unauthenticated, ":"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := mustOpen(t, playSocket(t, func(s *socket) {
				s.say(test.messages...)
				if test.close != 0 {
					_ = s.Close(test.close, "")
				}
			}))
			_, err := stream.Recv()
			if got := status.Convert(err); got.Code() != test.code || got.Message() != test.message {
				t.Errorf("got %v, want %v %q", err, test.code, test.message)
			}
			if failed, ok := errors.AsType[*transport.FailedError](err); ok {
				t.Errorf("got %v, want what the server said not to count as a failure", failed)
			}
		})
	}
}

// What isn't said by trailers is a broken connection, how politely it ends or not.
func TestWebsocketBreaks(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*socket){
		"closed":         func(s *socket) { _ = s.Close(1000, "") },
		"cut":            func(s *socket) { _ = s.CloseNow() },
		"cut in a frame": func(s *socket) { s.say(respHeaders, response(1)[:6]) },
		"text":           func(s *socket) { _ = s.Write(s.ctx, websocket.MessageText, []byte("hi")); s.next() },
		"compressed":     func(s *socket) { s.say(frame(1, "x")); s.next() },
		"unknown flags":  func(s *socket) { s.say(frame(0x40, "x")); s.next() },
		"too large":      func(s *socket) { s.say([]byte{0, 0xff, 0xff, 0xff, 0xff}); s.next() },
		"large headers":  func(s *socket) { s.say([]byte{0x80, 0, 1, 0, 1}); s.next() },
		"no status":      func(s *socket) { s.say(respHeaders, respHeaders); s.next() },
		"bad status":     func(s *socket) { s.say(frame(0x80, "grpc-status: OK\r\n")); s.next() },
		"no protobuf":    func(s *socket) { s.say(frame(0, "\xff")); s.next() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := mustOpen(t, playSocket(t, play))
			_, err := stream.Recv()
			failed, ok := errors.AsType[*transport.FailedError](err)
			if !ok || failed.Unreached || status.Code(err) != codes.Unavailable {
				t.Errorf("got %v, want a FailedError, UNAVAILABLE", err)
			}
			if err := stream.Send(&singoffv1.JoinRequest{}); err == nil {
				t.Error("a Send afterwards: got no error")
			}
		})
	}
}

func TestWebsocketDoesNotOpen(t *testing.T) {
	t.Parallel()
	answer := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(code)
		})
	}
	for name, test := range map[string]struct {
		handler   http.Handler
		code      codes.Code
		unreached bool
	}{
		"not found":       {answer(404), codes.Unimplemented, false},
		"forbidden":       {answer(403), codes.PermissionDenied, false},
		"unauthorized":    {answer(401), codes.Unauthenticated, false},
		"bad gateway":     {answer(502), codes.Unavailable, false},
		"too many":        {answer(429), codes.Unavailable, false},
		"moved elsewhere": {answer(308), codes.Unknown, false},
		"no upgrade":      {answer(200), codes.Unknown, false},
		"another protocol": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if conn, err := websocket.Accept(w, r, nil); err == nil {
				conn.CloseNow()
			}
		}), codes.Unavailable, false},
		"nobody there": {nil, codes.Unavailable, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			defer server.Close()
			if test.handler == nil {
				server.Close()
			}
			_, err := newWebsocket(t, transport.HTTPConfig{URL: server.URL}).Join(t.Context())
			failed, ok := errors.AsType[*transport.FailedError](err)
			if !ok || failed.Unreached != test.unreached || status.Code(err) != test.code || !strings.Contains(err.Error(), "websocket") {
				t.Errorf("got %v (%+v), want %v, unreached %v", err, failed, test.code, test.unreached)
			}
		})
	}
}

func TestWebsocketOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(upgrade(t, func(s *socket) {
		s.say(response(s.request().GetNumber()))
		s.next()
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	strict := newWebsocket(t, transport.HTTPConfig{URL: server.URL + "/base"})
	if _, err := strict.Join(t.Context()); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown CA: got %v, want UNAVAILABLE with the reason", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	say(t, mustOpen(t, newWebsocket(t, transport.HTTPConfig{URL: server.URL + "/base", TLS: config})), 7)
}

// Ending the context breaks the connection: the server sees neither an end of the messages nor a close frame.
func TestWebsocketContext(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	w := playSocket(t, func(s *socket) {
		s.say(response(1))
		_, _, err := s.Read(s.ctx)
		ended <- err
	})
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := w.Join(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("Recv: got %v, want CANCELED", err)
	}
	if err := <-ended; err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("the server's end: got %v, want a broken connection", err)
	}
}

func TestWebsocketClose(t *testing.T) {
	t.Parallel()
	w := playSocket(t, func(s *socket) {
		s.say(response(1))
		s.next()
	})
	stream := mustOpen(t, w)
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := stream.Recv(); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Recv after Close: got %v, want ErrClosed", err)
	}
	if _, err := w.Join(t.Context()); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Join after Close: got %v, want ErrClosed", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

// Something in between that swallows a websocket, before or after it has opened, is noticed while there is still time for another way.
func TestWebsocketSwallowed(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]func(t *testing.T, over <-chan struct{}) http.Handler{
		"before": func(_ *testing.T, over <-chan struct{}) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over })
		},
		"after": func(t *testing.T, over <-chan struct{}) http.Handler {
			return upgrade(t, func(*socket) { <-over })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				m, stop := transporttest.Serve(handler(t, over))
				w, err := transport.NewWebsocket(transport.HTTPConfig{URL: "http://memory/base", Dial: m.Dial})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				stream, err := w.Join(t.Context())
				if err == nil {
					_, err = stream.Recv()
				}
				failed, ok := errors.AsType[*transport.FailedError](err)
				if took := time.Since(began); !ok || failed.Unreached || status.Code(err) != codes.Unavailable || took > 7*time.Second {
					t.Errorf("got %v after %v, want a FailedError, UNAVAILABLE, after at most 7 s", err, took)
				}
				close(over)
				_ = w.Close()
				stop()
			})
		})
	}
}

// A server that takes its time with the first word isn't taken for something that swallows: its websocket answers.
func TestWebsocketWaitsForASlowServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, stop := transporttest.Serve(upgrade(t, func(s *socket) {
			ctx := s.CloseRead(s.ctx)
			select {
			case <-time.After(14 * time.Second):
			case <-ctx.Done():
			}
			s.say(response(1))
			<-ctx.Done()
		}))
		w, err := transport.NewWebsocket(transport.HTTPConfig{URL: "http://memory/base", Dial: m.Dial})
		if err != nil {
			t.Fatal(err)
		}
		stream := mustOpen(t, w)
		if _, err := stream.Recv(); err != nil {
			t.Errorf("Recv: %v", err)
		}
		_ = w.Close()
		stop()
	})
}
