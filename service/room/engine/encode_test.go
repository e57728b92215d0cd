package engine_test

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

func chatEvent(text string) *singoffv1.Event {
	return &singoffv1.Event{
		Seq: 7, Time: timestamppb.New(night), MemberId: "m1-abc",
		Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}},
	}
}

func TestResponseIsAJoinResponse(t *testing.T) {
	t.Parallel()
	want := chatEvent("안녕")
	response, event := engine.Response(want)
	if got := decode(t, response); !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got := &singoffv1.Event{}
	if err := proto.Unmarshal(event, got); err != nil || !proto.Equal(got, want) {
		t.Errorf("got event %v, %v, want %v", got, err, want)
	}
	if cap(response) != len(response) {
		t.Errorf("got %d bytes in %d, want one piece of its size", len(response), cap(response))
	}
}

func TestResponsesOneAfterAnotherAreOneResponse(t *testing.T) {
	t.Parallel()
	a, _ := engine.Response(chatEvent("one"))
	b, _ := engine.Response(chatEvent("two"))
	p := &singoffv1.JoinResponse{}
	if err := proto.Unmarshal(append(append([]byte(nil), a...), b...), p); err != nil || len(p.Events) != 2 {
		t.Fatalf("got %d events, %v, want 2", len(p.GetEvents()), err)
	}
}

func TestNumberedIsTheSameWithANumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "x", string(make([]byte, 110)), string(make([]byte, 125)), string(make([]byte, 20_000))} {
		for _, number := range []uint64{1, 127, 128, 1 << 40, 1<<64 - 1} {
			want := chatEvent(text)
			response, _ := engine.Response(want)
			before := string(response)
			want.Number = number
			if got := decode(t, engine.Numbered(response, number)); !proto.Equal(got, want) {
				t.Errorf("%d bytes, number %d: got %v", len(text), number, got.GetNumber())
			}
			if string(response) != before {
				t.Error("the copy for all was changed")
			}
		}
	}
}

func TestItemsAreWhatWasTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	june := h.joins(2, "June", watcher)
	h.does(1, 1, &singoffv1.ChatMessage{Text: "psst", ToMemberId: june})
	h.does(2, 1, says("hello"))
	h.does(2, 2, &singoffv1.Presence{})
	h.greets(3, "민아", singer)
	out := h.step()
	items, err := engine.Items(h.entries[len(h.entries)-1].Data)
	if err != nil || len(items) != len(out.Items) || len(items) != 3 {
		t.Fatalf("got %d items, %v, want %d", len(items), err, len(out.Items))
	}
	for i, want := range out.Items {
		got := items[i]
		if got.Seq != want.Seq || string(got.Response) != string(want.Response) {
			t.Errorf("item %d: got seq %d, want %d, or other bytes", i, got.Seq, want.Seq)
		}
		if *got.Command != *want.Command || len(got.Audience) != len(want.Audience) {
			t.Errorf("item %d: got %+v, want %+v", i, got, want)
		}
	}
}

func TestNewerRulesAreNotGoneOnFrom(t *testing.T) {
	t.Parallel()
	entry, err := proto.Marshal(&logv1.Entry{RulesVersion: rules.Version + 1})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := proto.Marshal(&logv1.Snapshot{RulesVersion: rules.Version + 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, head := range map[string]eventlog.Head{
		"entry":    {Entries: []eventlog.Stored{{Entry: eventlog.Entry{FirstSeq: 1, Data: entry}, Position: 1}}, Position: 1},
		"snapshot": {Snapshot: &eventlog.Snapshot{Position: 1, Data: snapshot}, Position: 1},
	} {
		if _, err := engine.Load(key, head); !errors.Is(err, engine.ErrNewerRules) {
			t.Errorf("%s: got %v, want ErrNewerRules", name, err)
		}
	}
	if _, err := engine.Items(entry); !errors.Is(err, engine.ErrNewerRules) {
		t.Errorf("items: got %v, want ErrNewerRules", err)
	}
}

func TestBrokenLogIsAnError(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.joins(1, "민아", singer)
	gap := eventlog.Head{Entries: h.entries[1:], Position: h.last()}
	if _, err := engine.Load(key, gap); !errors.Is(err, rules.ErrBadRecord) {
		t.Errorf("a first entry that is missing: got %v, want ErrBadRecord", err)
	}
	for size := range h.entries[0].Data {
		torn := h.entries[0]
		torn.Data = torn.Data[:size]
		if _, err := engine.Load(key, eventlog.Head{Entries: []eventlog.Stored{torn}, Position: torn.Position}); err == nil {
			t.Errorf("an entry torn after %d of %d bytes was loaded", size, len(h.entries[0].Data))
		}
	}
	if _, err := engine.Load(key, eventlog.Head{Snapshot: &eventlog.Snapshot{Data: []byte("no")}}); err == nil {
		t.Error("a snapshot that is none was loaded")
	}
}

func FuzzItems(f *testing.F) {
	h := newHall(f)
	h.joins(1, "민아", singer)
	h.does(1, 1, says("hello"))
	h.step()
	for _, e := range h.entries {
		f.Add(e.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := engine.Items(data)
		if err != nil {
			return
		}
		for _, it := range items {
			if it.Seq == 0 {
				t.Error("an item without a seq")
			}
			engine.Numbered(it.Response, 1)
		}
	})
}

func FuzzLoad(f *testing.F) {
	h := newHall(f)
	h.joins(1, "민아", singer)
	h.does(1, 1, says("hello"))
	h.step()
	snapshot, err := h.Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(snapshot.Data, h.entries[0].Data)
	f.Add([]byte{}, h.entries[0].Data)
	f.Fuzz(func(_ *testing.T, snapshot, entry []byte) {
		head := eventlog.Head{Entries: []eventlog.Stored{{Entry: eventlog.Entry{Count: 1, Data: entry}, Position: 2}}, Position: 2}
		if len(snapshot) > 0 {
			head.Snapshot = &eventlog.Snapshot{Position: 1, Data: snapshot}
		}
		if state, err := engine.Load(key, head); err == nil {
			state.Snapshot()
		}
	})
}
