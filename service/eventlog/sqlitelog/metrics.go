package sqlitelog

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a log.
type metrics struct {
	commits prometheus.Histogram
	batch   prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, l *Log) *metrics {
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	x := &metrics{
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "singoff_sqlitelog_commit_seconds", Help: "Time of one transaction, the wait for the disk included.", Buckets: prometheus.ExponentialBuckets(0.00005, 4, 10),
		}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "singoff_sqlitelog_batch_requests", Help: "Appends, snapshots and trims that share a transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
	}
	reg.MustRegister(x.commits, x.batch,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_sqlitelog_free_bytes", Help: "Left on the file system before appends are refused."},
			func() float64 { return float64(l.Limits().FreeBytes) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_sqlitelog_troubled", Help: "1 while nothing can be kept, else 0."},
			func() float64 { return flag(l.Trouble() != nil) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_sqlitelog_rooms_set_aside", Help: "Rooms whose bytes the disk has changed."},
			func() float64 { return float64(len(l.SetAside())) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "singoff_sqlitelog_survives_power", Help: "1 if what was answered survives a machine that loses power, 0 with sync off."},
			func() float64 { return flag(l.cfg.Sync == SyncFull) }),
	)
	return x
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func (x *metrics) committed(took time.Duration, requests int) {
	x.commits.Observe(took.Seconds())
	x.batch.Observe(float64(requests))
}
