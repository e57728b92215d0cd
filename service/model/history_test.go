package model

import (
	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/session"
	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// history is the whole log, read for the final checks.
type history struct {
	w       *world
	events  map[uint64]*singoffv1.Event
	records map[uint64]*rules.Record
	byText  map[string]int // chat texts: how often
	numbers map[rules.CommandKey]*rules.Record
	tally   *recount
}

func (w *world) history() *history {
	h := &history{
		w: w, events: map[uint64]*singoffv1.Event{}, records: map[uint64]*rules.Record{},
		byText: map[string]int{}, numbers: map[rules.CommandKey]*rules.Record{}, tally: newRecount(),
	}
	seq := uint64(0)
	for _, entry := range w.store.entries {
		p := &logv1.Entry{}
		if err := proto.Unmarshal(entry.Data, p); err != nil {
			w.fail("the log: %v", err)
		}
		for _, rp := range p.Records {
			r, err := rules.FromProto(rp)
			if err != nil {
				w.fail("the log: %v", err)
				continue
			}
			if r.Event != nil {
				if seq++; r.Event.Seq != seq {
					w.fail("the log: seq %d where %d is due", r.Event.Seq, seq)
				}
				h.events[seq], h.records[seq] = r.Event, r
				if c := r.Event.GetChatMessage(); c != nil {
					h.byText[c.Text]++
				}
			}
			if r.Command != nil {
				if h.numbers[*r.Command] != nil {
					w.fail("number %d of %x has two records", r.Command.Number, r.Command.User)
				}
				h.numbers[*r.Command] = r
			}
			h.tally.take(r)
		}
	}
	for text, n := range h.byText {
		if w.said[text] += n; w.said[text] > 1 {
			w.fail("%q was said %d times", text, w.said[text])
		}
	}
	return h
}

func (h *history) event(seq uint64, u rules.User) (*singoffv1.Event, bool) {
	r := h.records[seq]
	if r == nil || !r.VisibleTo(u) {
		return nil, false
	}
	return r.Event, true
}

// answers says whether the event at seq is the record of that number of the client's instance.
func (h *history) answers(seq uint64, c *client, number uint64) bool {
	k := h.records[seq].Command
	return k != nil && k.User == c.user && k.Instance == c.instance() && k.Number == number
}

// check compares what the application was told with what the log says, for good.
func (h *history) check(c *client, era int) {
	for _, cmd := range c.commands {
		if cmd.result == nil || cmd.era != era {
			continue
		}
		said := cmd.text != "" && h.byText[cmd.text] == 1
		r := cmd.result
		switch r.Outcome {
		case session.Done, session.Acked:
			h.checkAnswer(c, r)
			if cmd.text != "" && r.Outcome == session.Done && !said {
				h.w.fail("%s: %q was answered, and isn't in the log", c.name, cmd.text)
			}
		case session.Rejected:
			if r.Event.GetRejected().Reason != singoffv1.Rejected_REASON_NOT_TAKEN {
				h.checkAnswer(c, r)
			}
			if said {
				h.w.fail("%s: %q was rejected (%v), and is in the log", c.name, cmd.text, r.Event)
			}
		case session.NotSent:
			if said {
				h.w.fail("%s: %q was never sent, and is in the log", c.name, cmd.text)
			}
		}
	}
}

// checkAnswer: an answer is a record that stays, of this very number.
func (h *history) checkAnswer(c *client, r *session.Result) {
	want := h.records[r.Event.Seq]
	if r.Event.Seq == 0 || want == nil {
		h.w.fail("%s: the answer %v isn't in the log", c.name, r.Event)
		return
	}
	e := proto.CloneOf(r.Event)
	e.Number = 0
	if !h.answers(r.Event.Seq, c, r.Event.Number) || !proto.Equal(e, want.Event) {
		h.w.fail("%s: the answer %v is %v in the log", c.name, r.Event, want.Event)
	}
}

// recount counts the votes of the log's records anew, without the rules.
type recount struct {
	votes map[[2]rules.User]singoffv1.Vote_Choice
}

func newRecount() *recount { return &recount{votes: map[[2]rules.User]singoffv1.Vote_Choice{}} }

func (t *recount) take(r *rules.Record) {
	switch f := r.Fact.(type) {
	case *rules.Voted:
		t.votes[[2]rules.User{f.Voter, f.Singer}] = r.Event.GetVote().Choice
	case *rules.Removed:
		if f.Until == 0 {
			for k := range t.votes {
				if k[0] == f.User {
					delete(t.votes, k)
				}
			}
		}
	}
	if r.Event.GetRoomClosed() != nil {
		t.votes = map[[2]rules.User]singoffv1.Vote_Choice{}
	}
}

func (t *recount) of(singer rules.User) (up, down uint32) {
	for k, c := range t.votes {
		if k[1] != singer {
			continue
		}
		switch c {
		case singoffv1.Vote_CHOICE_UP:
			up++
		case singoffv1.Vote_CHOICE_DOWN:
			down++
		}
	}
	return up, down
}

// checkReplay: the log alone gives the state that the last node has.
func (w *world) checkReplay(n *node) {
	state, err := engine.Load(w.key, w.store.head())
	if err != nil {
		w.fail("replay: %v", err)
		return
	}
	if !state.Equal(n.eng.State()) {
		w.fail("replay gives another state:\n%v\nlive:\n%v", state.Snapshot(), n.eng.State().Snapshot())
	}
}
