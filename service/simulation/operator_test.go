package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultdisk"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/forget"
	"github.com/singoff/singoff/service/room/engine"
	"github.com/singoff/singoff/service/room/rules"
)

// operate does something that an operator does, or has set up to be done, with a log that is on a disk. What fails isn't done, as far as is known.
func (w *world) operate() {
	switch w.rnd.IntN(5) {
	case 0:
		w.trim()
	case 1:
		w.backup()
	default:
		heard := slices.DeleteFunc(slices.Clone(w.people), func(p *person) bool { return len(p.said) == 0 })
		if len(heard) > 0 {
			w.forget(heard[w.rnd.IntN(len(heard))])
		}
	}
}

// entries reads all that is kept of the room, and learns who is who of it.
func (w *world) entries() (all []eventlog.Stored, err error) {
	oldest, _, err := w.log.Ends(context.Background(), key)
	if err != nil {
		return nil, err
	}
	for stored, err := range w.log.Read(context.Background(), key, oldest) {
		if err != nil {
			return nil, err
		}
		records, err := engine.Records(stored.Data)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if a, ok := r.Fact.(*rules.Attached); ok {
				w.learn(a)
			}
		}
		all = append(all, stored)
	}
	return all, nil
}

// learn notes whose member somebody is.
func (w *world) learn(a *rules.Attached) {
	for _, p := range w.people {
		if p.user == a.User {
			w.members[a.MemberID] = p.name
		}
	}
}

// trim forgets some beginning of the room's history, of which the test keeps a copy.
func (w *world) trim() {
	all, err := w.entries()
	if err != nil || len(all) == 0 {
		return
	}
	for _, stored := range all {
		w.trimmed[stored.Position] = stored
	}
	seq := 1 + w.rnd.Uint64N(all[len(all)-1].LastSeq()+1)
	if w.log.Trim(context.Background(), key, seq) != nil {
		return
	}
	if oldest, _, err := w.log.Ends(context.Background(), key); err == nil && oldest > w.oldest {
		w.reached["trimmed"]++
		w.oldest = oldest
	}
}

// allEntries are what the log has said of the room, with what was trimmed since.
func (w *world) allEntries() (all []eventlog.Stored) {
	w.t.Helper()
	kept, err := w.entries()
	if err != nil {
		w.t.Fatal(err)
	}
	oldest, _, err := w.log.Ends(context.Background(), key)
	if err != nil || oldest < w.oldest {
		w.t.Fatalf("the log begins at seq %d, %v; it was trimmed below %d", oldest, err, w.oldest)
	}
	for _, at := range slices.Sorted(maps.Keys(w.trimmed)) {
		if len(kept) == 0 || at < kept[0].Position {
			all = append(all, w.trimmed[at])
		}
	}
	return append(all, kept...)
}

// backup copies the log, and opens the copy: it has all that was there before.
func (w *world) backup() {
	before, err := w.entries()
	if err != nil {
		return
	}
	file, err := w.machine.log.Backup(context.Background())
	if err != nil {
		return
	}
	w.reached["backup"]++
	if err := checkCopy(w.t, file, filepath.Join(w.machine.dir, fmt.Sprint("copy", w.reached["backup"])), before); err != nil {
		w.t.Errorf("a backup: %v", err)
	}
}

func checkCopy(t *testing.T, file *sqlitelog.Copy, dir string, before []eventlog.Stored) (err error) {
	t.Helper()
	data, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close(), os.Mkdir(dir, 0o700)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, sqlitelog.FileName), data, 0o600); err != nil {
		return err
	}
	log, err := sqlitelog.New(t.Context(), sqlitelog.Config{Dir: dir, Sync: sqlitelog.SyncOff})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close(), os.RemoveAll(dir)) }()
	if err := checkFile(t.Context(), log); err != nil || len(before) == 0 {
		return err
	}
	n := 0
	for stored, err := range log.Read(t.Context(), key, max(1, before[0].FirstSeq)) {
		if err != nil {
			return err
		}
		if n < len(before) && stored.Position == before[n].Position {
			if stored.Batch != before[n].Batch || !bytes.Equal(stored.Data, before[n].Data) {
				return fmt.Errorf("it has another entry at %d than the log had before", stored.Position)
			}
			n++
		}
	}
	if n < len(before) {
		return fmt.Errorf("it has %d of the %d entries that the log had before", n, len(before))
	}
	return nil
}

// Recheck has each node look whether the log is as it knows it.
func (w *world) Recheck(ctx context.Context, key eventlog.Key) (err error) {
	for _, n := range w.nodes {
		err = errors.Join(err, n.manager.Recheck(ctx, key))
	}
	return err
}

// forget has the log forget a person. Once that is answered, nothing that was known to be kept of what they said is in any file.
func (w *world) forget(p *person) {
	if _, err := w.entries(); err != nil {
		return
	}
	said := slices.Clone(p.said)
	_, _, err := forget.New(w.log, w, zerolog.Nop()).Forget(context.Background(), "", p.user)
	if err != nil {
		return
	}
	w.reached["forgotten"]++
	w.forgotten = append(w.forgotten, said...)
	w.lookForForgotten()
}

// lookForForgotten looks through the files that the log is in. What lies across two sectors may be made up of two that were torn.
func (w *world) lookForForgotten() {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.machine.folder(), sqlitelog.FileName+"*"))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("got the files %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, text := range w.forgotten {
			if !bytes.Contains(data, []byte(text)) {
				continue
			}
			for sector := range slices.Chunk(data, faultdisk.Sector) {
				if bytes.Contains(sector, []byte(text)) {
					w.t.Errorf("%s has %q, which was forgotten", filepath.Base(file), text)
				}
			}
		}
	}
}
