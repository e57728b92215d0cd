package sqlitelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultdisk"
	"github.com/singoff/singoff/service/eventlog/faultdisk/sqlitevfs"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
)

const tornRooms = 6

// tornRoom is what its writer knows of a room, from one life of the machine to the next.
type tornRoom struct {
	key     eventlog.Key
	kept    []eventlog.Entry // answered, by position from 1
	pending *eventlog.Entry  // unanswered when the power went off
	refused map[eventlog.BatchID]bool
}

// entry makes the next one: some are of a few bytes, some of many pages.
func (r *tornRoom) entry(rnd *rand.Rand) eventlog.Entry {
	seq := uint64(len(r.kept)) + 1
	e := eventlog.Entry{FirstSeq: seq, Count: 1, Data: bytes.Repeat(fmt.Appendf(nil, "%v %d ", r.key, seq), 1+rnd.IntN(5)*rnd.IntN(300))}
	for i := range e.Batch {
		e.Batch[i] = byte(rnd.Uint32())
	}
	return e
}

// write appends until the power is off, as a room does: what is refused is another entry next time, what is unknown the same again.
func (r *tornRoom) write(t *testing.T, log *sqlitelog.Log, disk *faultdisk.Disk, rnd *rand.Rand) {
	for {
		select {
		case <-disk.Off():
			return
		default:
		}
		if r.pending == nil {
			e := r.entry(rnd)
			r.pending = &e
		}
		_, err := log.Append(t.Context(), r.key, eventlog.Position(len(r.kept)), *r.pending)
		switch {
		case err == nil:
			r.kept, r.pending = append(r.kept, *r.pending), nil
		case errors.Is(err, eventlog.ErrRefused):
			r.refused[r.pending.Batch], r.pending = true, nil
			if rnd.IntN(4) == 0 {
				disk.CutAfter(1 + rnd.IntN(8)) // a disk that fails is often about to go
			}
		case !errors.Is(err, eventlog.ErrUnknown):
			t.Errorf("%v after %d: %v", r.key, len(r.kept), err)
			return
		}
		if seq := uint64(len(r.kept)); err == nil && rnd.IntN(20) == 0 {
			snapshot := eventlog.Snapshot{Position: eventlog.Position(seq), Seq: seq, Data: make([]byte, rnd.IntN(20_000))}
			if err := log.StoreSnapshot(t.Context(), r.key, snapshot); err != nil && !errors.Is(err, eventlog.ErrRefused) {
				t.Errorf("%v at %d: %v", r.key, seq, err)
			}
		}
	}
}

// check reads the room after the cut: all that was answered is there, what was refused isn't, what was neither may be.
func (r *tornRoom) check(ctx context.Context, log *sqlitelog.Log) error {
	n := 0
	for stored, err := range log.Read(ctx, r.key, 1) {
		switch {
		case err != nil:
			return fmt.Errorf("%v: %w", r.key, err)
		case r.refused[stored.Batch]:
			return fmt.Errorf("%v has entry %d, which was refused", r.key, n+1)
		case n < len(r.kept) && !same(stored.Entry, r.kept[n]):
			return fmt.Errorf("%v has another entry %d than was answered", r.key, n+1)
		case n == len(r.kept) && (r.pending == nil || !same(stored.Entry, *r.pending)), n > len(r.kept):
			return fmt.Errorf("%v has an entry %d that nobody wrote", r.key, n+1)
		case n == len(r.kept):
			r.kept, r.pending = append(r.kept, *r.pending), nil
		}
		n++
	}
	if n < len(r.kept) {
		return fmt.Errorf("%v has %d entries, %d were answered", r.key, n, len(r.kept))
	}
	if head, err := log.Open(ctx, r.key); err != nil || head.Position != eventlog.Position(n) {
		return fmt.Errorf("%v opens at %d, %w, want %d", r.key, head.Position, err, n)
	}
	return nil
}

func same(a, b eventlog.Entry) bool {
	return a.Batch == b.Batch && a.FirstSeq == b.FirstSeq && a.Count == b.Count && bytes.Equal(a.Data, b.Data)
}

// tornMachine loses power again and again.
type tornMachine struct {
	seed  uint64
	rnd   *rand.Rand
	sync  sqlitelog.Sync
	dir   string // the folder of the log, in one of the machine's
	rooms []*tornRoom
	cuts  int
	lost  map[string]int // sectors, by file
}

func newTornMachine(t *testing.T, seed uint64, sync sqlitelog.Sync) *tornMachine {
	t.Helper()
	m := &tornMachine{seed: seed, rnd: rand.New(rand.NewPCG(seed, 3)), sync: sync, dir: filepath.Join(t.TempDir(), "0"), lost: map[string]int{}}
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range tornRooms {
		m.rooms = append(m.rooms, &tornRoom{key: childKey(i), refused: map[eventlog.BatchID]bool{}})
	}
	return m
}

// live runs until the power is cut, and says what is wrong with what is left.
func (m *tornMachine) live(t *testing.T) error {
	t.Helper()
	disk := faultdisk.New(m.rnd.Uint64())
	unmount, err := sqlitevfs.Mount(m.dir, disk)
	if err != nil {
		t.Fatal(err)
	}
	steps := 1500
	if m.rnd.IntN(4) == 0 {
		steps = 60 // while the log is opened, or soon after
	}
	disk.CutAfter(1 + m.rnd.IntN(steps))
	if log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: m.dir, Sync: m.sync, ReserveBytes: 1 << 20}); err == nil {
		if m.rnd.IntN(3) == 0 {
			disk.FailSyncs(.1)
			disk.FailWrites(.01)
		}
		var writers sync.WaitGroup
		for _, r := range m.rooms {
			rnd := rand.New(rand.NewPCG(m.seed, m.rnd.Uint64()))
			writers.Go(func() { r.write(t, log, disk, rnd) })
		}
		writers.Wait()
		_ = log.Close() // its disk is gone
	}
	<-disk.Off() // by which opening failed, if it did
	unmount()
	m.cuts++
	for name, sectors := range disk.Lost() {
		m.lost[name] += sectors
	}
	after := filepath.Join(filepath.Dir(m.dir), strconv.Itoa(m.cuts))
	if err := errors.Join(disk.Restore(after), os.RemoveAll(m.dir)); err != nil {
		t.Fatal(err)
	}
	m.dir = after
	return m.check(t.Context())
}

// check looks at a copy: closing the log would tidy up.
func (m *tornMachine) check(ctx context.Context) (err error) {
	looked := m.dir + "-looked"
	if err := os.CopyFS(looked, os.DirFS(m.dir)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(looked)) }()
	log, err := sqlitelog.New(ctx, sqlitelog.Config{Dir: looked, Sync: sqlitelog.SyncOff, ReserveBytes: 1 << 20})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if findings, err := log.CheckPages(ctx); err != nil || len(findings) > 0 {
		return fmt.Errorf("pages: %v, %w", findings, err)
	}
	for _, r := range m.rooms {
		err = errors.Join(err, r.check(ctx, log))
	}
	return err
}

// TestTornPowerCuts cuts the power at any step of SQLite's, on a disk that loses, tears and reorders what isn't synced, and fails writes and syncs.
// SINGOFF_TORN_CUTS says how often, SINGOFF_TORN_SEED from which seed on.
func TestTornPowerCuts(t *testing.T) {
	t.Parallel()
	cuts, first := envInt(t, "SINGOFF_TORN_CUTS", defaultTornCuts), envInt(t, "SINGOFF_TORN_SEED", 1)
	const lives = 20 // of a machine
	made, kept, refused, lost := 0, 0, 0, map[string]int{}
	for seed := first; made < cuts; seed++ {
		m := newTornMachine(t, uint64(seed), sqlitelog.SyncFull)
		for made < cuts && m.cuts < lives {
			made++
			if err := m.live(t); err != nil || t.Failed() {
				t.Fatalf("seed %d, after cut %d: %v", seed, m.cuts, err)
			}
		}
		for name, sectors := range m.lost {
			lost[name] += sectors
		}
		for _, r := range m.rooms {
			kept += len(r.kept)
			refused += len(r.refused)
		}
	}
	t.Logf("%d power cuts: %d entries kept, %d refused, sectors lost: %v", made, kept, refused, lost)
	if made < 60 {
		return // which may not show everything
	}
	if lost[sqlitelog.FileName] == 0 || lost[sqlitelog.FileName+"-wal"] == 0 || kept == 0 || refused == 0 {
		t.Error("these cuts prove nothing")
	}
}

// Without syncing the same cuts do lose what was answered, or spoil the file: the test above can fail.
func TestTornPowerCutsWithSyncOffLose(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		if err := newTornMachine(t, seed, sqlitelog.SyncOff).live(t); err != nil {
			t.Logf("seed %d: %v", seed, err)
			return
		}
	}
	t.Error("got nothing lost in 20 cuts with sync off")
}

func envInt(t *testing.T, name string, unset int) int {
	t.Helper()
	value, set := os.LookupEnv(name)
	if !set {
		return unset
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
