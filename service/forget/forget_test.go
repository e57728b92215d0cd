package forget_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/flight/flighttest"
	"github.com/singoff/singoff/service/flight/recount"
	"github.com/singoff/singoff/service/forget"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// nothingOpen is a server in which no room is open.
type nothingOpen struct{}

func (nothingOpen) Recheck(context.Context, eventlog.Key) error { return nil }

func forgetter(log forget.Log) *forget.Forgetter {
	return forget.New(log, nothingOpen{}, zerolog.Nop())
}

// kept is a log with a room that was played; what is covered by the snapshot after the n-th entry is trimmed, up to there or to a half of it.
func kept(t *testing.T, moments []flighttest.Moment, n int, half bool) *memlog.Log {
	t.Helper()
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	var at eventlog.Position
	for _, m := range moments {
		if at, err = log.Append(t.Context(), flighttest.Room, at, m.Entry); err != nil {
			t.Fatal(err)
		}
	}
	if n > 0 {
		m := moments[n-1]
		err = log.StoreSnapshot(t.Context(), flighttest.Room, eventlog.Snapshot{Position: eventlog.Position(n), Seq: m.Seq, Data: m.Snapshot})
		below := m.Seq + 1
		if half {
			below /= 2
		}
		if err = errors.Join(err, log.Trim(t.Context(), flighttest.Room, below)); err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// entries reads all that is kept of the room.
func entries(t *testing.T, log forget.Log) (all []eventlog.Stored) {
	t.Helper()
	oldest, _, err := log.Ends(t.Context(), flighttest.Room)
	if err != nil {
		t.Fatal(err)
	}
	for stored, err := range log.Read(t.Context(), flighttest.Room, oldest) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, stored)
	}
	return all
}

// opened is the state that the log leads to, and the bytes of its newest snapshot.
func opened(t *testing.T, log forget.Log) (*logv1.Snapshot, []byte) {
	t.Helper()
	head, err := log.Open(t.Context(), flighttest.Room)
	if err != nil {
		t.Fatal(err)
	}
	state, err := engine.Load(flighttest.Room, head)
	if err != nil {
		t.Fatal(err)
	}
	if head.Snapshot == nil {
		return state.Snapshot(), nil
	}
	return state.Snapshot(), head.Snapshot.Data
}

// borrowed says whether somebody else had a nickname of a user's while both were there: then those words aren't theirs alone.
func borrowed(t *testing.T, all []eventlog.Stored, i int) bool {
	t.Helper()
	theirs := map[string]bool{}
	for _, stored := range all {
		records, err := engine.Records(stored.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if a, ok := r.Fact.(*rules.Attached); ok && a.User == flighttest.User(i) {
				theirs[a.MemberID] = true
			}
			m := r.Event.GetPresence().GetMember()
			if strings.Contains(m.GetNickname(), flighttest.Words(i)) && !theirs[m.GetMemberId()] {
				return true
			}
		}
	}
	return false
}

func differ(a, b *logv1.Snapshot) string {
	if proto.Equal(a, b) {
		return ""
	}
	return cmp.Diff(a, b, protocmp.Transform())
}

// nameless is a state without what can be forgotten of it.
func nameless(state *logv1.Snapshot) *logv1.Snapshot {
	state = proto.CloneOf(state)
	state.Title, state.Chat = "", nil
	for _, m := range state.Members {
		m.Nickname = ""
	}
	for _, b := range state.Bans {
		b.Nickname = ""
	}
	return state
}

// Seats, votes and numbers of a room that has forgotten somebody are what they were, by the rules and by the recount; of the person there is no word, and of the
// others every one.
func TestForgetInAWholeHistory(t *testing.T) {
	t.Parallel()
	forgotten, messages := 0, 0
	for seed := range uint64(2) {
		moments := flighttest.Play(t, seed, 120)
		for _, snapshot := range []int{0, len(moments) / 2, len(moments)} {
			log := kept(t, moments, snapshot, false)
			if snapshot > 0 { // and nothing is trimmed
				log = kept(t, moments, 0, false)
				m := moments[snapshot-1]
				err := log.StoreSnapshot(t.Context(), flighttest.Room, eventlog.Snapshot{Position: eventlog.Position(snapshot), Seq: m.Seq, Data: m.Snapshot})
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, i := range []int{0, 3, 7} {
				before, was := entries(t, log), flighttest.Words(i)
				if borrowed(t, before, i) {
					continue
				}
				stateBefore, _ := opened(t, log)
				rooms, events, err := forgetter(log).Forget(t.Context(), "", flighttest.User(i))
				if err != nil || rooms != 1 || events == 0 {
					t.Fatalf("seed %d, person %d: got %d rooms, %d events, %v", seed, i, rooms, events, err)
				}
				forgotten++
				after := entries(t, log)
				checkOthers(t, before, after, events)
				state, data := opened(t, log)
				replayed, count := rules.New(flighttest.Room.Namespace, flighttest.Room.Room), recount.New()
				for _, stored := range after {
					if bytes.Contains(stored.Data, []byte(was)) {
						t.Errorf("seed %d, person %d: the entry at %d has their words", seed, i, stored.Position)
					}
					if err := count.Entry(stored.Data); err != nil {
						t.Fatalf("seed %d, person %d: the recount: %v", seed, i, err)
					}
					apply(t, replayed, stored)
					messages += bytes.Count(stored.Data, []byte("is called"))
				}
				if bytes.Contains(data, []byte(was)) {
					t.Errorf("seed %d, person %d: the snapshot has their words", seed, i)
				}
				if err := count.Against(state); err != nil {
					t.Errorf("seed %d, person %d: the recount of the state: %v", seed, i, err)
				}
				if diff := differ(nameless(stateBefore), nameless(state)); diff != "" {
					t.Errorf("seed %d, person %d: the state differs (-before +after):\n%s", seed, i, diff)
				}
				if want, err := proto.Marshal(replayed.Snapshot()); err != nil || !bytes.Equal(data, want) {
					t.Errorf("seed %d, person %d: the snapshot isn't what the log leads to, %v:\n%s", seed, i, err, cmp.Diff(state, replayed.Snapshot(), protocmp.Transform()))
				}
				checkAgain(t, log, i)
			}
		}
	}
	if forgotten < 6 || messages == 0 {
		t.Errorf("got %d people forgotten and %d refusals that name others, want more", forgotten, messages)
	}
}

func apply(t *testing.T, state *rules.State, stored eventlog.Stored) {
	t.Helper()
	records, err := engine.Records(stored.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := state.Apply(r); err != nil {
			t.Fatal(err)
		}
	}
}

// checkOthers: only so many events have changed, and there is one entry more, which is empty.
func checkOthers(t *testing.T, before, after []eventlog.Stored, events int) {
	t.Helper()
	if len(after) != len(before)+1 || after[len(before)].Count != 0 {
		t.Fatalf("got %d entries after %d, want one more, without events", len(after), len(before))
	}
	changed := 0
	for n, was := range before {
		now := after[n]
		if now.Position != was.Position || now.Batch != was.Batch || now.FirstSeq != was.FirstSeq || now.Count != was.Count {
			t.Fatalf("the entry at %d is another: %+v, was %+v", was.Position, now, was)
		}
		var a, b logv1.Entry
		if err := errors.Join(proto.Unmarshal(was.Data, &a), proto.Unmarshal(now.Data, &b)); err != nil {
			t.Fatal(err)
		}
		for i := range a.Records {
			if !proto.Equal(a.Records[i], b.Records[i]) {
				changed++
			}
		}
	}
	if changed != events {
		t.Errorf("got %d events changed, it says %d", changed, events)
	}
}

// checkAgain: once more finds them, and nothing to do.
func checkAgain(t *testing.T, log forget.Log, i int) {
	t.Helper()
	before := entries(t, log)
	rooms, events, err := forgetter(log).Forget(t.Context(), "", flighttest.User(i))
	if err != nil || rooms != 0 || events != 0 {
		t.Errorf("again: got %d rooms, %d events, %v, want nothing to do", rooms, events, err)
	}
	if !reflect.DeepEqual(before, entries(t, log)) { // data as a whole: byte for byte it takes minutes
		t.Error("again: the log differs")
	}
}

// Of a history whose beginning is gone the members are known by what is left.
func TestForgetInATrimmedHistory(t *testing.T) {
	t.Parallel()
	forgotten := 0
	for seed := range uint64(2) {
		moments := flighttest.Play(t, seed+20, 120)
		whole := entries(t, kept(t, moments, 0, false))
		for _, half := range []bool{false, true} {
			for _, i := range []int{1, 5} {
				if borrowed(t, whole, i) {
					continue
				}
				log := kept(t, moments, len(moments)*2/3, half)
				stateBefore, _ := opened(t, log)
				_, _, err := forgetter(log).Forget(t.Context(), "", flighttest.User(i))
				if errors.Is(err, forget.ErrNobody) {
					continue // nothing that is kept knows them
				}
				if err != nil {
					t.Fatalf("seed %d, person %d: %v", seed, i, err)
				}
				forgotten++
				state, data := opened(t, log)
				if diff := differ(nameless(stateBefore), nameless(state)); diff != "" {
					t.Errorf("seed %d, person %d: the state differs (-before +after):\n%s", seed, i, diff)
				}
				if bytes.Contains(data, []byte(flighttest.Words(i))) && state.Title != flighttest.Words(i)+" 배틀" { // who made the room may be trimmed
					t.Errorf("seed %d, person %d: the snapshot has their words", seed, i)
				}
				c, err := recount.From(state)
				if err == nil {
					err = c.Against(state)
				}
				if err != nil {
					t.Error(err)
				}
				left := 0
				for _, stored := range entries(t, log) {
					left += bytes.Count(stored.Data, []byte(flighttest.Words(i)))
				}
				t.Logf("seed %d, person %d, half %v: %d places left that nothing ties to them", seed, i, half, left)
				checkAgain(t, log, i)
			}
		}
	}
	if forgotten < 4 {
		t.Errorf("got %d people forgotten, want more", forgotten)
	}
}

// lively is a log whose room goes on while it is read.
type lively struct {
	forget.Log
	append func()
	times  int
}

func (l *lively) Rewrite(ctx context.Context, key eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error) {
	if l.times > 0 {
		l.times--
		l.append()
	}
	return l.Log.Rewrite(ctx, key, change)
}

// A room that goes on while it is read is caught up with.
func TestForgetInARoomThatGoesOn(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 0, 150)
	for _, trimmed := range []int{0, 60} {
		log, next := kept(t, moments[:len(moments)-10], trimmed, false), len(moments)-10
		l := &lively{Log: log, times: 10, append: func() {
			if _, err := log.Append(t.Context(), flighttest.Room, eventlog.Position(next), moments[next].Entry); err != nil {
				t.Error(err)
			}
			next++
		}}
		if rooms, _, err := forgetter(l).Forget(t.Context(), "", flighttest.User(0)); err != nil || rooms != 1 || l.times != 0 {
			t.Errorf("trimmed %d: got %d rooms, %v", trimmed, rooms, err)
		}
		state, _ := opened(t, log)
		want := &logv1.Snapshot{}
		if err := proto.Unmarshal(moments[len(moments)-1].Snapshot, want); err != nil {
			t.Fatal(err)
		}
		if diff := differ(nameless(want), nameless(state)); diff != "" {
			t.Errorf("the state differs (-want +got):\n%s", diff)
		}
	}
}

// failing is a log that fails for one room.
type failing struct {
	forget.Log
	room  eventlog.Key
	times int
	err   error
	scrub error
}

func (l *failing) Rewrite(ctx context.Context, key eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error) {
	if key == l.room && l.times > 0 {
		l.times--
		return 0, l.err
	}
	return l.Log.Rewrite(ctx, key, change)
}

func (l *failing) Scrub(ctx context.Context) error { return errors.Join(l.scrub, l.Log.Scrub(ctx)) }

// several is a log of three rooms of two namespaces, with the same play.
func several(t *testing.T) (log *memlog.Log, keys []eventlog.Key) {
	t.Helper()
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	keys = []eventlog.Key{{Namespace: "default", Room: "a"}, {Namespace: "default", Room: "b"}, {Namespace: "other", Room: "c"}}
	for _, key := range keys {
		var at eventlog.Position
		for _, m := range flighttest.Play(t, 0, 60) {
			if at, err = log.Append(t.Context(), key, at, m.Entry); err != nil {
				t.Fatal(err)
			}
		}
	}
	return log, keys
}

// One room that fails is named, and doesn't keep the others; what is unknown is tried again.
func TestForgetWhereARoomFails(t *testing.T) {
	t.Parallel()
	log, keys := several(t)
	refusing := &failing{Log: log, room: keys[0], times: 1, err: eventlog.ErrRefused}
	rooms, _, err := forgetter(refusing).Forget(t.Context(), "", flighttest.User(0))
	if rooms != 2 || !errors.Is(err, eventlog.ErrRefused) || !strings.Contains(err.Error(), keys[0].String()) {
		t.Errorf("got %d rooms, %v, want two, and the third named", rooms, err)
	}
	unknown := &failing{Log: log, room: keys[0], times: 3, err: eventlog.ErrUnknown}
	if rooms, _, err = forgetter(unknown).Forget(t.Context(), "", flighttest.User(0)); rooms != 1 || err != nil {
		t.Errorf("again: got %d rooms, %v, want the one that was left", rooms, err)
	}
	dirty := &failing{Log: log, scrub: errors.New("full")}
	if _, _, err = forgetter(dirty).Forget(t.Context(), "", flighttest.User(0)); err == nil || !strings.Contains(err.Error(), "may still lie in the store: full") {
		t.Errorf("got %v, want it told that old bytes are left", err)
	}
}

// full is a log on a full disk.
type full struct{ forget.Log }

func (full) Rewrite(context.Context, eventlog.Key, eventlog.Rewriting) (eventlog.Position, error) {
	return 0, eventlog.ErrRefused
}

// Where every room fails the error stays as short as one that can be told.
func TestForgetWhereAllRoomsFail(t *testing.T) {
	t.Parallel()
	const rooms = 50
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	moments := flighttest.Play(t, 0, 60)
	for i := range rooms {
		key := eventlog.Key{Namespace: "default", Room: fmt.Sprint("room", i)}
		var at eventlog.Position
		for _, m := range moments {
			if at, err = log.Append(t.Context(), key, at, m.Entry); err != nil {
				t.Fatal(err)
			}
		}
	}
	n, _, err := forgetter(full{log}).Forget(t.Context(), "", flighttest.User(0))
	if n != 0 || !errors.Is(err, eventlog.ErrRefused) || len(err.Error()) > 500 || !strings.Contains(err.Error(), fmt.Sprint(rooms-2, " more")) {
		t.Errorf("got %d rooms and an error of %d bytes: %.600v", n, len(fmt.Sprint(err)), err)
	}
}

func TestForgetNobody(t *testing.T) {
	t.Parallel()
	log, _ := several(t)
	if _, _, err := forgetter(log).Forget(t.Context(), "", rules.SignedIn("nobody")); !errors.Is(err, forget.ErrNobody) {
		t.Errorf("got %v, want ErrNobody", err)
	}
	if rooms, _, err := forgetter(log).Forget(t.Context(), "", flighttest.User(0)); rooms != 3 || err != nil {
		t.Errorf("got %d rooms, %v, want those of all namespaces", rooms, err)
	}
}

// In one namespace that one's rooms alone are changed.
func TestForgetInOneNamespace(t *testing.T) {
	t.Parallel()
	log, keys := several(t)
	was := make([]*logv1.Snapshot, len(keys))
	state := func(key eventlog.Key) *logv1.Snapshot {
		head, err := log.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		state, err := engine.Load(key, head)
		if err != nil {
			t.Fatal(err)
		}
		return state.Snapshot()
	}
	for i, key := range keys {
		was[i] = state(key)
	}
	if rooms, events, err := forgetter(log).Forget(t.Context(), "other", flighttest.User(0)); rooms != 1 || events == 0 || err != nil {
		t.Errorf("got %d rooms, %d events, %v, want those of the one namespace", rooms, events, err)
	}
	for i, key := range keys {
		if got := state(key); proto.Equal(got, was[i]) != (key.Namespace != "other") {
			t.Errorf("%v: got it changed, or not, against its namespace", key)
		}
	}
	if _, _, err := forgetter(log).Forget(t.Context(), "other", rules.SignedIn("nobody")); !errors.Is(err, forget.ErrNobody) {
		t.Errorf("got %v, want ErrNobody", err)
	}
	if _, _, err := forgetter(log).Forget(t.Context(), "nowhere", flighttest.User(0)); !errors.Is(err, forget.ErrNoNamespace) {
		t.Errorf("got %v, want ErrNoNamespace", err)
	}
	if rooms, _, err := forgetter(log).Forget(t.Context(), "", flighttest.User(0)); rooms != 2 || err != nil {
		t.Errorf("got %d rooms, %v, want the two that were left", rooms, err)
	}
}

// strangers are the members with a name of whom nothing that is kept tells who they were.
func strangers(t *testing.T, f *forget.Forgetter, all []eventlog.Stored) (ids []string) {
	t.Helper()
	seen := map[string]bool{"": true}
	for _, stored := range all {
		records, err := engine.Records(stored.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			for _, named := range []string{r.Event.GetPresence().GetMember().GetMemberId(), r.Event.GetModeration().GetMemberId(), r.Event.GetMemberId()} {
				if seen[named] {
					continue
				}
				seen[named] = true
				if _, err := f.WhoWas(t.Context(), flighttest.Room, named); errors.Is(err, forget.ErrNoMember) {
					ids = append(ids, named)
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return ids
}

// calledOf are the names of a member, and what they said, as events have them.
func calledOf(t *testing.T, all []eventlog.Stored, id string) (words []string) {
	t.Helper()
	for _, stored := range all {
		records, err := engine.Records(stored.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if m := r.Event.GetPresence().GetMember(); m.GetMemberId() == id {
				words = append(words, m.GetNickname())
			}
			if m := r.Event.GetModeration(); m.GetMemberId() == id {
				words = append(words, m.GetNickname())
			}
			if said := r.Event.GetChatMessage(); said != nil {
				if r.Event.GetMemberId() == id {
					words = append(words, said.GetText(), said.GetNickname())
				}
				if said.GetToMemberId() == id {
					words = append(words, said.GetToNickname())
				}
			}
		}
	}
	return slices.DeleteFunc(words, func(word string) bool { return word == "" || word == id })
}

// A member who has left, and whose joining was trimmed, is forgotten by their id, in their room, and nobody else is.
func TestForgetMemberAlone(t *testing.T) {
	t.Parallel()
	forgotten := 0
	for seed := range uint64(12) {
		moments := flighttest.Play(t, seed+30, 120)
		log := kept(t, moments, len(moments)*2/3, true)
		f := forgetter(log)
		for _, id := range strangers(t, f, entries(t, log)) {
			before := entries(t, log)
			stateBefore, _ := opened(t, log)
			if len(calledOf(t, before, id)) == 0 {
				continue
			}
			rooms, events, err := f.ForgetMember(t.Context(), flighttest.Room, id)
			if err != nil || rooms != 1 || events == 0 {
				t.Fatalf("seed %d, %s: got %d rooms, %d events, %v", seed, id, rooms, events, err)
			}
			forgotten++
			after := entries(t, log)
			checkOthers(t, before, after, events)
			if left := calledOf(t, after, id); len(left) != 0 {
				t.Errorf("seed %d, %s: got %q left", seed, id, left)
			}
			state, _ := opened(t, log)
			if diff := differ(nameless(stateBefore), nameless(state)); diff != "" {
				t.Errorf("seed %d, %s: the state differs (-before +after):\n%s", seed, id, diff)
			}
			for _, c := range state.Chat {
				if said := c.Event.GetChatMessage(); c.Event.MemberId == id && (said.GetText() != "" || said.GetNickname() != id) {
					t.Errorf("seed %d, %s: got %v left in the snapshot", seed, id, said)
				}
			}
			for _, other := range strangers(t, f, before) {
				if was, is := calledOf(t, before, other), calledOf(t, after, other); other != id && !slices.Equal(was, is) {
					t.Errorf("seed %d: %s is forgotten, and %s was called %q, now %q", seed, id, other, was, is)
				}
			}
			if rooms, events, err := f.ForgetMember(t.Context(), flighttest.Room, id); rooms != 0 || events != 0 || err != nil {
				t.Errorf("again: got %d rooms, %d events, %v, want nothing to do", rooms, events, err)
			}
		}
		if _, _, err := f.ForgetMember(t.Context(), flighttest.Room, "m0-nobody"); !errors.Is(err, forget.ErrNoMember) {
			t.Errorf("got %v, want ErrNoMember", err)
		}
	}
	if forgotten < 3 {
		t.Errorf("got %d members forgotten, want more", forgotten)
	}
	t.Logf("%d members forgotten", forgotten)
	if _, _, err := forgetter(kept(t, nil, 0, false)).ForgetMember(t.Context(), flighttest.Room, "m1-aaaaaa"); !errors.Is(err, forget.ErrNoRoom) {
		t.Errorf("got %v, want ErrNoRoom", err)
	}
}

// Whoever was a member is found by the snapshot, or by what is left of the history.
func TestWhoWas(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 3, 80)
	for _, trimmed := range []int{0, len(moments) / 2, len(moments)} {
		log := kept(t, moments, trimmed, true)
		f, asked := forgetter(log), 0
		for _, stored := range entries(t, log) {
			records, err := engine.Records(stored.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				a, ok := r.Fact.(*rules.Attached)
				if !ok || r.Event.GetPresence().GetChange() != singoffv1.Presence_CHANGE_JOINED {
					continue
				}
				asked++
				if user, err := f.WhoWas(t.Context(), flighttest.Room, a.MemberID); err != nil || user != a.User {
					t.Errorf("%s: got %v, %v, want %v", a.MemberID, user, err, a.User)
				}
			}
		}
		if asked == 0 {
			t.Error("nobody joined")
		}
		if _, err := f.WhoWas(t.Context(), flighttest.Room, "m0-nobody"); !errors.Is(err, forget.ErrNoMember) {
			t.Errorf("got %v, want ErrNoMember", err)
		}
	}
	if _, err := forgetter(kept(t, nil, 0, false)).WhoWas(t.Context(), flighttest.Room, "m1-aaaaaa"); !errors.Is(err, forget.ErrNoRoom) {
		t.Errorf("got %v, want ErrNoRoom", err)
	}
}

// Two who are forgotten in one room still have nicknames of their own.
func TestNicknamesStayUnique(t *testing.T) {
	t.Parallel()
	log := kept(t, flighttest.Play(t, 5, 80), 0, false)
	for i := range flighttest.People {
		if _, _, err := forgetter(log).Forget(t.Context(), "", flighttest.User(i)); err != nil && !errors.Is(err, forget.ErrNobody) {
			t.Fatal(err)
		}
	}
	state, data := opened(t, log)
	called := map[string]bool{}
	for _, m := range state.Members {
		if m.Role == singoffv1.Role_ROLE_OBSERVER {
			continue
		}
		if m.Nickname == "" || called[m.Nickname] {
			t.Errorf("got the nickname %q twice or empty", m.Nickname)
		}
		called[m.Nickname] = true
	}
	if len(called) < 2 || bytes.Contains(data, []byte("말")) {
		t.Errorf("got %d members, want some, and no word left: %s", len(called), fmt.Sprint(state))
	}
}
