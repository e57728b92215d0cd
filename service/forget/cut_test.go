package forget_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultdisk"
	"github.com/singoff/singoff/service/eventlog/faultdisk/sqlitevfs"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/flight/flighttest"
	"github.com/singoff/singoff/service/flight/recount"
	"github.com/singoff/singoff/service/forget"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// cutRooms are those of the log that loses power; cutPerson is in all of them, and nobody else is ever called what they are.
var cutRooms = []eventlog.Key{{Namespace: "default", Room: "a"}, {Namespace: "default", Room: "b"}, {Namespace: "other", Room: "c"}}

const cutPerson = 0

func openFile(t *testing.T, dir string) *sqlitelog.Log {
	t.Helper()
	log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir, ReserveBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// past is what a room was before somebody was forgotten.
type past struct {
	entries []eventlog.Stored
	state   *logv1.Snapshot
}

// pastOf reads all of a room. The state is that of the newest snapshot and what follows it.
func pastOf(t *testing.T, log forget.Log, key eventlog.Key) (p past, snapshot []byte) {
	t.Helper()
	for stored, err := range log.Read(t.Context(), key, 1) {
		if err != nil {
			t.Fatal(err)
		}
		p.entries = append(p.entries, stored)
	}
	head, err := log.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	state, err := engine.Load(key, head)
	if err != nil {
		t.Fatal(err)
	}
	p.state, snapshot = state.Snapshot(), head.Snapshot.Data
	return p, snapshot
}

// played is a folder with a log of some rooms, in whose file words of the person lie about.
func played(t *testing.T) (dir string, was map[eventlog.Key]past) {
	t.Helper()
	dir, was = filepath.Join(t.TempDir(), "before"), map[eventlog.Key]past{}
	log := openFile(t, dir)
	for _, key := range cutRooms {
		var at eventlog.Position
		var err error
		for i, m := range flighttest.Play(t, 0, 60) {
			if at, err = log.Append(t.Context(), key, at, m.Entry); err != nil {
				t.Fatal(err)
			}
			if i == 40 {
				if err := log.StoreSnapshot(t.Context(), key, eventlog.Snapshot{Position: at, Seq: m.Seq, Data: m.Snapshot}); err != nil {
					t.Fatal(err)
				}
			}
		}
		was[key], _ = pastOf(t, log, key)
		if borrowed(t, was[key].entries, cutPerson) {
			t.Fatal("somebody else is called what they are: choose another person")
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if wordsIn(t, dir) == 0 {
		t.Fatal("got no word of theirs in the folder: this proves nothing")
	}
	return dir, was
}

// wordsIn counts the words of the person in all files of a folder.
func wordsIn(t *testing.T, dir string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got the files %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(data, []byte(flighttest.Words(cutPerson)))
	}
	return n
}

// stepping notes how far the disk was at each call's end.
type stepping struct {
	forget.Log
	disk      *faultdisk.Disk
	rewritten int // after the last Rewrite
}

func (l *stepping) Rewrite(ctx context.Context, key eventlog.Key, change eventlog.Rewriting) (eventlog.Position, error) {
	at, err := l.Log.Rewrite(ctx, key, change)
	l.rewritten = l.disk.Steps()
	return at, err
}

// life is one of the machine, in which somebody is forgotten until its power is cut.
type life struct {
	after          string // the folder as the disk has it then
	rewriting, all int    // steps of the disk
	lost           int    // sectors that don't hold what was last written
	err            error  // of Forget
}

// live forgets the person on a copy of a folder, until the power is cut after so many steps of the disk; 0: as soon as it is answered.
func live(t *testing.T, before string, cut int) (l life) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "life")
	if err := os.CopyFS(dir, os.DirFS(before)); err != nil {
		t.Fatal(err)
	}
	disk := faultdisk.New(uint64(cut))
	unmount, err := sqlitevfs.Mount(dir, disk)
	if err != nil {
		t.Fatal(err)
	}
	log := openFile(t, dir)
	began := disk.Steps()
	s := &stepping{Log: log, disk: disk}
	disk.CutAfter(cut)
	_, _, l.err = forget.New(s, nothingOpen{}, zerolog.Nop()).Forget(t.Context(), "", flighttest.User(cutPerson))
	l.rewriting, l.all = s.rewritten-began, disk.Steps()-began
	disk.Cut()
	_ = log.Close() // its disk is gone
	unmount()
	for _, sectors := range disk.Lost() {
		l.lost += sectors
	}
	l.after = dir + "-after"
	if err := disk.Restore(l.after); err != nil {
		t.Fatal(err)
	}
	return l
}

// checkRoom expects a room as it was, or as it is without the person, and says which.
func checkRoom(t *testing.T, log forget.Log, key eventlog.Key, was past) (forgotten bool) {
	t.Helper()
	is, snapshot := pastOf(t, log, key)
	if reflect.DeepEqual(is.entries, was.entries) {
		if diff := differ(was.state, is.state); diff != "" {
			t.Errorf("%v: the log is the old one, the state differs (-before +after):\n%s", key, diff)
		}
		return false
	}
	replayed, count := rules.New(key.Namespace, key.Room), recount.New()
	for _, stored := range is.entries {
		if bytes.Contains(stored.Data, []byte(flighttest.Words(cutPerson))) {
			t.Errorf("%v: the entry at %d has their words, and others haven't", key, stored.Position)
		}
		if err := count.Entry(stored.Data); err != nil {
			t.Fatalf("%v: the recount: %v", key, err)
		}
		apply(t, replayed, stored)
	}
	if len(is.entries) != len(was.entries)+1 {
		t.Errorf("%v: got %d entries after %d, want one more", key, len(is.entries), len(was.entries))
	}
	if err := count.Against(is.state); err != nil {
		t.Errorf("%v: the recount of the state: %v", key, err)
	}
	if diff := differ(nameless(was.state), nameless(is.state)); diff != "" {
		t.Errorf("%v: the state differs (-before +after):\n%s", key, diff)
	}
	if want, err := proto.Marshal(replayed.Snapshot()); err != nil || !bytes.Equal(snapshot, want) {
		t.Errorf("%v: the snapshot isn't what the log leads to, %v", key, err)
	}
	return true
}

// checkAfter looks at what a cut has left, has the person forgotten again, and looks for the rest of them. It gives how many rooms the cut left without them.
func checkAfter(t *testing.T, dir string, was map[eventlog.Key]past) (forgotten int) {
	t.Helper()
	log := openFile(t, dir)
	defer func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if n := wordsIn(t, dir); n != 0 {
			t.Errorf("got their words %d times in the folder in the end", n)
		}
	}()
	if findings, err := log.CheckPages(t.Context()); err != nil || len(findings) != 0 {
		t.Errorf("got %v, %v, want a sound file", findings, err)
	}
	for _, key := range cutRooms {
		if checkRoom(t, log, key, was[key]) {
			forgotten++
		}
	}
	rooms, _, err := forgetter(log).Forget(t.Context(), "", flighttest.User(cutPerson))
	if err != nil || rooms != len(cutRooms)-forgotten {
		t.Errorf("again: got %d rooms, %v, want the %d that were left", rooms, err, len(cutRooms)-forgotten)
	}
	for _, key := range cutRooms {
		if !checkRoom(t, log, key, was[key]) {
			t.Errorf("again: %v is as it was", key)
		}
	}
	return forgotten
}

// Wherever the power goes while somebody is forgotten, on a disk that loses, tears and reorders what isn't synced, each room is the old one or the new one, its
// seats, votes and numbers are right, and forgetting again does the rest. A process that is killed leaves what a disk leaves that loses nothing.
func TestForgetWhereThePowerGoes(t *testing.T) {
	t.Parallel()
	before, was := played(t)
	whole := live(t, before, 0)
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	if n := wordsIn(t, whole.after); n != 0 {
		t.Errorf("got their words %d times on the disk after it was answered", n)
	}
	if n := checkAfter(t, whole.after, was); n != len(cutRooms) {
		t.Errorf("got %d rooms without them after it was answered, want all", n)
	}
	const each = 8
	var cuts []int
	for i := range each {
		cuts = append(cuts, 1+i*whole.rewriting/each, whole.rewriting+1+i*(whole.all-whole.rewriting)/each)
	}
	lost, left := 0, map[int]int{} // cuts, by how many rooms they left without the person
	for _, cut := range cuts {
		l := live(t, before, cut)
		n := checkAfter(t, l.after, was)
		if left[n]++; l.err == nil && n != len(cutRooms) {
			t.Errorf("got %d rooms without them after it was answered, want all", n)
		}
		if lost += l.lost; t.Failed() {
			t.Fatalf("at cut %d of %d, the rewriting ends at %d", cut, whole.all, whole.rewriting)
		}
	}
	t.Logf("%d cuts in %d steps, %d of them rewriting; %d sectors lost; by rooms that were changed: %v", len(cuts), whole.all, whole.rewriting, lost, left)
	if left[0] == 0 || left[len(cutRooms)] == 0 || left[1]+left[2] == 0 || lost == 0 {
		t.Errorf("got %v and %d sectors lost, want cuts before, between and after the rooms, and losses", left, lost)
	}
}
