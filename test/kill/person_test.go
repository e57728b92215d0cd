package kill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const lastLine = "that was all"

func (w *person) eventLoop() {
	for ev, err := range w.seat.Events() {
		if err != nil {
			w.party.t.Errorf("%s: %v", w.room, err)
			return
		}
		w.stay.Saw(ev)
		if ev.GetWelcome() != nil {
			w.recovered(ev.GetWelcome().GetRecovery().GetKind())
		}
		if ev.GetChatMessage().GetText() == lastLine {
			w.lastSeq <- ev.Seq
		}
	}
}

func (w *person) recovered(kind singoffv1.Recovery_Kind) {
	switch kind {
	case singoffv1.Recovery_KIND_RESUMED:
		w.party.resumed.Add(1)
	case singoffv1.Recovery_KIND_SNAPSHOT:
		w.party.snapshots.Add(1)
	}
	select {
	case w.welcome <- time.Now():
	default:
	}
}

// actLoop does what people do, until the party ends.
func (w *person) actLoop() {
	for {
		select {
		case <-w.party.ending:
			return
		case <-time.After(time.Duration(20+w.rnd.IntN(200)) * time.Millisecond):
			w.act()
		}
	}
}

func (w *person) act() {
	members := w.seat.State().Room.GetMembers()
	if len(members) == 0 {
		return
	}
	member := members[w.rnd.IntN(len(members))].MemberId
	switch w.rnd.IntN(6) {
	case 0:
		w.do(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Vote{Vote: &singoffv1.Vote{
			SingerMemberId: member, Choice: singoffv1.Vote_Choice(1 + w.rnd.IntN(3)),
		}}})
	case 1:
		w.do(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Presence{Presence: &singoffv1.Presence{Hidden: proto.Bool(w.rnd.IntN(2) == 0)}}})
	default:
		to := ""
		if w.rnd.IntN(5) == 0 {
			to = member
		}
		w.texts++
		text := fmt.Sprintf("%s %s %d", w.room, w.seat.Self().GetNickname(), w.texts)
		w.do(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text, ToMemberId: to}}})
	}
}

// do asks without waiting for the answer before the next act, unless too much is under way: then it leaves it.
func (w *person) do(command *singoffv1.JoinRequest) {
	select {
	case w.busy <- struct{}{}:
	default:
		return
	}
	w.loops.Go(func() {
		defer func() { <-w.busy }()
		ctx, cancel := context.WithTimeout(w.party.ctx, patience)
		defer cancel()
		ev, err := w.seat.Do(ctx, command)
		w.stay.Answered(command, ev, err)
		var rejected *singoff.RejectedError
		switch {
		case err == nil:
			w.party.answered.Add(1)
			w.party.noteSaid(command.GetChatMessage().GetText())
		case !errors.As(err, &rejected):
			w.party.unknown.Add(1)
		}
	})
}

// noteSaid notes that a text was answered, and so has to be in the log.
func (p *party) noteSaid(text string) {
	if text == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said[text] = true
}
