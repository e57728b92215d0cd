package socket

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of this package; every label has few values.
type metrics struct {
	open    prometheus.Gauge
	ended   *prometheus.CounterVec
	refused *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "singoff_socket_open",
			Help: "Websockets that are open.",
		}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_socket_ended_total",
			Help: "Websockets that have ended: served (with a status), closed (by a close frame), broken, silent (no answer to a ping), " +
				"stuck (took nothing), violation (of the protocol), headers (none in time), shutdown, internal.",
		}, []string{"reason"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "singoff_socket_refused_total",
			Help: "Handshakes that were refused: origin, handshake (malformed), shutdown.",
		}, []string{"reason"}),
	}
	r.MustRegister(m.open, m.ended, m.refused)
	return m
}

// reasons is the one table from what a socket has ended with to the metrics' label.
var reasons = []struct {
	cause  error
	reason string
}{
	{errServed, "served"},
	{errHungUp, "broken"},
	{errSilent, "silent"},
	{errStuck, "stuck"},
	{errHeaders, "headers"},
	{errShutdown, "shutdown"},
	{errInternal, "internal"},
}

// reasonOf names the end of a socket.
func reasonOf(ctx context.Context) string {
	cause := context.Cause(ctx)
	for _, row := range reasons {
		if errors.Is(cause, row.cause) {
			return row.reason
		}
	}
	if _, ok := errors.AsType[closed](cause); ok {
		return "closed"
	}
	if _, ok := errors.AsType[violation](cause); ok {
		return "violation"
	}
	return "broken"
}
