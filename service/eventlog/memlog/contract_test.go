package memlog_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/eventlogtest"
	"github.com/singoff/singoff/service/eventlog/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, config memlog.Config) *memlog.Log {
	t.Helper()
	log, err := memlog.New(config)
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
	eventlogtest.Run(t, func(t *testing.T) eventlogtest.Store {
		return eventlogtest.Store{
			Log:    open(t, memlog.Config{}),
			Reopen: func(t *testing.T) eventlog.Log { return open(t, memlog.Config{}) },
		}
	})
}
