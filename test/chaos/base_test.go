package chaos

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"
)

// base is what this process and its server hold when nobody is there.
type base struct {
	goroutines, files int
}

// open are the gauges of a server that must be 0 when everybody has gone.
var open = []string{"singoff_rpc_connections", "singoff_socket_open"}

// measure waits until nobody is there any more and nothing changes, and counts.
func (p *party) measure() (now base) {
	p.t.Helper()
	p.until("connections to end", func() string {
		gauges := p.gauges()
		for _, name := range open {
			if n, ok := gauges[name]; !ok || n != 0 {
				return fmt.Sprintf("%s is %v", name, n)
			}
		}
		return ""
	})
	same := 0
	p.until("nothing to change", func() string {
		before := now
		if now = count(p.t); now != before {
			same = 0
		}
		if same++; same < 10 {
			return fmt.Sprintf("it is %+v", now)
		}
		return ""
	})
	return now
}

// wantBack waits until no more is held than there was, but for the rooms, which stay loaded for a while: a goroutine each.
func (p *party) wantBack(before base) {
	p.t.Helper()
	before.goroutines += rooms
	p.until("goroutines and files to end", func() string {
		now := count(p.t)
		if now.goroutines <= before.goroutines && now.files <= before.files {
			return ""
		}
		return fmt.Sprintf("got %+v, want at most %+v", now, before)
	})
	p.t.Logf("%+v at the end, %+v at most were expected", p.measure(), before)
}

// until asks again and again until nothing is left to wait for.
func (p *party) until(what string, left func() string) {
	p.t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		rest := left()
		if rest == "" {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			p.t.Fatalf("waited %v for %s: %s", patience, what, rest)
		}
	}
}

// gauges asks the server, over a connection that is gone afterwards.
func (p *party) gauges() map[string]float64 {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, "http://"+p.addrs.HTTP+"/metrics", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	found := map[string]float64{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			found[name] = n
		}
	}
	return found
}

// count counts what the process has.
func count(t *testing.T) base {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	return base{goroutines: runtime.NumGoroutine(), files: len(files)}
}
