package engine_test

import (
	"testing"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

func TestBatchHoldsSoManyCommands(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", watcher)
	for n := range uint64(2*engine.MaxBatchCommands + 1) {
		h.does(1, n+1, says("hello"))
	}
	var got []int
	for _, out := range h.steps() {
		got = append(got, len(out.Items))
	}
	if len(got) != 3 || got[0] != 256 || got[1] != 256 || got[2] != 1 {
		t.Errorf("got batches of %v events, want [256 256 1]", got)
	}
}

func TestBatchHoldsSoManyBytes(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", watcher)
	for n, size := range []int{engine.MaxBatchBytes + 1, 200 << 10, 56 << 10, 1} {
		h.Push(engine.Input{Connection: 1, Command: &rules.Command{Number: uint64(n + 1), Body: says("hello")}, Size: size})
	}
	var got []int
	for _, out := range h.steps() {
		got = append(got, len(out.Items))
	}
	if len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 1 {
		t.Errorf("got batches of %v commands, want [1 2 1]: what is too large goes alone, the rest up to 256 KiB together", got)
	}
}

// A Welcome shows the room after the batch that holds the attach, so a chat line in the same batch would be in no event.
func TestHelloAndWhatFollowsItAreTwoBatches(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	h.greets(2, "June", watcher)
	h.does(1, 1, says("first"))
	h.halfCloses(1)
	outs := h.steps()
	if len(outs) != 2 {
		t.Fatalf("got %d batches, want 2", len(outs))
	}
	if got := outs[0].Welcomes; len(got) != 2 {
		t.Errorf("got %d welcomes in the first batch, want 2", len(got))
	}
	got := events(t, outs[1])
	if len(got) < 2 || got[0].GetChatMessage().GetText() != "first" || got[1].GetPresence().GetChange() != singoffv1.Presence_CHANGE_LEFT {
		t.Errorf("got %v, want the chat line, then LEFT", got)
	}
}

func TestJoinWhoseStreamHasEndedIsDropped(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	before := h.State().Seq()
	h.greets(1, "민아", singer)
	h.does(1, 1, says("nobody hears"))
	h.loses(1)
	for _, out := range h.steps() {
		if len(out.Items)+len(out.Welcomes)+len(out.Ended) != 0 {
			t.Errorf("got %+v, want nothing", out)
		}
	}
	if got := h.State().Seq(); got != before {
		t.Errorf("got seq %d, want %d still", got, before)
	}
	h.joins(2, "민아", singer)
}

func TestStreamThatEndsWhileItsHelloIsAppended(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	app, _, _ := h.Decide(h.now)
	h.loses(1)
	h.keep(app)
	got := events(t, h.step())
	if len(got) != 1 || got[0].GetPresence().GetChange() != singoffv1.Presence_CHANGE_AWAY {
		t.Errorf("got %v, want AWAY", got)
	}
}

func TestEntriesFollowOnEachOther(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	h.does(1, 1, says("one"))
	h.does(1, 2, says("two"))
	h.step()
	h.greets(2, "민아", singer) // attached without an event: a quick reconnect doesn't blink
	h.step()
	h.does(2, 3, says("three"))
	h.step()
	seq, ids := uint64(1), map[[16]byte]bool{}
	for i, e := range h.entries {
		if e.FirstSeq != seq {
			t.Errorf("entry %d: got first seq %d, want %d", i, e.FirstSeq, seq)
		}
		seq += uint64(e.Count)
		if ids[e.Batch] {
			t.Errorf("entry %d: batch id %x was used before", i, e.Batch)
		}
		ids[e.Batch] = true
	}
	if got := h.entries[len(h.entries)-2].Count; got != 0 {
		t.Errorf("got %d events of an attach that nobody sees, want 0", got)
	}
	if h.Position() != h.last() {
		t.Errorf("got position %d, want %d", h.Position(), h.last())
	}
}

// The same append is tried again while its outcome is unknown: it must stay what it is.
func TestPendingAppendStaysTheSame(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.greets(1, "민아", singer)
	app, _, _ := h.Decide(h.now)
	h.greets(2, "June", watcher)
	again, under := h.Pending()
	if !under || again.After != app.After || again.Entry.Batch != app.Entry.Batch || string(again.Entry.Data) != string(app.Entry.Data) {
		t.Error("the pending append has changed")
	}
	h.keep(app)
	if _, under := h.Pending(); under {
		t.Error("an append is under way after it was kept")
	}
}

func TestProbeAppendsAnEmptyBatch(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.State().Seq()
	app := h.Probe(h.now)
	if app.Entry.Count != 0 || app.Entry.FirstSeq != seq+1 {
		t.Errorf("got %d events from seq %d, want none from %d", app.Entry.Count, app.Entry.FirstSeq, seq+1)
	}
	if out := h.keep(app); len(out.Items) != 0 || out.Changed {
		t.Errorf("got %+v, want nothing to tell", out)
	}
	if !h.load(nil).Equal(h.State()) {
		t.Error("the room with an empty batch can't be rebuilt")
	}
}

func TestWakeIsTheNextThingDue(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	id := h.joins(1, "민아", singer)
	if at, any := h.Wake(); any {
		t.Errorf("got something due at %v, want nothing", at)
	}
	h.does(1, 0, claps(id))
	h.Decide(h.now)
	if at, _ := h.Wake(); !at.Equal(h.now.Add(engine.CheerInterval)) {
		t.Errorf("got %v, want the cheers' time", at)
	}
	h.loses(1)
	h.now = h.now.Add(time.Second)
	h.step()
	if at, _ := h.Wake(); !at.Equal(h.now.Add(h.cfg.AwayLimit)) {
		t.Errorf("got %v, want when the member has been away for too long", at)
	}
}
