package forget

import (
	"testing"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

func chat(memberID, nickname string) record {
	return record{&logv1.Record{}, &singoffv1.Event{MemberId: memberID, Body: &singoffv1.Event_ChatMessage{
		ChatMessage: &singoffv1.ChatMessage{Nickname: nickname, Text: "hi"},
	}}}
}

func refusal(sentence string) record {
	return record{&logv1.Record{}, &singoffv1.Event{Body: &singoffv1.Event_Rejected{Rejected: &singoffv1.Rejected{Message: sentence}}}}
}

// A refusal loses its sentence where it names somebody by any of the names that are still kept of them, wherever these are, and not where their name is a
// part of another word.
func TestRefusalsThatName(t *testing.T) {
	t.Parallel()
	const id = "m1-aaaaaa"
	told := record{&logv1.Record{}, &singoffv1.Event{Body: &singoffv1.Event_Moderation{Moderation: &singoffv1.Moderation{MemberId: id, Nickname: "told"}}}}
	whisper := chat("m2-bbbbbb", "other")
	whisper.event.GetChatMessage().ToMemberId, whisper.event.GetChatMessage().ToNickname = id, "called"
	in := snapshot{&logv1.Snapshot{Chat: []*logv1.ChatState{{Event: chat(id, "in a snapshot").event}}}}
	for _, test := range []struct {
		sentence string
		named    bool
	}{
		{`somebody in this room is called "옛 이름" already`, true},
		{"옛 이름 is away", true},
		{"called is away", true},
		{"told is away", true},
		{"in a snapshot is away", true},
		{"a is away", true},
		{`somebody in this room is called "a" already`, true},
		{`somebody in this room is called "other" already`, false},
		{`somebody in this room is called "alpha" already`, false},
		{"b is away", false},
		{"the room keeps 100 users out at most", false},
	} {
		p := newMember(id, "friday")
		p.meetIn(in)
		for _, r := range []record{chat(id, "옛 이름"), chat(id, "a"), told, whisper} {
			p.meet(r)
		}
		r := refusal(test.sentence)
		if changed := p.blank(r); changed != test.named || (r.event.GetRejected().Message == "") != test.named {
			t.Errorf("%s: got it changed %v to %q, want it blank: %v", test.sentence, changed, r.event.GetRejected().Message, test.named)
		}
	}
}

// Whose a name was may be told after it.
func TestNamesBeforeTheirMember(t *testing.T) {
	t.Parallel()
	const id = "m1-aaaaaa"
	user := rules.SignedIn("mina")
	first := chat(id, "옛 이름")
	link := record{&logv1.Record{Audience: [][]byte{user[:], make([]byte, len(user))}}, chat(id, "미나").event}
	p := newPerson(user, "friday")
	for range 2 {
		p.meet(first)
		p.meet(link)
	}
	if r := refusal("옛 이름 is away"); !p.blank(r) {
		t.Errorf("got %v, want no sentence", r.event)
	}
}
