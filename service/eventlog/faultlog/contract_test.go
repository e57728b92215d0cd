package faultlog_test

import (
	"context"
	"errors"
	"hash/fnv"
	"testing"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/eventlogtest"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, config faultlog.Config) *faultlog.Log {
	t.Helper()
	memory, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatalf("memlog.New: %v", err)
	}
	config.Log = memory
	log, err := faultlog.New(config)
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
			Log:    open(t, faultlog.Config{}),
			Reopen: func(t *testing.T) eventlog.Log { return open(t, faultlog.Config{}) },
		}
	})
}

// patient tries an append again while its outcome is unknown, as a room does.
type patient struct{ eventlog.Log }

func (p patient) Append(ctx context.Context, room eventlog.Key, after eventlog.Position, entry eventlog.Entry) (eventlog.Position, error) {
	for {
		at, err := p.Log.Append(ctx, room, after, entry)
		if !errors.Is(err, eventlog.ErrUnknown) || ctx.Err() != nil {
			return at, err
		}
	}
}

// With every kind of unknown outcome, whoever tries again sees the same log as ever: that is what the contract promises a room.
func TestContractForThePatient(t *testing.T) {
	t.Parallel()
	chances := faultlog.Chances{UnknownKept: 0.2, UnknownLost: 0.2, UnknownLate: 0.2, Deliver: 0.5}
	eventlogtest.Run(t, func(t *testing.T) eventlogtest.Store {
		seed := fnv.New64()
		_, _ = seed.Write([]byte(t.Name()))
		config := faultlog.Config{Seed: seed.Sum64(), Chances: chances}
		return eventlogtest.Store{
			Log:    patient{open(t, config)},
			Reopen: func(t *testing.T) eventlog.Log { return patient{open(t, config)} },
		}
	})
}
