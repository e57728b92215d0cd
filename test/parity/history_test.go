package parity

import (
	"iter"
	"slices"
	"testing"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// The prototypes kept nothing: what was said before one came was gone. Here a room's history is read back as it was heard, after everybody has
// left too, and a whisper by the two it was for alone.
func TestHistory(t *testing.T) {
	overEachWay(t, func(h *house) {
		key := []byte("the key of Jun's")
		store := &singoff.MemoryStore{}
		if err := store.Save(h.Context(), singoff.Saved{GuestKey: key}); err != nil {
			h.Fatal(err)
		}
		mina := h.enter("Mina", singer)
		jun := h.join(h.dial(), singoff.JoinOptions{RoomID: battle, Nickname: "Jun", Role: watcher, Store: store})
		for _, text := range []string{"하나", "둘", "셋"} {
			mina.says(text)
		}
		mina.must(mina.Whisper(h.Context(), jun.id(), "비밀"))
		last := jun.must(jun.Vote(h.Context(), mina.id(), singoffv1.Vote_CHOICE_UP))
		jun.await("the vote", func(e *singoffv1.Event) bool { return e.GetSeq() == last.GetSeq() })
		heard := seqs(jun.heard())
		for _, g := range []*guest{mina, jun} {
			if err := g.Leave(h.Context()); err != nil {
				h.Fatal(err)
			}
		}
		client := h.dial()
		all := h.history(client.Events(h.Context(), singoff.HistoryOptions{RoomID: battle, GuestKey: key}))
		if got := texts(all); !slices.Equal(got, []string{"하나", "둘", "셋", "비밀"}) {
			h.Errorf("Jun reads %v", got)
		}
		if got := seqs(all); !slices.Contains(got, 1) || !isPart(heard, got) {
			h.Errorf("got seqs %v, want all from 1 with those that were heard: %v", got, heard)
		}
		back := h.history(client.Events(h.Context(), singoff.HistoryOptions{RoomID: battle, GuestKey: key, Backward: true}))
		if slices.Reverse(back); !slices.Equal(seqs(back), seqs(all)) {
			h.Errorf("backward: got seqs %v, want %v", seqs(back), seqs(all))
		}
		if got := texts(h.history(client.Events(h.Context(), singoff.HistoryOptions{RoomID: battle}))); !slices.Equal(got, []string{"하나", "둘", "셋"}) {
			h.Errorf("nobody reads %v, want what all heard", got)
		}
	})
}

func (h *house) history(events iter.Seq2[*singoffv1.Event, error]) (all []*singoffv1.Event) {
	h.Helper()
	for event, err := range events {
		if err != nil {
			h.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}

// seqs are those of events that are kept.
func seqs(events []*singoffv1.Event) (seqs []uint64) {
	for _, e := range events {
		if e.GetSeq() != 0 {
			seqs = append(seqs, e.GetSeq())
		}
	}
	return seqs
}

// isPart says whether all of some seqs are among others, in order.
func isPart(some, all []uint64) bool {
	for _, seq := range all {
		if len(some) > 0 && some[0] == seq {
			some = some[1:]
		}
	}
	return len(some) == 0
}
