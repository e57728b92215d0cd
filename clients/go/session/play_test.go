package session_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// play drives a Session by hand and notes, in one line each, what it sends and reports.
type play struct {
	t     *testing.T
	s     *session.Session
	names map[session.CommandID]string
	notes []string
}

func newPlay(t *testing.T, change ...func(*session.Config)) *play {
	t.Helper()
	config := session.Config{Hello: &singoffv1.Hello{RoomId: "friday", Nickname: "Mina", Instance: "i1"}, TakeOver: true}
	for _, c := range change {
		c(&config)
	}
	s, err := session.New(config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &play{t: t, s: s, names: map[session.CommandID]string{}}
}

func (p *play) queue(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		request := chat(text)
		if text == "leave" {
			request = &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Leave{Leave: &singoffv1.Leave{}}}
		}
		id, err := p.s.Queue(request)
		if err != nil {
			p.t.Fatalf("Queue(%s): %v", text, err)
		}
		p.names[id] = text
	}
	p.look()
}

func (p *play) connect() *singoffv1.Hello {
	p.t.Helper()
	request, err := p.s.Connect()
	if err != nil {
		p.t.Fatalf("Connect: %v", err)
	}
	p.look()
	return request.GetHello()
}

func (p *play) receive(events ...*singoffv1.Event) {
	p.t.Helper()
	for _, event := range events {
		if _, err := p.s.Receive(event); err != nil {
			p.t.Fatalf("Receive(%v): %v", event, err)
		}
		p.look()
	}
}

func (p *play) lost() { p.s.Lost(); p.look() }

// look notes what was reported and sent since the last look.
func (p *play) look() {
	for _, r := range p.s.TakeResults() {
		p.notes = append(p.notes, fmt.Sprintf("%s=%v", p.names[r.ID], r.Outcome))
	}
	for m := p.s.Next(); m != nil; m = p.s.Next() {
		text := m.GetChatMessage().GetText()
		if m.GetLeave() != nil {
			text = "leave"
		}
		p.notes = append(p.notes, fmt.Sprintf("%d:%s", m.GetNumber(), text))
	}
}

// expect compares and forgets the notes so far.
func (p *play) expect(want ...string) {
	p.t.Helper()
	if !slices.Equal(p.notes, want) {
		p.t.Errorf("sent and reported:\ngot  %s\nwant %s", strings.Join(p.notes, "  "), strings.Join(want, "  "))
	}
	p.notes = nil
}

func chat(text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

func said(seq, number uint64, text string) *singoffv1.Event {
	body := &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}
	return &singoffv1.Event{Seq: seq, Number: number, Body: body}
}

func notTaken(number, next uint64) *singoffv1.Event {
	body := &singoffv1.Rejected{Reason: singoffv1.Rejected_REASON_NOT_TAKEN, NextNumber: next}
	return &singoffv1.Event{Number: number, Body: &singoffv1.Event_Rejected{Rejected: body}}
}

func ack(seq, number uint64, repeated bool) *singoffv1.Event {
	return &singoffv1.Event{Seq: seq, Number: number, Body: &singoffv1.Event_Ack{Ack: &singoffv1.Ack{Repeated: repeated}}}
}

func goaway(final bool) *singoffv1.Event {
	return &singoffv1.Event{Body: &singoffv1.Event_Goaway{Goaway: &singoffv1.Goaway{Final: final}}}
}

func opened(seq, epoch uint64) *singoffv1.Event {
	return &singoffv1.Event{Seq: seq, Body: &singoffv1.Event_RoomOpened{RoomOpened: &singoffv1.RoomOpened{Epoch: epoch}}}
}

// welcomed makes a Welcome; the zero fields of w that every Welcome has are filled.
func welcomed(w *singoffv1.Welcome, kind singoffv1.Recovery_Kind, events uint32) *singoffv1.Event {
	w.Self, w.Room = &singoffv1.Member{MemberId: "m1"}, &singoffv1.RoomState{}
	w.Recovery = &singoffv1.Recovery{Kind: kind, Events: events}
	if w.MemberSince == nil {
		w.MemberSince = &singoffv1.Since{Epoch: 7, Seq: 3}
	}
	if w.Epoch == 0 {
		w.Epoch = 7
	}
	return &singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: w}}
}

const (
	fresh    = singoffv1.Recovery_KIND_NEW
	resumed  = singoffv1.Recovery_KIND_RESUMED
	snapshot = singoffv1.Recovery_KIND_SNAPSHOT
)

func first(s uint64) *singoffv1.Event { return welcomed(&singoffv1.Welcome{SnapshotSeq: s}, fresh, 0) }

// again is a Welcome to the same membership.
func again(s, last uint64, kind singoffv1.Recovery_Kind, events uint32) *singoffv1.Event {
	return welcomed(&singoffv1.Welcome{InstanceKnown: true, LastNumber: last, SnapshotSeq: s}, kind, events)
}
