package history_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/cli/history"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

const epoch = 0xfeedface

// member on a numbered seat; its id and nickname are the same.
func member(id string, role singoffv1.Role, seat uint32) *singoffv1.Member {
	return &singoffv1.Member{MemberId: id, Nickname: id, Role: role, Seat: seat}
}

func singer(id string, seat uint32) *singoffv1.Member {
	return member(id, singoffv1.Role_ROLE_SINGER, seat)
}

func room(members ...*singoffv1.Member) *singoffv1.RoomState {
	return &singoffv1.RoomState{Seats: &singoffv1.Seats{Singers: 2, Watchers: 6}, Members: members}
}

func welcome(self string, seq uint64, state *singoffv1.RoomState, recovery *singoffv1.Recovery) *singoffv1.Event {
	return &singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{
		Self: &singoffv1.Member{MemberId: self}, Epoch: epoch, SnapshotSeq: seq, Room: state, Recovery: recovery, InstanceKnown: true,
	}}}
}

func fresh() *singoffv1.Recovery {
	return &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_NEW}
}

func resumed(n uint32) *singoffv1.Recovery {
	return &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_RESUMED, Events: n}
}

func snapshot(cause singoffv1.Recovery_Cause) *singoffv1.Recovery {
	return &singoffv1.Recovery{Kind: singoffv1.Recovery_KIND_SNAPSHOT, Cause: cause}
}

func say(seq uint64, from, text string) *singoffv1.Event {
	return &singoffv1.Event{Seq: seq, MemberId: from, Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

func whisper(seq uint64, from, to string) *singoffv1.Event {
	ev := say(seq, from, "psst")
	ev.GetChatMessage().ToMemberId = to
	return ev
}

func presence(seq uint64, change singoffv1.Presence_Change, m *singoffv1.Member) *singoffv1.Event {
	return &singoffv1.Event{Seq: seq, MemberId: m.GetMemberId(), Body: &singoffv1.Event_Presence{Presence: &singoffv1.Presence{Change: change, Member: m}}}
}

func numbered(number uint64, ev *singoffv1.Event) *singoffv1.Event {
	ev = proto.CloneOf(ev)
	ev.Number = number
	return ev
}

func chats(from, to uint64) (events []*singoffv1.Event) {
	for seq := from; seq <= to; seq++ {
		events = append(events, say(seq, "mina", fmt.Sprint("line ", seq)))
	}
	return events
}

func without(events []*singoffv1.Event, i int) []*singoffv1.Event {
	return slices.Delete(slices.Clone(events), i, i+1)
}

func swapped(events []*singoffv1.Event, i, j int) []*singoffv1.Event {
	events = slices.Clone(events)
	events[i], events[j] = events[j], events[i]
	return events
}

// concat is a stream: single events and lists of them.
func concat(parts ...any) (events []*singoffv1.Event) {
	for _, part := range parts {
		switch p := part.(type) {
		case *singoffv1.Event:
			events = append(events, p)
		case []*singoffv1.Event:
			events = append(events, p...)
		}
	}
	return events
}

// watch plays what two members of a room saw into a history and gives the kinds of what is broken.
func watch(mina, juno []*singoffv1.Event) []history.Violation {
	var newest uint64
	for _, ev := range concat(mina, juno) {
		newest = max(newest, ev.GetSeq(), ev.GetWelcome().GetSnapshotSeq())
	}
	h := history.New()
	for person, events := range map[string][]*singoffv1.Event{"Mina": mina, "Juno": juno} {
		stay := h.Begin(history.About{Room: "default/friday", Person: person})
		for _, ev := range events {
			stay.Saw(ev)
		}
		stay.End(newest)
	}
	return h.Check()
}

func kindsOf(found []history.Violation) (kinds []history.Kind) {
	for _, v := range found {
		kinds = append(kinds, v.Kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func TestCheckOfStreams(t *testing.T) {
	t.Parallel()
	both := room(singer("mina", 1), singer("juno", 2))
	w := func(self string, seq uint64, r *singoffv1.Recovery) *singoffv1.Event {
		return welcome(self, seq, both, r)
	}
	all := chats(4, 12)
	good := concat(w("mina", 3, fresh()), all)
	for name, c := range map[string]struct {
		juno []*singoffv1.Event
		want []history.Kind
	}{
		"nothing wrong":                 {concat(w("juno", 3, fresh()), all), nil},
		"joined later":                  {concat(w("juno", 6, fresh()), chats(7, 12)), nil},
		"one is lost":                   {concat(w("juno", 3, fresh()), without(all, 4)), []history.Kind{history.Lost}},
		"the last is lost":              {concat(w("juno", 3, fresh()), without(all, 8)), []history.Kind{history.Lost}},
		"the first after it is lost":    {concat(w("juno", 3, fresh()), without(all, 0)), []history.Kind{history.Lost}},
		"one comes twice":               {concat(w("juno", 3, fresh()), chats(4, 7), chats(7, 12)), []history.Kind{history.Repeated}},
		"of the snapshot, live":         {concat(w("juno", 6, fresh()), chats(6, 12)), []history.Kind{history.Repeated}},
		"two in another order":          {concat(w("juno", 3, fresh()), swapped(all, 2, 3)), []history.Kind{history.Reordered}},
		"another text under one seq":    {concat(w("juno", 3, fresh()), chats(4, 7), say(8, "mina", "forged"), chats(9, 12)), []history.Kind{history.Differs}},
		"two swapped with their seqs":   {concat(w("juno", 3, fresh()), chats(4, 7), say(8, "mina", "line 9"), say(9, "mina", "line 8"), chats(10, 12)), []history.Kind{history.Differs}},
		"resumed":                       {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 9, resumed(3)), chats(7, 12)), nil},
		"resumed after nothing":         {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 6, resumed(0)), chats(7, 12)), nil},
		"resumed twice, cut in between": {concat(w("juno", 3, fresh()), w("juno", 9, resumed(6)), chats(4, 5), w("juno", 10, resumed(5)), chats(6, 12)), nil},
		"a gap in a RESUMED":            {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 9, resumed(3)), chats(7, 8), chats(10, 12)), []history.Kind{history.Lost, history.Gap}},
		"a RESUMED that counts less":    {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 9, resumed(2)), chats(7, 8), chats(10, 12)), []history.Kind{history.Lost}},
		"a RESUMED that counts more":    {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 9, resumed(4)), chats(7, 12)), []history.Kind{history.Gap}},
		"a RESUMED that never ends":     {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 12, resumed(7)), chats(7, 12)), []history.Kind{history.Gap}},
		"a RESUMED repeats":             {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 9, resumed(4)), chats(6, 12)), []history.Kind{history.Gap, history.Repeated}},
		"a snapshot jumps":              {concat(w("juno", 3, fresh()), chats(4, 6), w("juno", 9, snapshot(singoffv1.Recovery_CAUSE_TRIMMED)), chats(10, 12)), nil},
		"a snapshot of the past":        {concat(w("juno", 3, fresh()), chats(4, 9), w("juno", 7, snapshot(singoffv1.Recovery_CAUSE_TRIMMED)), chats(8, 12)), []history.Kind{history.State}},
		"an event before the Welcome":   {concat(chats(4, 5), w("juno", 5, fresh()), chats(6, 12)), []history.Kind{history.State}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := watch(good, c.juno)
			if got := kindsOf(found); !slices.Equal(got, c.want) {
				t.Errorf("got kinds %v, want %v: %v", got, c.want, found)
			}
		})
	}
}

func TestWhispersAreForTwo(t *testing.T) {
	t.Parallel()
	state := room(singer("mina", 1), singer("juno", 2))
	mina := concat(welcome("mina", 3, state, fresh()), chats(4, 5), whisper(6, "mina", "hana"), chats(7, 8))
	juno := concat(welcome("juno", 3, state, fresh()), chats(4, 5), chats(7, 8))
	if found := watch(mina, juno); len(found) > 0 {
		t.Errorf("a whisper to somebody else: got %v, want nothing", found)
	}
	leaked := concat(welcome("juno", 3, state, fresh()), chats(4, 5), whisper(6, "mina", "hana"), chats(7, 8))
	if got := kindsOf(watch(mina, leaked)); !slices.Equal(got, []history.Kind{history.Leaked}) {
		t.Errorf("a whisper seen by a third: got %v, want [leaked]", got)
	}
	mina = concat(welcome("mina", 3, state, fresh()), chats(4, 5), whisper(6, "mina", "juno"), chats(7, 8))
	if got := kindsOf(watch(mina, juno)); !slices.Equal(got, []history.Kind{history.Lost}) {
		t.Errorf("a whisper not seen by whom it's for: got %v, want [lost]", got)
	}
}

func TestSeats(t *testing.T) {
	t.Parallel()
	const joined, left, renamed = singoffv1.Presence_CHANGE_JOINED, singoffv1.Presence_CHANGE_LEFT, singoffv1.Presence_CHANGE_RENAMED
	full := room(singer("mina", 1), singer("juno", 2))
	start := welcome("mina", 3, full, fresh())
	named := singer("hana", 1)
	named.Nickname = "juno"
	for name, c := range map[string]struct {
		events []*singoffv1.Event
		want   []history.Kind
	}{
		"one for another":         {concat(start, presence(4, left, singer("juno", 2)), presence(5, joined, singer("hana", 2))), nil},
		"a third singer":          {concat(start, presence(4, joined, singer("hana", 3))), []history.Kind{history.Seats}},
		"two on one seat":         {concat(start, presence(4, left, singer("juno", 2)), presence(5, joined, singer("hana", 1))), []history.Kind{history.Seats}},
		"two of one name":         {concat(start, presence(4, left, singer("mina", 1)), presence(5, joined, named)), []history.Kind{history.Seats}},
		"a third in a Welcome":    {concat(welcome("mina", 3, room(singer("mina", 1), singer("juno", 2), singer("hana", 3)), fresh())), []history.Kind{history.Seats}},
		"replay leads to Welcome": {concat(start, welcome("mina", 5, room(singer("mina", 1), singer("hana", 2)), resumed(2)), presence(4, left, singer("juno", 2)), presence(5, joined, singer("hana", 2))), nil},
		"replay leads elsewhere":  {concat(start, welcome("mina", 4, full, resumed(1)), presence(4, left, singer("juno", 2))), []history.Kind{history.State}},
		"a rename unseen":         {concat(start, welcome("mina", 4, full, resumed(1)), presence(4, renamed, &singoffv1.Member{MemberId: "juno", Nickname: "J", Role: 1, Seat: 2})), []history.Kind{history.State}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := watch(c.events, nil)
			if got := kindsOf(found); !slices.Equal(got, c.want) {
				t.Errorf("got kinds %v, want %v: %v", got, c.want, found)
			}
		})
	}
}

func sayCommand(text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	type outcome struct {
		ev  *singoffv1.Event
		err error
	}
	start := welcome("mina", 3, room(singer("mina", 1)), fresh())
	one, two := numbered(1, say(4, "mina", "hello")), numbered(2, say(5, "mina", "hello"))
	rejected := &singoff.RejectedError{Reason: singoffv1.Rejected_REASON_INVALID}
	for name, c := range map[string]struct {
		events   []*singoffv1.Event
		outcomes []outcome
		want     []history.Kind
	}{
		"answered and seen":              {concat(start, one), []outcome{{one, nil}}, nil},
		"answered and never seen":        {concat(start), []outcome{{one, nil}}, []history.Kind{history.Lost}},
		"said twice, there twice":        {concat(start, one, two), []outcome{{one, nil}, {two, nil}}, nil},
		"said once, there twice":         {concat(start, one, two), []outcome{{one, nil}}, []history.Kind{history.Twice}},
		"unknown, there once":            {concat(start, one), []outcome{{nil, singoff.ErrUnknownOutcome}}, nil},
		"unknown, not there":             {concat(start), []outcome{{nil, singoff.ErrUnknownOutcome}}, nil},
		"unknown, there twice":           {concat(start, one, two), []outcome{{nil, singoff.ErrUnknownOutcome}}, []history.Kind{history.Twice}},
		"unseen, there once":             {concat(start, one), []outcome{{nil, singoff.ErrOutcomeUnseen}}, nil},
		"rejected, and there":            {concat(start, one), []outcome{{nil, rejected}}, []history.Kind{history.Twice}},
		"not sent, and there":            {concat(start, one), []outcome{{nil, fmt.Errorf("%w: closed", singoff.ErrNotSent)}}, []history.Kind{history.Twice}},
		"one number with two records":    {concat(start, one, numbered(1, say(5, "mina", "again"))), nil, []history.Kind{history.Twice}},
		"a text nobody here said, twice": {concat(start, one, two), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := history.New()
			stay := h.Begin(history.About{Room: "default/friday", Person: "Mina"})
			for _, ev := range c.events {
				stay.Saw(ev)
			}
			for _, o := range c.outcomes {
				stay.Answered(sayCommand("hello"), o.ev, o.err)
			}
			stay.End(5)
			found := h.Check()
			if got := kindsOf(found); !slices.Equal(got, c.want) {
				t.Errorf("got kinds %v, want %v: %v", got, c.want, found)
			}
		})
	}
}

// A program that was killed resumes from what it had saved, which may be a little behind what it had seen: what comes again
// in its next stay isn't a repeat.
func TestNextStayResumesFromWhatWasSaved(t *testing.T) {
	t.Parallel()
	state := room(singer("mina", 1))
	h := history.New()
	first := h.Begin(history.About{Room: "r", Person: "Mina"})
	for _, ev := range concat(welcome("mina", 3, state, fresh()), chats(4, 8)) {
		first.Saw(ev)
	}
	first.End(0)
	next := h.Begin(history.About{Room: "r", Person: "Mina", Resume: &singoffv1.Resume{Epoch: epoch, LastSeq: 6}})
	for _, ev := range concat(welcome("mina", 10, state, resumed(4)), chats(7, 8), chats(10, 10)) {
		next.Saw(ev)
	}
	next.End(0)
	if found := h.Check(); len(found) > 0 {
		t.Errorf("before seq 9 was seen by anybody: got %v, want nothing", found)
	}
	other := h.Begin(history.About{Room: "r", Person: "Juno"})
	for _, ev := range concat(welcome("juno", 8, state, fresh()), chats(9, 10)) {
		other.Saw(ev)
	}
	if found := h.Check(); len(found) != 1 || found[0].Kind != history.Lost || found[0].Seq != 9 || found[0].Person != "Mina" {
		t.Errorf("got %v, want seq 9 lost by Mina", found)
	}
	if got := h.Events(); got != 7 {
		t.Errorf("Events() = %d, want 7", got)
	}
}

// A log that was lost begins again at seq 1 under a new epoch: that is another sequence, not a reordered one.
func TestLostLogIsAnotherSequence(t *testing.T) {
	t.Parallel()
	again := func(self string, seq uint64) *singoffv1.Event {
		ev := welcome(self, seq, room(singer("mina", 1)), snapshot(singoffv1.Recovery_CAUSE_LOG_LOST))
		ev.GetWelcome().Epoch = 0xbeef
		ev.GetWelcome().InstanceKnown = false
		return ev
	}
	start := welcome("mina", 3, room(singer("mina", 1)), fresh())
	mina := concat(start, numbered(1, say(4, "mina", "a")), again("mina", 2), numbered(1, say(3, "mina", "b")), say(4, "mina", "c"))
	juno := concat(again("juno", 2), say(3, "mina", "b"), say(4, "mina", "c"))
	if found := watch(mina, juno); len(found) > 0 {
		t.Errorf("got %v, want nothing", found)
	}
	if got := kindsOf(watch(mina, without(juno, 1))); !slices.Equal(got, []history.Kind{history.Lost}) {
		t.Errorf("lost after the loss of the log: got %v, want [lost]", got)
	}
}

// A room that another node opened goes on under a new epoch: events on both sides of the opening are one sequence.
func TestOpeningIsTheSameSequence(t *testing.T) {
	t.Parallel()
	state := room(singer("mina", 1))
	opened := &singoffv1.Event{Seq: 6, Body: &singoffv1.Event_RoomOpened{RoomOpened: &singoffv1.RoomOpened{Epoch: 0xbeef}}}
	back := welcome("mina", 8, state, resumed(3))
	back.GetWelcome().Epoch = 0xbeef
	mina := concat(welcome("mina", 3, state, fresh()), chats(4, 5), back, opened, chats(7, 9))
	late := welcome("juno", 7, state, fresh())
	late.GetWelcome().Epoch = 0xbeef
	if found := watch(mina, concat(late, chats(8, 9))); len(found) > 0 {
		t.Errorf("got %v, want nothing", found)
	}
	missed := concat(welcome("juno", 3, state, fresh()), chats(4, 5), back, chats(7, 9))
	if got := kindsOf(watch(mina, missed)); !slices.Contains(got, history.Lost) {
		t.Errorf("the opening itself is lost: got %v, want lost among it", got)
	}
}

// A room that is closed for being empty keeps its observers, who don't make it anybody's; they were held to be gone.
func TestObserversStayInAClosedRoom(t *testing.T) {
	t.Parallel()
	screen, one, two := member("screen", singoffv1.Role_ROLE_OBSERVER, 0), member("one", singoffv1.Role_ROLE_OBSERVER, 0), member("two", singoffv1.Role_ROLE_OBSERVER, 0)
	closed := &singoffv1.Event{Seq: 11, Body: &singoffv1.Event_RoomClosed{RoomClosed: &singoffv1.RoomClosed{}}}
	left := presence(12, singoffv1.Presence_CHANGE_LEFT, one)
	joined := presence(13, singoffv1.Presence_CHANGE_JOINED, two)
	watcher := concat(welcome("one", 10, room(screen, one), fresh()), closed, welcome("two", 13, room(screen, two), resumed(2)), left, joined)
	if found := watch(watcher, concat(welcome("screen", 10, room(screen, one), fresh()), closed, left, joined)); len(found) > 0 {
		t.Errorf("got %v, want nothing broken", found)
	}
}
