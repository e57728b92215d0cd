//go:build !race

package model

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// planted is a bug that breaks a promise on purpose: in file (from the module's root), old becomes new.
type planted struct {
	name, file, old, new string
}

// The list is told in docs/proof.md.
var plantedBugs = []planted{
	{"late attempt evicts", "service/room/rules/hello.go",
		"if h.Attempt <= x.attempt {", "if h.Attempt < 1 {"},
	{"automatic reconnect evicts", "service/room/rules/hello.go",
		"m.instance != h.Instance && !h.TakeOver {", "m.instance != h.Instance && false {"},
	{"one seat too many", "service/room/rules/hello.go",
		"countGone(e.gone, e.role) < seats {", "countGone(e.gone, e.role) <= seats {"},
	{"lost update of a tally", "service/room/rules/votes.go",
		"		*t.cell(old)--\n		delete(v.standing, b)", "		_ = old\n		delete(v.standing, b)"},
	{"answer without a record", "service/room/rules/decide.go",
		"	if number == 0 {\n		return Answer{Event: private(0, e)}", "	if true {\n		return Answer{Event: private(number, e)}"},
	{"whisper hidden from its author", "service/room/rules/chat.go",
		"r.Audience = []User{m.user, to.user}", "r.Audience = []User{to.user}"},
	{"refused batch stays decided", "service/room/engine/outcome.go",
		"	e.draft = e.kept.Clone()\n", ""},
	{"lost connection forgotten by a refusing log", "service/room/engine/outcome.go",
		"			e.owed = append(e.owed, in)\n", ""},
	{"told before it was kept", "service/room/engine/outcome.go",
		"	e.pending = nil\n	e.draft = e.kept.Clone()\n	out := Output{}\n", "	e.pending = nil\n	e.draft = e.kept.Clone()\n	out := p.out\n"},
	{"refused act of the operator told as done", "service/room/engine/outcome.go",
		"rules.ActResult{Err: ErrNotKept}", "rules.ActResult{}"},
	{"decided command repeated", "clients/go/session/receive.go",
		"c.number != 0 && c.number <= s.welcome.GetLastNumber() })", "c.number != 0 && c.number < s.welcome.GetLastNumber() })"},
	{"repeated into a lost log", "clients/go/session/receive.go",
		"if s.welcomed && w.GetInstanceKnown() && s.since == sinceOf(w) {", "if s.welcomed {"},
	{"sent on after NOT_TAKEN", "clients/go/session/receive.go",
		"s.draining, s.next = true,", "s.draining, s.next = false,"},
	{"resume beyond what was received", "clients/go/session/receive.go",
		"	s.lastSeq = event.GetSeq()\n	if opened := event.GetRoomOpened(); opened != nil {\n		s.epoch = opened.GetEpoch()\n	}\n	s.answer(event, func(",
		"	s.lastSeq = s.welcome.GetSnapshotSeq() - uint64(s.replayLeft-1)\n	if opened := event.GetRoomOpened(); opened != nil {\n		s.epoch = opened.GetEpoch()\n	}\n	s.answer(event, func("},
}

// TestPlantedBugsAreCaught builds the schedules with each bug planted and sees them fail, naming a seed.
func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, bug := range plantedBugs {
		t.Run(strings.ReplaceAll(bug.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			out, err := bug.run(t, root)
			if err == nil {
				t.Fatalf("the schedules don't notice:\n%s", out)
			}
			failed := regexp.MustCompile(`seed \d+: .*`).Find(out)
			if failed == nil {
				t.Fatalf("failed otherwise than by a seed: %v\n%s", err, out)
			}
			t.Logf("caught: %s", failed)
		})
	}
}

// run runs the schedules over an overlay that holds the bug; the sources stay as they are.
func (p planted) run(t *testing.T, root string) ([]byte, error) {
	t.Helper()
	path := filepath.Join(root, p.file)
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), p.old); n != 1 {
		t.Fatalf("%s has the place to plant %d times, not once; the list must follow the code", p.file, n)
	}
	dir := t.TempDir()
	broken, overlay, bin := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "model.test")
	write(t, broken, []byte(strings.Replace(string(src), p.old, p.new, 1)))
	names, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, names)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", bin, "./service/model")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the planted bug doesn't compile: %v\n%s", err, out)
	}
	return exec.CommandContext(ctx, bin, "-test.run", "TestSchedules$", "-seeds", "1500").CombinedOutput()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
