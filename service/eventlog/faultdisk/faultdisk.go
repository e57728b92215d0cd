// Package faultdisk is a folder on a disk that loses power, for tests of what is kept on it.
// A sector that was written since its file was last synced holds, after the cut, any of the contents it has had since, whatever the sectors beside it hold:
// so writes are lost, torn and out of order. Sizes of files and names of the folder likewise. What was synced stays; a sector is written whole or not at all.
// How programs come to it is for other packages: sqlitevfs lays it under SQLite in the same process.
package faultdisk

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Sector is how many bytes the disk writes whole or not at all.
const Sector = 512

var (
	// ErrOff is what everything answers once the power is cut.
	ErrOff = errors.New("faultdisk: the power is off")
	// ErrFault is what a planned fault answers.
	ErrFault = errors.New("faultdisk: a planned fault")
)

// Disk is one folder, without folders in it. Its methods, and those of its files, may be called concurrently; a seed and an order of calls give the same disk
// again.
type Disk struct {
	off chan struct{} // closed when the power is cut

	mu         sync.Mutex // protects all below, and the files
	rnd        *rand.Rand
	names      map[string]*File   // as programs see them
	kept       map[string]*File   // as the disk surely has them
	past       map[string][]*File // of each name since the names were last synced, oldest first; nil: there was none
	failWrites float64
	failSyncs  float64
	countdown  int // steps until the cut; 0: none is planned
	steps      int
	lost       map[string]int    // sectors, by name
	after      map[string][]byte // what is there after the cut
}

// New makes an empty folder.
func New(seed uint64) *Disk {
	return &Disk{
		off: make(chan struct{}), rnd: rand.New(rand.NewPCG(seed, 11)),
		names: map[string]*File{}, kept: map[string]*File{}, past: map[string][]*File{},
	}
}

// Load takes over the files of a real folder, as if they were synced.
func (d *Disk) Load(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		f := &File{disk: d, now: data, kept: slices.Clone(data), past: map[int][][]byte{}}
		d.names[e.Name()], d.kept[e.Name()] = f, f
	}
	return nil
}

// FailWrites makes writes and truncations fail by chance, 0 to 1: some first part of what was to be written is.
func (d *Disk) FailWrites(chance float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failWrites = chance
}

// FailSyncs makes syncs fail by chance, 0 to 1. What was to be synced is then on the disk or isn't, as after a cut, and no later sync brings it there.
func (d *Disk) FailSyncs(chance float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failSyncs = chance
}

// Cut cuts the power now.
func (d *Disk) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut()
}

// CutAfter cuts the power with the n-th step from now: a write, a truncation, a sync, a change of names. That step itself is unanswered. 0: no cut is planned.
func (d *Disk) CutAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.countdown = n
}

// Off is closed when the power is cut.
func (d *Disk) Off() <-chan struct{} { return d.off }

// Steps counts the steps so far.
func (d *Disk) Steps() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.steps
}

// Lost counts for each name the sectors of its file that don't hold, after the cut, what was last written to them.
func (d *Disk) Lost() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.lost)
}

// Restore writes what is there after the cut to a real folder, which it makes.
func (d *Disk) Restore(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.after == nil {
		return errors.New("faultdisk: the power isn't off")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, data := range d.after {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Open gives a file.
func (d *Disk) Open(name string) (*File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch f := d.names[name]; {
	case d.after != nil:
		return nil, ErrOff
	case f == nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	default:
		return f, nil
	}
}

// Create gives a file, and makes it if it isn't there.
func (d *Disk) Create(name string) (*File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.names[name]; f != nil && d.after == nil {
		return f, nil
	}
	f := &File{disk: d, past: map[int][][]byte{}}
	return f, d.rename(name, f)
}

// Remove takes a name away. Who has the file open goes on with it.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil && d.after == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	return d.rename(name, nil)
}

// Rename gives a file another name, which another one may have had. After a cut the one name may have changed without the other.
func (d *Disk) Rename(name, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[name]
	if f == nil && d.after == nil {
		return &fs.PathError{Op: "rename", Path: name, Err: fs.ErrNotExist}
	}
	if err := d.rename(to, f); err != nil || name == to {
		return err
	}
	return d.rename(name, nil)
}

// rename lets a name be that of a file, or of none.
func (d *Disk) rename(name string, f *File) error {
	return d.step(func() {
		if _, changed := d.past[name]; !changed {
			d.past[name] = []*File{d.kept[name]}
		}
		d.past[name] = append(d.past[name], f)
		if d.names[name] = f; f == nil {
			delete(d.names, name)
		}
	})
}

// Names lists them, sorted.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names))
}

// SyncNames brings the names to the disk.
func (d *Disk) SyncNames() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(func() {}); err != nil {
		return err
	}
	if d.rnd.Float64() < d.failSyncs {
		return fmt.Errorf("sync names: %w", ErrFault)
	}
	d.kept = maps.Clone(d.names)
	clear(d.past)
	return nil
}

// step does something that no sync has brought to the disk yet, unless the power is off or goes off with it.
func (d *Disk) step(do func()) error {
	if d.after != nil {
		return ErrOff
	}
	d.steps++
	do()
	if d.countdown > 0 {
		if d.countdown--; d.countdown == 0 {
			d.cut()
			return ErrOff
		}
	}
	return nil
}

// cut settles what is on the disk.
func (d *Disk) cut() {
	if d.after != nil {
		return
	}
	d.after = map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(d.past)) {
		versions := d.past[name]
		d.kept[name] = versions[d.rnd.IntN(len(versions))]
	}
	d.lost = map[string]int{}
	settled := map[*File]bool{} // two names may be left of one file
	for _, name := range slices.Sorted(maps.Keys(d.kept)) {
		f := d.kept[name]
		if f == nil {
			continue
		}
		if !settled[f] {
			d.lost[name] = f.settle()
			settled[f] = true
		}
		d.after[name] = f.kept
	}
	close(d.off)
}
