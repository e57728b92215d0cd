package rules_test

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// tell says what a batch came to, a line each.
func (s *script) tell(b *rules.Batch) []string {
	var out []string
	for _, rec := range b.Records {
		s.joined(rec)
		switch f := rec.Fact.(type) {
		case *rules.Attached:
			if rec.Event == nil {
				out = append(out, fmt.Sprintf("- %s is %s's connection now", s.conn(f.Connection), s.member(f.MemberID)))
			}
		case *rules.Removed:
			if rec.Event == nil {
				out = append(out, fmt.Sprintf("- %s is kept out until %v", s.userNames[f.User], time.UnixMilli(f.Until).Sub(start)))
			}
		}
		if rec.Event != nil {
			out = append(out, s.event(rec))
		}
	}
	for _, e := range b.Ended {
		line := fmt.Sprintf("ended %s after #%d", s.conn(e.Connection), e.Seq)
		if e.Goaway != nil {
			line += ": " + goodbye(e.Goaway)
		}
		out = append(out, line)
	}
	return out
}

// result says what the operator is told.
func (s *script) result(act rules.Act, r rules.ActResult) string {
	switch {
	case r.Err != nil:
		return r.Err.Error()
	case act.Kick != nil:
		return s.who(r.Member) + " is gone"
	case act.Close:
		return fmt.Sprintf("%d had to go", r.Members)
	}
	return "said"
}

// answered says what a command's connection alone is told.
func (s *script) answered(conn rules.Connection, a rules.Answer, records int) []string {
	switch {
	case a.Event != nil:
		return []string{fmt.Sprintf("told %s: number %d %s", s.conn(conn), a.Event.Number, s.body(a.Event))}
	case a.Relay != nil:
		return []string{fmt.Sprintf("told %s: %s: %s", s.conn(a.To), s.member(a.Relay.MemberId), s.body(a.Relay))}
	case a.Cheer != nil:
		return []string{fmt.Sprintf("counted: %d %s for %s", a.Cheer.Count, short(a.Cheer.Kind, "KIND_"), s.member(a.Cheer.SingerMemberId))}
	case records == 0:
		return []string{"no answer"}
	}
	return nil
}

// event is a record's event on a line: who did it, what, which command it answers, and who alone may see it.
func (s *script) event(r *rules.Record) string {
	line := fmt.Sprintf("#%d ", r.Event.Seq)
	if by := r.Event.MemberId; by != "" {
		line += s.member(by) + ": "
	}
	line += s.body(r.Event)
	if c := r.Command; c != nil {
		line += fmt.Sprintf(" (%s number %d)", s.instances[instanceKey{c.User, c.Instance}], c.Number)
	}
	if len(r.Audience) > 0 {
		var names []string
		for _, u := range r.Audience {
			names = append(names, s.userNames[u])
		}
		line += " [seen by " + strings.Join(names, ", ") + " alone]"
	}
	return line
}

func (s *script) body(e *singoffv1.Event) string {
	switch b := e.Body.(type) {
	case *singoffv1.Event_Presence:
		return s.presence(b.Presence)
	case *singoffv1.Event_Ack:
		if b.Ack.Repeated {
			return "ack, repeated"
		}
		return "ack"
	case *singoffv1.Event_Rejected:
		return rejection(b.Rejected)
	case *singoffv1.Event_ChatMessage:
		return s.chat(b.ChatMessage)
	case *singoffv1.Event_Vote:
		return fmt.Sprintf("vote %s for %s, now %s", short(b.Vote.Choice, "CHOICE_"), s.member(b.Vote.SingerMemberId), count(b.Vote.Tally))
	case *singoffv1.Event_MusicSelected:
		return "pick " + song(b.MusicSelected.Track)
	case *singoffv1.Event_Playback:
		return short(b.Playback.Action, "ACTION_") + ", " + s.now(b.Playback.Now)
	case *singoffv1.Event_Moderation:
		return s.act(b.Moderation)
	case *singoffv1.Event_Signal:
		return short(b.Signal.Kind, "KIND_") + " signal for " + s.member(b.Signal.ToMemberId) + ": " + b.Signal.Payload
	case *singoffv1.Event_RoomOpened:
		return "OPENED, everybody is away, held until " + since(b.RoomOpened.HeldUntil)
	case *singoffv1.Event_RoomClosed:
		return "CLOSED"
	case *singoffv1.Event_Announcement:
		return fmt.Sprintf("announcement %q", b.Announcement.Text)
	}
	return fmt.Sprint(e)
}

func (s *script) presence(p *singoffv1.Presence) string {
	line := short(p.Change, "CHANGE_") + " " + s.who(p.Member)
	if p.Reason != 0 {
		line += ", " + short(p.Reason, "REASON_")
	}
	if p.RoomTitle != "" {
		line += fmt.Sprintf(", makes %q", p.RoomTitle)
	}
	c := p.Counts
	return line + fmt.Sprintf(" {%d singers, %d watchers, %d observers, %d away}", c.Singers, c.Watchers, c.Observers, c.Away)
}

// who is a member as everybody sees it.
func (s *script) who(m *singoffv1.Member) string {
	line := fmt.Sprintf("%s, %s", s.member(m.MemberId), short(m.Role, "ROLE_"))
	if m.Seat != 0 {
		line += fmt.Sprintf(" %d %q", m.Seat, m.Nickname)
	}
	if m.SignedIn {
		line += " signed in"
	}
	if m.Away {
		line += " away, held until " + since(m.HeldUntil)
	}
	if m.Hidden {
		line += " hidden"
	}
	if m.Pick != nil {
		line += " with " + song(m.Pick)
	}
	return line
}

func rejection(r *singoffv1.Rejected) string {
	line := "rejected " + short(r.Reason, "REASON_")
	if r.Field != "" {
		line += " " + r.Field
	}
	if r.Cause != 0 {
		line += fmt.Sprintf(" %s, next number %d", short(r.Cause, "CAUSE_"), r.NextNumber)
	}
	return line + ": " + r.Message
}

func (s *script) chat(c *singoffv1.ChatMessage) string {
	line := fmt.Sprintf("%q", c.Text)
	if c.ToMemberId != "" {
		line += fmt.Sprintf(" to %s, called %q,", s.member(c.ToMemberId), c.ToNickname)
	}
	return line + fmt.Sprintf(" as %q", c.Nickname)
}

func (s *script) now(p *singoffv1.NowPlaying) string {
	line := fmt.Sprintf("%s of %s %s at %v", song(p.Track), s.member(p.SingerMemberId), short(p.State, "STATE_"), span(p.Position))
	if p.StartsAt != nil {
		line += ", starts at " + since(p.StartsAt)
	}
	return line
}

func (s *script) act(m *singoffv1.Moderation) string {
	line := short(m.Action, "ACTION_")
	if m.MemberId != "" {
		line += fmt.Sprintf(" %s %q", s.member(m.MemberId), m.Nickname)
	}
	if m.Until != nil {
		line += " until " + since(m.Until)
	}
	return line
}

func (s *script) view(v *singoffv1.RoomState) []string {
	out := []string{fmt.Sprintf("%q, %d singers, %d watchers, host %q, locked %v", v.Title, v.Seats.Singers, v.Seats.Watchers, s.member(v.HostMemberId), v.Locked)}
	for _, m := range v.Members {
		out = append(out, s.who(m))
	}
	for _, t := range v.Tallies {
		out = append(out, fmt.Sprintf("tally of %s: %s", s.member(t.SingerMemberId), count(t.Tally)))
	}
	for _, o := range v.OwnVotes {
		out = append(out, fmt.Sprintf("own vote for %s: up %v", s.member(o.SingerMemberId), o.Up))
	}
	if v.NowPlaying != nil {
		out = append(out, "song: "+s.now(v.NowPlaying))
	}
	for _, b := range v.Bans {
		out = append(out, fmt.Sprintf("kept out: %s %q until %s", s.member(b.MemberId), b.Nickname, since(b.Until)))
	}
	return out
}

func goodbye(g *singoffv1.Goaway) string {
	line := short(g.Reason, "REASON_")
	if g.Final {
		line += ", final"
	}
	if g.Field != "" {
		line += ", " + g.Field
	}
	if g.RetryAfter != nil {
		line += ", retry after " + g.RetryAfter.AsDuration().String()
	}
	return line + ": " + g.Message
}

func song(t *singoffv1.Track) string {
	switch {
	case t == nil:
		return "nothing"
	case t.Duration == nil:
		return t.TrackId
	}
	return fmt.Sprintf("%s (%v)", t.TrackId, t.Duration.AsDuration())
}

// count is a tally: ups and downs of signed-in users and of guests.
func count(t *singoffv1.Tally) string {
	return fmt.Sprintf("up %d+%d down %d+%d", t.GetUpSignedIn(), t.GetUpGuests(), t.GetDownSignedIn(), t.GetDownGuests())
}

func short(e fmt.Stringer, prefix string) string { return strings.TrimPrefix(e.String(), prefix) }

func span(d *durationpb.Duration) time.Duration { return d.AsDuration() }

// since is a time by the script's clock, which begins at 0s.
func since(t *timestamppb.Timestamp) string {
	if t == nil {
		return "the room closes"
	}
	return t.AsTime().Sub(start).String()
}
