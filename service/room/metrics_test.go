package room_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	inHouse(t, func(t *testing.T, h *house) {
		minah := h.guest("민아", singer)
		a, b := minah.enter(), h.guest("June", singer).enter()
		a.says("one") // two deliveries, beside June's JOINED
		h.log.set(faultlog.Refused)
		a.says("two")
		h.log.set(faultlog.UnknownLost)
		b.says("three")
		want(t, registry, `
# HELP singoff_room_connections Open connections.
# TYPE singoff_room_connections gauge
singoff_room_connections 2
# HELP singoff_room_refusing Rooms whose log refuses appends or doesn't answer.
# TYPE singoff_room_refusing gauge
singoff_room_refusing 1
# HELP singoff_room_rooms Rooms loaded.
# TYPE singoff_room_rooms gauge
singoff_room_rooms 1
`, "singoff_room_connections", "singoff_room_refusing", "singoff_room_rooms")
		h.log.set(faultlog.None)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		c := minah.back(a)
		minah.number = 1 // "two" was not taken
		c.does(&singoffv1.Leave{})
		wantEvents(t, "who stays", b.live(), "one", "1:three", "민아 left", "June host")
		want(t, registry, `
# HELP singoff_room_deliveries_total Events handed to connections, beside Welcomes and what they are followed by.
# TYPE singoff_room_deliveries_total counter
singoff_room_deliveries_total 9
# HELP singoff_room_events_total Events told to rooms, each counted once.
# TYPE singoff_room_events_total counter
singoff_room_events_total 8
# HELP singoff_room_goaways_total Connections ended with a Goaway, by reason.
# TYPE singoff_room_goaways_total counter
singoff_room_goaways_total{reason="left"} 1
singoff_room_goaways_total{reason="superseded"} 1
# HELP singoff_room_recoveries_total Welcomes by how the stream was recovered, and why.
# TYPE singoff_room_recoveries_total counter
singoff_room_recoveries_total{cause="none",kind="new"} 2
singoff_room_recoveries_total{cause="none",kind="resumed"} 1
# HELP singoff_room_refusing Rooms whose log refuses appends or doesn't answer.
# TYPE singoff_room_refusing gauge
singoff_room_refusing 0
# HELP singoff_room_slow_consumers_total Connections ended because they took their events too slowly.
# TYPE singoff_room_slow_consumers_total counter
singoff_room_slow_consumers_total 0
`, "singoff_room_deliveries_total", "singoff_room_events_total", "singoff_room_goaways_total", "singoff_room_recoveries_total",
			"singoff_room_refusing", "singoff_room_slow_consumers_total")
		for _, name := range []string{"singoff_room_append_seconds", "singoff_room_ring_lag_seconds", "singoff_room_frames_total"} {
			if n, err := testutil.GatherAndCount(registry, name); err != nil || n == 0 {
				t.Errorf("%s: got %d series, %v", name, n, err)
			}
		}
		if n, _ := testutil.GatherAndCount(registry, "singoff_room_append_seconds"); n != 3 {
			t.Errorf("got %d results of appends, want kept, refused and unknown", n)
		}
		if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) != 0 {
			t.Errorf("got %v, %v, want no problem with a name", problems, err)
		}
	}, func(c *room.Config) { c.Registerer = registry })
}

func want(t *testing.T, registry *prometheus.Registry, text string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(registry, strings.NewReader(text), names...); err != nil {
		t.Error(err)
	}
}
