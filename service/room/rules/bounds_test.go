package rules_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

const (
	maxSnapshot = 512 << 10
	// No room comes this far: 4,000 events a second for 2,000 years, and 50 commands a second of one page for 1,300.
	farSeq, farNumber = 1 << 48, 1 << 41
)

// full is a room in which every bound is reached at once.
type full struct {
	t     *testing.T
	cfg   rules.Config
	now   time.Time
	state *rules.State
	users uint64
	conn  rules.Connection
	host  rules.Connection
}

func newFull(t *testing.T) *full {
	f := &full{t: t, now: start, cfg: rules.DefaultConfig(), conn: math.MaxUint64 - 1<<20}
	f.cfg.Singers, f.cfg.Watchers = rules.MaxSingers, rules.MaxSeats-rules.MaxSingers
	f.cfg.KickTime = 7 * 24 * time.Hour
	var err error
	f.state, err = rules.FromSnapshot("default", "battle", &logv1.Snapshot{RulesVersion: rules.Version, Seq: farSeq, Time: start.UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	for epoch := range uint64(rules.MaxEpochs + 10) {
		f.batch(func(b *rules.Batch) { b.Open(math.MaxUint64 - epoch) })
	}
	f.host = f.join(f.nickname("host"), singoffv1.Role_ROLE_SINGER)
	return f
}

func (f *full) batch(decide func(b *rules.Batch)) *rules.Batch {
	b := rules.Begin(f.state, &f.cfg, f.now)
	decide(b)
	return b
}

// someone is a user that was never seen before.
func (f *full) someone() rules.User {
	f.users++
	return rules.Guest(binary.BigEndian.AppendUint64(nil, f.users))
}

func (f *full) hello(nickname string, role singoffv1.Role) rules.Hello {
	return rules.Hello{
		User: f.someone(), Instance: math.MaxUint64, Attempt: math.MaxUint64, Role: role, Nickname: nickname,
		Title: strings.Repeat("t", rules.MaxTitleSize),
	}
}

func (f *full) join(nickname string, role singoffv1.Role) rules.Connection {
	f.t.Helper()
	f.conn++
	h := f.hello(nickname, role)
	f.batch(func(b *rules.Batch) {
		if _, refused := b.Hello(f.conn, h); refused != nil {
			f.t.Fatalf("Hello of %q: %v", nickname, refused)
		}
	})
	f.farNumber(f.conn)
	return f.conn
}

// farNumber lets a connection's instance have sent a great many commands.
func (f *full) farNumber(conn rules.Connection) {
	f.t.Helper()
	user, instance, _ := f.state.Attached(conn)
	if err := f.state.Apply(&rules.Record{Command: &rules.CommandKey{User: user, Instance: instance, Number: farNumber}}); err != nil {
		f.t.Fatal(err)
	}
}

// command is sent without a number; it gives the refusal, if it is refused.
func (f *full) command(conn rules.Connection, c rules.Command) *singoffv1.Rejected {
	var a rules.Answer
	f.batch(func(b *rules.Batch) { a = b.Command(conn, c) })
	return a.Event.GetRejected()
}

func (f *full) must(conn rules.Connection, body any) {
	f.t.Helper()
	if r := f.command(conn, rules.Command{Body: body}); r != nil {
		f.t.Fatalf("%T: %v", body, r)
	}
}

func (f *full) leave(conn rules.Connection) { f.batch(func(b *rules.Batch) { b.HalfClosed(conn) }) }

func (f *full) memberOf(conn rules.Connection) string {
	var id string
	user, _, _ := f.state.Attached(conn)
	f.batch(func(b *rules.Batch) {
		b.Command(conn, rules.Command{Body: &singoffv1.Presence{Hidden: proto.Bool(true)}})
		for _, r := range b.Records {
			id = r.Event.MemberId
		}
	})
	if id == "" {
		f.t.Fatalf("user %x is nobody", user)
	}
	return id
}

// nickname is a new one of 48 bytes.
func (f *full) nickname(prefix string) string {
	f.users++
	name := fmt.Sprintf("%s%d", prefix, f.users)
	name += strings.Repeat("가", (48-len(name))/3)
	return name + strings.Repeat("x", 48-len(name))
}

// vote fills the votes: 4,096 voters, 256 singers, all of whom have left since.
func (f *full) vote() {
	f.t.Helper()
	for range rules.MaxVotedFor {
		singer := f.join(f.nickname("s"), singoffv1.Role_ROLE_SINGER)
		id := f.memberOf(singer)
		for range rules.MaxVotes / rules.MaxVotedFor {
			voter := f.join(f.nickname("v"), singoffv1.Role_ROLE_WATCHER)
			f.must(voter, vote(id, singoffv1.Vote_CHOICE_UP))
			f.leave(voter)
		}
		f.leave(singer)
	}
}

func (f *full) act(a rules.Act) (r rules.ActResult) {
	f.batch(func(b *rules.Batch) { r = b.Act(a) })
	return r
}

// ban fills the bans and their nicknames, half of it by the operator, whose say who it was instead.
func (f *full) ban() {
	f.t.Helper()
	for i := range rules.MaxBans {
		conn := f.join(fmt.Sprintf("b%015d", i), singoffv1.Role_ROLE_WATCHER)
		if i%2 == 0 {
			f.must(f.host, moderation(singoffv1.Moderation_ACTION_KICK, f.memberOf(conn)))
			continue
		}
		if r := f.act(rules.Act{Kick: &rules.Kick{MemberID: f.memberOf(conn), KeepOut: 7 * 24 * time.Hour}}); r.Err != nil {
			f.t.Fatal(r.Err)
		}
	}
}

// sit fills the sessions and the seats, with as much of names and picks as goes in. All but the host are away, which takes most.
func (f *full) sit() {
	f.t.Helper()
	for range 4 * (rules.MaxSeats + rules.MaxObservers) {
		f.leave(f.join("passer-by", singoffv1.Role_ROLE_WATCHER))
	}
	for i := range rules.MaxSeats - 1 {
		role := singoffv1.Role_ROLE_WATCHER
		if i < rules.MaxSingers-1 {
			role = singoffv1.Role_ROLE_SINGER
		}
		name := f.nickname("n")
		if i < 64 {
			name += strings.Repeat("나", 6) // 64 times 18 bytes on top of 1,000 times 48 bytes are 48 KiB
		}
		conn := f.join(name, role)
		f.memberOf(conn) // and hidden
		if role == singoffv1.Role_ROLE_SINGER {
			f.pick(conn)
			f.must(conn, playback(singoffv1.Playback_ACTION_START))
			f.must(f.host, playback(singoffv1.Playback_ACTION_STOP))
		}
		f.batch(func(b *rules.Batch) { b.Lost(conn, singoffv1.Presence_REASON_CONNECTION_LOST) })
	}
	f.pick(f.host)
	f.must(f.host, playback(singoffv1.Playback_ACTION_START))
	for range rules.MaxObservers {
		f.join("", singoffv1.Role_ROLE_OBSERVER)
	}
}

func (f *full) pick(conn rules.Connection) {
	f.t.Helper()
	long := func(c string) string { return strings.Repeat(c, rules.MaxTrackField) }
	track := &singoffv1.Track{TrackId: long("i"), Title: long("t"), Artist: long("a"), Duration: durationpb.New(24*time.Hour - time.Millisecond)}
	if r := f.command(conn, rules.Command{Body: &singoffv1.MusicSelected{TrackId: track.TrackId}, Track: track}); r != nil {
		f.t.Fatalf("pick: %v", r)
	}
}

// talk fills the recent chat with whispers, whose audience comes on top.
func (f *full) talk() {
	f.t.Helper()
	to := ""
	for _, m := range f.state.Room("").Members {
		if m.Role == singoffv1.Role_ROLE_WATCHER {
			to = m.MemberId
		}
	}
	f.must(f.host, &singoffv1.ChatMessage{Text: "x", ToMemberId: to})
	user, _, _ := f.state.Attached(f.host)
	recent := f.state.RecentChat(user)
	short := proto.Size(recent[len(recent)-1])
	text := strings.Repeat("x", rules.MaxRecentChatSize/rules.MaxRecentChat-short-1) // two lengths take two bytes now, not one
	for range rules.MaxRecentChat {
		f.must(f.host, &singoffv1.ChatMessage{Text: text, ToMemberId: to})
	}
}

// TestBounds fills a room up to every one of its bounds and shows that its snapshot keeps to 512 KiB, and what is said beyond each.
func TestBounds(t *testing.T) {
	t.Parallel()
	f := newFull(t)
	f.vote()
	f.ban()
	f.sit()
	f.talk()
	snapshot := f.state.Snapshot()
	f.filled(snapshot)
	size := proto.Size(snapshot)
	t.Logf("a full room's snapshot has %d bytes, %.1f%% of %d", size, 100*float64(size)/maxSnapshot, maxSnapshot)
	for name, part := range parts(snapshot) {
		t.Logf("%8d bytes of %s", part, name)
	}
	if size > maxSnapshot {
		t.Errorf("a full room's snapshot has %d bytes, want at most %d", size, maxSnapshot)
	}
	if !throughSnapshot(t, f.state).Equal(f.state) {
		t.Errorf("the room after its snapshot is another")
	}
	f.beyond()
}

// parts says what the fields of a snapshot take.
func parts(s *logv1.Snapshot) map[string]int {
	all := map[string]int{}
	fields := s.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		one := &logv1.Snapshot{}
		if fd := fields.Get(i); s.ProtoReflect().Has(fd) {
			one.ProtoReflect().Set(fd, s.ProtoReflect().Get(fd))
			all[string(fd.Name())] = proto.Size(one)
		}
	}
	return all
}

// filled says where the room isn't as full as it should be.
func (f *full) filled(s *logv1.Snapshot) {
	f.t.Helper()
	names, banNames, chat := 0, 0, 0
	for _, m := range s.Members {
		names += len(m.Nickname)
	}
	for _, b := range s.Bans {
		banNames += len(b.Nickname)
	}
	for _, c := range s.Chat {
		chat += proto.Size(c.Event)
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"members", len(s.Members), rules.MaxSeats + rules.MaxObservers},
		{"bytes of nicknames", names, rules.MaxNamesSize},
		{"sessions", len(s.Sessions.User), 4 * (rules.MaxSeats + rules.MaxObservers)},
		{"votes", len(s.Votes.Voter), rules.MaxVotes},
		{"bans", len(s.Bans), rules.MaxBans},
		{"bytes of nicknames of bans", banNames, rules.MaxBanNamesSize},
		{"epochs", len(s.Epochs), rules.MaxEpochs},
		{"bytes of title", len(s.Title), rules.MaxTitleSize},
		{"chat", len(s.Chat), rules.MaxRecentChat},
		{"bytes of users", len(s.Users), 16 * (4*(rules.MaxSeats+rules.MaxObservers) + rules.MaxVotes + rules.MaxVotedFor + rules.MaxBans)},
	} {
		if c.got != c.want {
			f.t.Errorf("%d %s, want %d", c.got, c.what, c.want)
		}
	}
	if chat > rules.MaxRecentChatSize || chat < rules.MaxRecentChatSize*99/100 {
		f.t.Errorf("%d bytes of chat, want nearly %d", chat, rules.MaxRecentChatSize)
	}
}

// yieldedName: a rename that makes a nickname yield needs no more room than that leaves. (It was refused, since both were counted.)
func (f *full) yieldedName() {
	f.t.Helper()
	longest := ""
	for _, m := range f.state.Room("").Members {
		if m.Away && len(m.Nickname) > len(longest) {
			longest = m.Nickname
		}
	}
	f.now = f.now.Add(f.cfg.Hold)
	f.must(f.host, &singoffv1.Presence{Nickname: longest})
}

// beyond goes one step beyond each bound.
func (f *full) beyond() {
	f.t.Helper()
	f.out("another observer", f.hello("", singoffv1.Role_ROLE_OBSERVER), singoffv1.Goaway_REASON_ROOM_LIMIT, "hello.role")
	f.out("another nickname", f.hello("one-more", singoffv1.Role_ROLE_WATCHER), singoffv1.Goaway_REASON_ROOM_LIMIT, "hello.nickname")
	f.refused("a longer nickname", &singoffv1.Presence{Nickname: strings.Repeat("다", 32)}, "presence.nickname")
	f.yieldedName()
	f.must(f.host, &singoffv1.Presence{Nickname: "h"})
	var singer, watcher string
	for _, m := range f.state.Room("").Members {
		switch {
		case m.Nickname == "h":
		case m.Role == singoffv1.Role_ROLE_SINGER:
			singer = m.MemberId
		case m.Role == singoffv1.Role_ROLE_WATCHER:
			watcher = m.MemberId
		}
	}
	f.refused("another vote", vote(singer, singoffv1.Vote_CHOICE_UP), "vote")
	f.refused("another ban", moderation(singoffv1.Moderation_ACTION_BAN, watcher), "moderation")
	if r := f.act(rules.Act{Kick: &rules.Kick{MemberID: watcher, KeepOut: time.Hour}}); !errors.Is(r.Err, rules.ErrManyBans) {
		f.t.Errorf("another one whom the operator keeps out: got %v, want ErrManyBans", r.Err)
	}
	if epoch, known := f.state.EpochAt(farSeq + 1); known {
		f.t.Errorf("the first of %d epochs is still known, as %d", rules.MaxEpochs+10, epoch)
	}
}

func (f *full) refused(what string, body any, field string) {
	f.t.Helper()
	r := f.command(f.host, rules.Command{Body: body})
	if r.GetReason() != singoffv1.Rejected_REASON_ROOM_LIMIT || r.GetField() != field || r.GetMessage() == "" {
		f.t.Errorf("%s: got %v, want ROOM_LIMIT of %s", what, r, field)
	}
}

func (f *full) out(what string, h rules.Hello, reason singoffv1.Goaway_Reason, field string) {
	f.t.Helper()
	f.batch(func(b *rules.Batch) {
		if _, g := b.Hello(f.conn+1, h); g.GetReason() != reason || g.GetField() != field || g.GetMessage() == "" {
			f.t.Errorf("%s: got %v, want %v of %s", what, g, reason, field)
		}
	})
}

// TestVotedForBound: standing votes are for 256 users at most. A vote for somebody who has some already is still taken, and a
// withdrawn one makes room.
func TestVotedForBound(t *testing.T) {
	t.Parallel()
	f := newFull(t)
	voter := f.join("voter", singoffv1.Role_ROLE_WATCHER)
	stays := f.memberOf(f.join("stays", singoffv1.Role_ROLE_SINGER))
	f.must(voter, vote(stays, singoffv1.Vote_CHOICE_DOWN))
	for range rules.MaxVotedFor - 1 {
		singer := f.join(f.nickname("s"), singoffv1.Role_ROLE_SINGER)
		f.must(voter, vote(f.memberOf(singer), singoffv1.Vote_CHOICE_DOWN))
		f.leave(singer)
	}
	another := f.memberOf(f.join("another", singoffv1.Role_ROLE_SINGER))
	f.refused("a vote for another singer", vote(another, singoffv1.Vote_CHOICE_UP), "vote")
	f.must(f.host, vote(stays, singoffv1.Vote_CHOICE_UP))
	f.must(f.host, vote(stays, singoffv1.Vote_CHOICE_NONE))
	f.must(voter, vote(stays, singoffv1.Vote_CHOICE_NONE))
	f.must(f.host, vote(another, singoffv1.Vote_CHOICE_UP))
}

// TestFullOfSeats: a thousand seats and no more.
func TestFullOfSeats(t *testing.T) {
	t.Parallel()
	f := newFull(t)
	for i := range f.cfg.Watchers {
		f.join(fmt.Sprint("w", i), singoffv1.Role_ROLE_WATCHER)
	}
	for i := range f.cfg.Singers - 1 {
		f.join(fmt.Sprint("s", i), singoffv1.Role_ROLE_SINGER)
	}
	f.out("another watcher", f.hello("one-more", singoffv1.Role_ROLE_WATCHER), singoffv1.Goaway_REASON_FULL, "hello.role")
	f.out("another singer", f.hello("one-more", singoffv1.Role_ROLE_SINGER), singoffv1.Goaway_REASON_FULL, "hello.role")
	if c := f.state.Room("").Counts; c.Singers+c.Watchers != rules.MaxSeats {
		t.Errorf("got %v, want %d seats taken", c, rules.MaxSeats)
	}
}

// TestRecentChatBound: at most 100 messages of at most 64 KiB, the newest.
func TestRecentChatBound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		said, want int
	}{
		{"by number", "hi", 101, 100},
		{"by size", strings.Repeat("가", 2000), 20, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t, rules.DefaultConfig())
			conn, _ := r.joinAs("mina", singoffv1.Role_ROLE_SINGER)
			for range c.said {
				r.must(conn, &singoffv1.ChatMessage{Text: c.text})
			}
			recent := r.state.RecentChat(rules.Guest([]byte("mina")))
			if len(recent) != c.want || recent[len(recent)-1].Seq != r.state.Seq() {
				t.Errorf("%d of %d messages up to #%d, want %d up to #%d", len(recent), c.said, recent[len(recent)-1].Seq, c.want, r.state.Seq())
			}
		})
	}
}

// TestSessionsForgetTheOldest but never those of members.
func TestSessionsForgetTheOldest(t *testing.T) {
	t.Parallel()
	r := newRoom(t, rules.Config{
		Singers: 1, ChatCharacters: 1, Hold: time.Second, AwayLimit: time.Second, EmptyLimit: time.Hour, KickTime: time.Second,
	})
	r.joinAs("stays", singoffv1.Role_ROLE_SINGER)
	limit := 4 * (1 + rules.MaxObservers)
	for i := range limit {
		conn, _ := r.joinAs(fmt.Sprint(i), singoffv1.Role_ROLE_OBSERVER)
		r.lose(conn)
	}
	known := func(name string) bool {
		_, known := r.state.LastNumber(rules.Guest([]byte(name)), rules.InstanceOf("a"))
		return known
	}
	for name, want := range map[string]bool{"stays": true, "0": false, "1": true, fmt.Sprint(limit - 1): true} {
		if got := known(name); got != want {
			t.Errorf("the instance of %q is known: got %v, want %v", name, got, want)
		}
	}
}

// TestLargestEvent: an event is no larger than a request may be, whatever is in it. (The ledger says so of all events it sees.)
func TestLargestEvent(t *testing.T) {
	t.Parallel()
	r := newRoom(t, rules.DefaultConfig())
	longest := func(c string) rules.Hello {
		h := helloOf(c, singoffv1.Role_ROLE_SINGER)
		h.Nickname = strings.Repeat("👩\u200d🎤", names.MaxCharacters-1) + c
		return h
	}
	mina, minaID := r.join(longest("a"))
	_, junID := r.join(longest("b"))
	b := r.must(mina, &singoffv1.ChatMessage{Text: strings.Repeat("🎤", r.cfg.ChatCharacters), ToMemberId: junID})
	if n := proto.Size(b.Records[0].Event); n < 8000 {
		t.Errorf("the largest whisper has %d bytes, want more than 8000, or this test shows nothing", n)
	}
	var relayed rules.Answer
	r.decide(func(b *rules.Batch) {
		relayed = b.Command(mina, rules.Command{Body: &singoffv1.Signal{
			ToMemberId: junID, Kind: singoffv1.Signal_KIND_OFFER, Payload: strings.Repeat("x", rules.MaxSignalSize),
		}})
	})
	if n := proto.Size(relayed.Relay); n < rules.MaxSignalSize || n > maxEvent {
		t.Errorf("the largest signal of %s has %d bytes, want at most %d", minaID, n, maxEvent)
	}
}
