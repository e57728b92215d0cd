//go:build !race

package model

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/singoff/singoff/test/planted"
)

// The list is told in docs/proof.md.
var plantedBugs = []planted.Bug{
	{Name: "late attempt evicts", File: "service/room/rules/hello.go",
		Old: "if h.Attempt <= x.attempt {", New: "if h.Attempt < 1 {"},
	{Name: "automatic reconnect evicts", File: "service/room/rules/hello.go",
		Old: "m.instance != h.Instance && !h.TakeOver {", New: "m.instance != h.Instance && false {"},
	{Name: "one seat too many", File: "service/room/rules/hello.go",
		Old: "countGone(e.gone, e.role) < seats {", New: "countGone(e.gone, e.role) <= seats {"},
	{Name: "lost update of a tally", File: "service/room/rules/votes.go",
		Old: "		*t.cell(old)--\n		delete(v.standing, b)", New: "		_ = old\n		delete(v.standing, b)"},
	{Name: "answer without a record", File: "service/room/rules/decide.go",
		Old: "	if number == 0 {\n		return Answer{Event: private(0, e)}", New: "	if true {\n		return Answer{Event: private(number, e)}"},
	{Name: "whisper hidden from its author", File: "service/room/rules/chat.go",
		Old: "r.Audience = []User{m.user, to.user}", New: "r.Audience = []User{to.user}"},
	{Name: "refused batch stays decided", File: "service/room/engine/outcome.go",
		Old: "	e.draft = e.kept.Clone()\n", New: ""},
	{Name: "lost connection forgotten by a refusing log", File: "service/room/engine/outcome.go",
		Old: "			e.owed = append(e.owed, in)\n", New: ""},
	{Name: "told before it was kept", File: "service/room/engine/outcome.go",
		Old: "	e.pending = nil\n	e.draft = e.kept.Clone()\n	out := Output{}\n", New: "	e.pending = nil\n	e.draft = e.kept.Clone()\n	out := p.out\n"},
	{Name: "refused act of the operator told as done", File: "service/room/engine/outcome.go",
		Old: "rules.ActResult{Err: ErrNotKept}", New: "rules.ActResult{}"},
	{Name: "decided command repeated", File: "clients/go/session/receive.go",
		Old: "c.number != 0 && c.number <= s.welcome.GetLastNumber() })", New: "c.number != 0 && c.number < s.welcome.GetLastNumber() })"},
	{Name: "repeated into a lost log", File: "clients/go/session/receive.go",
		Old: "if s.welcomed && w.GetInstanceKnown() && s.since == sinceOf(w) {", New: "if s.welcomed {"},
	{Name: "sent on after NOT_TAKEN", File: "clients/go/session/receive.go",
		Old: "s.draining, s.next = true,", New: "s.draining, s.next = false,"},
	{Name: "resume beyond what was received", File: "clients/go/session/receive.go",
		Old: "	s.lastSeq = event.GetSeq()\n	if opened := event.GetRoomOpened(); opened != nil {\n		s.epoch = opened.GetEpoch()\n	}\n	s.answer(event, func(",
		New: "	s.lastSeq = s.welcome.GetSnapshotSeq() - uint64(s.replayLeft-1)\n	if opened := event.GetRoomOpened(); opened != nil {\n		s.epoch = opened.GetEpoch()\n	}\n	s.answer(event, func("},
}

// TestPlantedBugsAreCaught builds the schedules with each bug planted and sees them fail, naming a seed.
func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, bug := range plantedBugs {
		t.Run(strings.ReplaceAll(bug.Name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			bug.Check(t, planted.Tests{
				Root: root, Package: "./service/model", Args: []string{"-test.run", "TestSchedules$", "-seeds", "1500"},
				Notice: regexp.MustCompile(`seed \d+: .*`),
			})
		})
	}
}
