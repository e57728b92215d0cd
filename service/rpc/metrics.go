package rpc

import "github.com/prometheus/client_golang/prometheus"

// metrics of this package; every label has few values.
type metrics struct {
	connections prometheus.Gauge
	hellos      *prometheus.CounterVec
	commands    *prometheus.CounterVec
	streams     *prometheus.CounterVec
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
	}
	r.MustRegister(m.connections, m.hellos, m.commands, m.streams)
	return m
}
