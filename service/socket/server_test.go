package socket_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a Handler behind an http.Server.
type server struct {
	*socket.Handler
	registry *prometheus.Registry
	addr     string
	stop     func()
}

// newHandler is a Handler that serves as the test says.
func newHandler(t testing.TB, serve func(rpc.Stream) error, change ...func(*socket.Config)) *server {
	t.Helper()
	s := &server{registry: prometheus.NewPedanticRegistry()}
	cfg := socket.Config{
		Serve:      serve,
		Calls:      http.NotFoundHandler(),
		Origin:     func(r *http.Request) bool { return r.Header.Get("Origin") != "https://evil.example" },
		Registerer: s.registry,
		Logger:     zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.InfoLevel),
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if s.Handler, err = socket.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// listen serves on a port of its own.
func listen(t testing.TB, serve func(rpc.Stream) error, change ...func(*socket.Config)) *server {
	t.Helper()
	s := newHandler(t, serve, change...)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = lis.Addr().String()
	s.serveOn(t, lis)
	return s
}

func (s *server) serveOn(t testing.TB, lis net.Listener) {
	srv := &http.Server{Handler: s.Handler}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(lis)
	}()
	s.stop = func() {
		srv.Close()
		s.Close()
		<-done
	}
	t.Cleanup(s.stop)
}

func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// join is a socket that has sent its headers.
func (s *server) join(t *testing.T) *client {
	t.Helper()
	c := upgrade(t, s.dial(t), joinPath)
	c.headers()
	return c
}

// gauge is the sum of a metric's values whose label, if one is given, is that.
func gauge(t *testing.T, registry *prometheus.Registry, name string, label ...string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (len(label) == 0 || m.GetLabel()[0].GetValue() == label[0]) {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// wantEnded closes the server and wants its one socket to have ended for the reason.
func (s *server) wantEnded(t *testing.T, reason string) {
	t.Helper()
	s.Close()
	const ended = "singoff_socket_ended_total"
	if got := gauge(t, s.registry, ended, reason); got != 1 || gauge(t, s.registry, "singoff_socket_open") != 0 {
		families, _ := s.registry.Gather()
		t.Errorf("got %v ended as %s, want one, and none open: %v", got, reason, families)
	}
}

// echo answers each chat with an event of the same text.
func echo(stream rpc.Stream) error {
	for {
		req, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send([][]byte{said(req.GetChatMessage().GetText())}); err != nil {
			return err
		}
	}
}

func said(text string) []byte {
	data, err := proto.Marshal(&singoffv1.JoinResponse{Events: []*singoffv1.Event{{
		Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}},
	}}})
	if err != nil {
		panic(err)
	}
	return data
}

func chat(text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

// wantSaid reads one event with the text.
func (c *client) wantSaid(text string) {
	c.t.Helper()
	events := c.events()
	if len(events) != 1 || events[0].GetChatMessage().GetText() != text {
		c.t.Fatalf("got %v, want %q", events, text)
	}
}
