package limit_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/limit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func limiter(t testing.TB, change ...func(*limit.Config)) (*limit.Limiter, *prometheus.Registry) {
	t.Helper()
	cfg := limit.DefaultConfig()
	registry := prometheus.NewPedanticRegistry()
	cfg.Registerer = registry
	for _, f := range change {
		f(&cfg)
	}
	l, err := limit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l, registry
}

// taken counts how many of n are not refused, and gives the last refusal.
func taken(n int, ask func() *limit.Refusal) (ok int, last *limit.Refusal) {
	for range n {
		if refused := ask(); refused != nil {
			last = refused
		} else {
			ok++
		}
	}
	return ok, last
}

const someone = "203.0.113.7:5000"

func TestJoins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := limiter(t)
		join := func() *limit.Refusal { return l.Join(someone) }
		ok, refused := taken(100, join)
		if ok != 60 || refused == nil {
			t.Fatalf("got %d of 100 joins at once and refusal %v, want 60 and one", ok, refused)
		}
		if !strings.Contains(refused.Message, "60 joins a minute") || refused.RetryAfter < time.Second || refused.RetryAfter > 6*time.Second {
			t.Errorf("got %+v, want the limit named and 1 s to 6 s", *refused)
		}
		time.Sleep(10 * time.Second)
		if ok, _ := taken(100, join); ok != 10 {
			t.Errorf("got %d joins 10 s later, want 10: refusals take nothing", ok)
		}
		if l.Join("203.0.113.8:5000") != nil {
			t.Error("got a neighbour refused")
		}
	})
}

func TestRooms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := limiter(t)
		room := func() *limit.Refusal { return l.Room(someone) }
		ok, refused := taken(30, room)
		if ok != 20 || refused == nil || !strings.Contains(refused.Message, "20 new ones an hour") {
			t.Fatalf("got %d of 30 rooms and %v, want 20 and the limit named", ok, refused)
		}
		if refused.RetryAfter < 3*time.Minute || refused.RetryAfter > 3*time.Minute+30*time.Second {
			t.Errorf("got to come back after %v, want 3m to 3m30s", refused.RetryAfter)
		}
		time.Sleep(refused.RetryAfter)
		if ok, _ := taken(30, room); ok != 1 {
			t.Errorf("got %d rooms when told to come back, want 1", ok)
		}
	})
}

func TestCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := limiter(t)
		call := func() *limit.Refusal { return l.Call(someone) }
		if ok, refused := taken(200, call); ok != 100 || !strings.Contains(refused.Message, "20 calls a second") {
			t.Errorf("got %d of 200 calls and %v, want 100 and the limit named", ok, refused)
		}
		time.Sleep(time.Second)
		if ok, _ := taken(200, call); ok != 20 {
			t.Errorf("got %d calls a second later, want 20", ok)
		}
	})
}

func TestStreams(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, func(c *limit.Config) { c.Streams = 2 })
	first, _ := l.Stream(someone)
	second, _ := l.Stream(someone)
	closed, refused := l.Stream(someone)
	if refused == nil || !strings.Contains(refused.Message, "2 streams open") || refused.RetryAfter < time.Second {
		t.Fatalf("got %+v, want a third refused", refused)
	}
	closed() // of a refused one: nothing
	if _, refused := l.Stream(someone); refused == nil {
		t.Error("got a third after the refused one was closed")
	}
	first()
	third, refused := l.Stream(someone)
	if refused != nil {
		t.Errorf("got %+v after one was closed", *refused)
	}
	second()
	third()
}

func TestWhoIsOneAddress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"ports":                 {"203.0.113.7:1", "203.0.113.7:2", true},
		"without a port":        {"203.0.113.7", "203.0.113.7:2", true},
		"neighbours":            {"203.0.113.7:1", "203.0.113.6:1", false},
		"v4 in v6":              {"[::ffff:203.0.113.7]:1", "203.0.113.7:1", true},
		"one /64":               {"[2001:db8:1:2::3]:1", "[2001:db8:1:2:ffff::]:1", true},
		"two /64":               {"[2001:db8:1:2::3]:1", "[2001:db8:1:3::3]:1", false},
		"v6 without a port":     {"2001:db8:1:2::3", "[2001:db8:1:2::4]:1", true},
		"link-local on a cable": {"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := limiter(t, func(c *limit.Config) { c.JoinsPerMinute = 1 })
			if l.Join(test.a) != nil {
				t.Fatal("got the first join refused")
			}
			if refused := l.Join(test.b) != nil; refused != test.same {
				t.Errorf("got refused %v for %s after %s, want %v", refused, test.b, test.a, test.same)
			}
		})
	}
}

func TestWhoHasNoLimits(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t)
	none, _ := limiter(t, func(c *limit.Config) { c.JoinsPerMinute, c.RoomsPerHour, c.Streams, c.CallsPerSecond = 0, 0, 0, 0 })
	for name, test := range map[string]struct {
		l    *limit.Limiter
		addr string
	}{
		"loopback":          {l, "127.0.0.1:1"},
		"all of loopback":   {l, "127.9.9.9:1"},
		"loopback v6":       {l, "[::1]:1"},
		"loopback in v6":    {l, "[::ffff:127.0.0.1]:1"},
		"a Unix socket":     {l, "@"},
		"a Unix path":       {l, "/run/singoff.sock"},
		"nothing":           {l, ""},
		"limits of 0":       {none, someone},
		"without a limiter": {nil, someone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 500 {
				_, refused := test.l.Stream(test.addr)
				for _, refused := range []*limit.Refusal{refused, test.l.Join(test.addr), test.l.Room(test.addr), test.l.Call(test.addr)} {
					if refused != nil {
						t.Fatalf("got %+v, want no limit", *refused)
					}
				}
			}
		})
	}
}

func TestAPartyOf30ComesBackAtOnce(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t)
	var in atomic.Int32
	var party sync.WaitGroup
	for i := range 30 {
		party.Go(func() {
			addr := fmt.Sprintf("203.0.113.7:%d", 1000+i)
			if _, refused := l.Stream(addr); refused == nil && l.Join(addr) == nil {
				in.Add(1)
			}
		})
	}
	party.Wait()
	if in.Load() != 30 {
		t.Errorf("got %d in, want 30", in.Load())
	}
}

// TestForgettingGivesNothing: an address that used its allowance, pushed out by any number of others, is no better off than one that waited.
func TestForgettingGivesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, registry := limiter(t, func(c *limit.Config) { c.Addresses, c.JoinsPerMinute = 64, 10 })
		spent := func(addr string) int {
			n, _ := taken(12, func() *limit.Refusal { return l.Join(addr) })
			return n
		}
		if got := spent(someone); got != 10 {
			t.Fatalf("got %d joins, want 10", got)
		}
		all := 0
		for i := range 4000 {
			all += spent(fmt.Sprintf("[2001:db8:%x:%x::1]:1", i/256, i%256))
		}
		if limit := (64 + 1024) * 10; all > limit {
			t.Errorf("got %d joins by 4000 addresses at once, want at most %d", all, limit)
		}
		if got := spent(someone); got != 0 {
			t.Errorf("got %d joins of the first address after the flood, want 0", got)
		}
		if got := gauge(t, registry); got > 64 {
			t.Errorf("got %v addresses remembered, want at most 64", got)
		}
		time.Sleep(time.Minute)
		for i := range 200 {
			if got := spent(fmt.Sprintf("[2001:db8:ffff:%x::1]:1", i)); got > 10 {
				t.Fatalf("got %d joins of one address, want at most 10", got)
			}
		}
		if got := gauge(t, registry); got > 64 {
			t.Errorf("got %v addresses remembered a minute later, want at most 64", got)
		}
	})
}

// TestOpenStreamsAreNotForgotten: who holds streams open can't be pushed out of the table and open as many again.
func TestOpenStreamsAreNotForgotten(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, func(c *limit.Config) { c.Addresses, c.Streams, c.JoinsPerMinute = 4, 2, 0 })
	for range 2 {
		if _, refused := l.Stream(someone); refused != nil {
			t.Fatal("got one of the first two refused")
		}
	}
	for i := range 1000 {
		l.Stream(fmt.Sprintf("198.51.%d.%d:1", i/256, i%256))
	}
	if _, refused := l.Stream(someone); refused == nil {
		t.Error("got a third stream after others came, want it refused")
	}
}

func gauge(t *testing.T, registry *prometheus.Registry) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "singoff_limit_addresses" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("got no gauge of addresses")
	return 0
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	l, registry := limiter(t, func(c *limit.Config) { c.RoomsPerHour = 1 })
	taken(3, func() *limit.Refusal { return l.Room(someone) })
	want := `
# HELP singoff_limit_addresses Addresses whose use of their limits is remembered.
# TYPE singoff_limit_addresses gauge
singoff_limit_addresses 1
# HELP singoff_limit_refusals_total What was refused to an address, by limit: joins, rooms, streams, calls.
# TYPE singoff_limit_refusals_total counter
singoff_limit_refusals_total{limit="calls"} 0
singoff_limit_refusals_total{limit="joins"} 0
singoff_limit_refusals_total{limit="rooms"} 2
singoff_limit_refusals_total{limit="streams"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*limit.Config){
		"joins per minute: -1":         func(c *limit.Config) { c.JoinsPerMinute = -1 },
		"rooms per hour: 1000001":      func(c *limit.Config) { c.RoomsPerHour = 1_000_001 },
		"streams per address: -1":      func(c *limit.Config) { c.Streams = -1 },
		"calls per second: -1":         func(c *limit.Config) { c.CallsPerSecond = -1 },
		"addresses: 0 is not within":   func(c *limit.Config) { c.Addresses = 0 },
		"Config.Registerer is missing": func(c *limit.Config) { c.Registerer = nil },
	} {
		cfg := limit.DefaultConfig()
		cfg.Registerer = prometheus.NewPedanticRegistry()
		change(&cfg)
		if _, err := limit.New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want it to contain %q", err, name)
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	l, _ := limiter(b, func(c *limit.Config) { c.JoinsPerMinute = 1_000_000 })
	addrs := make([]string, 1000)
	for i := range addrs {
		addrs[i] = fmt.Sprintf("203.0.%d.%d:5000", i/256, i%256)
	}
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			l.Join(addrs[i%len(addrs)])
		}
	})
	full, _ := limiter(b, func(c *limit.Config) { c.Addresses = 100 })
	b.Run("flood", func(b *testing.B) {
		flood := make([]string, 1<<16)
		for i := range flood {
			flood[i] = fmt.Sprintf("[2001:db8:%x:%x::1]:5000", i/256, i%256)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			full.Join(flood[i%len(flood)])
		}
	})
}
