package room_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// faulty is a log whose faults a test sets, for all appends to come.
type faulty struct {
	*faultlog.Log
	below eventlog.Log // without faults
	tries atomic.Int64 // appends that were answered
}

func newLog(t testing.TB, below eventlog.Log) *faulty {
	t.Helper()
	l := &faulty{below: below}
	log, err := faultlog.New(faultlog.Config{Log: below, Observe: func(faultlog.Attempt) { l.tries.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	l.Log = log
	return l
}

// unreadable is a fault of everything but appends: opening and reading fail.
const unreadable faultlog.Fault = -1

func (l *faulty) set(fault faultlog.Fault) {
	var err error
	if fault == unreadable {
		fault, err = faultlog.None, errors.New("the network is down")
	}
	l.Always(fault)
	l.Fail(faultlog.Open, err)
	l.Fail(faultlog.Read, err)
}

// another opens the room as another node does, behind this one's back.
func (l *faulty) another(t testing.TB, key eventlog.Key) {
	t.Helper()
	head, err := l.below.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := openElsewhere(l.below, key, head); err != nil {
		t.Fatal(err)
	}
}

// openElsewhere appends another node's RoomOpened.
func openElsewhere(log eventlog.Log, key eventlog.Key, head eventlog.Head) error {
	state, err := engine.Load(key, head)
	if err != nil {
		return err
	}
	e := engine.New(rules.DefaultConfig(), state, head.Position, func() (id eventlog.BatchID) {
		rand.Read(id[:])
		return id
	})
	app := e.Open(time.Now(), 4711)
	_, err = log.Append(context.Background(), key, app.After, app.Entry)
	return err
}
