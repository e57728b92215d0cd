package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/singoff/singoff/service/eventlog/faultdisk"
	"github.com/singoff/singoff/service/eventlog/faultdisk/sqlitevfs"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/room/engine"
)

// machine loses power, and has the log on its disk.
type machine struct {
	dir     string // of all its disks
	boots   int
	log     *sqlitelog.Log
	disk    *faultdisk.Disk
	unmount func()
}

func (m *machine) folder() string { return filepath.Join(m.dir, strconv.Itoa(m.boots)) }

// boot opens the log that is on the disk.
func (m *machine) boot(t *testing.T, seed uint64) *sqlitelog.Log {
	t.Helper()
	if err := os.MkdirAll(m.folder(), 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	m.disk = faultdisk.New(seed)
	if m.unmount, err = sqlitevfs.Mount(m.folder(), m.disk); err != nil {
		t.Fatal(err)
	}
	if m.log, err = sqlitelog.New(t.Context(), sqlitelog.Config{Dir: m.folder()}); err != nil {
		t.Fatalf("the log after power cut %d: %v", m.boots, err)
	}
	return m.log
}

func (m *machine) isOff() bool {
	select {
	case <-m.disk.Off():
		return true
	default:
		return false
	}
}

// down is after a cut: what the disk holds is all that is left.
func (m *machine) down(t *testing.T) {
	t.Helper()
	_ = m.log.Close() // its disk is gone
	m.unmount()
	was := m.folder()
	m.boots++
	if err := m.disk.Restore(m.folder()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(was); err != nil {
		t.Fatal(err)
	}
}

// trouble begins, or a power cut is near.
func (m *machine) trouble(rnd *rand.Rand) {
	switch rnd.IntN(4) {
	case 0:
		m.disk.FailSyncs(.5)
	case 1:
		m.disk.FailWrites(.1)
	default:
		m.disk.CutAfter(1 + rnd.IntN(40))
	}
}

// mend ends the trouble.
func (m *machine) mend() {
	m.disk.FailSyncs(0)
	m.disk.FailWrites(0)
}

// checkFile does what singoffd check does.
func checkFile(ctx context.Context, log *sqlitelog.Log) error {
	if findings, err := log.CheckPages(ctx); err != nil || len(findings) > 0 {
		return fmt.Errorf("pages: %v, %w", findings, err)
	}
	head, err := log.Open(ctx, key)
	if err == nil {
		_, err = engine.Load(key, head)
	}
	return err
}
