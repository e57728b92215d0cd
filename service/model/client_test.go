package model

import (
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// client is one instance of a user: a program, a page load.
type client struct {
	w        *world
	name     string
	key      []byte
	user     rules.User
	s        *session.Session
	link     *link // the connection it believes in
	commands map[session.CommandID]*command
	killed   bool
	replaced bool // its user has started another program
	seen     *sight
	era      int // of the connection that it last heard of
}

// command is what the application asked for, and what it was told.
type command struct {
	text   string // unique for chat
	result *session.Result
	era    int // in which the result came
}

// connect starts a new attempt at a node.
func (c *client) connect(n *node) {
	req, err := c.s.Connect()
	c.collect()
	if err != nil {
		return
	}
	c.w.lastConn++
	h := req.GetHello()
	l := &link{
		id: c.w.lastConn, client: c, node: n, serverUp: true, user: c.user, instance: rules.InstanceOf(h.Instance),
		resume: h.Resume, takeOver: h.TakeOver, attempt: h.Attempt, up: []*singoffv1.JoinRequest{req},
		underWay: map[uint64]bool{},
	}
	n.links[l.id] = l
	c.w.links = append(c.w.links, l)
	c.link = l
}

// send puts what the session wants to send on the wire.
func (c *client) send() {
	for c.link != nil {
		req := c.s.Next()
		if req == nil {
			return
		}
		c.sent(req.Number)
		c.link.up = append(c.link.up, req)
		if len(c.link.up) > session.DefaultUnanswered+2 {
			c.w.fail("%s sends without end: %v", c.name, req)
			return
		}
	}
}

// sent notes a number under way. After one that wasn't taken, none may follow until all are answered.
func (c *client) sent(number uint64) {
	if c.link.drains && number != 0 {
		c.w.fail("%s sends number %d after one that wasn't taken, while %d have no answer", c.name, number, len(c.link.underWay))
	}
	if number != 0 {
		c.link.underWay[number] = true
	}
}

// answered notes the answer to a number.
func (l *link) answered(e *singoffv1.Event) {
	delete(l.underWay, e.Number)
	notTaken := e.GetRejected().GetReason() == singoffv1.Rejected_REASON_NOT_TAKEN
	l.drains = (l.drains || notTaken) && len(l.underWay) > 0
}

// lost is the client noticing that its connection is gone.
func (c *client) lost() {
	c.link = nil
	c.s.Lost()
	c.collect()
}

// receive takes the next event of the link; only that of its newest connection counts.
func (c *client) receive(l *link) {
	e := l.down[0]
	l.down = l.down[1:]
	if c.link != l || c.killed {
		return
	}
	l.answered(e)
	c.era = l.node.era
	class, err := c.s.Receive(e)
	if err != nil {
		c.w.fail("%s: %v: %v", c.name, err, e)
		return
	}
	c.w.reach(e)
	c.seen.take(class, e)
	c.collect()
	if c.s.Phase() == session.Parting || c.s.Phase() == session.Ended {
		c.lost()
	}
}

// collect keeps the results, each of which must be the only one.
func (c *client) collect() {
	for _, r := range c.s.TakeResults() {
		cmd := c.commands[r.ID]
		if cmd == nil || cmd.result != nil {
			c.w.fail("%s: a second result, or one of nothing: %v", c.name, r)
			continue
		}
		cmd.result, cmd.era = &r, c.era
		c.w.reached("result " + r.Outcome.String())
	}
}

// ask queues a random command.
func (c *client) ask() {
	req, text := c.invent()
	id, err := c.s.Queue(req)
	if err == nil {
		c.commands[id] = &command{text: text}
	}
}

func (c *client) invent() (*singoffv1.JoinRequest, string) {
	w := c.w
	w.texts++
	text := fmt.Sprintf("%s says %d", c.name, w.texts)
	other := c.seen.anybody(w)
	switch w.rnd.IntN(24) {
	case 0:
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Vote{Vote: &singoffv1.Vote{
			SingerMemberId: other, Choice: singoffv1.Vote_Choice(1 + w.rnd.IntN(3)),
		}}}, ""
	case 1:
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Presence{Presence: &singoffv1.Presence{
			Nickname: fmt.Sprintf("%c%d", 'a'+w.rnd.IntN(users), w.rnd.IntN(3)),
		}}}, ""
	case 2, 7:
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Playback{Playback: &singoffv1.Playback{
			Action: singoffv1.Playback_Action(1 + w.rnd.IntN(5)), Position: durationpb.New(0),
		}}}, ""
	case 3:
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_MusicSelected{MusicSelected: &singoffv1.MusicSelected{TrackId: "t"}}}, ""
	case 4:
		action := singoffv1.Moderation_Action(1 + w.rnd.IntN(7))
		if action == singoffv1.Moderation_ACTION_LOCK && w.rnd.IntN(3) > 0 {
			action = singoffv1.Moderation_ACTION_UNLOCK
		}
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Moderation{Moderation: &singoffv1.Moderation{Action: action, MemberId: other}}}, ""
	case 5:
		return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text, ToMemberId: other}}}, text
	case 6:
		if w.rnd.IntN(6) == 0 {
			return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}}, ""
		}
	}
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}, text
}

// bodyOf is a request's command as the rules take it.
func bodyOf(req *singoffv1.JoinRequest) rules.Command {
	c := rules.Command{Number: req.Number}
	switch b := req.Command.(type) {
	case *singoffv1.JoinRequest_ChatMessage:
		c.Body = b.ChatMessage
	case *singoffv1.JoinRequest_Vote:
		c.Body = b.Vote
	case *singoffv1.JoinRequest_MusicSelected:
		c.Body = b.MusicSelected
		c.Track = &singoffv1.Track{TrackId: b.MusicSelected.TrackId, Title: "Song", Duration: durationpb.New(20e9)}
	case *singoffv1.JoinRequest_Presence:
		c.Body = b.Presence
	case *singoffv1.JoinRequest_Playback:
		c.Body = b.Playback
	case *singoffv1.JoinRequest_Moderation:
		c.Body = b.Moderation
	case *singoffv1.JoinRequest_Leave:
		c.Body = b.Leave
	}
	return c
}
