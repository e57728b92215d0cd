package engine_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/rules"
)

// evening is a hall in which anything may happen.
type evening struct {
	*hall
	rt      *rapid.T
	last    rules.Connection
	open    []rules.Connection
	numbers map[rules.Connection]uint64
	snaps   []eventlog.Snapshot
}

// What is rebuilt from the log, from its beginning or from any snapshot on, is what was live.
func TestLoadedIsLive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		e := &evening{hall: newHall(t), rt: rt, numbers: map[rules.Connection]uint64{}}
		for range rapid.IntRange(5, 60).Draw(rt, "steps") {
			e.happen()
			e.decide()
			if rapid.IntRange(0, 9).Draw(rt, "snapshot") == 0 {
				s, err := e.Snapshot()
				if err != nil {
					rt.Fatal(err)
				}
				e.snaps = append(e.snaps, s)
			}
		}
		if !e.load(nil).Equal(e.State()) {
			rt.Fatal("the room rebuilt from all entries isn't the live one")
		}
		for i := range e.snaps {
			if !e.load(&e.snaps[i]).Equal(e.State()) {
				rt.Fatalf("the room rebuilt from the snapshot at position %d isn't the live one", e.snaps[i].Position)
			}
		}
	})
}

// happen pushes some inputs.
func (e *evening) happen() {
	e.now = e.now.Add(time.Duration(rapid.IntRange(0, 60_000).Draw(e.rt, "ms")) * time.Millisecond)
	for range rapid.IntRange(0, 5).Draw(e.rt, "inputs") {
		kind := rapid.IntRange(0, 9).Draw(e.rt, "kind")
		if kind <= 2 || len(e.open) == 0 {
			e.last++
			name := fmt.Sprintf("guest %d", rapid.IntRange(0, 9).Draw(e.rt, "guest"))
			e.greets(e.last, name, singoffv1.Role(rapid.IntRange(0, 3).Draw(e.rt, "role")))
			e.open = append(e.open, e.last)
			continue
		}
		i := rapid.IntRange(0, len(e.open)-1).Draw(e.rt, "connection")
		c := e.open[i]
		switch kind {
		case 3:
			e.loses(c)
			e.open = append(e.open[:i], e.open[i+1:]...)
		case 4:
			e.halfCloses(c)
		default:
			e.numbers[c]++
			e.does(c, e.numbers[c], e.wish())
		}
	}
}

func (e *evening) wish() any {
	member := "nobody"
	if room := e.State().Room(""); len(room.GetMembers()) > 0 {
		member = rapid.SampledFrom(room.GetMembers()).Draw(e.rt, "member").GetMemberId()
	}
	switch rapid.IntRange(0, 6).Draw(e.rt, "wish") {
	case 0:
		return &singoffv1.ChatMessage{Text: "hello", ToMemberId: rapid.SampledFrom([]string{"", member}).Draw(e.rt, "to")}
	case 1:
		return &singoffv1.Vote{SingerMemberId: member, Choice: singoffv1.Vote_Choice(rapid.IntRange(1, 3).Draw(e.rt, "choice"))}
	case 2:
		return &singoffv1.Presence{Nickname: fmt.Sprintf("nick %d", rapid.IntRange(0, 9).Draw(e.rt, "nick"))}
	case 3:
		return &singoffv1.Moderation{Action: singoffv1.Moderation_Action(rapid.IntRange(1, 7).Draw(e.rt, "action")), MemberId: member}
	case 4:
		return &singoffv1.Playback{Action: singoffv1.Playback_Action(rapid.IntRange(1, 5).Draw(e.rt, "playback"))}
	case 5:
		return &singoffv1.Leave{}
	}
	return claps(member)
}

// decide decides what waits; the log refuses some of it, and at times another epoch begins.
func (e *evening) decide() {
	for e.Waiting() {
		app, must, _ := e.Decide(e.now)
		switch {
		case !must:
		case rapid.IntRange(0, 4).Draw(e.rt, "refuse") == 0:
			e.Refused()
		default:
			e.keep(app)
		}
	}
	if rapid.IntRange(0, 19).Draw(e.rt, "reopen") == 0 {
		e.hall.open(e.load(nil), rapid.Uint64Range(1, 1<<60).Draw(e.rt, "epoch"))
		e.open = nil
	}
}
