package rpc

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// mostSkew bounds what a client's word adds to the sum of all: beyond it somebody isn't out of time but elsewhere.
const mostSkew = time.Minute

// metrics of this package; every label has few values.
type metrics struct {
	connections prometheus.Gauge
	hellos      *prometheus.CounterVec
	commands    *prometheus.CounterVec
	streams     *prometheus.CounterVec
	skew        prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "singoff_rpc_connections",
			Help: "Join streams that are open.",
		}),
		hellos: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_rpc_hellos_total",
			Help: "First messages by result: taken (handed to the room), or the reason of the Goaway that refused them here.",
		}, []string{"result"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_rpc_commands_total",
			Help: "Commands received, by kind and result: taken (handed to the room), or malformed (handed to it as refused).",
		}, []string{"kind", "result"}),
		streams: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_rpc_streams_total",
			Help: "Join streams that have ended, by the reason of their Goaway, or lost, stuck, internal.",
		}, []string{"reason"}),
		skew: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "singoff_rpc_skew_seconds",
			Help:    "How far what clients let people hear is ahead of the song (below 0: behind it), as they tell with their Pings.",
			Buckets: []float64{-1, -0.3, -0.1, -0.05, -0.02, -0.01, -0.005, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1},
		}),
	}
	r.MustRegister(m.connections, m.hellos, m.commands, m.streams, m.skew)
	return m
}

// heard takes in what a Ping tells of the song that its client plays, if it plays one.
func (m *metrics) heard(ping *singoffv1.Ping) {
	if skew := ping.GetSkew(); skew != nil && skew.CheckValid() == nil {
		m.skew.Observe(min(max(skew.AsDuration(), -mostSkew), mostSkew).Seconds())
	}
}
