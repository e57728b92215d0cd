package rules_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// script is a room with names for everything in it: users (`mina`), their instances (`mina/a`), the connections of those
// (`mina/a` is the newest, `mina/a.1` the first), their members (`mina`, and `mina.2` once they came back as another).
type script struct {
	*room
	labels
	attempts map[string]uint64 // by instance
}

func newScript(t *testing.T) *script {
	return &script{room: newRoom(t, rules.DefaultConfig()), labels: newLabels(), attempts: map[string]uint64{}}
}

// scriptVerbs are what a line can begin with.
var scriptVerbs = map[string]func(s *script, a *arguments) ([]string, error){
	// room singers=2 watchers=6: another size of room, or other times (hold, away, empty, kick, lead)
	"room": (*script).setRoom,
	// hello USER/INSTANCE [role=singer|watcher|observer] [nick=NAME] [title=TEXT] [attempt=N] [take-over] [signed-in]
	"hello": (*script).hello,
	// lose CONNECTION: it broke
	"lose": func(s *script, a *arguments) ([]string, error) {
		return s.end(a, func(b *rules.Batch, c rules.Connection) { b.Lost(c, singoffv1.Presence_REASON_CONNECTION_LOST) })
	},
	// half-close CONNECTION: the client ended its input
	"half-close": func(s *script, a *arguments) ([]string, error) { return s.end(a, (*rules.Batch).HalfClosed) },
	// advance DURATION: time passes
	"advance": (*script).advance,
	// reopen: the node was lost, another one opens the room
	"reopen": func(s *script, _ *arguments) ([]string, error) { return s.tell(s.room.reopen()), nil },
	// operator kick MEMBER [out=DURATION]; operator close; operator announce TEXT
	"operator": (*script).operator,
	// look CONNECTION: the room as its Welcome shows it
	"look": (*script).look,
	// recent USER: the chat that a Welcome shows
	"recent": (*script).recent,
	// replay USER: what of the whole log that user may see
	"replay": (*script).replay,
	// number USER/INSTANCE: what the room knows of an instance
	"number": (*script).number,
}

// scriptCommands are lines that a connection sends: COMMAND CONNECTION ... [n=NUMBER]. Without n they have the next number.
var scriptCommands = map[string]func(s *script, a *arguments) (any, error){
	// say CONNECTION TEXT [to=MEMBER]
	"say": func(s *script, a *arguments) (any, error) {
		return &singoffv1.ChatMessage{Text: a.word(1), ToMemberId: s.id(a.options["to"])}, nil
	},
	// vote CONNECTION MEMBER up|down|none
	"vote": func(s *script, a *arguments) (any, error) {
		choice, err := enum[singoffv1.Vote_Choice](singoffv1.Vote_Choice_value, "CHOICE_", a.word(2))
		return vote(s.id(a.word(1)), choice), err
	},
	// pick CONNECTION TRACK [length=DURATION]; a track named - is none
	"pick": func(_ *script, a *arguments) (any, error) {
		return &singoffv1.MusicSelected{TrackId: strings.TrimPrefix(a.word(1), "-")}, nil
	},
	"start":  steers(singoffv1.Playback_ACTION_START),
	"pause":  steers(singoffv1.Playback_ACTION_PAUSE),
	"resume": steers(singoffv1.Playback_ACTION_RESUME),
	"stop":   steers(singoffv1.Playback_ACTION_STOP),
	// seek CONNECTION DURATION
	"seek": func(_ *script, a *arguments) (any, error) {
		to, err := time.ParseDuration(a.word(1))
		return &singoffv1.Playback{Action: singoffv1.Playback_ACTION_SEEK, Position: durationpb.New(to)}, err
	},
	// rename CONNECTION NAME
	"rename": func(_ *script, a *arguments) (any, error) { return &singoffv1.Presence{Nickname: a.word(1)}, nil },
	"hide":   hides(true),
	"unhide": hides(false),
	// pass, kick, ban, unban, free CONNECTION MEMBER; lock, unlock CONNECTION
	"pass":   moderates(singoffv1.Moderation_ACTION_PASS_HOST),
	"kick":   moderates(singoffv1.Moderation_ACTION_KICK),
	"ban":    moderates(singoffv1.Moderation_ACTION_BAN),
	"unban":  moderates(singoffv1.Moderation_ACTION_UNBAN),
	"free":   moderates(singoffv1.Moderation_ACTION_FREE_SEAT),
	"lock":   moderates(singoffv1.Moderation_ACTION_LOCK),
	"unlock": moderates(singoffv1.Moderation_ACTION_UNLOCK),
	// cheer CONNECTION MEMBER KIND [count=N]
	"cheer": func(s *script, a *arguments) (any, error) {
		kind, err := enum[singoffv1.Reaction_Kind](singoffv1.Reaction_Kind_value, "KIND_", a.word(2))
		count, _ := strconv.Atoi(a.options["count"])
		return &singoffv1.Reaction{SingerMemberId: s.id(a.word(1)), Kind: kind, Count: uint32(count)}, err
	},
	// signal CONNECTION MEMBER PAYLOAD
	"signal": func(s *script, a *arguments) (any, error) {
		return &singoffv1.Signal{ToMemberId: s.id(a.word(1)), Kind: singoffv1.Signal_KIND_OFFER, Payload: a.word(2)}, nil
	},
	"leave": func(*script, *arguments) (any, error) { return &singoffv1.Leave{}, nil },
	// renew CONNECTION: a fresh token, which the receiver has found good
	"renew": func(*script, *arguments) (any, error) { return &singoffv1.Renew{}, nil },
	// malformed CONNECTION FIELD: a command that the receiver has found to be malformed
	"malformed": func(_ *script, a *arguments) (any, error) {
		return &rules.Refusal{Reason: singoffv1.Rejected_REASON_INVALID, Field: a.word(1), Message: "malformed"}, nil
	},
}

func enum[E ~int32](values map[string]int32, prefix, name string) (E, error) {
	v, ok := values[prefix+strings.ToUpper(name)]
	if !ok {
		return 0, fmt.Errorf("%s%q is none of %v", prefix, name, values)
	}
	return E(v), nil
}

func steers(action singoffv1.Playback_Action) func(*script, *arguments) (any, error) {
	return func(*script, *arguments) (any, error) { return playback(action), nil }
}

func hides(hidden bool) func(*script, *arguments) (any, error) {
	return func(*script, *arguments) (any, error) { return &singoffv1.Presence{Hidden: proto.Bool(hidden)}, nil }
}

func moderates(action singoffv1.Moderation_Action) func(*script, *arguments) (any, error) {
	return func(s *script, a *arguments) (any, error) { return moderation(action, s.id(a.word(1))), nil }
}

// run does what a line says, and gives what came of it.
func (s *script) run(line string) ([]string, error) {
	verb, a, err := parse(line)
	if err != nil {
		return nil, err
	}
	if f := scriptVerbs[verb]; f != nil {
		return f(s, &a)
	}
	if f := scriptCommands[verb]; f != nil {
		body, err := f(s, &a)
		if err != nil {
			return nil, err
		}
		return s.send(&a, body)
	}
	return nil, fmt.Errorf("there is no %q", verb)
}

func (s *script) setRoom(a *arguments) ([]string, error) {
	times := map[string]*time.Duration{
		"hold": &s.cfg.Hold, "away": &s.cfg.AwayLimit, "empty": &s.cfg.EmptyLimit, "kick": &s.cfg.KickTime, "lead": &s.cfg.StartLead,
	}
	for name, value := range a.options {
		var err error
		switch name {
		case "singers":
			s.cfg.Singers, err = strconv.Atoi(value)
		case "watchers":
			s.cfg.Watchers, err = strconv.Atoi(value)
		default:
			if times[name] == nil {
				return nil, fmt.Errorf("there is no %q", name)
			}
			*times[name], err = time.ParseDuration(value)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, s.cfg.Validate()
}

func (s *script) hello(a *arguments) ([]string, error) {
	signedIn, takeOver := a.has("signed-in"), a.has("take-over")
	name := a.word(0)
	user, instance, ok := strings.Cut(name, "/")
	if !ok {
		return nil, fmt.Errorf("%q is no USER/INSTANCE", name)
	}
	role, err := enum[singoffv1.Role](singoffv1.Role_value, "ROLE_", a.option("role", "watcher"))
	if err != nil {
		return nil, err
	}
	s.attempts[name]++
	if n, given := a.options["attempt"]; given {
		if s.attempts[name], err = strconv.ParseUint(n, 10, 64); err != nil {
			return nil, err
		}
	}
	h := rules.Hello{
		User: s.user(user, signedIn), SignedIn: signedIn, Instance: s.instance(user, instance), Attempt: s.attempts[name],
		TakeOver: takeOver, Role: role, Nickname: a.options["nick"], Title: a.options["title"],
	}
	if _, given := a.options["nick"]; !given && role != singoffv1.Role_ROLE_OBSERVER {
		h.Nickname = user
	}
	return s.enter(name, h), nil
}

func (a *arguments) option(name, otherwise string) string {
	if value, given := a.options[name]; given {
		return value
	}
	return otherwise
}

func (s *script) enter(name string, h rules.Hello) []string {
	conn := s.connect()
	s.connected(name, conn)
	var attached *rules.Attachment
	var refused *singoffv1.Goaway
	out := s.tell(s.decide(func(b *rules.Batch) { attached, refused = b.Hello(conn, h) }))
	if refused != nil {
		return append(out, "told "+s.conn(conn)+": "+goodbye(refused))
	}
	for _, v := range attached.Votes {
		out = append(out, fmt.Sprintf("told %s: %s", s.conn(v.Connection), s.body(v.Event)))
	}
	last, _ := s.state.LastNumber(h.User, h.Instance)
	known := "new instance"
	if attached.InstanceKnown {
		known = fmt.Sprintf("known instance, last number %d", last)
	}
	return append(out, fmt.Sprintf("told %s: welcome as %s, %s", s.conn(conn), s.member(attached.MemberID), known))
}

func (s *script) end(a *arguments, how func(*rules.Batch, rules.Connection)) ([]string, error) {
	conn, err := s.connection(a.word(0))
	if err != nil {
		return nil, err
	}
	return s.tell(s.decide(func(b *rules.Batch) { how(b, conn) })), nil
}

func (s *script) operator(a *arguments) ([]string, error) {
	var act rules.Act
	switch a.word(0) {
	case "kick":
		out, err := time.ParseDuration(a.option("out", "0s"))
		if err != nil {
			return nil, err
		}
		act.Kick = &rules.Kick{MemberID: s.id(a.word(1)), KeepOut: out}
	case "close":
		act.Close = true
	case "announce":
		act.Announce = a.word(1)
	default:
		return nil, fmt.Errorf("the operator can't %q", a.word(0))
	}
	var result rules.ActResult
	b := s.decide(func(b *rules.Batch) { result = b.Act(act) })
	return append(s.tell(b), "told the operator: "+s.result(act, result)), nil
}

func (s *script) advance(a *arguments) ([]string, error) {
	d, err := time.ParseDuration(a.word(0))
	if err != nil {
		return nil, err
	}
	return s.tell(s.wait(d)), nil
}

// send lets a connection send a command, by itself with the next number of its instance.
func (s *script) send(a *arguments, body any) ([]string, error) {
	conn, err := s.connection(a.word(0))
	if err != nil {
		return nil, err
	}
	c := rules.Command{Body: body, Gone: func(id string) bool { return id == "removed" }}
	switch body := body.(type) {
	case *rules.Refusal:
		c.Body, c.Refusal = nil, body
	case *singoffv1.MusicSelected:
		if c.Track, err = track(body.TrackId, a.options["length"]); err != nil {
			return nil, err
		}
	}
	if c.Number, err = s.nextNumber(conn, a.options["n"], body); err != nil {
		return nil, err
	}
	var answer rules.Answer
	b := s.decide(func(b *rules.Batch) { answer = b.Command(conn, c) })
	return append(s.tell(b), s.answered(conn, answer, len(b.Records))...), nil
}

func (s *script) nextNumber(conn rules.Connection, given string, body any) (uint64, error) {
	if given != "" {
		return strconv.ParseUint(given, 10, 64)
	}
	switch body.(type) {
	case *singoffv1.Reaction, *singoffv1.Signal:
		return 0, nil
	}
	user, instance, _ := s.state.Attached(conn)
	last, _ := s.state.LastNumber(user, instance)
	return last + 1, nil
}

// track is what the catalogue knows: every track but one called `unknown`.
func track(id, length string) (*singoffv1.Track, error) {
	if id == "" || id == "unknown" {
		return nil, nil
	}
	t := &singoffv1.Track{TrackId: id, Title: strings.ToUpper(id)}
	if length == "" {
		return t, nil
	}
	d, err := time.ParseDuration(length)
	t.Duration = durationpb.New(d)
	return t, err
}

func (s *script) number(a *arguments) ([]string, error) {
	user, instance, _ := strings.Cut(a.word(0), "/")
	last, known := s.state.LastNumber(s.user(user, false), s.instance(user, instance))
	if !known {
		return []string{"not known"}, nil
	}
	return []string{fmt.Sprintf("last number %d", last)}, nil
}

func (s *script) replay(a *arguments) ([]string, error) {
	user := s.user(a.word(0), false)
	var out []string
	for _, rec := range s.log {
		if rec.Event == nil || !rec.VisibleTo(user) {
			continue
		}
		seen := *rec
		if c := rec.Command; c != nil && c.User != user {
			seen.Command = nil // another's number is nobody's business
		}
		out = append(out, s.event(&seen))
	}
	return out, nil
}

func (s *script) recent(a *arguments) ([]string, error) {
	var out []string
	for _, e := range s.state.RecentChat(s.user(a.word(0), false)) {
		out = append(out, s.event(&rules.Record{Event: e}))
	}
	return out, nil
}

func (s *script) look(a *arguments) ([]string, error) {
	conn, err := s.connection(a.word(0))
	if err != nil {
		return nil, err
	}
	return s.view(s.state.Room(s.memberOf(conn))), nil
}

// memberOf finds the member whose current connection it is, by the log alone.
func (s *script) memberOf(conn rules.Connection) (id string) {
	for _, rec := range s.log {
		if a, ok := rec.Fact.(*rules.Attached); ok && a.Connection == conn {
			id = a.MemberID
		}
	}
	return id
}
