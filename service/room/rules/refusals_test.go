package rules_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// battle is a room with two singers (mina hosts), two watchers, of whom bo is away, and an observer.
type battle struct {
	*room
	mina, jun, ara, bo, screen rules.Connection
	ids                        map[string]string
}

func newBattle(t tb) *battle {
	b := &battle{room: newRoom(t, rules.DefaultConfig()), ids: map[string]string{}}
	for _, p := range []struct {
		name string
		role singoffv1.Role
		conn *rules.Connection
	}{
		{"mina", singoffv1.Role_ROLE_SINGER, &b.mina}, {"jun", singoffv1.Role_ROLE_SINGER, &b.jun},
		{"ara", singoffv1.Role_ROLE_WATCHER, &b.ara}, {"bo", singoffv1.Role_ROLE_WATCHER, &b.bo},
		{"screen", singoffv1.Role_ROLE_OBSERVER, &b.screen},
	} {
		*p.conn, b.ids[p.name] = b.joinAs(p.name, p.role)
	}
	b.lose(b.bo)
	return b
}

func (b *battle) pickAndStart(conn rules.Connection) {
	b.Helper()
	track := &singoffv1.Track{TrackId: "song", Duration: durationpb.New(time.Minute)}
	b.decide(func(batch *rules.Batch) {
		batch.Command(conn, rules.Command{Body: &singoffv1.MusicSelected{TrackId: "song"}, Track: track})
		batch.Command(conn, rules.Command{Body: playback(singoffv1.Playback_ACTION_START)})
	})
}

// refusals are all that a command can be refused with, apart from the bounds, which TestBounds reaches.
var refusals = []struct {
	name   string
	by     func(b *battle) rules.Connection
	body   func(b *battle) any
	reason singoffv1.Rejected_Reason
	field  string
	says   string // part of the sentence
}{
	{"no command", mina, func(*battle) any { return nil }, singoffv1.Rejected_REASON_INVALID, "command", "missing"},
	{"chat of an observer", screen, chat("hi", ""), singoffv1.Rejected_REASON_NOT_ALLOWED, "chat_message", "no voice"},
	{"empty chat", mina, chat(" \n\t ", ""), singoffv1.Rejected_REASON_INVALID, "chat_message.text", "empty"},
	{"long chat", mina, chat(strings.Repeat("가", 2001), ""), singoffv1.Rejected_REASON_INVALID, "chat_message.text", "2001 characters, more than 2000"},
	{"chat with a bell", mina, chat("a\ab", ""), singoffv1.Rejected_REASON_INVALID, "chat_message.text", "U+0007, at byte 1"},
	{"chat with a C1 control", mina, chat("a\u0085b", ""), singoffv1.Rejected_REASON_INVALID, "chat_message.text", "U+0085"},
	{"whisper to nobody", mina, chat("hi", "nobody"), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "chat_message.to_member_id", "nobody seated"},
	{"whisper to an observer", mina, chat("hi", "screen"), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "chat_message.to_member_id", "nobody seated"},
	{"whisper to oneself", mina, chat("hi", "mina"), singoffv1.Rejected_REASON_INVALID, "chat_message.to_member_id", "somebody else"},

	{"vote of an observer", screen, votes("mina", 1), singoffv1.Rejected_REASON_NOT_ALLOWED, "vote", "observer"},
	{"vote for oneself", mina, votes("mina", 1), singoffv1.Rejected_REASON_NOT_ALLOWED, "vote.singer_member_id", "themselves"},
	{"vote for a watcher", mina, votes("ara", 1), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "vote.singer_member_id", "no singer"},
	{"vote for nobody", mina, votes("nobody", 1), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "vote.singer_member_id", "no singer"},
	{"vote without a choice", ara, votes("mina", 0), singoffv1.Rejected_REASON_INVALID, "vote.choice", "UP, DOWN or NONE"},
	{"vote with another choice", ara, votes("mina", 4), singoffv1.Rejected_REASON_INVALID, "vote.choice", "UP, DOWN or NONE"},

	{"pick of a watcher", ara, picks("song"), singoffv1.Rejected_REASON_NOT_ALLOWED, "music_selected", "only a singer"},
	{"pick of no track", mina, picks("song"), singoffv1.Rejected_REASON_NO_SUCH_TRACK, "music_selected.track_id", "no track"},
	{"start of a watcher", ara, plays(singoffv1.Playback_ACTION_START), singoffv1.Rejected_REASON_NOT_ALLOWED, "playback.action", "only a singer"},
	{"start without a pick", mina, plays(singoffv1.Playback_ACTION_START), singoffv1.Rejected_REASON_NO_PICK, "playback.action", "pick a track"},
	{"start while a song plays", mina, during(plays(singoffv1.Playback_ACTION_START)), singoffv1.Rejected_REASON_ALREADY_PLAYING, "playback.action", "plays or is paused"},
	{"pause of nothing", mina, plays(singoffv1.Playback_ACTION_PAUSE), singoffv1.Rejected_REASON_NOT_PLAYING, "playback.action", "nothing plays"},
	{"pause of another's song", mina, during(plays(singoffv1.Playback_ACTION_PAUSE)), singoffv1.Rejected_REASON_NOT_ALLOWED, "playback.action", "another singer"},
	{"stop by a watcher", ara, during(plays(singoffv1.Playback_ACTION_STOP)), singoffv1.Rejected_REASON_NOT_ALLOWED, "playback.action", "another singer"},
	{"ended by a client", jun, during(plays(singoffv1.Playback_ACTION_ENDED)), singoffv1.Rejected_REASON_INVALID, "playback.action", "START, PAUSE"},
	{"playback without an action", jun, during(plays(0)), singoffv1.Rejected_REASON_INVALID, "playback.action", "START, PAUSE"},
	{"seek to nowhere", jun, during(plays(singoffv1.Playback_ACTION_SEEK)), singoffv1.Rejected_REASON_INVALID, "playback.position", "missing"},
	{"seek to no duration", jun, during(func(*battle) any {
		return &singoffv1.Playback{Action: singoffv1.Playback_ACTION_SEEK, Position: &durationpb.Duration{Seconds: 1, Nanos: -1}}
	}), singoffv1.Rejected_REASON_INVALID, "playback.position", "not a duration"},

	{"presence of nothing", mina, presents("", nil), singoffv1.Rejected_REASON_INVALID, "presence", "neither"},
	{"presence of both", mina, presents("x", proto.Bool(true)), singoffv1.Rejected_REASON_INVALID, "presence", "not both"},
	{"rename of an observer", screen, presents("x", nil), singoffv1.Rejected_REASON_NOT_ALLOWED, "presence.nickname", "observer"},
	{"rename to spaces", mina, presents("  ", nil), singoffv1.Rejected_REASON_INVALID, "presence.nickname", ""},
	{"rename to another's name", mina, presents("JUN", nil), singoffv1.Rejected_REASON_NICKNAME_TAKEN, "presence.nickname", `"jun"`},
	{"rename to a held name", mina, presents("bo", nil), singoffv1.Rejected_REASON_NICKNAME_TAKEN, "presence.nickname", `"bo"`},

	{"moderation by another", jun, hosts(singoffv1.Moderation_ACTION_LOCK, ""), singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation", "only the host"},
	{"moderation without an action", mina, hosts(0, "jun"), singoffv1.Rejected_REASON_INVALID, "moderation.action", "missing"},
	{"pass to nobody", mina, hosts(singoffv1.Moderation_ACTION_PASS_HOST, "nobody"), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "moderation.member_id", "nobody here"},
	{"pass to an observer", mina, hosts(singoffv1.Moderation_ACTION_PASS_HOST, "screen"), singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation.member_id", "observer"},
	{"pass to an away one", mina, hosts(singoffv1.Moderation_ACTION_PASS_HOST, "bo"), singoffv1.Rejected_REASON_NOT_CONNECTED, "moderation.member_id", "bo is away"},
	{"kick of oneself", mina, hosts(singoffv1.Moderation_ACTION_KICK, "mina"), singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation.member_id", "that is you"},
	{"ban of nobody", mina, hosts(singoffv1.Moderation_ACTION_BAN, "nobody"), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "moderation.member_id", "nobody here"},
	{"unban of a member", mina, hosts(singoffv1.Moderation_ACTION_UNBAN, "jun"), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "moderation.member_id", "banned or kicked"},
	{"free the seat of one who is there", mina, hosts(singoffv1.Moderation_ACTION_FREE_SEAT, "jun"), singoffv1.Rejected_REASON_NOT_ALLOWED, "moderation.member_id", "away"},
}

// unkeptRefusals are those of commands that never have a number.
var unkeptRefusals = []struct {
	name   string
	by     func(b *battle) rules.Connection
	body   func(b *battle) any
	reason singoffv1.Rejected_Reason
	field  string
}{
	{"cheer of an observer", screen, cheers("mina", 1, 1), singoffv1.Rejected_REASON_NOT_ALLOWED, "reaction"},
	{"cheer of no kind", ara, cheers("mina", 0, 1), singoffv1.Rejected_REASON_INVALID, "reaction.kind"},
	{"cheer of another kind", ara, cheers("mina", 99, 1), singoffv1.Rejected_REASON_INVALID, "reaction.kind"},
	{"too many cheers", ara, cheers("mina", 1, 21), singoffv1.Rejected_REASON_INVALID, "reaction.count"},
	{"cheer at a watcher", ara, cheers("bo", 1, 1), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "reaction.singer_member_id"},
	{"signal of no kind", ara, signals("mina", 0, "sdp"), singoffv1.Rejected_REASON_INVALID, "signal.kind"},
	{"signal of nothing", ara, signals("mina", 1, ""), singoffv1.Rejected_REASON_INVALID, "signal.payload"},
	{"long signal", ara, signals("mina", 1, strings.Repeat("x", 12<<10+1)), singoffv1.Rejected_REASON_INVALID, "signal.payload"},
	{"signal to oneself", ara, signals("ara", 1, "sdp"), singoffv1.Rejected_REASON_NO_SUCH_MEMBER, "signal.to_member_id"},
	{"signal to an away one", ara, signals("bo", 1, "sdp"), singoffv1.Rejected_REASON_NOT_CONNECTED, "signal.to_member_id"},
}

func mina(b *battle) rules.Connection   { return b.mina }
func jun(b *battle) rules.Connection    { return b.jun }
func ara(b *battle) rules.Connection    { return b.ara }
func screen(b *battle) rules.Connection { return b.screen }

func (b *battle) id(name string) string {
	if id, known := b.ids[name]; known {
		return id
	}
	return name
}

func chat(text, to string) func(*battle) any {
	return func(b *battle) any { return &singoffv1.ChatMessage{Text: text, ToMemberId: b.id(to)} }
}

func votes(singer string, choice singoffv1.Vote_Choice) func(*battle) any {
	return func(b *battle) any { return vote(b.id(singer), choice) }
}

func picks(track string) func(*battle) any {
	return func(*battle) any { return &singoffv1.MusicSelected{TrackId: track} }
}

func plays(action singoffv1.Playback_Action) func(*battle) any {
	return func(*battle) any { return playback(action) }
}

// during is while jun's song plays.
func during(body func(*battle) any) func(*battle) any {
	return func(b *battle) any {
		b.pickAndStart(b.jun)
		return body(b)
	}
}

func presents(nickname string, hidden *bool) func(*battle) any {
	return func(*battle) any { return &singoffv1.Presence{Nickname: nickname, Hidden: hidden} }
}

func hosts(action singoffv1.Moderation_Action, member string) func(*battle) any {
	return func(b *battle) any { return moderation(action, b.id(member)) }
}

func cheers(singer string, kind singoffv1.Reaction_Kind, count uint32) func(*battle) any {
	return func(b *battle) any {
		return &singoffv1.Reaction{SingerMemberId: b.id(singer), Kind: kind, Count: count}
	}
}

func signals(to string, kind singoffv1.Signal_Kind, payload string) func(*battle) any {
	return func(b *battle) any {
		return &singoffv1.Signal{ToMemberId: b.id(to), Kind: kind, Payload: payload}
	}
}

// TestRefusals: a refused command with a number is answered by a record of its own, and one without by an answer; nothing else happens.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBattle(t)
			body := c.body(b)
			batch := b.command(c.by(b), body)
			if len(batch.Records) != 1 {
				t.Fatalf("%d records, want one", len(batch.Records))
			}
			got := batch.Records[0].Event.GetRejected()
			if got.GetReason() != c.reason || got.GetField() != c.field || !strings.Contains(got.GetMessage(), c.says) {
				t.Errorf("got %v, want %v of %s that says %q", got, c.reason, c.field, c.says)
			}
			unnumbered(t, b, c.by(b), body, got)
		})
	}
	for _, c := range unkeptRefusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBattle(t)
			unnumbered(t, b, c.by(b), c.body(b), &singoffv1.Rejected{Reason: c.reason, Field: c.field})
		})
	}
}

// unnumbered sends the command with number 0 and wants the same refusal, without a record.
func unnumbered(t *testing.T, b *battle, conn rules.Connection, body any, want *singoffv1.Rejected) {
	t.Helper()
	var a rules.Answer
	batch := b.decide(func(batch *rules.Batch) { a = batch.Command(conn, rules.Command{Body: body}) })
	got := a.Event.GetRejected()
	if got.GetReason() != want.GetReason() || got.GetField() != want.GetField() || got.GetMessage() == "" {
		t.Errorf("with number 0 got %v, want %v of %s", got, want.GetReason(), want.GetField())
	}
	if len(batch.Records) != 0 || a.Cheer != nil || a.Relay != nil {
		t.Errorf("with number 0 got %d records, cheer %v, relay %v, want none", len(batch.Records), a.Cheer, a.Relay)
	}
}

// TestRefusedHellos are all the ways not to get in.
func TestRefusedHellos(t *testing.T) {
	t.Parallel()
	as := func(name string, change func(h *rules.Hello)) func(*battle) rules.Hello {
		return func(*battle) rules.Hello {
			h := helloOf(name, singoffv1.Role_ROLE_WATCHER)
			change(&h)
			return h
		}
	}
	after := func(action singoffv1.Moderation_Action, member string, h func(*battle) rules.Hello) func(*battle) rules.Hello {
		return func(b *battle) rules.Hello {
			b.must(b.mina, moderation(action, b.id(member)))
			return h(b)
		}
	}
	nothing := func(*rules.Hello) {}
	next := func(h *rules.Hello) { h.Attempt++ }
	for _, c := range []struct {
		name   string
		hello  func(b *battle) rules.Hello
		reason singoffv1.Goaway_Reason
		field  string
	}{
		{"an older try", as("ara", nothing), singoffv1.Goaway_REASON_SUPERSEDED, "hello.attempt"},
		{"another page", as("ara", func(h *rules.Hello) { h.Instance++ }), singoffv1.Goaway_REASON_TAKEN_OVER, "hello.take_over"},
		{"another page of an away one", as("bo", func(h *rules.Hello) { h.Instance++ }), singoffv1.Goaway_REASON_TAKEN_OVER, "hello.take_over"},
		{"a role of the future", as("new", func(h *rules.Hello) { h.Role = 4 }), singoffv1.Goaway_REASON_INVALID_HELLO, "hello.role"},
		{"a negative role", as("new", func(h *rules.Hello) { h.Role = math.MinInt32 }), singoffv1.Goaway_REASON_INVALID_HELLO, "hello.role"},
		{"no nickname", as("new", func(h *rules.Hello) { h.Nickname = "" }), singoffv1.Goaway_REASON_INVALID_HELLO, "hello.nickname"},
		{"a taken nickname", as("new", func(h *rules.Hello) { h.Nickname = "ARA" }), singoffv1.Goaway_REASON_NICKNAME_TAKEN, "hello.nickname"},
		{"a held nickname", as("new", func(h *rules.Hello) { h.Nickname = "bo" }), singoffv1.Goaway_REASON_NICKNAME_TAKEN, "hello.nickname"},
		{"no free seat", as("new", func(h *rules.Hello) { h.Role = singoffv1.Role_ROLE_SINGER }), singoffv1.Goaway_REASON_FULL, "hello.role"},
		{"locked", after(singoffv1.Moderation_ACTION_LOCK, "", as("new", nothing)), singoffv1.Goaway_REASON_LOCKED, ""},
		{"kicked", after(singoffv1.Moderation_ACTION_KICK, "ara", as("ara", next)), singoffv1.Goaway_REASON_KICKED, ""},
		{"banned", after(singoffv1.Moderation_ACTION_BAN, "ara", as("ara", next)), singoffv1.Goaway_REASON_BANNED, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBattle(t)
			got := b.refuse(c.hello(b))
			if got.Reason != c.reason || got.Field != c.field || got.Message == "" || !got.Final {
				t.Errorf("got %v, want a final %v of %q with a sentence", got, c.reason, c.field)
			}
		})
	}
}

func TestTitleTooLongForTheRoomItMakes(t *testing.T) {
	t.Parallel()
	r := newRoom(t, rules.DefaultConfig())
	h := helloOf("mina", singoffv1.Role_ROLE_SINGER)
	h.Title = strings.Repeat("가", rules.MaxTitleSize/3+1)
	if got := r.refuse(h); got.Reason != singoffv1.Goaway_REASON_INVALID_HELLO || got.Field != "hello.room_title" {
		t.Errorf("got %v, want INVALID_HELLO of hello.room_title", got)
	}
	r.joinAs("jun", singoffv1.Role_ROLE_SINGER)
	r.join(h) // it makes no room, so its title doesn't matter
}
