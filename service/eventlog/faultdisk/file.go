package faultdisk

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
)

// File is a file of a Disk, under whatever name. It stays usable when its name is taken away.
type File struct {
	disk *Disk // whose mutex protects all below

	now   []byte           // as programs see it
	kept  []byte           // as the disk surely has it, but for what is in past
	past  map[int][][]byte // of a sector, the contents it has had since the last sync, oldest first
	sizes []int            // that the file has had since the last sync, oldest first
}

// Size in bytes.
func (f *File) Size() int64 {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.now))
}

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.after != nil {
		return 0, ErrOff
	}
	if at >= int64(len(f.now)) {
		return 0, io.EOF
	}
	n := copy(p, f.now[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (f *File) WriteAt(p []byte, at int64) (n int, err error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	failed := f.disk.rnd.Float64() < f.disk.failWrites
	if failed {
		p = p[:f.disk.rnd.IntN(len(p)+1)]
	}
	err = f.disk.step(func() {
		end := int(at) + len(p)
		f.changing(int(at), end)
		if end > len(f.now) {
			f.resize(end)
		}
		copy(f.now[at:], p)
		f.changed(int(at), end)
	})
	if err == nil && failed {
		return len(p), fmt.Errorf("write: %w", ErrFault)
	}
	return len(p), err
}

// Truncate changes the size.
func (f *File) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.rnd.Float64() < f.disk.failWrites {
		return fmt.Errorf("truncate: %w", ErrFault)
	}
	return f.disk.step(func() {
		was := len(f.now)
		f.changing(int(size), was)
		f.resize(int(size))
		f.changed(int(size), was)
	})
}

// Sync brings the file to the disk.
func (f *File) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(func() {}); err != nil {
		return err
	}
	if f.disk.rnd.Float64() < f.disk.failSyncs {
		f.settle()
		return fmt.Errorf("sync: %w", ErrFault)
	}
	f.kept = sized(f.kept, len(f.now))
	for n := range f.past {
		put(f.kept, n, f.sector(n))
	}
	clear(f.past)
	f.sizes = nil
	return nil
}

// resize changes the size as programs see it.
func (f *File) resize(size int) {
	if f.sizes == nil {
		f.sizes = []int{len(f.kept)}
	}
	f.sizes = append(f.sizes, size)
	f.now = sized(f.now, size)
}

// changing takes note of what sectors hold before they are written to for the first time since the last sync.
func (f *File) changing(from, to int) {
	for n := from / Sector; n*Sector < to; n++ {
		if f.past[n] == nil {
			f.past[n] = [][]byte{sectorOf(f.kept, n)}
		}
	}
}

// changed takes note of what they hold afterwards.
func (f *File) changed(from, to int) {
	for n := from / Sector; n*Sector < to; n++ {
		f.past[n] = append(f.past[n], f.sector(n))
	}
}

func (f *File) sector(n int) []byte { return sectorOf(f.now, n) }

// sectorOf is a copy of a sector; what is beyond the end is zero.
func sectorOf(data []byte, n int) []byte {
	sector := make([]byte, Sector)
	if n*Sector < len(data) {
		copy(sector, data[n*Sector:])
	}
	return sector
}

// put writes a sector, as far as it is within the file.
func put(data []byte, n int, sector []byte) {
	if n*Sector < len(data) {
		copy(data[n*Sector:], sector)
	}
}

// sized cuts off, or adds zeros.
func sized(data []byte, size int) []byte {
	if size <= len(data) {
		clear(data[size:])
		return data[:size]
	}
	return append(data, make([]byte, size-len(data))...)
}

// How what isn't synced comes out.
const (
	nothing    = iota // of it is on the disk
	everything        // is
	butOne            // sector is
	anything          // of what each sector has held
	outcomes
)

// settle decides what the disk has of what isn't synced, and says how many sectors lack what was last written to them.
func (f *File) settle() (lost int) {
	rnd, outcome := f.disk.rnd, f.disk.rnd.IntN(outcomes)
	pick := func(versions int) int {
		switch outcome {
		case nothing:
			return 0
		case anything:
			return rnd.IntN(versions)
		}
		return versions - 1
	}
	size := len(f.kept)
	if len(f.sizes) > 0 {
		size = f.sizes[pick(len(f.sizes))]
	}
	f.kept = sized(f.kept, size)
	sectors := slices.Sorted(maps.Keys(f.past))
	torn := -1
	if outcome == butOne && len(sectors) > 0 {
		torn = sectors[rnd.IntN(len(sectors))]
	}
	for _, n := range sectors {
		versions := f.past[n]
		chosen := versions[pick(len(versions))]
		if n == torn {
			chosen = versions[rnd.IntN(len(versions))]
		}
		put(f.kept, n, chosen)
		if !bytes.Equal(chosen, f.sector(n)) {
			lost++
		}
	}
	clear(f.past)
	f.sizes = nil
	return lost
}
