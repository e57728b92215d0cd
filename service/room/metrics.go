package room

import (
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
)

// metrics of the rooms of a manager.
type metrics struct {
	appends    *prometheus.HistogramVec // by result
	deliveries prometheus.Counter
	frames     prometheus.Counter
	lag        prometheus.Histogram
	events     prometheus.Counter
	slowed     prometheus.Counter
	recoveries *prometheus.CounterVec // by kind and cause
	ended      *prometheus.CounterVec // by reason
}

func newMetrics(reg prometheus.Registerer, m *Manager) *metrics {
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	seconds := prometheus.ExponentialBuckets(0.00001, 4, 12) // 10 µs to 42 s
	x := &metrics{
		appends: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "singoff_room_append_seconds", Help: "Time of one try to append a batch to the log, by result.", Buckets: seconds,
		}, []string{"result"}),
		deliveries: prometheus.NewCounter(prometheus.CounterOpts{Name: "singoff_room_deliveries_total", Help: "Events handed to connections, beside Welcomes and what they are followed by."}),
		frames:     prometheus.NewCounter(prometheus.CounterOpts{Name: "singoff_room_frames_total", Help: "Frames handed to connections; a frame holds one or more events."}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "singoff_room_ring_lag_seconds", Help: "From an event being told to its room to a connection having taken the frame that holds it.", Buckets: seconds,
		}),
		events: prometheus.NewCounter(prometheus.CounterOpts{Name: "singoff_room_events_total", Help: "Events told to rooms, each counted once."}),
		slowed: prometheus.NewCounter(prometheus.CounterOpts{Name: "singoff_room_slow_consumers_total", Help: "Connections ended because they took their events too slowly."}),
		recoveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_room_recoveries_total", Help: "Welcomes by how the stream was recovered, and why.",
		}, []string{"kind", "cause"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_room_goaways_total", Help: "Connections ended with a Goaway, by reason.",
		}, []string{"reason"}),
	}
	reg.MustRegister(x.appends, x.deliveries, x.frames, x.lag, x.events, x.slowed, x.recoveries, x.ended,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_room_connections", Help: "Open connections."},
			func() float64 { return float64(m.connections.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_room_rooms", Help: "Rooms loaded."},
			func() float64 { m.mu.Lock(); defer m.mu.Unlock(); return float64(len(m.rooms)) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_room_refusing", Help: "Rooms whose log refuses appends or doesn't answer."},
			func() float64 { return float64(m.refusing.Load()) }),
	)
	return x
}

func (x *metrics) appended(took time.Duration, err error) {
	result := "kept"
	switch {
	case err == nil:
	case errors.Is(err, eventlog.ErrConflict):
		result = "conflict"
	case errors.Is(err, eventlog.ErrRefused):
		result = "refused"
	default:
		result = "unknown"
	}
	x.appends.WithLabelValues(result).Observe(took.Seconds())
}

func (x *metrics) goodbye(g *singoffv1.Goaway) {
	x.ended.WithLabelValues(label(g.GetReason().String(), "REASON_")).Inc()
}

func (x *metrics) sent(w work, now time.Time) {
	x.deliveries.Add(float64(len(w.parts)))
	x.frames.Inc()
	if !w.oldest.IsZero() {
		x.lag.Observe(now.Sub(w.oldest).Seconds())
	}
}

func (x *metrics) recovered(r *singoffv1.Recovery) {
	cause := "none"
	if r.Cause != singoffv1.Recovery_CAUSE_UNSPECIFIED {
		cause = label(r.Cause.String(), "CAUSE_")
	}
	x.recoveries.WithLabelValues(label(r.Kind.String(), "KIND_"), cause).Inc()
}

func label(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }
