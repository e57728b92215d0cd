// Package flighttest plays rooms for tests of what reads their logs afterwards.
// A play is decided by the unmodified rules and engine, from a seed: people come, go, are lost, vote, chat, sing, moderate; time passes; the server
// is started anew. It keeps every entry, and the state that the server had after each.
package flighttest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// Room is whose room is played.
var Room = eventlog.Key{Namespace: "default", Room: "battle"}

// Moment is an entry, and the room after it.
type Moment struct {
	Entry eventlog.Entry
	// Seq is the room's newest.
	Seq uint64
	// Snapshot is the state as the server encodes it.
	Snapshot []byte
}

// play is a room in play.
type play struct {
	t       testing.TB
	random  *rand.Rand
	cfg     rules.Config
	engine  *engine.Engine
	now     time.Time
	batches uint64
	conns   uint64
	people  []*person
	kept    []Moment
}

// Words begin all that somebody says, and many of their nicknames. Everybody's are another's: User(i) says Words(i).
func Words(i int) string { return fmt.Sprintf("말%c", 'A'+i) }

// User is the i-th of the People.
func User(i int) rules.User { return rules.User{byte(i + 1)} }

// People are in play.
const People = 14

// person is somebody who comes and goes.
type person struct {
	words    string
	user     rules.User
	instance rules.Instance
	attempt  uint64
	conn     rules.Connection
	nickname string
	role     singoffv1.Role
	signedIn bool
}

// Play plays so many steps from a seed, and gives every entry of the log.
func Play(t testing.TB, seed uint64, steps int) []Moment {
	t.Helper()
	p := newPlay(t, seed)
	for range steps {
		p.step()
	}
	return p.kept
}

func newPlay(t testing.TB, seed uint64) *play {
	t.Helper()
	p := &play{t: t, random: rand.New(rand.NewPCG(seed, 1)), cfg: rules.DefaultConfig(), now: time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)}
	for i := range People {
		role := singoffv1.Role_ROLE_WATCHER
		switch {
		case i < 4:
			role = singoffv1.Role_ROLE_SINGER
		case i > 11:
			role = singoffv1.Role_ROLE_OBSERVER
		}
		p.people = append(p.people, &person{
			words: Words(i), user: User(i), instance: rules.Instance(i + 1), nickname: Words(i) + " 사람", role: role, signedIn: i%3 == 0,
		})
	}
	p.open(rules.New(Room.Namespace, Room.Room))
	return p
}

// open begins an epoch.
func (p *play) open(state *rules.State) {
	var at eventlog.Position
	if p.engine != nil {
		at = p.engine.Position()
	}
	p.engine = engine.New(p.cfg, state, at, func() (id eventlog.BatchID) {
		p.batches++
		binary.BigEndian.PutUint64(id[:], p.batches)
		return id
	})
	for _, who := range p.people {
		who.conn = 0
	}
	p.keep(p.engine.Open(p.now, p.random.Uint64()|1))
}

// keep keeps a batch, and notes the state after it.
func (p *play) keep(app engine.Append) {
	p.t.Helper()
	p.engine.Kept(p.now, app.After+1)
	data, err := proto.Marshal(p.engine.State().Snapshot())
	if err != nil {
		p.t.Fatal(err)
	}
	p.kept = append(p.kept, Moment{Entry: app.Entry, Seq: p.engine.State().Seq(), Snapshot: data})
}

// step lets some time pass, lets some people do something, and decides it.
func (p *play) step() {
	switch p.random.IntN(200) {
	case 0:
		p.now = p.now.Add(20 * time.Minute)
	case 1:
		p.restart()
	default:
		p.now = p.now.Add(time.Duration(p.random.IntN(8000)) * time.Millisecond)
	}
	for range 1 + p.random.IntN(5) {
		p.act(p.people[p.random.IntN(len(p.people))])
	}
	p.decide()
}

// decide keeps what comes of what waits, and of what is due.
func (p *play) decide() {
	for first := true; first || p.engine.Waiting(); first = false {
		if app, must, _ := p.engine.Decide(p.now); must {
			p.keep(app)
		}
	}
}

// restart loads the room as a server does that was started again.
func (p *play) restart() {
	p.t.Helper()
	var head eventlog.Head
	for i, m := range p.kept {
		head.Entries = append(head.Entries, eventlog.Stored{Entry: m.Entry, Position: eventlog.Position(i + 1)})
	}
	state, err := engine.Load(Room, head)
	if err != nil {
		p.t.Fatal(err)
	}
	p.open(state)
}

// act lets somebody do something.
func (p *play) act(who *person) {
	if _, _, there := p.engine.State().Attached(who.conn); !there {
		p.enter(who)
		return
	}
	switch p.random.IntN(12) {
	case 0:
		p.engine.Push(engine.Input{Connection: who.conn, Lost: singoffv1.Presence_REASON_CONNECTION_LOST})
	case 1:
		p.engine.Push(engine.Input{Connection: who.conn, HalfClosed: true})
	case 2:
		p.operate(who)
	default:
		last, _ := p.engine.State().LastNumber(who.user, who.instance)
		number := last + 1
		if p.random.IntN(4) == 0 {
			number = 0
		}
		p.engine.Push(engine.Input{Connection: who.conn, Command: &rules.Command{
			Number: number, Body: p.command(who), Track: track(),
		}})
	}
}

func (p *play) enter(who *person) {
	if p.random.IntN(6) == 0 {
		who.instance, who.attempt = rules.Instance(p.random.Uint64()), 0
	}
	who.attempt++
	p.conns++
	who.conn = rules.Connection(p.conns)
	p.engine.Push(engine.Input{Connection: who.conn, Hello: &rules.Hello{
		User: who.user, SignedIn: who.signedIn, Instance: who.instance, Attempt: who.attempt, TakeOver: true,
		Role: who.role, Nickname: who.nickname, Title: who.words + " 배틀",
	}})
}

func (p *play) operate(who *person) {
	if p.random.IntN(4) > 0 {
		return
	}
	act := rules.Act{Announce: "곧 끝나요"}
	switch p.random.IntN(6) {
	case 0:
		act = rules.Act{Close: true}
	case 1:
		act = rules.Act{Kick: &rules.Kick{MemberID: p.member(), KeepOut: time.Duration(p.random.IntN(2)) * time.Minute}}
	}
	p.engine.Push(engine.Input{Act: &engine.Act{ID: p.conns, Act: act}})
}

// member is the id of somebody who is there, or was never.
func (p *play) member() string {
	members := p.engine.State().Room("").GetMembers()
	if len(members) == 0 {
		return "m0-nobody"
	}
	return members[p.random.IntN(len(members))].GetMemberId()
}

// command is a body of any kind.
func (p *play) command(who *person) any {
	switch p.random.IntN(12) {
	case 0:
		return &singoffv1.MusicSelected{TrackId: "t1"}
	case 1:
		actions := []singoffv1.Playback_Action{
			singoffv1.Playback_ACTION_START, singoffv1.Playback_ACTION_START, singoffv1.Playback_ACTION_PAUSE, singoffv1.Playback_ACTION_RESUME,
			singoffv1.Playback_ACTION_SEEK, singoffv1.Playback_ACTION_STOP,
		}
		return &singoffv1.Playback{Action: actions[p.random.IntN(len(actions))], Position: durationpb.New(time.Duration(p.random.IntN(60)) * time.Second)}
	case 2:
		hidden := p.random.IntN(2) == 0
		return &singoffv1.Presence{Hidden: &hidden}
	case 3:
		nickname := fmt.Sprintf("%s 이름%d", who.words, p.random.IntN(30))
		if members := p.engine.State().Room("").GetMembers(); p.random.IntN(2) == 0 && len(members) > 0 {
			if m := members[p.random.IntN(len(members))]; !m.GetAway() && m.GetNickname() != "" {
				nickname = m.GetNickname() // which is taken
			}
		}
		return &singoffv1.Presence{Nickname: nickname}
	case 4, 10, 11:
		actions := []singoffv1.Moderation_Action{
			singoffv1.Moderation_ACTION_KICK, singoffv1.Moderation_ACTION_BAN, singoffv1.Moderation_ACTION_BAN, singoffv1.Moderation_ACTION_FREE_SEAT,
			singoffv1.Moderation_ACTION_PASS_HOST, singoffv1.Moderation_ACTION_LOCK, singoffv1.Moderation_ACTION_UNLOCK, singoffv1.Moderation_ACTION_UNLOCK,
		}
		return &singoffv1.Moderation{Action: actions[p.random.IntN(len(actions))], MemberId: p.member()}
	case 5:
		return &singoffv1.ChatMessage{Text: who.words + " ㅋㅋ", ToMemberId: p.member()}
	case 6:
		return &singoffv1.ChatMessage{Text: who.words + " 안녕 hello"}
	}
	return &singoffv1.Vote{SingerMemberId: p.singer(), Choice: singoffv1.Vote_Choice(1 + p.random.IntN(3))}
}

// singer is the id of a singer, or of somebody else where there is none.
func (p *play) singer() string {
	for _, m := range p.engine.State().Room("").GetMembers() {
		if m.GetRole() == singoffv1.Role_ROLE_SINGER && p.random.IntN(2) == 0 {
			return m.GetMemberId()
		}
	}
	return p.member()
}
