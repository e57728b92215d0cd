package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/singoff/singoff/clients/go/transport"
	"github.com/singoff/singoff/clients/go/transport/transporttest"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// halves is a server of Watch and Send that a test plays.
type halves struct {
	watch func(*watching) error
	send  func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error)

	mu    sync.Mutex // protects sends
	sends []*singoffv1.SendRequest
}

// watching is the server's end of a Watch.
type watching struct {
	ctx    context.Context
	hello  *singoffv1.Hello
	stream *connect.ServerStream[singoffv1.WatchResponse]
}

func (w *watching) say(events ...*singoffv1.Event) {
	_ = w.stream.Send(&singoffv1.WatchResponse{Events: events}) // a client that is gone needs none
}

func (w *watching) welcome() {
	w.say(&singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{ConnectionId: []byte("0123456789abcdef")}}})
}

// welcomeAndStay says Welcome until the client goes.
func welcomeAndStay(w *watching) error {
	w.welcome()
	<-w.ctx.Done()
	return w.ctx.Err()
}

func (h *halves) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.Handle("/base"+singoffv1.RoomService_Watch_FullMethodName, connect.NewServerStreamHandler(singoffv1.RoomService_Watch_FullMethodName,
		func(ctx context.Context, req *connect.Request[singoffv1.WatchRequest], stream *connect.ServerStream[singoffv1.WatchResponse]) error {
			return h.watch(&watching{ctx, req.Msg.GetHello(), stream})
		}))
	mux.Handle("/base"+singoffv1.RoomService_Send_FullMethodName, connect.NewUnaryHandler(singoffv1.RoomService_Send_FullMethodName, h.take))
	mux.Handle("/base"+singoffv1.RoomService_ListRooms_FullMethodName, connect.NewUnaryHandler(singoffv1.RoomService_ListRooms_FullMethodName,
		func(_ context.Context, req *connect.Request[singoffv1.ListRoomsRequest]) (*connect.Response[singoffv1.ListRoomsResponse], error) {
			if req.Msg.GetPageSize() < 0 {
				return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("page_size: 100% wrong"))
			}
			return connect.NewResponse(&singoffv1.ListRoomsResponse{NextPageToken: "next"}), nil
		}))
	if got := r.Header.Get("Content-Type"); got != "application/grpc-web+proto" {
		http.Error(w, "content type "+got, http.StatusUnsupportedMediaType)
		return
	}
	mux.ServeHTTP(w, r)
}

// take answers a Send: by default it takes all.
func (h *halves) take(ctx context.Context, req *connect.Request[singoffv1.SendRequest]) (*connect.Response[singoffv1.SendResponse], error) {
	h.mu.Lock()
	h.sends = append(h.sends, req.Msg)
	h.mu.Unlock()
	if h.send == nil {
		return connect.NewResponse(&singoffv1.SendResponse{Taken: uint32(len(req.Msg.GetCommands()))}), nil
	}
	answer, err := h.send(ctx, req.Msg)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}

func (h *halves) got() []*singoffv1.SendRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*singoffv1.SendRequest(nil), h.sends...)
}

func newFetch(t *testing.T, config transport.HTTPConfig) *transport.Fetch {
	t.Helper()
	f, err := transport.NewFetch(config)
	if err != nil {
		t.Fatalf("NewFetch: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// playHalves gives a transport whose server is played.
func playHalves(t *testing.T, h *halves) *transport.Fetch {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return newFetch(t, transport.HTTPConfig{URL: server.URL + "/base"})
}

// greet opens a stream, says Hello and takes the Welcome.
func greet(t *testing.T, tr transport.Transport) transport.Stream {
	t.Helper()
	stream := mustOpen(t, tr)
	if err := stream.Send(hello()); err != nil {
		t.Fatalf("Send of Hello: %v", err)
	}
	if m, err := stream.Recv(); err != nil || m.GetEvents()[0].GetWelcome() == nil {
		t.Fatalf("Recv: got %v, %v, want a Welcome", m, err)
	}
	return stream
}

func hello() *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{RoomId: "friday"}}}
}

func numbered(n uint64, text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Number: n, Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

func TestFetchTalks(t *testing.T) {
	t.Parallel()
	echoes := make(chan uint64)
	h := &halves{
		watch: func(w *watching) error {
			if w.hello.GetRoomId() != "friday" {
				t.Errorf("got the hello %v", w.hello)
			}
			w.welcome()
			w.say() // a sign of life
			for {
				select {
				case n := <-echoes:
					w.say(&singoffv1.Event{Number: n})
				case <-w.ctx.Done():
					return w.ctx.Err()
				}
			}
		},
		send: func(ctx context.Context, req *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			for _, m := range req.GetCommands() {
				select {
				case echoes <- m.GetNumber():
				case <-ctx.Done():
				}
			}
			return &singoffv1.SendResponse{Taken: uint32(len(req.GetCommands()))}, nil
		},
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		server := httptest.NewUnstartedServer(h)
		server.EnableHTTP2 = protocol == "HTTP/2"
		server.StartTLS()
		f := newFetch(t, transport.HTTPConfig{URL: server.URL + "/base", TLS: server.Client().Transport.(*http.Transport).TLSClientConfig})
		stream := greet(t, f)
		if m, err := stream.Recv(); err != nil || len(m.GetEvents()) != 0 {
			t.Errorf("%s: got %v, %v, want a sign of life", protocol, m, err)
		}
		for i := range uint64(5) {
			say(t, stream, 1+i)
		}
		if got := stream.Way(); got.Kind != transport.KindFetch {
			t.Errorf("Way: got %+v", got)
		}
		_ = f.Close()
		server.Close()
	}
	for i, s := range h.got()[:5] {
		if s.GetSend() != uint64(i+1) || string(s.GetConnectionId()) != "0123456789abcdef" || len(s.GetCommands()) != 1 {
			t.Errorf("send %d: got %v", i+1, s)
		}
	}
}

// One Send is under way at a time. What comes meanwhile is gathered, in order, by count and by size; what wasn't taken goes again after a pause
// that grows.
func TestFetchGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // protects at
		var at []time.Time
		var under atomic.Int64
		h := &halves{watch: welcomeAndStay}
		h.send = func(_ context.Context, req *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			if under.Add(1) > 1 {
				t.Error("two Sends are under way")
			}
			mu.Lock()
			at = append(at, time.Now())
			mu.Unlock()
			time.Sleep(time.Second)
			under.Add(-1)
			taken := len(req.GetCommands())
			if s := req.GetSend(); s >= 3 && s <= 5 {
				taken = 0
			} else if s == 6 {
				taken = 2
			}
			return &singoffv1.SendResponse{Taken: uint32(taken)}, nil
		}
		m, stop := transporttest.Serve(h)
		f := newFetch(t, transport.HTTPConfig{URL: "http://memory/base", Dial: m.Dial})
		stream := greet(t, f)
		text := strings.Repeat("x", 5<<10)
		for i := range uint64(8) {
			if err := stream.Send(numbered(1+i, text)); err != nil {
				t.Fatalf("Send: %v", err)
			}
			if i == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(time.Minute)
		var sizes []int
		for i, s := range h.got() {
			sizes = append(sizes, len(s.GetCommands()))
			if s.GetSend() != uint64(i+1) {
				t.Errorf("send %d: got %d", i+1, s.GetSend())
			}
		}
		want := []int{1, 3, 3, 3, 3, 3, 2}
		if len(sizes) != len(want) {
			t.Fatalf("got Sends of %v, want %v", sizes, want)
		}
		mu.Lock()
		defer mu.Unlock()
		sends := h.got()
		if first := sends[6].GetCommands()[0].GetNumber(); first != 7 {
			t.Errorf("after two of three were taken: got number %d first, want 7", first)
		}
		for i, pause := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 50 * time.Millisecond} {
			if got := at[3+i].Sub(at[2+i]) - time.Second; got != pause {
				t.Errorf("pause %d: got %v, want %v", i+1, got, pause)
			}
		}
		_ = f.Close()
		stop()
	})
}

// A stream that isn't read from the other end holds its sender back, and the end of the stream frees it.
func TestFetchHoldsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &halves{watch: welcomeAndStay}
		h.send = func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			return &singoffv1.SendResponse{}, nil
		}
		m, stop := transporttest.Serve(h)
		f := newFetch(t, transport.HTTPConfig{URL: "http://memory/base", Dial: m.Dial})
		stream := greet(t, f)
		var sent atomic.Int64
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for stream.Send(numbered(1, "x")) == nil {
				sent.Add(1)
			}
		}()
		time.Sleep(time.Minute)
		if n := sent.Load(); n < 64 || n > 130 {
			t.Errorf("got %d commands taken in that nobody takes, want 64 to 130", n)
		}
		for _, s := range h.got() {
			if n := len(s.GetCommands()); n > 64 {
				t.Errorf("got a Send of %d, want at most 64", n)
			}
		}
		_ = f.Close()
		<-ended
		stop()
	})
}

// A Send that fails or isn't answered breaks the stream.
func TestFetchSendFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		send func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error)
		code codes.Code
		ours bool // a FailedError
		took time.Duration
	}{
		"refused": {func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("send: is 1"))
		}, codes.FailedPrecondition, false, 0},
		"silent": {func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			time.Sleep(10 * time.Second)
			return nil, errors.New("too late")
		}, codes.Unavailable, true, 7 * time.Second},
		"ended without a word": {func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			return nil, connect.NewError(connect.CodeNotFound, errors.New("connection_id: there is no such connection"))
		}, codes.NotFound, false, 2 * time.Second},
		"more than all": {func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
			return &singoffv1.SendResponse{Taken: 2}, nil
		}, codes.Internal, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, stop := transporttest.Serve(&halves{watch: welcomeAndStay, send: test.send})
				f := newFetch(t, transport.HTTPConfig{URL: "http://memory/base", Dial: m.Dial})
				stream := greet(t, f)
				began := time.Now()
				if err := stream.Send(numbered(1, "x")); err != nil {
					t.Fatalf("Send: %v", err)
				}
				_, err := stream.Recv()
				_, ours := errors.AsType[*transport.FailedError](err)
				if took := time.Since(began); status.Code(err) != test.code || ours != test.ours || took != test.took {
					t.Errorf("got %v after %v, want %v after %v, a FailedError: %v", err, took, test.code, test.took, test.ours)
				}
				if err := stream.Send(numbered(2, "x")); err == nil {
					t.Error("Send afterwards: got no error")
				}
				_ = f.Close()
				stop()
			})
		})
	}
}

// A Send that finds its connection ended mustn't keep the Watch from saying how: the answer to a Leave would be lost.
func TestFetchLastWords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{})
		m, stop := transporttest.Serve(&halves{
			watch: func(w *watching) error {
				w.welcome()
				<-left
				time.Sleep(time.Second)
				w.say(&singoffv1.Event{Number: 1})
				return nil
			},
			send: func(context.Context, *singoffv1.SendRequest) (*singoffv1.SendResponse, error) {
				close(left)
				return nil, connect.NewError(connect.CodeNotFound, errors.New("connection_id: it has ended"))
			},
		})
		f := newFetch(t, transport.HTTPConfig{URL: "http://memory/base", Dial: m.Dial})
		stream := greet(t, f)
		say(t, stream, 1)
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("the end: got %v, want EOF", err)
		}
		_ = f.Close()
		stop()
	})
}

func TestFetchEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.Handler
		code    codes.Code
		ours    bool
	}{
		"a status": {&halves{watch: func(*watching) error {
			return connect.NewError(connect.CodeResourceExhausted, errors.New("100% full"))
		}}, codes.ResourceExhausted, false},
		"cut":         {&halves{watch: func(*watching) error { panic(http.ErrAbortHandler) }}, codes.Unavailable, true},
		"not found":   {http.NotFoundHandler(), codes.Unimplemented, true},
		"bad gateway": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }), codes.Unavailable, true},
		"a web page":  {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }), codes.Unknown, true},
		"elsewhere":   {http.RedirectHandler("https://elsewhere.example/", http.StatusTemporaryRedirect), codes.Unknown, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			t.Cleanup(server.Close)
			stream := mustOpen(t, newFetch(t, transport.HTTPConfig{URL: server.URL + "/base"}))
			_ = stream.Send(hello()) // Recv tells why
			_, err := stream.Recv()
			if _, ours := errors.AsType[*transport.FailedError](err); status.Code(err) != test.code || ours != test.ours {
				t.Errorf("got %v, want %v, a FailedError: %v", err, test.code, test.ours)
			}
		})
	}
}

func TestFetchUnary(t *testing.T) {
	t.Parallel()
	f := playHalves(t, &halves{})
	answer := new(singoffv1.ListRoomsResponse)
	if err := f.Unary(t.Context(), singoffv1.RoomService_ListRooms_FullMethodName, &singoffv1.ListRoomsRequest{}, answer); err != nil || answer.GetNextPageToken() != "next" {
		t.Errorf("got %v, %v", answer, err)
	}
	err := f.Unary(t.Context(), singoffv1.RoomService_ListRooms_FullMethodName, &singoffv1.ListRoomsRequest{PageSize: -1}, answer)
	if got := status.Convert(err); got.Code() != codes.InvalidArgument || got.Message() != "page_size: 100% wrong" {
		t.Errorf("a refusal: got %v", err)
	}
	if err := f.Unary(t.Context(), "/singoff.v1.RoomService/Nothing", &singoffv1.ListRoomsRequest{}, answer); status.Code(err) != codes.Unimplemented {
		t.Errorf("an unknown method: got %v, want UNIMPLEMENTED", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Unary(ctx, singoffv1.RoomService_ListRooms_FullMethodName, &singoffv1.ListRoomsRequest{}, answer); status.Code(err) != codes.Canceled {
		t.Errorf("a call that was given up: got %v, want CANCELED", err)
	}
}

// After Distrust nothing new goes over the old connections, while what is on them may go on.
func TestFetchDistrust(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: &halves{watch: welcomeAndStay}}}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	f := newFetch(t, transport.HTTPConfig{URL: server.URL + "/base", TLS: server.Client().Transport.(*http.Transport).TLSClientConfig})
	list := func() {
		t.Helper()
		if err := f.Unary(t.Context(), singoffv1.RoomService_ListRooms_FullMethodName, &singoffv1.ListRoomsRequest{}, new(singoffv1.ListRoomsResponse)); err != nil {
			t.Errorf("ListRooms: %v", err)
		}
	}
	old := greet(t, f)
	list()
	if got := l.accepted.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
	old.Distrust()
	old.Distrust()
	list()
	greet(t, f)
	if got := l.accepted.Load(); got != 2 {
		t.Errorf("got %d connections, want the old one and one fresh one", got)
	}
	if err := old.Send(numbered(1, "x")); err != nil {
		t.Errorf("Send on the old stream: %v", err)
	}
}

func TestFetchClose(t *testing.T) {
	t.Parallel()
	f := playHalves(t, &halves{watch: welcomeAndStay})
	stream, silent := greet(t, f), mustOpen(t, f)
	if err := f.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	for name, s := range map[string]transport.Stream{"joined": stream, "without a hello": silent} {
		if _, err := s.Recv(); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Recv of the stream %s: got %v, want ErrClosed", name, err)
		}
	}
	if _, err := f.Join(t.Context()); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Join after Close: got %v, want ErrClosed", err)
	}
	if err := f.Unary(t.Context(), "/x/Y", hello(), hello()); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Unary after Close: got %v, want ErrClosed", err)
	}
}

func TestURLsAreChecked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "127.0.0.1:8080", "ftp://a", "http://", "http://a b", "https://u:p@a", "http://a/?q", "http://a/#f", "http://:8080", "unix:/run/x",
	} {
		if _, err := transport.NewFetch(transport.HTTPConfig{URL: text}); err == nil {
			t.Errorf("NewFetch %q: got no error", text)
		}
		if _, err := transport.NewWebsocket(transport.HTTPConfig{URL: text}); err == nil {
			t.Errorf("NewWebsocket %q: got no error", text)
		}
	}
}
