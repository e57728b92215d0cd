package simulate_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/clients/cli/history"
	"github.com/singoff/singoff/clients/cli/simulate"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// grpc-web's wrapper starts a timer for ever when it is loaded: hence IgnoreCurrent.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// serve starts a server for a test and gives its addresses.
func serve(t *testing.T) service.Addrs {
	t.Helper()
	return stage.Serve(t, func(cfg *service.Config) { cfg.DrainTime = time.Second })
}

func config(server service.Addrs) simulate.Config {
	return simulate.Config{
		Target: server.GRPC, URL: "http://" + server.HTTP, Ways: []transport.Kind{transport.KindNative, transport.KindWebsocket, transport.KindFetch},
		Rooms: 2, Members: 10, Rate: 60, Drops: 180, Duration: 3 * time.Second, Seed: 7,
	}
}

func TestBattlesOverARealServer(t *testing.T) {
	t.Parallel()
	cfg := config(serve(t))
	var told atomic.Int64
	cfg.Progress = func(p simulate.Progress) {
		if p.Members == 20 {
			told.Add(1)
		}
	}
	r, err := simulate.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Good() {
		t.Errorf("got\n%v\nwant no fault", r)
	}
	if r.Drops == 0 || r.Back.Count == 0 || r.Latency.Count == 0 || r.Commands == 0 || r.Deliveries < int64(r.Events) {
		t.Errorf("got\n%v\nwant drops, comings back, latencies, commands and deliveries in it", r)
	}
	for _, way := range cfg.Ways {
		if r.Joins[way] < 3 {
			t.Errorf("got %d joins over %v, want people on every way", r.Joins[way], way)
		}
	}
	if told.Load() == 0 {
		t.Error("no progress was told")
	}
}

// tampering changes the n-th line of chat that others said, on its way to one client.
type tampering func(n int, ev *singoffv1.Event) []*singoffv1.Event

// tampered is a transport with a fault.
type tampered struct {
	transport.Transport
	with tampering
}

func (l tampered) Join(ctx context.Context) (transport.Stream, error) {
	s, err := l.Transport.Join(ctx)
	return &tamperedStream{Stream: s, with: l.with}, err
}

type tamperedStream struct {
	transport.Stream
	with tampering
	n    int
}

func (l *tamperedStream) Recv() (*singoffv1.JoinResponse, error) {
	r, err := l.Stream.Recv()
	if err != nil {
		return nil, err
	}
	var events []*singoffv1.Event
	for _, ev := range r.GetEvents() {
		if ev.GetChatMessage() == nil || ev.GetNumber() != 0 || strings.Contains(ev.GetChatMessage().GetText(), "that was all") {
			events = append(events, ev)
			continue
		}
		l.n++
		events = append(events, l.with(l.n, ev)...)
	}
	return &singoffv1.JoinResponse{Events: events}, nil
}

// A simulation that can't find a fault says nothing by finding none: one client is given a stream with one.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	server := serve(t)
	for name, c := range map[string]struct {
		with  tampering
		count func(r *simulate.Report) int
	}{
		"lost": {func(n int, ev *singoffv1.Event) []*singoffv1.Event {
			if n == 2 {
				return nil
			}
			return []*singoffv1.Event{ev}
		}, (*simulate.Report).Lost},
		"another text": {func(n int, ev *singoffv1.Event) []*singoffv1.Event {
			if n == 2 {
				ev.GetChatMessage().Text += "!"
			}
			return []*singoffv1.Event{ev}
		}, (*simulate.Report).Reordered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(server)
			cfg.Rooms, cfg.Members, cfg.Drops, cfg.Duration = 1, 4, 0, 2*time.Second
			var clients atomic.Int64
			cfg.Wrap = func(way transport.Transport) transport.Transport {
				if clients.Add(1) != 2 {
					return way
				}
				return tampered{way, c.with}
			}
			r, err := simulate.Run(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if c.count(r) == 0 || r.Good() {
				t.Errorf("got\n%v\nwant the fault found", r)
			}
		})
	}
}

func TestCancelledSimulationReportsWhatThereWas(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cfg := config(serve(t))
	cfg.Duration, cfg.Members, cfg.Drops = time.Hour, 3, 0
	cfg.Progress = func(simulate.Progress) { cancel() }
	r, err := simulate.Run(ctx, cfg)
	if err != nil || !r.Good() || r.Commands == 0 || r.Elapsed > time.Minute {
		t.Errorf("got %v\n%v\nwant a good report of a moment", err, r)
	}
}

func TestConfigIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*simulate.Config){
		"server":   func(c *simulate.Config) { c.Target = "" },
		"URL":      func(c *simulate.Config) { c.URL = "" },
		"ways":     func(c *simulate.Config) { c.Ways = nil },
		"rooms":    func(c *simulate.Config) { c.Rooms = 0 },
		"members":  func(c *simulate.Config) { c.Members = 1 },
		"rate":     func(c *simulate.Config) { c.Rate = 0 },
		"drops":    func(c *simulate.Config) { c.Drops = -1 },
		"duration": func(c *simulate.Config) { c.Duration = time.Millisecond },
	} {
		cfg := config(service.Addrs{GRPC: "127.0.0.1:1", HTTP: "127.0.0.1:1"})
		change(&cfg)
		if _, err := simulate.Run(t.Context(), cfg); !errors.Is(err, simulate.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want ErrConfig naming it", want, err)
		}
	}
}

func TestServerThatIsntThere(t *testing.T) {
	t.Parallel()
	cfg := config(service.Addrs{GRPC: "127.0.0.1:1", HTTP: "127.0.0.1:1"})
	cfg.Settle = time.Second
	if r, err := simulate.Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "can't join") {
		t.Errorf("got %v, %v; want an error that says who can't join", r, err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := &simulate.Report{
		Config: simulate.Config{Rooms: 1, Seed: 7}, Elapsed: 2 * time.Second, Members: 3, Commands: 10, Events: 12, Deliveries: 30,
		Latency: simulate.Spread{Count: 4, P50: time.Millisecond, P90: 2 * time.Millisecond, P99: 3 * time.Millisecond, Max: 4 * time.Millisecond},
		Stuck:   []string{"sim-1 is reconnecting"},
	}
	for i := range 25 {
		r.Violations = append(r.Violations, history.Violation{Kind: history.Lost, Room: "r", Person: "p", Seq: uint64(i + 1), Detail: "gone"})
	}
	for _, want := range []string{"3 members in 1 rooms", "15.0/s", "p50 1.0 ms, p90 2.0 ms, p99 3.0 ms, max 4.0 ms (of 4)", "lost         25", "and 5 more", "stuck: sim-1"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("got\n%v\nwant %q in it", r, want)
		}
	}
	b, err := json.Marshal(r)
	var got struct {
		Good                bool
		Lost                int
		DeliveriesPerSecond float64
		Latency             struct{ P99Ms float64 }
		Violations          []string
	}
	if err := errors.Join(err, json.Unmarshal(b, &got)); err != nil || got.Good || got.Lost != 25 || got.DeliveriesPerSecond != 15 || got.Latency.P99Ms != 3 || len(got.Violations) != 25 {
		t.Errorf("got %s, %v", b, err)
	}
}
