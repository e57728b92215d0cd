package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"iter"
	"time"
)

// Embedded makes a bucket of files that are part of the program. They have no time, and the same bytes in every process of a version.
func Embedded(name string, files fs.FS) Bucket { return &embedded{name: name, files: files} }

type embedded struct {
	name  string
	files fs.FS
}

func (e *embedded) Name() string { return e.name }
func (e *embedded) Dir() string  { return "" }
func (e *embedded) Close() error { return nil }

func (e *embedded) Sign(context.Context, string, string, time.Duration) (string, error) {
	return "", ErrCantSign
}

func (e *embedded) List(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		err := fs.WalkDir(e.files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			r, err := e.Open(ctx, path)
			if err != nil {
				return err
			}
			if !yield(r.File(), nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(File{}, fmt.Errorf("%s: list: %w", e.name, err))
		}
	}
}

func (e *embedded) Open(_ context.Context, key string) (Reader, error) {
	content, err := fs.ReadFile(e.files, key)
	if err != nil {
		return nil, words(err)
	}
	sum := sha256.Sum256(content)
	is := File{Key: key, Size: int64(len(content)), Version: base64.RawURLEncoding.EncodeToString(sum[:12])}
	return &memoryFile{Reader: bytes.NewReader(content), is: is}, nil
}

type memoryFile struct {
	*bytes.Reader
	is File
}

// File implements Reader.
func (m *memoryFile) File() File { return m.is }

// Close implements Reader.
func (m *memoryFile) Close() error { return nil }
