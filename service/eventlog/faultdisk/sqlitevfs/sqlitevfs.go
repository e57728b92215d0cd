// Package sqlitevfs lays disks that lose power under SQLite, in the same process: what SQLite opens in a folder that was mounted here goes to its Disk as
// well. Reads, locks and shared memory are those of the real file beside it, which is never synced. It is SQLite's own way of testing power cuts: a VFS
// of ours before the default one.
package sqlitevfs

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"unsafe"

	"modernc.org/libc"
	codes "modernc.org/sqlite/lib"

	"github.com/singoff/singoff/service/eventlog/faultdisk"
)

// disks by folder, and files by handle.
var (
	mu      sync.Mutex
	disks   = map[string]*faultdisk.Disk{}
	handles = map[uintptr]*opened{}
	next    uintptr
)

// opened is a file that SQLite has open.
type opened struct {
	*faultdisk.File
	disk *faultdisk.Disk
	// newName: the names are synced with the file's first sync, as SQLite's own VFS does it for journals.
	newName bool
}

// Mount lets a disk be under all that SQLite opens in a folder, until it is unmounted. Files that are there are taken over as if they were synced.
func Mount(dir string, disk *faultdisk.Disk) (unmount func(), err error) {
	register()
	if err := disk.Load(dir); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	disks[dir] = disk
	return func() {
		mu.Lock()
		defer mu.Unlock()
		delete(disks, dir)
	}, nil
}

// find gives the disk that a path is on, if it is on one.
func find(path string) (*faultdisk.Disk, string) {
	mu.Lock()
	defer mu.Unlock()
	return disks[filepath.Dir(path)], filepath.Base(path)
}

// file is what SQLite keeps of an open file: ours, and behind it that of the usual VFS.
type file struct {
	methods uintptr
	handle  uintptr
}

const realOffset = unsafe.Sizeof(file{})

var (
	usual   *codes.Tsqlite3_vfs // the one that was the default
	vfs     codes.Tsqlite3_vfs
	methods codes.Tsqlite3_io_methods
)

// register makes the VFS the default one, once.
var register = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	usual = at[codes.Tsqlite3_vfs](codes.Xsqlite3_vfs_find(tls, 0))
	vfs = *usual
	vfs.FszOsFile += int32(realOffset)
	name, err := libc.CString("singoff-faultdisk")
	if err != nil {
		panic(err) // there is no memory left
	}
	vfs.FzName = name
	*(*func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32)(unsafe.Pointer(&vfs.FxOpen)) = open
	*(*func(*libc.TLS, uintptr, uintptr, int32) int32)(unsafe.Pointer(&vfs.FxDelete)) = remove
	methods = codes.Tsqlite3_io_methods{FiVersion: 2} // without xFetch: nothing is read but by xRead
	*(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&methods.FxClose)) = closeFile
	*(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&methods.FxRead)) = read
	*(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&methods.FxWrite)) = write
	*(*func(*libc.TLS, uintptr, int64) int32)(unsafe.Pointer(&methods.FxTruncate)) = truncate
	*(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&methods.FxSync)) = syncFile
	*(*func(*libc.TLS, uintptr, uintptr) int32)(unsafe.Pointer(&methods.FxFileSize)) = fileSize
	*(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&methods.FxLock)) = lock
	*(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&methods.FxUnlock)) = unlock
	*(*func(*libc.TLS, uintptr, uintptr) int32)(unsafe.Pointer(&methods.FxCheckReservedLock)) = checkReservedLock
	*(*func(*libc.TLS, uintptr, int32, uintptr) int32)(unsafe.Pointer(&methods.FxFileControl)) = fileControl
	*(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&methods.FxSectorSize)) = sectorSize
	*(*func(*libc.TLS, uintptr) int32)(unsafe.Pointer(&methods.FxDeviceCharacteristics)) = deviceCharacteristics
	*(*func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32)(unsafe.Pointer(&methods.FxShmMap)) = shmMap
	*(*func(*libc.TLS, uintptr, int32, int32, int32) int32)(unsafe.Pointer(&methods.FxShmLock)) = shmLock
	*(*func(*libc.TLS, uintptr))(unsafe.Pointer(&methods.FxShmBarrier)) = shmBarrier
	*(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&methods.FxShmUnmap)) = shmUnmap
	if code := codes.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(&vfs)), 1); code != codes.SQLITE_OK {
		panic(code) // it can't fail once SQLite is there
	}
})

// at is what SQLite has at an address.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function is one of SQLite's, by its address.
func function[T any](address uintptr) T {
	holder := &struct{ uintptr }{address}
	return *(*T)(unsafe.Pointer(holder))
}

func open(tls *libc.TLS, _, path, to uintptr, flags int32, flagsOut uintptr) int32 {
	const ours = codes.SQLITE_OPEN_MAIN_DB | codes.SQLITE_OPEN_WAL | codes.SQLITE_OPEN_MAIN_JOURNAL
	usually := func(to uintptr) int32 {
		call := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](usual.FxOpen)
		return call(tls, uintptr(unsafe.Pointer(usual)), path, to, flags, flagsOut)
	}
	if path == 0 || flags&ours == 0 {
		return usually(to)
	}
	disk, name := find(libc.GoString(path))
	if disk == nil {
		return usually(to)
	}
	f := at[file](to)
	f.methods = 0 // until it is open
	o := &opened{disk: disk}
	var err error
	if o.File, err = disk.Open(name); errors.Is(err, fs.ErrNotExist) && flags&codes.SQLITE_OPEN_CREATE != 0 {
		o.File, err = disk.Create(name)
		o.newName = flags&codes.SQLITE_OPEN_MAIN_DB == 0
	}
	if err != nil {
		return codes.SQLITE_CANTOPEN
	}
	if code := usually(to + realOffset); code != codes.SQLITE_OK {
		return code
	}
	mu.Lock()
	defer mu.Unlock()
	next++
	handles[next] = o
	f.methods, f.handle = uintptr(unsafe.Pointer(&methods)), next
	return codes.SQLITE_OK
}

func remove(tls *libc.TLS, _, path uintptr, syncNames int32) int32 {
	disk, name := find(libc.GoString(path))
	if disk != nil {
		if err := disk.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // which is for the real one to say
			return codes.SQLITE_IOERR_DELETE
		}
	}
	code := function[func(*libc.TLS, uintptr, uintptr, int32) int32](usual.FxDelete)(tls, uintptr(unsafe.Pointer(usual)), path, 0)
	if disk != nil && syncNames != 0 && code == codes.SQLITE_OK && disk.SyncNames() != nil {
		return codes.SQLITE_IOERR_DIR_FSYNC
	}
	return code
}

func handleOf(f uintptr) *opened {
	mu.Lock()
	defer mu.Unlock()
	return handles[at[file](f).handle]
}

func (o *opened) isOff() bool {
	select {
	case <-o.disk.Off():
		return true
	default:
		return false
	}
}

// below gives the usual VFS's methods of a file, and its address.
func below(f uintptr) (*codes.Tsqlite3_io_methods, uintptr) {
	f += realOffset
	return at[codes.Tsqlite3_io_methods](*at[uintptr](f)), f
}

func closeFile(tls *libc.TLS, f uintptr) int32 {
	mu.Lock()
	delete(handles, at[file](f).handle)
	mu.Unlock()
	m, f := below(f)
	return function[func(*libc.TLS, uintptr) int32](m.FxClose)(tls, f)
}

func read(tls *libc.TLS, f, into uintptr, n int32, from int64) int32 {
	if handleOf(f).isOff() {
		return codes.SQLITE_IOERR_READ
	}
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](m.FxRead)(tls, f, into, n, from)
}

func write(tls *libc.TLS, f, from uintptr, n int32, to int64) int32 {
	written, err := handleOf(f).WriteAt(unsafe.Slice(at[byte](from), n), to)
	m, f := below(f)
	code := function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](m.FxWrite)(tls, f, from, int32(written), to)
	if err != nil {
		return codes.SQLITE_IOERR_WRITE
	}
	return code
}

func truncate(tls *libc.TLS, f uintptr, size int64) int32 {
	if handleOf(f).Truncate(size) != nil {
		return codes.SQLITE_IOERR_TRUNCATE
	}
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int64) int32](m.FxTruncate)(tls, f, size)
}

func syncFile(_ *libc.TLS, f uintptr, _ int32) int32 {
	o := handleOf(f)
	if o.Sync() != nil {
		return codes.SQLITE_IOERR_FSYNC
	}
	if o.newName && o.disk.SyncNames() != nil {
		return codes.SQLITE_IOERR_DIR_FSYNC
	}
	o.newName = false
	return codes.SQLITE_OK
}

func fileSize(tls *libc.TLS, f, into uintptr) int32 {
	if handleOf(f).isOff() {
		return codes.SQLITE_IOERR_FSTAT
	}
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, uintptr) int32](m.FxFileSize)(tls, f, into)
}

func lock(tls *libc.TLS, f uintptr, kind int32) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int32) int32](m.FxLock)(tls, f, kind)
}

func unlock(tls *libc.TLS, f uintptr, kind int32) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int32) int32](m.FxUnlock)(tls, f, kind)
}

func checkReservedLock(tls *libc.TLS, f, into uintptr) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, uintptr) int32](m.FxCheckReservedLock)(tls, f, into)
}

func fileControl(tls *libc.TLS, f uintptr, what int32, argument uintptr) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int32, uintptr) int32](m.FxFileControl)(tls, f, what, argument)
}

func sectorSize(tls *libc.TLS, f uintptr) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr) int32](m.FxSectorSize)(tls, f)
}

func deviceCharacteristics(tls *libc.TLS, f uintptr) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr) int32](m.FxDeviceCharacteristics)(tls, f)
}

func shmMap(tls *libc.TLS, f uintptr, region, size, extend int32, into uintptr) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32](m.FxShmMap)(tls, f, region, size, extend, into)
}

func shmLock(tls *libc.TLS, f uintptr, offset, n, flags int32) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int32, int32, int32) int32](m.FxShmLock)(tls, f, offset, n, flags)
}

func shmBarrier(tls *libc.TLS, f uintptr) {
	m, f := below(f)
	function[func(*libc.TLS, uintptr)](m.FxShmBarrier)(tls, f)
}

func shmUnmap(tls *libc.TLS, f uintptr, remove int32) int32 {
	m, f := below(f)
	return function[func(*libc.TLS, uintptr, int32) int32](m.FxShmUnmap)(tls, f, remove)
}
