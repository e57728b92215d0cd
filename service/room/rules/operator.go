package rules

import (
	"errors"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// What an act of the operator comes to when it changes nothing.
var (
	// ErrNoSuchMember: nobody in the room has that id.
	ErrNoSuchMember = errors.New("rules: nobody in the room has that id")
	// ErrNobodyThere: the room isn't made, or nobody is in it.
	ErrNobodyThere = errors.New("rules: nobody is in the room")
	// ErrManyBans: the room keeps MaxBans users out already.
	ErrManyBans = errors.New("rules: the room keeps as many users out as it can")
)

// Bounds of the operator's acts; the receiver holds to them.
const (
	MaxKeepOut      = 24 * time.Hour
	MaxAnnouncement = 2000 // characters
)

// Act is what the operator wants. Exactly one of its fields is set.
type Act struct {
	// Kick removes a member's user.
	Kick *Kick
	// Close ends the room: all members have LEFT.
	Close bool
	// Announce says something to all who are there.
	Announce string
}

// Kick removes the user of a member, with all their members, whatever they are. It ends by itself; the host can't undo it.
type Kick struct {
	MemberID string
	// KeepOut is for how long the user is kept out, through closings of the room too; 0: not at all.
	KeepOut time.Duration
}

// ActResult is what an act came to.
type ActResult struct {
	// Member is who was kicked, as they were.
	Member *singoffv1.Member
	// Members is how many had to go when the room was closed.
	Members int
	// Err is why nothing was done; nil: it was.
	Err error
}

// Act decides an act of the operator.
func (b *Batch) Act(a Act) ActResult {
	switch {
	case a.Kick != nil:
		return b.remove(a.Kick)
	case a.Close:
		return b.closeRoom()
	}
	if len(b.state.members) == 0 {
		return ActResult{Err: ErrNobodyThere}
	}
	b.say(nil, &singoffv1.Event{Body: &singoffv1.Event_Announcement{Announcement: &singoffv1.Announcement{Text: a.Announce}}})
	return ActResult{}
}

func (b *Batch) remove(k *Kick) ActResult {
	to := b.state.byID[k.MemberID]
	switch {
	case to == nil:
		return ActResult{Err: ErrNoSuchMember}
	case k.KeepOut > 0 && b.bansBeside(to.user, true) >= MaxBans:
		return ActResult{Err: ErrManyBans}
	}
	was, until := to.view(), b.now+k.KeepOut.Milliseconds()
	bye := goaway(singoffv1.Goaway_REASON_ADMIN, "", "the operator has sent you out")
	if k.KeepOut > 0 {
		bye = b.keptOut(&ban{until: until, operator: true})
	}
	b.leaveAll(to.user, singoffv1.Presence_REASON_ADMIN, bye)
	if k.KeepOut > 0 {
		b.emit(&Record{Fact: &Removed{User: to.user, MemberID: to.id, Until: until}})
	}
	b.settle()
	return ActResult{Member: was}
}

// closeRoom closes first, so that all who must go see it: each gets what happens up to their own LEFT.
func (b *Batch) closeRoom() ActResult {
	there := append([]*member(nil), b.state.members...)
	if !b.state.made && len(there) == 0 {
		return ActResult{Err: ErrNobodyThere}
	}
	b.emit(&Record{Event: &singoffv1.Event{Body: &singoffv1.Event_RoomClosed{RoomClosed: &singoffv1.RoomClosed{}}}})
	for _, m := range there {
		b.leave(m, singoffv1.Presence_REASON_ADMIN, goaway(singoffv1.Goaway_REASON_ADMIN, "", "the operator has closed the room"))
	}
	return ActResult{Members: len(there)}
}
