package room

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// greeting is a Welcome whose recovery is still to be found, and the events that a resumed client may have missed.
type greeting struct {
	welcome *singoffv1.Welcome
	// after and upTo bound the missed events: after < seq <= upTo.
	after, upTo uint64
	// missed are they, if the ring held them all; else they are read from the log.
	missed []engine.Item
	inRing bool
}

// errTooFar ends the reading of missed events that are too many bytes.
var errTooFar = errors.New("room: too far behind")

// recovery compares like raft: the log must hold last_seq under that epoch. nil: the events since then are to be found.
func recovery(s *rules.State, resume *singoffv1.Resume) *singoffv1.Recovery {
	snapshot := func(cause singoffv1.Recovery_Cause) *singoffv1.Recovery {
		return &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_SNAPSHOT, Cause: cause}
	}
	if resume == nil || resume.Epoch == 0 {
		return &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_NEW}
	}
	epoch, known := s.EpochAt(resume.LastSeq)
	switch {
	case !known || epoch != resume.Epoch:
		return snapshot(singoffv1.Recovery_CAUSE_LOG_LOST)
	case s.Seq()-resume.LastSeq > MaxReplayEvents:
		return snapshot(singoffv1.Recovery_CAUSE_TOO_FAR_BEHIND)
	}
	return nil
}

// welcome makes the answer to a Hello from the room as it is now.
func (r *room) welcome(c *Conn, w engine.Welcome, s *rules.State) *greeting {
	self, since := s.Self(w.MemberID)
	last, _ := s.LastNumber(w.User, w.Instance)
	g := &greeting{upTo: s.Seq(), welcome: &singoffv1.Welcome{
		Self: self, GuestKey: c.about.GuestKey, Instance: c.about.Instance, InstanceKnown: w.InstanceKnown, LastNumber: last,
		MemberSince: since, Epoch: s.Epoch(), SnapshotSeq: s.Seq(), Room: s.Room(w.MemberID), Limits: r.manager.limits,
		ConnectionId: c.secret[:], RecentChat: s.RecentChat(w.User), ServerTime: timestamppb.New(r.now()),
		Recovery: recovery(s, c.about.Resume),
	}}
	if g.welcome.Recovery == nil {
		g.after = c.about.Resume.LastSeq
	}
	return g
}

// greet sends the Welcome and, on RESUMED, the missed events. A Goaway: they can't be read at the moment.
func (c *Conn) greet(g *greeting, send func([][]byte) error) (*singoffv1.Goaway, error) {
	var missed []engine.Item
	if g.welcome.Recovery == nil {
		var err error
		missed, err = c.missed(g)
		switch {
		case errors.Is(err, eventlog.ErrTrimmed):
			g.welcome.Recovery = &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_SNAPSHOT, Cause: singoffv1.Recovery_CAUSE_TRIMMED}
		case errors.Is(err, errTooFar):
			g.welcome.Recovery = &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_SNAPSHOT, Cause: singoffv1.Recovery_CAUSE_TOO_FAR_BEHIND}
		case err != nil:
			c.room.logger.Error().Err(err).Msg("the log can't be read for a resume")
			return engine.LogUnreachable(), nil
		default:
			g.welcome.Recovery = &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_RESUMED, Events: uint32(len(missed))}
		}
	}
	response, _ := engine.Response(&singoffv1.Event{Time: g.welcome.ServerTime, MemberId: g.welcome.Self.GetMemberId(), Body: &singoffv1.Event_Welcome{Welcome: g.welcome}})
	if err := send([][]byte{response}); err != nil {
		return nil, err
	}
	c.room.manager.metrics.recovered(g.welcome.Recovery)
	c.room.logger.Debug().Str("member_id", g.welcome.Self.GetMemberId()).Str("client", c.about.Client).Str("remote", c.about.RemoteAddr).
		Stringer("recovery", g.welcome.Recovery.Kind).Msg("joined")
	return nil, c.sendMissed(missed, send)
}

// greeted notes that the Welcome was sent, or ends the connection whose missed events can't be read.
func (r *room) greeted(c *Conn, refused *singoffv1.Goaway) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused != nil {
		r.expelLocked(c, refused, singoffv1.Presence_REASON_CONNECTION_LOST)
		return
	}
	c.greeted = true
}

func (c *Conn) sendMissed(missed []engine.Item, send func([][]byte) error) error {
	var parts [][]byte
	size := 0
	for i := range missed {
		response := c.copyFor(&missed[i])
		if size > 0 && size+len(response) > MaxFrameBytes {
			if err := send(parts); err != nil {
				return err
			}
			parts, size = parts[:0], 0
		}
		parts = append(parts, response)
		size += len(response)
	}
	if len(parts) == 0 {
		return nil
	}
	return send(parts)
}

// missed finds the events that this user may see and has missed, in the ring or else in the log. It may wait for the log.
func (c *Conn) missed(g *greeting) ([]engine.Item, error) {
	seen := &sight{user: c.user}
	if !g.inRing {
		err := c.read(g, seen)
		return seen.items, err
	}
	for _, it := range g.missed {
		if err := seen.add(it); err != nil {
			return nil, err
		}
	}
	return seen.items, nil
}

// sight gathers what a user may see, up to a bound.
type sight struct {
	user  rules.User
	items []engine.Item
	bytes int
}

func (s *sight) add(it engine.Item) error {
	if !rules.Visible(it.Audience, s.user) {
		return nil
	}
	if s.bytes += len(it.Response); s.bytes > MaxReplayBytes {
		return errTooFar
	}
	s.items = append(s.items, it)
	return nil
}

// read finds them in the log.
func (c *Conn) read(g *greeting, seen *sight) error {
	ctx, cancel := context.WithTimeout(c.room.ctx, readTimeout)
	defer cancel()
	missing := g.upTo - g.after
	for stored, err := range c.room.manager.log.Read(ctx, c.room.key, g.after+1) {
		if err != nil {
			return err
		}
		items, err := engine.Items(stored.Data)
		if err != nil {
			return err
		}
		for _, it := range items {
			if it.Seq <= g.after || it.Seq > g.upTo {
				continue
			}
			missing--
			if err := seen.add(it); err != nil {
				return err
			}
		}
		if stored.LastSeq() >= g.upTo {
			break
		}
	}
	if missing != 0 {
		return eventlog.ErrTrimmed
	}
	return nil
}
