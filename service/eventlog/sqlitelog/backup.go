package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// backupPattern is how copies under way are named. What a killed process leaves of them, with their journals, is removed when the log is opened.
const backupPattern = "backup-*.tmp"

// Copy is a whole log as of one moment, to be read and closed. It has no name any more: what isn't read is gone with it.
type Copy struct {
	*os.File
	// Bytes is how long it is.
	Bytes int64
}

// Backup makes a copy in Config.Dir while the log is in use; nobody waits for it but another Backup, or Scrub. It has no bytes of what was forgotten. ErrFull:
// the copy wouldn't fit. A page that can't be read is an error, so that a copy is never silently broken.
func (l *Log) Backup(ctx context.Context) (*Copy, error) {
	release, err := l.takeWhole(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	defer release()
	file, err := l.copyTo(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("backup: %w", err), file.Close())
	}
	return &Copy{file, info.Size()}, nil
}

func (l *Log) copyTo(ctx context.Context) (_ *os.File, err error) {
	l.use.RLock()
	closed := l.handles == nil
	l.use.RUnlock()
	if closed { // what is at its place may be anything
		return nil, l.notOpen()
	}
	path := filepath.Join(l.cfg.Dir, FileName)
	if err := l.copyFits(path); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(l.cfg.Dir, backupPattern)
	if err != nil {
		return nil, err
	}
	defer func() {
		if gone := os.Remove(file.Name()); err == nil {
			err = gone
		}
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	db, err := openDB(path, modeThere, 1, "busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", file.Name()) // an empty file is as good as none to it
	err = errors.Join(err, db.Close())
	return file, err
}

// copyFits says why a copy can't be made: it would take what has to stay free.
func (l *Log) copyFits(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if free := l.Limits().FreeBytes; info.Size() > free {
		return fmt.Errorf("%w: the copy takes up to %d bytes, %d are left", ErrFull, info.Size(), free)
	}
	return nil
}

// removeCopies removes what a killed process has left.
func removeCopies(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, backupPattern+"*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// CheckPages asks SQLite whether the file's structure is sound; the findings are its own words.
func (l *Log) CheckPages(ctx context.Context) (findings []string, err error) {
	l.use.RLock()
	defer l.use.RUnlock()
	if l.handles == nil {
		return nil, l.notOpen()
	}
	rows, err := l.handles.read.QueryContext(ctx, "PRAGMA integrity_check")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var finding string
		if err := rows.Scan(&finding); err != nil {
			return findings, err
		}
		if finding != "ok" {
			findings = append(findings, finding)
		}
	}
	return findings, rows.Err()
}
