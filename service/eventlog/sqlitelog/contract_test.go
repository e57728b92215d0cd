package sqlitelog_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/eventlogtest"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, cfg sqlitelog.Config) *sqlitelog.Log {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	log, err := sqlitelog.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return log
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, sync := range []sqlitelog.Sync{sqlitelog.SyncFull, sqlitelog.SyncOff} {
		t.Run(string(sync), func(t *testing.T) {
			t.Parallel()
			eventlogtest.Run(t, func(t *testing.T) eventlogtest.Store {
				cfg := sqlitelog.Config{Dir: t.TempDir(), Sync: sync}
				return eventlogtest.Store{Log: open(t, cfg), Reopen: func(t *testing.T) eventlog.Log { return open(t, cfg) }}
			})
		})
	}
}
