package web_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/singoff/singoff/service/web"
)

// serve serves what cfg makes on a real port.
func serve(t *testing.T, cfg web.Config, change ...func(*http.Server)) *httptest.Server {
	t.Helper()
	srv, err := web.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(srv)
	}
	s := httptest.NewUnstartedServer(nil)
	s.Config = srv
	s.Start()
	t.Cleanup(s.Close)
	t.Cleanup(s.Client().CloseIdleConnections)
	return s
}

// call is a grpc-web call of a page of the given origin.
func call(t *testing.T, url, origin string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/singoff.v1.RoomService/ListRooms", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/grpc-web+proto")
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return r
}

func frame(payload string) []byte {
	out := make([]byte, 5, 5+len(payload))
	binary.BigEndian.PutUint32(out[1:], uint32(len(payload)))
	return append(out, payload...)
}

func do(t *testing.T, s *httptest.Server, r *http.Request) (code int, header http.Header, body string) {
	t.Helper()
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(read)
}

// grpc answers as a gRPC server over HTTP/2 does: it says what it was sent.
func grpc(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor != 2 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		http.Error(w, "not gRPC", http.StatusUnsupportedMediaType)
		return
	}
	in, err := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/grpc+proto")
	w.Header().Set("Trailer", "Grpc-Status")
	if err != nil {
		w.Header().Set("Grpc-Status", "8")
		w.WriteHeader(http.StatusOK)
		return
	}
	_, _ = w.Write(in)
	w.Header().Set("Grpc-Status", "0")
}

func TestCalls(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Calls = http.HandlerFunc(grpc)
	s := serve(t, cfg)
	code, header, body := do(t, s, call(t, s.URL, s.URL, frame("hello")))
	want := string(frame("hello")) + "\x80\x00\x00\x00\x10grpc-status: 0\r\n"
	if code != 200 || body != want {
		t.Errorf("got %d %q, want 200 %q", code, body, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/grpc-web+proto", "X-Accel-Buffering": "no", "Access-Control-Allow-Origin": s.URL,
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestCallsFromElsewhere(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Calls = http.HandlerFunc(grpc)
	own := serve(t, cfg)
	cfg = config()
	cfg.Calls = http.HandlerFunc(grpc)
	cfg.Allowed = func(r *http.Request) bool { return r.Header.Get("Origin") == "https://friends.example" }
	friends := serve(t, cfg)
	for name, c := range map[string]struct {
		server *httptest.Server
		origin string
		code   int
	}{
		"no browser":      {own, "", 200},
		"own page":        {own, own.URL, 200},
		"another host":    {own, "https://evil.example", 403},
		"another port":    {own, "http://127.0.0.1:1", 403},
		"a sandbox":       {own, "null", 403},
		"a friend":        {friends, "https://friends.example", 200},
		"no friend":       {friends, "https://evil.example", 403},
		"no longer alone": {friends, own.URL, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, body := do(t, c.server, call(t, c.server.URL, c.origin, frame("x")))
			if code != c.code {
				t.Errorf("got %d %q, want %d", code, body, c.code)
			}
			ask := call(t, c.server.URL, c.origin, nil)
			ask.Method = http.MethodOptions
			ask.Header.Set("Access-Control-Request-Method", "POST")
			ask.Header.Set("Access-Control-Request-Headers", "content-type,x-grpc-web")
			_, header, _ := do(t, c.server, ask)
			if allowed := header.Get("Access-Control-Allow-Origin") != ""; allowed != (c.code == 200 && c.origin != "") {
				t.Errorf("asked before: allowed %v, want as the call itself", allowed)
			}
		})
	}
}

// Behind net/http gRPC has no flow control of requests: 300 MB were taken into memory once.
func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Calls = http.HandlerFunc(grpc)
	s := serve(t, cfg)
	code, header, body := do(t, s, call(t, s.URL, "", make([]byte, 513<<10)))
	if status := header.Get("Grpc-Status"); code != 200 || status != "8" {
		t.Errorf("got %d, status %q, %d bytes, want the reader to be refused after 512 KiB", code, status, len(body))
	}
}

// A stream must outlive the server's deadlines, which are for requests and answers that end.
func TestStreamsOutliveDeadlines(t *testing.T) {
	t.Parallel()
	cfg := config()
	const deadline = 150 * time.Millisecond
	cfg.Calls = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/grpc+proto")
		_, _ = w.Write(frame("1"))
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return // the deadline for reading ended it
		case <-time.After(3 * deadline):
		}
		_, _ = w.Write(frame("2"))
	})
	s := serve(t, cfg, func(srv *http.Server) { srv.ReadTimeout, srv.WriteTimeout = deadline, deadline })
	if _, _, body := do(t, s, call(t, s.URL, "", frame("x"))); !strings.HasPrefix(body, string(frame("1"))+string(frame("2"))) {
		t.Errorf("got %q, want both messages", body)
	}
}

func TestSockets(t *testing.T) {
	t.Parallel()
	if got := ask(newHandler(t, config()), "SOCKET", "/singoff.v1.RoomService/Join").Code; got != http.StatusTeapot {
		t.Errorf("got %d, want the sockets' handler", got)
	}
}
