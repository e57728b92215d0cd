package rules

import (
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// due is something that happens by itself: by time, then gone before ended before closed, then by member.
type due struct {
	at     int64
	kind   dueKind
	member *member // gone
}

type dueKind int

const (
	dueGone   dueKind = iota // a member has been away for too long
	dueEnded                 // the song is at its end
	dueClosed                // the room has been empty for long
)

// next is what happens first by itself, if anything does.
func (s *State) next(cfg *Config) (first due, any bool) {
	take := func(d due) {
		if !any || d.at < first.at || d.at == first.at && d.kind < first.kind {
			first, any = d, true
		}
	}
	if m := s.awayest; m != nil {
		take(due{m.awaySince + cfg.AwayLimit.Milliseconds(), dueGone, m})
	}
	if p := s.playing; p != nil {
		if at, ends := endOf(p); ends {
			take(due{at, dueEnded, nil})
		}
	}
	if s.emptySince != 0 {
		take(due{s.emptySince + cfg.EmptyLimit.Milliseconds(), dueClosed, nil})
	}
	return first, any
}

// Due is when something happens next by itself: a member has been away for too long, the song ends, the empty room closes.
func (s *State) Due(cfg *Config) (time.Time, bool) {
	d, any := s.next(cfg)
	return time.UnixMilli(d.at).UTC(), any
}

// Tick decides everything due by the batch's time. It comes before the commands of the batch.
func (b *Batch) Tick() {
	for {
		d, any := b.state.next(b.cfg)
		if !any || d.at > b.now {
			return
		}
		switch d.kind {
		case dueGone:
			b.leave(d.member, singoffv1.Presence_REASON_AWAY_TOO_LONG, nil)
		case dueEnded:
			p := b.state.playing
			b.playback(nil, singoffv1.Playback_ACTION_ENDED, stopped(p, positionAt(p, d.at)))
		case dueClosed:
			b.emit(&Record{Event: &singoffv1.Event{Body: &singoffv1.Event_RoomClosed{RoomClosed: &singoffv1.RoomClosed{}}}})
		}
		b.settle()
	}
}
