//go:build !race

package planted_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/singoff/singoff/test/planted"
)

// The list is told in docs/proof.md, with the test that notices each.
var bugs = []struct {
	planted.Bug
	pkg, test string
}{
	{planted.Bug{Name: "whisper in anybody's history", File: "service/history/history.go",
		Old: "return len(audience) == 0 || c.viewer", New: "return true || c.viewer"},
		"./service/history", "TestPagesAreTheHistory"},
	{planted.Bug{Name: "event left out between two pages", File: "service/history/history.go",
		Old: "len(c.events) >= c.most {\n\t\tc.next = it.Seq\n", New: "len(c.events) >= c.most {\n\t\tc.next = it.Seq + 1\n"},
		"./service/history", "TestPagesAreTheHistory"},
	{planted.Bug{Name: "trimmed history told as none", File: "service/history/book.go",
		Old: "\tdefault:\n\t\treturn 0, &TrimmedError{Oldest: b.oldest}\n", New: "\tdefault:\n\t\treturn b.newest + 1, nil\n"},
		"./service/history", "TestPagesAreTheHistory"},
	{planted.Bug{Name: "backward page reads from the beginning", File: "service/history/book.go",
		Old: "\t\t\tlow = high - size + 1\n", New: "\t\t\tlow = b.oldest\n"},
		"./service/history", "TestPageReadsLittle"},
	{planted.Bug{Name: "followed event repeated", File: "clients/go/history.go",
		Old: "from.Seq = max(from.Seq, w.seen+1)", New: "from.Seq = max(from.Seq, w.seen)"},
		"./clients/go", "TestFollowHasNoGapAndNoRepeat"},
	{planted.Bug{Name: "step nobody sees left out of a state", File: "service/flight/replay.go",
		Old: "case r.records[0].Event != nil && r.state.Seq() == seq:", New: "case r.state.Seq() == seq:"},
		"./service/flight", "TestReplayToSeq"},
	{planted.Bug{Name: "entries of a record in another order", File: "service/flight/reader.go",
		Old: "case !bytes.Equal(payload[8:], want):", New: "case len(want) == 0:"},
		"./service/flight", "TestRecordThatIsBroken"},
	{planted.Bug{Name: "seat given twice not recounted", File: "service/flight/recount/seats.go",
		Old: "case x.role == m.role && x.seat == m.seat:", New: "case x == m:"},
		"./service/flight/recount", "TestTampering"},
	{planted.Bug{Name: "number used twice not recounted", File: "service/flight/recount/numbers.go",
		Old: "case k.GetNumber() != s.last+1:", New: "case k.GetNumber() > s.last+1:"},
		"./service/flight/recount", "TestTampering"},
	{planted.Bug{Name: "vote of somebody banned still recounted", File: "service/flight/recount/votes.go",
		Old: "\t\tif b.voter == u {\n\t\t\tdelete(c.votes, b)\n", New: "\t\tif b.voter == u {\n\t\t\t_ = b\n"},
		"./service/flight/recount", "TestRecountAgrees"},
	{planted.Bug{Name: "third singer in a whole room", File: "service/room/rules/hello.go",
		Old: "countGone(e.gone, e.role) < seats {", New: "countGone(e.gone, e.role) <= seats {"},
		"./service/simulation", "TestSimulation"},
	{planted.Bug{Name: "resume out of a ring that lacks the beginning", File: "service/room/ring.go",
		Old: "return items, oldest == after+1", New: "return items, oldest > after"},
		"./service/simulation", "TestSimulation"},
	{planted.Bug{Name: "conflict taken for kept", File: "service/room/append.go",
		Old: "	if err == nil {\n\t\treturn result{at: at}", New: "	if err == nil || errors.Is(err, eventlog.ErrConflict) {\n\t\treturn result{at: at}"},
		"./service/simulation", "TestSimulation"},
	{planted.Bug{Name: "answered before it is committed", File: "service/eventlog/sqlitelog/write.go",
		Old: "%v: %w\", w.key, err)\n\t\t}\n", New: "%v: %w\", w.key, err)\n\t\t}\n\t\tr.done <- r.err\n"},
		"./service/eventlog/sqlitelog", "TestTornPowerCuts"},
	{planted.Bug{Name: "commit that isn't synced", File: "service/eventlog/sqlitelog/handles.go",
		Old: "\"synchronous(\" + string(sync) + \")\"", New: "\"synchronous(NORMAL)\""},
		"./service/eventlog/sqlitelog", "TestTornPowerCuts"},
	{planted.Bug{Name: "commit that isn't synced, below whole rooms", File: "service/eventlog/sqlitelog/handles.go",
		Old: "\"synchronous(\" + string(sync) + \")\"", New: "\"synchronous(NORMAL)\""},
		"./service/simulation", "TestSimulationOnDisk"},
	{planted.Bug{Name: "refused without a fence", File: "service/eventlog/sqlitelog/write.go",
		Old: "if l.handles.fence(ctx) == nil {\n\t\treturn", New: "if true {\n\t\treturn"},
		"./service/eventlog/sqlitelog", "TestTornPowerCuts"},
	{planted.Bug{Name: "write-ahead log emptied for programs alone", File: "service/eventlog/sqlitelog/rewrite.go",
		Old: "if err := l.handles.fence(ctx); err != nil {\n\t\tl.unfenced", New: "if err := ctx.Err(); err != nil {\n\t\tl.unfenced"},
		"./service/eventlog/sqlitelog", "TestPowerCutAfterScrub"},
	{planted.Bug{Name: "doubt forgotten", File: "service/eventlog/sqlitelog/write.go",
		Old: "a != nil && l.doubt.has(a.entry.Batch) {", New: "a != nil && l.doubt.has(a.entry.Batch) && false {"},
		"./service/eventlog/sqlitelog", "TestTornPowerCuts"},
	{planted.Bug{Name: "rows taken without their sum", File: "service/eventlog/sqlitelog/row.go",
		Old: "if got := sumOf(id, stored.Entry); got != check {", New: "if got := sumOf(id, stored.Entry); got != check && false {"},
		"./service/eventlog/sqlitelog", "TestCorruptRoomIsSetAside"},
}

// Some bugs show only where a cut comes at the right moment: these get more of them than others need.
func TestMain(m *testing.M) {
	if err := os.Setenv("SINGOFF_TORN_CUTS", "400"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, bug := range bugs {
		t.Run(strings.ReplaceAll(bug.Name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			bug.Check(t, planted.Tests{
				Root: root, Package: bug.pkg, Args: []string{"-test.run", "^" + bug.test + "$"},
				Notice: regexp.MustCompile("--- FAIL: " + bug.test + "[ /].*"),
			})
		})
	}
}
