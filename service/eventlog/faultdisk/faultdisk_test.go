package faultdisk_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/singoff/singoff/service/eventlog/faultdisk"
)

const seeds = 300

// create makes a file whose name and first contents are synced.
func create(t *testing.T, d *faultdisk.Disk, name string, data []byte) *faultdisk.File {
	t.Helper()
	f, err := d.Create(name)
	if err == nil {
		_, err = f.WriteAt(data, 0)
	}
	if err := errors.Join(err, f.Sync(), d.SyncNames()); err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, f *faultdisk.File, text string, at int64) {
	t.Helper()
	if _, err := f.WriteAt([]byte(text), at); err != nil {
		t.Fatal(err)
	}
}

// after cuts the power and reads what is left.
func after(t *testing.T, d *faultdisk.Disk) map[string]string {
	t.Helper()
	d.Cut()
	<-d.Off()
	dir := filepath.Join(t.TempDir(), "after")
	if err := d.Restore(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

// Each sector is one that was written, whatever the others are; all that can be is seen.
func TestUnsyncedWritesAreLostTornAndReordered(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(seeds) {
		d := faultdisk.New(seed)
		f := create(t, d, "file", make([]byte, 2*faultdisk.Sector))
		write(t, f, "a", 0)
		write(t, f, "bb", faultdisk.Sector-1) // into both sectors
		write(t, f, "c", 2*faultdisk.Sector-1)
		data := after(t, d)["file"]
		if len(data) != 2*faultdisk.Sector {
			t.Fatalf("seed %d: got %d bytes, want %d", seed, len(data), 2*faultdisk.Sector)
		}
		state := ""
		for _, at := range []int{0, faultdisk.Sector - 1, faultdisk.Sector, 2*faultdisk.Sector - 1} {
			if b := data[at]; b != 0 {
				state += string(b)
			} else {
				state += "-"
			}
		}
		seen[state] = true
	}
	// a comes before the first b, the second b before c; apart from that the sectors know nothing of each other.
	want := map[string]bool{}
	for _, first := range []string{"--", "a-", "ab"} {
		for _, second := range []string{"--", "b-", "bc"} {
			want[first+second] = true
		}
	}
	if !maps.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

func TestSyncedWritesStay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		d := faultdisk.New(seed)
		f := create(t, d, "file", bytes.Repeat([]byte("x"), 3000))
		write(t, f, "synced", 1000)
		if err := errors.Join(f.Truncate(2000), f.Sync()); err != nil {
			t.Fatal(err)
		}
		write(t, f, "not", 1900)
		if got := after(t, d)["file"]; len(got) != 2000 || got[1000:1006] != "synced" || got[:1000] != string(bytes.Repeat([]byte("x"), 1000)) {
			t.Fatalf("seed %d: got %q", seed, got)
		}
	}
}

// A sync that fails may have done its work or not, and the next one doesn't make it good.
func TestFailedSyncIsNotMadeGood(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for seed := range uint64(seeds) {
		d := faultdisk.New(seed)
		f := create(t, d, "file", []byte("old"))
		write(t, f, "new", 0)
		d.FailSyncs(1)
		if err := f.Sync(); !errors.Is(err, faultdisk.ErrFault) {
			t.Fatalf("got %v, want ErrFault", err)
		}
		d.FailSyncs(0)
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		read := make([]byte, 3)
		if _, err := f.ReadAt(read, 0); err != nil || string(read) != "new" {
			t.Fatalf("got %q, %v, want programs to see what they wrote", read, err)
		}
		seen[after(t, d)["file"]] = true
	}
	if !maps.Equal(seen, map[string]bool{"old": true, "new": true}) {
		t.Errorf("got %v, want both", seen)
	}
}

func TestWritesThatFailWriteAPart(t *testing.T) {
	t.Parallel()
	d := faultdisk.New(1)
	f := create(t, d, "file", nil)
	d.FailWrites(1)
	n, err := f.WriteAt(bytes.Repeat([]byte("x"), 100), 0)
	if !errors.Is(err, faultdisk.ErrFault) || n >= 100 || f.Size() != int64(n) {
		t.Errorf("got %d, %v and a file of %d bytes, want ErrFault and as many as it says", n, err, f.Size())
	}
}

func TestNamesAreKeptByTheirSync(t *testing.T) {
	t.Parallel()
	seen := map[bool]bool{}
	for seed := range uint64(seeds) {
		d := faultdisk.New(seed)
		create(t, d, "removed", []byte("removed"))
		create(t, d, "kept", []byte("kept"))
		if err := d.Remove("removed"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Create("made"); err != nil {
			t.Fatal(err)
		}
		files := after(t, d)
		_, made := files["made"]
		removed := files["removed"] == ""
		seen[made == removed] = true
		if files["kept"] != "kept" {
			t.Fatalf("seed %d: got %v, want the synced name", seed, files)
		}
	}
	if len(seen) != 2 {
		t.Error("got both changes or neither, want each by itself")
	}
}

// The step with which the power goes off is unanswered, and nothing works afterwards.
func TestCut(t *testing.T) {
	t.Parallel()
	d := faultdisk.New(1)
	f := create(t, d, "file", []byte("old"))
	d.CutAfter(2)
	write(t, f, "new", 0)
	if err := f.Sync(); !errors.Is(err, faultdisk.ErrOff) {
		t.Errorf("got %v of the sync that was cut, want ErrOff", err)
	}
	_, written := f.WriteAt([]byte("x"), 0)
	_, read := f.ReadAt(make([]byte, 1), 0)
	_, opened := d.Open("file")
	_, made := d.Create("other")
	for _, err := range []error{written, read, opened, made, f.Truncate(0), d.SyncNames(), d.Remove("file"), d.Rename("file", "other")} {
		if !errors.Is(err, faultdisk.ErrOff) {
			t.Errorf("got %v, want ErrOff", err)
		}
	}
}

func TestSeedTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (string, int) {
		d := faultdisk.New(seed)
		f := create(t, d, "file", make([]byte, 10_000))
		d.FailWrites(.1)
		for i := range 50 {
			_, _ = f.WriteAt(bytes.Repeat([]byte{byte(i)}, 700), int64(i*150)) // some fail
		}
		return after(t, d)["file"], d.Lost()["file"]
	}
	same, lost := true, 0
	first, _ := run(0)
	for seed := range uint64(20) {
		a, m := run(seed)
		b, n := run(seed)
		if a != b || m != n {
			t.Errorf("seed %d: got two disks of one seed", seed)
		}
		same = same && a == first
		lost += n
	}
	if same || lost == 0 {
		t.Error("got the same disk of every seed, or nothing lost")
	}
}
