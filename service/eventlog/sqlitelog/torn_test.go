package sqlitelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	key       eventlog.Key
	kept      []eventlog.Entry    // answered, by position from 1, which is their seq
	pending   *eventlog.Entry     // unanswered when the power went off
	change    *eventlog.Rewriting // that comes with it; nil: none
	refused   map[eventlog.BatchID]bool
	snapshot  uint64 // seq of the newest that was answered
	gone      uint64 // seqs up to here are surely trimmed
	asked     uint64 // and up to here they may be
	secret    int    // number of the one that entries hold now
	forgotten int    // secrets below this are nowhere
	backups   int    // that were answered
}

// word is what the room's entries and snapshots say until they are made to forget it.
func (r *tornRoom) word(secret int) []byte {
	return fmt.Appendf(nil, "%v knows secret %d. ", r.key, secret)
}

// entry makes the next one: some are of a few bytes, some of many pages.
func (r *tornRoom) entry(rnd *rand.Rand) eventlog.Entry {
	seq := uint64(len(r.kept)) + 1
	e := eventlog.Entry{FirstSeq: seq, Count: 1, Data: bytes.Repeat(fmt.Appendf(r.word(r.secret), "%d ", seq), 1+rnd.IntN(3)*rnd.IntN(200))}
	for i := range e.Batch {
		e.Batch[i] = byte(rnd.Uint32())
	}
	return e
}

// next decides what is appended next: an entry, or one that comes with a change of all that is before it.
func (r *tornRoom) next(rnd *rand.Rand) {
	if e := r.entry(rnd); len(r.kept) == 0 || rnd.IntN(60) != 0 {
		r.pending = &e
	} else {
		r.forget(e)
	}
}

// forget makes a change pending by which all that is before an entry forgets its secret.
func (r *tornRoom) forget(e eventlog.Entry) {
	e.Data = []byte("a secret is forgotten")
	r.pending = &e
	r.change = &eventlog.Rewriting{After: eventlog.Position(len(r.kept)), Entry: e, Snapshot: []byte("state")}
	for i, kept := range r.kept {
		kept.Data = []byte("blank")
		r.change.Entries = append(r.change.Entries, eventlog.Stored{Entry: kept, Position: eventlog.Position(i + 1)})
	}
}

// take takes in what is pending: it is kept.
func (r *tornRoom) take() {
	r.kept = append(r.kept, *r.pending)
	if r.change != nil {
		for i, e := range r.change.Entries {
			r.kept[i] = e.Entry
		}
		r.secret++
		r.snapshot = uint64(len(r.kept))
	}
	r.pending, r.change = nil, nil
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
			r.next(rnd)
		}
		var err error
		if r.change != nil {
			_, err = log.Rewrite(t.Context(), r.key, *r.change)
		} else {
			_, err = log.Append(t.Context(), r.key, eventlog.Position(len(r.kept)), *r.pending)
		}
		switch {
		case err == nil:
			forgets := r.change != nil
			if r.take(); forgets && log.Scrub(t.Context()) == nil {
				r.forgotten = r.secret
			}
		case errors.Is(err, eventlog.ErrRefused):
			r.refused[r.pending.Batch], r.pending, r.change = true, nil, nil
			if rnd.IntN(4) == 0 {
				disk.CutAfter(1 + rnd.IntN(8)) // a disk that fails is often about to go
			}
		case !errors.Is(err, eventlog.ErrUnknown):
			t.Errorf("%v after %d: %v", r.key, len(r.kept), err)
			return
		}
		if err == nil {
			r.keepHouse(t, log, rnd)
		}
	}
}

// keepHouse does now and then what isn't an append. What fails isn't done, as far as is known.
func (r *tornRoom) keepHouse(t *testing.T, log *sqlitelog.Log, rnd *rand.Rand) {
	seq := uint64(len(r.kept))
	switch rnd.IntN(80) {
	case 0, 1, 2, 3:
		snapshot := eventlog.Snapshot{Position: eventlog.Position(seq), Seq: seq, Data: bytes.Repeat(r.word(r.secret), rnd.IntN(600))}
		err := log.StoreSnapshot(t.Context(), r.key, snapshot)
		if err == nil {
			r.snapshot = seq
		} else if !errors.Is(err, eventlog.ErrRefused) {
			t.Errorf("%v at %d: %v", r.key, seq, err)
		}
	case 4, 5:
		below := seq - rnd.Uint64N(min(seq, 30))
		r.asked = max(r.asked, below-1)
		if log.Trim(t.Context(), r.key, below) == nil {
			r.gone = max(r.gone, min(below-1, r.snapshot))
		}
	case 6:
		if file, err := log.Backup(t.Context()); err == nil {
			r.backups++
			if err := r.checkBackup(t, file); err != nil {
				t.Errorf("a backup: %v", err)
			}
		}
	}
}

// checkBackup opens a backup that was answered: it is sound, and holds all that was answered before it began.
func (r *tornRoom) checkBackup(t *testing.T, file *sqlitelog.Copy) (err error) {
	dir := t.TempDir()
	data, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, sqlitelog.FileName), data, 0o600); err != nil {
		return err
	}
	log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff, ReserveBytes: 1 << 20})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close(), os.RemoveAll(dir)) }()
	if findings, err := log.CheckPages(t.Context()); err != nil || len(findings) > 0 {
		return fmt.Errorf("pages: %v, %w", findings, err)
	}
	return r.check(t.Context(), log)
}

// check reads the room: all that was answered is there, what was refused isn't, what was neither may be, and a change of what was is whole. What was trimmed
// stays so.
func (r *tornRoom) check(ctx context.Context, log *sqlitelog.Log) error {
	oldest, next, err := log.Ends(ctx, r.key)
	if err != nil {
		return err
	}
	if oldest <= r.gone || oldest > r.asked+1 {
		return fmt.Errorf("%v begins at seq %d, want it trimmed up to %d, and not beyond %d", r.key, oldest, r.gone, r.asked)
	}
	if r.pending != nil && next == r.pending.FirstSeq+1 {
		r.take()
	}
	n := int(oldest) - 1
	for stored, err := range log.Read(ctx, r.key, oldest) {
		switch {
		case err != nil:
			return fmt.Errorf("%v: %w", r.key, err)
		case r.refused[stored.Batch]:
			return fmt.Errorf("%v has entry %d, which was refused", r.key, n+1)
		case n >= len(r.kept):
			return fmt.Errorf("%v has an entry %d that nobody wrote", r.key, n+1)
		case !same(stored.Entry, r.kept[n]):
			return fmt.Errorf("%v has another entry %d than was answered", r.key, n+1)
		}
		n++
	}
	if n < len(r.kept) {
		return fmt.Errorf("%v has %d entries, %d were answered", r.key, n, len(r.kept))
	}
	head, err := log.Open(ctx, r.key)
	if err != nil || head.Position != eventlog.Position(n) {
		return fmt.Errorf("%v opens at %d, %w, want %d", r.key, head.Position, err, n)
	}
	if head.Snapshot != nil {
		r.snapshot = head.Snapshot.Seq
	}
	return nil
}

// checkForgotten looks for what was forgotten in the files of a folder, but for those of backups: an unfinished one is of before, and gone when the log is opened.
func (r *tornRoom) checkForgotten(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, sqlitelog.FileName+"*"))
	for _, file := range files {
		data, readErr := os.ReadFile(file)
		err = errors.Join(err, readErr)
		for secret := range r.forgotten {
			if n := countWhole(data, r.word(secret)); n > 0 {
				err = errors.Join(err, fmt.Errorf("%s has secret %d of %v, which was forgotten, %d times", filepath.Base(file), secret, r.key, n))
			}
		}
	}
	return err
}

// countWhole counts a word where it lies within a sector: one may be made up of the ends of two that were torn.
func countWhole(data, word []byte) (n int) {
	for sector := range slices.Chunk(data, faultdisk.Sector) {
		n += bytes.Count(sector, word)
	}
	return n
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
		if strings.HasPrefix(name, sqlitelog.FileName) {
			m.lost[name] += sectors
		}
	}
	after := filepath.Join(filepath.Dir(m.dir), strconv.Itoa(m.cuts))
	if err := errors.Join(disk.Restore(after), os.RemoveAll(m.dir)); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(after, "backup-*")); err != nil || removeAll(left) != nil { // which opening the log does, beside the disk
		t.Fatal(left, err)
	}
	m.dir = after
	for _, r := range m.rooms {
		if err := r.checkForgotten(m.dir); err != nil {
			return err
		}
	}
	return m.check(t.Context())
}

func removeAll(files []string) (err error) {
	for _, file := range files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
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

// TestTornPowerCuts cuts the power at any step of SQLite's, on a disk that loses, tears and reorders what isn't synced, and fails writes and syncs, under rooms
// that append, store snapshots, are trimmed, made to forget, and backed up.
// SINGOFF_TORN_CUTS says how often, SINGOFF_TORN_SEED from which seed on.
func TestTornPowerCuts(t *testing.T) {
	t.Parallel()
	cuts, first := envInt(t, "SINGOFF_TORN_CUTS", defaultTornCuts), envInt(t, "SINGOFF_TORN_SEED", 1)
	const lives = 20 // of a machine
	made, kept, refused, trimmed, forgotten, backups, lost := 0, 0, 0, 0, 0, 0, map[string]int{}
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
			trimmed += int(r.gone)
			forgotten += r.forgotten
			backups += r.backups
		}
	}
	t.Logf("%d power cuts: %d entries kept, %d refused, %d trimmed; %d times something was forgotten; %d backups; sectors lost: %v",
		made, kept, refused, trimmed, forgotten, backups, lost)
	if made < 60 {
		return // which may not show everything
	}
	if lost[sqlitelog.FileName] == 0 || lost[sqlitelog.FileName+"-wal"] == 0 || kept == 0 || refused == 0 ||
		trimmed == 0 || forgotten == 0 || backups == 0 {
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

// Where the power goes as soon as Scrub has answered, what was forgotten is in no file: not in a write-ahead log either that was emptied for programs alone.
func TestPowerCutAfterScrub(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		m := newTornMachine(t, seed, sqlitelog.SyncFull)
		disk := faultdisk.New(seed)
		unmount, err := sqlitevfs.Mount(m.dir, disk)
		if err != nil {
			t.Fatal(err)
		}
		log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: m.dir, ReserveBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		r := m.rooms[0]
		for range 10 {
			e := r.entry(m.rnd)
			if _, err := log.Append(t.Context(), r.key, eventlog.Position(len(r.kept)), e); err != nil {
				t.Fatal(err)
			}
			r.kept = append(r.kept, e)
		}
		r.forget(r.entry(m.rnd))
		if _, err = log.Rewrite(t.Context(), r.key, *r.change); err == nil {
			err = log.Scrub(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		r.take()
		r.forgotten = r.secret
		disk.Cut()
		_ = log.Close() // its disk is gone
		unmount()
		m.dir += "-after"
		if err := disk.Restore(m.dir); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.checkForgotten(m.dir), m.check(t.Context())); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
