package room

import (
	"context"
	"errors"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
)

// open rebuilds the room from its log and keeps its RoomOpened, which makes it this node's.
func (r *room) open() error {
	for try := 1; ; try++ {
		err := r.tryOpen()
		if err == nil || !errors.Is(err, eventlog.ErrConflict) || try == maxOpenTries {
			return err
		}
	}
}

func (r *room) tryOpen() error {
	ctx, cancel := context.WithTimeout(r.ctx, openPatience)
	defer cancel()
	head, err := r.manager.log.Open(ctx, r.key)
	if err != nil {
		return err
	}
	state, err := engine.Load(r.key, head)
	if err != nil {
		return err
	}
	r.catchUp(state.Time())
	r.engine = engine.New(r.manager.cfg.Rules, state, head.Position, newBatchID)
	res := r.tryAppend(ctx, r.engine.Open(r.now(), newEpoch()))
	if res.err != nil {
		return res.err
	}
	if err := r.remember(head.Entries); err != nil {
		return err
	}
	r.publish(r.engine.Kept(r.now(), res.at))
	r.sinceSnap = len(head.Entries) + 1
	r.manager.unopened.opened(r.key)
	r.logger.Info().Uint64("seq", state.Seq()).Msg("room opened")
	return nil
}

// remember puts what was read to open the room into its ring: after a restart everybody comes back at once, and would each read it once more.
func (r *room) remember(entries []eventlog.Stored) error {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.conns) == 0 {
		return nil
	}
	for _, stored := range entries {
		items, err := engine.Items(stored.Data)
		if err != nil {
			return err
		}
		for _, it := range items {
			r.ring.push(it, now)
		}
	}
	return nil
}

func (r *room) failOpen(err error) {
	if r.ctx.Err() != nil {
		r.close(nil)
		return
	}
	r.logger.Error().Err(err).Msg("room can't be opened")
	r.manager.unopened.failed(r.key, err, r.manager.cfg.Clock.Now())
	r.close(engine.LogUnreachable())
}
