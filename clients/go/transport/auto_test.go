package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// played is a transport that does what a test says.
type played struct {
	kind transport.Kind
	join func() (*playedStream, error)
}

// playedStream says Welcome if it is welcome, then what else it says, and ends with err after a time.
type playedStream struct {
	kind    transport.Kind
	welcome bool
	goaway  bool
	lasts   time.Duration
	err     error
	told    bool
}

func (p *played) Join(context.Context) (transport.Stream, error) {
	s, err := p.join()
	if err != nil {
		return nil, err
	}
	s.kind = p.kind
	return s, nil
}

func (p *played) Unary(context.Context, string, proto.Message, proto.Message) error {
	return status.Error(codes.NotFound, string(p.kind))
}

func (p *played) Close() error { return nil }

func (s *playedStream) Send(*singoffv1.JoinRequest) error { return nil }
func (s *playedStream) Distrust()                         {}
func (s *playedStream) Way() transport.Way                { return transport.Way{Kind: s.kind} }

func (s *playedStream) Recv() (*singoffv1.JoinResponse, error) {
	if !s.told {
		s.told = true
		event := &singoffv1.Event{}
		switch {
		case s.welcome:
			event.Body = &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{}}
		case s.goaway:
			event.Body = &singoffv1.Event_Goaway{Goaway: &singoffv1.Goaway{}}
		}
		return &singoffv1.JoinResponse{Events: []*singoffv1.Event{event}}, nil
	}
	if s.lasts > 0 {
		time.Sleep(s.lasts)
		s.lasts = 0
		return &singoffv1.JoinResponse{}, nil
	}
	return nil, s.err
}

// broken is a failure of the websocket; refused is no connection at all.
func broken() error {
	return &transport.FailedError{Kind: transport.KindWebsocket, Code: codes.PermissionDenied, Err: errors.New("HTTP status 403")}
}

func refused() error {
	return &transport.FailedError{Kind: transport.KindWebsocket, Code: codes.Unavailable, Unreached: true, Err: errors.New("connection refused")}
}

// lives opens a stream by Auto, reads it to its end, and gives its way with the error.
func lives(t *testing.T, a *transport.Auto) (transport.Way, error) {
	stream, err := a.Join(t.Context())
	if err != nil {
		return transport.Way{}, err
	}
	for err == nil {
		_, err = stream.Recv()
	}
	return stream.Way(), err
}

// What counts as a failure of the websocket, and what doesn't: the third stream tells.
func TestAutoFallsBack(t *testing.T) {
	t.Parallel()
	full := status.Error(codes.ResourceExhausted, "full")
	for name, test := range map[string]struct {
		websocket func(try int) (*playedStream, error)
		want      transport.Kind
	}{
		"doesn't open":              {func(int) (*playedStream, error) { return nil, broken() }, transport.KindFetch},
		"breaks before its Welcome": {func(int) (*playedStream, error) { return &playedStream{lasts: 9 * time.Second, err: broken()}, nil }, transport.KindFetch},
		"dies young": {func(int) (*playedStream, error) {
			return &playedStream{welcome: true, lasts: 4 * time.Second, err: broken()}, nil
		}, transport.KindFetch},
		"dies old": {func(int) (*playedStream, error) {
			return &playedStream{welcome: true, lasts: 6 * time.Second, err: broken()}, nil
		}, transport.KindWebsocket},
		"fails in between": {func(try int) (*playedStream, error) {
			if try == 2 {
				return &playedStream{welcome: true, lasts: time.Minute, err: broken()}, nil
			}
			return nil, broken()
		}, transport.KindWebsocket},
		"nobody there":        {func(int) (*playedStream, error) { return nil, refused() }, transport.KindWebsocket},
		"refused by a status": {func(int) (*playedStream, error) { return &playedStream{err: full}, nil }, transport.KindWebsocket},
		"refused by a Goaway": {func(int) (*playedStream, error) { return &playedStream{goaway: true, err: broken()}, nil }, transport.KindWebsocket},
		"ends well":           {func(int) (*playedStream, error) { return &playedStream{welcome: true, err: io.EOF}, nil }, transport.KindWebsocket},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				try, third := 0, transport.KindFetch
				a, err := transport.NewAuto(transport.AutoConfig{
					Websocket: &played{transport.KindWebsocket, func() (*playedStream, error) {
						if try++; try == 3 {
							third = transport.KindWebsocket
						}
						return test.websocket(try)
					}},
					Fetch: &played{transport.KindFetch, func() (*playedStream, error) {
						return &playedStream{welcome: true, lasts: time.Second, err: io.EOF}, nil
					}},
				})
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if _, err := lives(t, a); test.want == transport.KindFetch && status.Code(err) == codes.PermissionDenied {
						t.Errorf("got %v, want nothing final while there is another way", err)
					}
				}
				way, _ := lives(t, a)
				if third != test.want {
					t.Errorf("the third stream went by %v, want %v", third, test.want)
				}
				if test.want == transport.KindFetch && (way.Kind != transport.KindFetch || way.Fallback == nil) {
					t.Errorf("Way: got %+v, want fetch and why", way)
				}
				if err := a.Unary(t.Context(), "", nil, nil); status.Convert(err).Message() != "fetch" {
					t.Errorf("Unary: got %v, want it by fetch", err)
				}
			})
		})
	}
}

// A laptop that leaves a network without websockets is back on the websocket with the next stream, where one failure is enough to show
// that it isn't; and a fetch that fails too means that it wasn't the websocket's fault.
func TestAutoGoesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		websocketWorks, fetchWorks := false, true
		var went []transport.Kind
		a, err := transport.NewAuto(transport.AutoConfig{
			Websocket: &played{transport.KindWebsocket, func() (*playedStream, error) {
				went = append(went, transport.KindWebsocket)
				if !websocketWorks {
					return nil, broken()
				}
				return &playedStream{welcome: true, lasts: 10 * time.Second, err: broken()}, nil
			}},
			Fetch: &played{transport.KindFetch, func() (*playedStream, error) {
				went = append(went, transport.KindFetch)
				if !fetchWorks {
					return &playedStream{err: broken()}, nil
				}
				return &playedStream{welcome: true, lasts: 10 * time.Second, err: io.EOF}, nil
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		const w, f = transport.KindWebsocket, transport.KindFetch
		steps := []struct {
			what   string
			before func()
			want   []transport.Kind
		}{
			{"at first", func() {}, []transport.Kind{w, w, f, f, f}},
			{"a minute later, on the same network", func() { time.Sleep(time.Minute) }, []transport.Kind{w, f, f, f}},
			{"a minute later, on another one", func() { time.Sleep(time.Minute); websocketWorks = true }, []transport.Kind{w, w, w}},
			{"a bad one again", func() { websocketWorks = false }, []transport.Kind{w, w, f}},
			{"nothing works", func() { fetchWorks = false }, []transport.Kind{f, w, f, w, f}},
			{"all works", func() { websocketWorks, fetchWorks = true, true }, []transport.Kind{w, w}},
		}
		for _, step := range steps {
			step.before()
			went = nil
			for range step.want {
				_, _ = lives(t, a)
			}
			if !slices.Equal(went, step.want) {
				t.Errorf("%s: went by %v, want %v", step.what, went, step.want)
			}
		}
	})
}

// A real server behind something that lets no websocket through.
func TestAutoWhereWebsocketsAreBlocked(t *testing.T) {
	t.Parallel()
	h := &halves{watch: welcomeAndStay}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			http.Error(w, "no websockets here", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	config := transport.HTTPConfig{URL: server.URL + "/base"}
	a, err := transport.NewAuto(transport.AutoConfig{Websocket: newWebsocket(t, config), Fetch: newFetch(t, config)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := a.Join(t.Context()); status.Code(err) != codes.Unavailable {
			t.Errorf("Join by websocket: got %v, want UNAVAILABLE: there is another way", err)
		}
	}
	stream := greet(t, a)
	if got := stream.Way(); got.Kind != transport.KindFetch || got.Fallback == nil {
		t.Errorf("Way: got %+v, want fetch and why", got)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := stream.Recv(); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Recv after Close: got %v, want ErrClosed", err)
	}
}

func TestAutoNeedsBoth(t *testing.T) {
	t.Parallel()
	for _, config := range []transport.AutoConfig{{}, {Websocket: &played{}}, {Fetch: &played{}}} {
		if _, err := transport.NewAuto(config); err == nil {
			t.Errorf("%+v: got no error", config)
		}
	}
}
