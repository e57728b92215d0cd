package room_test

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

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
