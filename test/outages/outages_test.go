// Package outages holds battles on the real server while everybody's network goes away for two seconds every quarter of a minute. By that
// profile it is known what other ways to keep people in touch deliver.
package outages

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/clients/cli/simulate"
	"github.com/singoff/singoff/test/stage"
)

// programs is the folder with the server, built once.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = stage.Build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		os.RemoveAll(programs)
		os.Exit(code)
	}))
}

// TestOutages: nothing is lost, repeated or reordered, whatever it takes. With SINGOFF_OUTAGES=SECONDS a thousand people in 125 rooms are cut off every
// 15 s for 2 s each, for so long; without it, some dozens for a moment. How long things take is told, and decides nothing.
func TestOutages(t *testing.T) {
	t.Parallel()
	rooms, rate, offline, every, duration := 4, 5.0, 300*time.Millisecond, 2*time.Second, 5*time.Second
	if seconds, err := strconv.Atoi(os.Getenv("SINGOFF_OUTAGES")); err == nil {
		rooms, rate, offline, every, duration = 125, 1, 2*time.Second, 15*time.Second, time.Duration(seconds)*time.Second
	}
	const members = 8
	server := &stage.Process{T: t, Programs: programs, Dir: t.TempDir()}
	server.Start()
	defer server.End(syscall.SIGTERM)
	report, err := simulate.Run(t.Context(), simulate.Config{
		Target: server.Addrs.GRPC, URL: "http://" + server.Addrs.HTTP, Ways: stage.Ways, Rooms: rooms, Members: members,
		Rate: rate * float64(rooms), Drops: float64(rooms*members) * time.Minute.Seconds() / every.Seconds(), Offline: offline, Duration: duration,
		Seed: uint64(time.Now().UnixNano()) >> 12, Settle: 3 * time.Minute,
		Progress: func(p simulate.Progress) {
			if s := int(p.Elapsed.Seconds()); s%10 == 0 {
				t.Logf("%d s: %+v", s, p)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	if !report.Good() || report.Delivered() != 1 {
		t.Error("want everything delivered, once, in order")
	}
	if report.CaughtUp.Count == 0 || report.Deliveries == 0 {
		t.Errorf("got %d catchings up and %d deliveries, want some", report.CaughtUp.Count, report.Deliveries)
	}
}
