package rules_test

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

func oneOf[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

// drawConfig is a small room whose times lie close together, so that they meet.
func drawConfig(t *rapid.T) rules.Config {
	cfg := rules.DefaultConfig()
	cfg.Singers = rapid.IntRange(1, 2).Draw(t, "singers")
	cfg.Watchers = rapid.IntRange(0, 3).Draw(t, "watchers")
	cfg.Hold = oneOf(t, "hold", 0, 5*time.Second, 30*time.Second)
	cfg.AwayLimit = max(cfg.Hold, oneOf(t, "away limit", 5*time.Second, time.Minute))
	cfg.EmptyLimit = oneOf(t, "empty limit", time.Second, time.Minute)
	cfg.KickTime = oneOf(t, "kick time", 5*time.Second, time.Minute)
	cfg.StartLead = oneOf(t, "start lead", 0, 3*time.Second)
	return cfg
}

func drawTime(t *rapid.T) time.Duration {
	return oneOf(t, "time", time.Second, 0, time.Millisecond, 5*time.Second, 5*time.Second, -3*time.Second, time.Second, 31*time.Second, time.Minute, time.Second, time.Second)
}

func (m *machine) drawInputs(t *rapid.T) (inputs []input) {
	m.planned = map[rules.Connection]uint64{}
	for range oneOf(t, "inputs", 3, 1, 5, 2, 8) {
		inputs = append(inputs, m.drawInput(t))
	}
	return inputs
}

func (m *machine) drawInput(t *rapid.T) input {
	what := oneOf(t, "input", "command", "command", "command", "command", "command", "command", "hello", "hello", "lost", "half-closed", "command", "hello", "command", "command", "operator")
	if what == "hello" || m.current() == nil && rapid.IntRange(0, 9).Draw(t, "nobody there") < 9 {
		m.conns = append(m.conns, m.connect())
		return input{conn: m.conns[len(m.conns)-1], hello: m.drawHello(t)}
	}
	if what == "operator" {
		return input{act: m.drawAct(t)}
	}
	conn := m.drawConnection(t)
	if what == "command" {
		return input{conn: conn, command: m.drawCommand(t, conn)}
	}
	return input{conn: conn, lost: what == "lost"}
}

func (m *machine) drawAct(t *rapid.T) *rules.Act {
	switch oneOf(t, "act", "kick", "announce", "kick", "close") {
	case "kick":
		return &rules.Act{Kick: &rules.Kick{MemberID: m.drawMember(t), KeepOut: oneOf(t, "keep out", 0, time.Second, time.Minute)}}
	case "close":
		return &rules.Act{Close: true}
	}
	return &rules.Act{Announce: "ten minutes left"}
}

// drawConnection is mostly a current one.
func (m *machine) drawConnection(t *rapid.T) rules.Connection {
	current := m.current()
	if len(current) == 0 || rapid.IntRange(0, 9).Draw(t, "any connection") == 9 {
		return oneOf(t, "connection", m.conns...)
	}
	return oneOf(t, "connection", current...)
}

func (m *machine) current() (current []rules.Connection) {
	for _, c := range m.conns {
		if _, _, ok := m.state.Attached(c); ok {
			current = append(current, c)
		}
	}
	return current
}

func (m *machine) drawHello(t *rapid.T) *rules.Hello {
	name := oneOf(t, "user", "mina", "jun", "ara", "bo", "cy")
	h := &rules.Hello{
		Instance: rules.InstanceOf(oneOf(t, "page", "a", "b")),
		Role:     singoffv1.Role(oneOf(t, "role", 0, 1, 1, 2, 2, 3)),
		TakeOver: rapid.Bool().Draw(t, "take over"), Nickname: name, Title: oneOf(t, "title", "", "battle night"),
	}
	h.User, h.SignedIn = userOf(name)
	if rapid.IntRange(0, 4).Draw(t, "another nickname") == 3 {
		h.Nickname = oneOf(t, "nickname", "mina", "JUN", "ara", "민아", "Ｂｏ", "")
	}
	h.Attempt = m.ledger.attempts[instanceKey{h.User, h.Instance}] + uint64(m.conns[len(m.conns)-1]) // higher than any in this batch
	if rapid.IntRange(0, 9).Draw(t, "late") == 7 {
		h.Attempt = rapid.Uint64Range(0, h.Attempt).Draw(t, "attempt")
	}
	return h
}

// userOf says who somebody is; some have signed in.
func userOf(name string) (user rules.User, signedIn bool) {
	if name == "jun" || name == "bo" {
		return rules.SignedIn(name), true
	}
	return rules.Guest([]byte(name)), false
}

func (m *machine) drawCommand(t *rapid.T, conn rules.Connection) *rules.Command {
	user, instance, _ := m.state.Attached(conn)
	last, _ := m.state.LastNumber(user, instance)
	next := last + 1 + m.planned[conn]
	c := &rules.Command{Number: oneOf(t, "number", next, next, next, next, next, 0, next, last, next, 1, next+1, next)}
	if c.Number == next {
		m.planned[conn]++
	}
	if rapid.IntRange(0, 19).Draw(t, "malformed") == 13 {
		c.Refusal = &rules.Refusal{Reason: singoffv1.Rejected_REASON_INVALID, Field: "vote", Message: "malformed"}
		return c
	}
	switch oneOf(t, "command", 6, 4, 2, 8, 0, 2, 6, 4, 7, 4, 10, 11, 8, 2, 4) {
	case 0:
		c.Body = &singoffv1.ChatMessage{Text: oneOf(t, "text", "hi", "안녕", ""), ToMemberId: oneOf(t, "to", "", "", m.drawMember(t))}
	case 2:
		c.Body = vote(m.drawMember(t), singoffv1.Vote_Choice(oneOf(t, "choice", 1, 1, 2, 3)))
	case 4:
		c.Body = drawPlayback(t)
	case 6:
		c.Body, c.Track = drawPick(t)
	case 7:
		c.Body = drawPresence(t)
	case 8:
		c.Body = moderation(singoffv1.Moderation_Action(oneOf(t, "action", 1, 5, 6, 2, 3, 4, 7, 0)), m.drawMember(t))
	case 10:
		c.Body = &singoffv1.Leave{}
	case 11:
		c.Number, c.Body = oneOf(t, "at most once", 0, c.Number), m.drawUnkept(t)
	}
	return c
}

func (m *machine) drawUnkept(t *rapid.T) any {
	if rapid.Bool().Draw(t, "cheer") {
		return &singoffv1.Reaction{SingerMemberId: m.drawMember(t), Kind: singoffv1.Reaction_KIND_CLAP}
	}
	return &singoffv1.Signal{ToMemberId: m.drawMember(t), Kind: singoffv1.Signal_KIND_OFFER, Payload: "sdp"}
}

// drawMember is somebody who is there, mostly, the host often; or else nobody.
func (m *machine) drawMember(t *rapid.T) string {
	room := m.state.Room("")
	ids := []string{"nobody"}
	for _, x := range room.Members {
		ids = append(ids, x.MemberId, x.MemberId, x.MemberId)
	}
	for _, b := range m.state.Room(room.HostMemberId).Bans {
		ids = append(ids, b.MemberId)
	}
	return oneOf(t, "member", ids...)
}

func drawPlayback(t *rapid.T) *singoffv1.Playback {
	p := playback(singoffv1.Playback_Action(oneOf(t, "action", 1, 1, 1, 2, 3, 4, 5)))
	if p.Action == singoffv1.Playback_ACTION_SEEK {
		p.Position = durationpb.New(oneOf(t, "position", -time.Second, 0, time.Second, time.Minute))
	}
	return p
}

func drawPick(t *rapid.T) (*singoffv1.MusicSelected, *singoffv1.Track) {
	id := oneOf(t, "track", "song-a", "song-b", "song-b", "")
	track := &singoffv1.Track{TrackId: id, Title: "title"}
	if rapid.Bool().Draw(t, "known length") {
		track.Duration = durationpb.New(oneOf(t, "length", 2*time.Second, 10*time.Second))
	}
	return &singoffv1.MusicSelected{TrackId: id}, oneOf(t, "known", track, track, nil)
}

func drawPresence(t *rapid.T) *singoffv1.Presence {
	if rapid.Bool().Draw(t, "rename") {
		return &singoffv1.Presence{Nickname: oneOf(t, "nickname", "mina", "JUN", "ara", "민아", "Ｂｏ")}
	}
	return &singoffv1.Presence{Hidden: proto.Bool(rapid.Bool().Draw(t, "hidden"))}
}
