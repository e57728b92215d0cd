package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// folder is a folder of this machine. It is read directly: gocloud's driver takes parts of names for escapes and walks the whole tree
// for each page of a list.
type folder struct {
	dir string // without symbolic links
}

var errNotFollowed = errors.New("a link to what isn't a plain file isn't followed")

func openFolder(dir string) (*folder, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s: is not a folder", dir)
	}
	return &folder{dir: real}, nil
}

func (f *folder) Name() string { return f.dir }
func (f *folder) Dir() string  { return f.dir }
func (f *folder) Close() error { return nil }

func (f *folder) Sign(context.Context, string, string, time.Duration) (string, error) {
	return "", ErrCantSign
}

// List walks the tree. Links to files are followed, links to folders are not.
func (f *folder) List(ctx context.Context) iter.Seq2[File, error] { return f.ListPart(ctx, "") }

// ListPart implements Parts. What isn't there any more has no files.
func (f *folder) ListPart(ctx context.Context, key string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		root := f.path(key)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if path == f.dir {
				return err
			}
			file, err := f.entry(path, d, err)
			switch {
			case errors.Is(err, fs.SkipDir), file.Key == "" && err == nil:
				return err
			case !yield(file, err):
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(File{}, fmt.Errorf("%s: list: %w", root, err))
		}
	}
}

// entry is a file of the walk; one without a key is none, and SkipDir passes a folder over.
func (f *folder) entry(path string, d fs.DirEntry, err error) (File, error) {
	if strings.HasPrefix(filepath.Base(path), ".") {
		if d != nil && d.IsDir() {
			return File{}, fs.SkipDir
		}
		return File{}, nil
	}
	key, relErr := filepath.Rel(f.dir, path)
	if relErr != nil {
		return File{}, relErr
	}
	key = filepath.ToSlash(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return File{}, nil // it went away since its folder was read
	case err != nil:
		return File{Key: key}, &FileError{Key: key, Err: words(err)}
	case d.IsDir():
		return File{}, nil
	case !utf8.ValidString(key):
		return File{Key: key}, &FileError{Key: key, Err: errors.New("its name isn't UTF-8")}
	}
	file, err := f.stat(key)
	if errors.Is(err, ErrNotAFile) && d.Type()&fs.ModeSymlink != 0 {
		err = errNotFollowed
	}
	if err != nil {
		return File{Key: key}, &FileError{Key: key, Err: err}
	}
	return file, nil
}

func (f *folder) path(key string) string { return filepath.Join(f.dir, filepath.FromSlash(key)) }

func (f *folder) stat(key string) (File, error) {
	info, err := os.Stat(f.path(key))
	if err != nil {
		return File{}, words(err)
	}
	if !info.Mode().IsRegular() {
		return File{}, ErrNotAFile
	}
	return fileOf(key, info), nil
}

func fileOf(key string, info fs.FileInfo) File {
	return File{Key: key, Size: info.Size(), Modified: info.ModTime()}
}

// words leaves the path out of an error: who reports it names the file.
func words(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// Open opens a plain file, and never one above the folder.
func (f *folder) Open(_ context.Context, key string) (Reader, error) {
	if !filepath.IsLocal(filepath.FromSlash(key)) {
		return nil, ErrNotFound
	}
	if _, err := f.stat(key); err != nil { // to open a pipe would wait for its other end
		return nil, f.missing(err)
	}
	file, err := os.Open(f.path(key))
	if err != nil {
		return nil, words(err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(words(err), file.Close())
	}
	return &localFile{osFile: file, is: fileOf(key, info)}, nil
}

// osFile is os.File under a name that leaves File to Reader.
type osFile = os.File

// missing tells a file that is gone from a folder that is: its files may be back with it.
func (f *folder) missing(err error) error {
	if _, away := os.Stat(f.dir); errors.Is(err, ErrNotFound) && away != nil {
		return fmt.Errorf("%s: %w", f.dir, away)
	}
	return err
}

type localFile struct {
	*osFile
	is File
}

// File implements Reader.
func (l *localFile) File() File { return l.is }
