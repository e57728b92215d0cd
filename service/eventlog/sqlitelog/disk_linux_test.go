package sqlitelog_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/test/mounted"
)

// Another program fills the disk: appends are refused with the reason before SQLite runs into it, readers go on, and it heals with the space.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	dir := mounted.Dir(t, "-t", "tmpfs", "-o", "size=24m", "none")
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir, ReserveBytes: 4 << 20}), key: battle}
	w.add(20, 100)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, w.log.Limits().FreeBytes+1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.append(t.Context(), 100); !errors.Is(err, eventlog.ErrRefused) || !errors.Is(err, sqlitelog.ErrFull) {
		t.Errorf("got %v, want ErrRefused and ErrFull", err)
	}
	if err := w.log.Trouble(); !errors.Is(err, sqlitelog.ErrFull) {
		t.Errorf("got trouble %v, want ErrFull", err)
	}
	w.last-- // the answer to the last one was lost: that the disk is full by now doesn't make it refused
	w.add(1, 100)
	if head, err := w.log.Open(t.Context(), battle); err != nil || len(head.Entries) != 20 {
		t.Errorf("got %d entries, %v, want readers to go on", len(head.Entries), err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	w.add(1, 100)
	if err := w.log.Trouble(); err != nil {
		t.Errorf("got trouble %v, want it healed", err)
	}
}

// The disk is full to the last byte, reserve and all: whatever SQLite runs into, nothing is kept that was refused, and it heals.
func TestDiskFullToTheLastByte(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	dir := mounted.Dir(t, "-t", "tmpfs", "-o", "size=24m", "none")
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir, ReserveBytes: 1 << 20}), key: battle}
	w.add(5, 100)
	mounted.Run(t, "sh", "-c", "cat /dev/zero >'"+dir+"/filler' || true")
	for range 5 {
		if err := w.append(t.Context(), 100_000); !errors.Is(err, eventlog.ErrRefused) && !errors.Is(err, eventlog.ErrUnknown) {
			t.Errorf("got %v, want it refused or unknown", err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	w.until("the disk was emptied")
	if head, err := w.log.Open(t.Context(), battle); err != nil || len(head.Entries) != 6 {
		t.Errorf("got %d entries, %v, want the six that were answered", len(head.Entries), err)
	}
}

// image is an ext4 file system in a file behind a loop device.
type image struct {
	file string
	cuts int // that it has been through
}

func newImage(t *testing.T) *image {
	t.Helper()
	return &image{file: mounted.Ext4(t)}
}

// power is one life of the machine: it writes to the image, and power is cut at some moment. What is left is the image as the device has it, without
// what only the page cache of the mounted file system knows.
func power(t *testing.T, before *image, sync sqlitelog.Sync, lines int, answered [childRooms]uint64) (after *image, now [childRooms]uint64) {
	t.Helper()
	t.Run("life", func(t *testing.T) { // which unmounts at its end
		dir := mounted.Dir(t, "-o", "loop,commit=600", before.file)
		c := startChild(t, dir, childSync+"="+string(sync))
		c.answered = answered
		c.read(lines)
		c.kill()
		now, after = c.answered, &image{file: before.file, cuts: before.cuts + 1}
		after.file = filepath.Join(filepath.Dir(before.file), fmt.Sprintf("disk-%d.img", after.cuts))
		mounted.Run(t, "cp", "--sparse=always", before.file, after.file)
	})
	if err := os.Remove(before.file); err != nil {
		t.Error(err)
	}
	return after, now
}

// TestPowerCuts cuts the power at random points under load, as often as SINGOFF_POWER_CUTS says. What was answered is there.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	cuts, err := strconv.Atoi(os.Getenv("SINGOFF_POWER_CUTS"))
	if err != nil {
		cuts = 3
	}
	disk, answered := newImage(t), [childRooms]uint64{}
	for n := range cuts {
		disk, answered = power(t, disk, sqlitelog.SyncFull, 50+(n*7919)%400, answered)
		t.Run("after", func(t *testing.T) { checkAnswered(t, mounted.Dir(t, "-o", "loop", disk.file), answered) })
		if t.Failed() {
			t.Fatalf("after power cut %d", n+1)
		}
	}
	t.Logf("%d power cuts, %v answered", cuts, answered)
}

// Without waiting for the disk the same cut does lose what was answered: the test above can fail.
func TestPowerCutWithSyncOffLoses(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	disk, answered := power(t, newImage(t), sqlitelog.SyncOff, 300, [childRooms]uint64{})
	t.Run("after", func(t *testing.T) {
		log := open(t, sqlitelog.Config{Dir: mounted.Dir(t, "-o", "loop", disk.file), ReserveBytes: 1 << 20})
		lost := uint64(0)
		for room, want := range answered {
			head, err := log.Open(t.Context(), childKey(room))
			if err != nil {
				t.Fatal(err)
			}
			lost += want - min(want, uint64(head.Position))
		}
		if lost == 0 {
			t.Error("got nothing lost with sync off, so the power cuts of these tests prove nothing")
		}
		t.Logf("%d of %v lost with sync off", lost, answered)
	})
}

// refusesWith expects appends to be refused with a reason that Trouble tells too, which is what readiness says, while readers go on.
func (w *writer) refusesWith(reason string) {
	w.t.Helper()
	for range 3 {
		err := w.append(w.t.Context(), 100)
		if !errors.Is(err, eventlog.ErrRefused) && !errors.Is(err, eventlog.ErrUnknown) || !strings.Contains(err.Error(), reason) {
			w.t.Errorf("got %v, want it refused or unknown, with %q", err, reason)
		}
	}
	if err := w.log.Trouble(); err == nil || !strings.Contains(err.Error(), reason) {
		w.t.Errorf("got trouble %v, want %q", err, reason)
	}
	if head, err := w.log.Open(w.t.Context(), w.key); err != nil || len(head.Entries) != 20 {
		w.t.Errorf("got %d entries, %v, want readers to go on", len(head.Entries), err)
	}
}

// The kernel makes the file system read-only under the log, as it does after errors of the disk: appends are refused with the reason, readers go on. Such a file
// system can't be written again before it was unmounted, so that the server has to be stopped; what was answered is there then.
func TestFileSystemTurnsReadOnly(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	disk := newImage(t)
	t.Run("life", func(t *testing.T) {
		dir := mounted.Dir(t, "-o", "loop", disk.file)
		w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir, ReserveBytes: 1 << 20}), key: battle}
		w.add(20, 100)
		mounted.Run(t, "mount", "-o", "remount,abort", dir)
		if options := mounted.Run(t, "findmnt", "-n", "-o", "FS-OPTIONS", dir); !strings.HasPrefix(options, "ro") && !strings.Contains(options, "emergency_ro") {
			t.Fatalf("the file system is %s, want it read-only", options)
		}
		w.refusesWith("disk I/O error")
	})
	t.Run("after", func(t *testing.T) {
		_ = exec.Command("e2fsck", "-p", disk.file).Run() // says by its code that there was something to repair
		log := open(t, sqlitelog.Config{Dir: mounted.Dir(t, "-o", "loop", disk.file), ReserveBytes: 1 << 20})
		if head, err := log.Open(t.Context(), battle); err != nil || len(head.Entries) != 20 {
			t.Errorf("got %d entries, %v, want those that were answered", len(head.Entries), err)
		}
	})
}

// Files that can't be written for a while, open as they are, heal by themselves.
func TestFilesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	mounted.NeedRoot(t)
	dir := mounted.Dir(t, "-o", "loop", newImage(t).file)
	w := &writer{t: t, log: open(t, sqlitelog.Config{Dir: dir, ReserveBytes: 1 << 20}), key: battle}
	w.add(20, 100)
	file, wal := filepath.Join(dir, sqlitelog.FileName), filepath.Join(dir, sqlitelog.FileName+"-wal")
	thaw := mounted.Freeze(t, file, wal)
	w.refusesWith("disk I/O error")
	thaw()
	w.until("they can be written")
	if err := w.log.Trouble(); err != nil {
		t.Errorf("got trouble %v, want it healed", err)
	}
	if head, err := w.log.Open(t.Context(), battle); err != nil || len(head.Entries) != 21 {
		t.Errorf("got %d entries, %v, want those that were answered", len(head.Entries), err)
	}
}
