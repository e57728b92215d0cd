// Package bucket is where songs lie: a folder of this machine, a bucket of S3 or Google Cloud Storage, or files inside the program. A
// Bucket lists its files and opens them for reading at any place. Keys are slash-separated paths below the bucket's root, the same
// whatever kind of bucket holds them; files and folders whose name begins with a dot don't exist here.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"gocloud.dev/blob"
)

var (
	// ErrNotFound is wrapped by errors about a key that no file has.
	ErrNotFound = errors.New("no such file")
	// ErrNotAFile is wrapped by errors about pipes, devices and folders, whose reading may never end.
	ErrNotAFile = errors.New("not a plain file")
	// ErrChanged is wrapped by errors of reading a file that was replaced meanwhile.
	ErrChanged = errors.New("the file was changed while it was read")
	// ErrCantSign is returned by Sign where there are no signed URLs.
	ErrCantSign = errors.New("this bucket signs no URLs")
)

// File is what a listing or an open file tells.
type File struct {
	// Key names it.
	Key string
	// Size in bytes.
	Size int64
	// Modified is when it was written; zero: not known.
	Modified time.Time
	// Version is the store's own mark of the content, an ETag or a hash; may be empty.
	Version string
}

// Same says whether a file is, by all that is cheap to know, what it was.
func (f File) Same(as File) bool {
	return f.Key == as.Key && f.Size == as.Size && f.Modified.Equal(as.Modified) && f.Version == as.Version
}

// Reader is an open file. Its ReadAt may be called concurrently, Read and Seek may not.
type Reader interface {
	io.ReadSeekCloser
	io.ReaderAt
	// File is the file as it was when it was opened.
	File() File
}

// Bucket is a place of songs. Its methods may be called concurrently.
type Bucket interface {
	// Name for people: the folder or the URL, without what may be secret in it.
	Name() string
	// Dir is the folder on this machine, to be watched; empty: it isn't one.
	Dir() string
	// List gives all files, in no order. A FileError is about one file, and the list goes on; after any other error it ends.
	List(ctx context.Context) iter.Seq2[File, error]
	// Open opens a file. The context holds for all that is read.
	Open(ctx context.Context, key string) (Reader, error)
	// Sign gives a URL by which anybody can read the file from the store itself for so long, as of that media type, or ErrCantSign.
	Sign(ctx context.Context, key, mediaType string, ttl time.Duration) (string, error)
	// Close ends the bucket.
	Close() error
}

// Parts is a bucket that can list a part of itself.
type Parts interface {
	Bucket
	// ListPart gives the file of a key, or those below the folder of that key, as List does; empty: all.
	ListPart(ctx context.Context, key string) iter.Seq2[File, error]
}

// FileError is what is wrong with one file of a list.
type FileError struct {
	Key string
	Err error
}

// Error names the file.
func (e *FileError) Error() string { return fmt.Sprintf("%q: %v", e.Key, e.Err) }

// Unwrap gives what is wrong.
func (e *FileError) Unwrap() error { return e.Err }

// Open takes a URL or the path of a folder: `songs`, `file:///srv/songs`, `s3://songs?region=eu-west-1`, and of a folder in a bucket `s3://songs/live` or
// `s3://songs?prefix=live/`. Other schemes than `file` work in a program that links their driver (package cloud).
func Open(ctx context.Context, where string, cache *Cache) (Bucket, error) {
	u, err := parse(where)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		return openFolder(u.Path)
	}
	mux := blob.DefaultURLMux()
	if !mux.ValidBucketScheme(u.Scheme) {
		return nil, fmt.Errorf("%s: this program has no driver for %s://, only for %s",
			nameOf(u), u.Scheme, strings.Join(append(mux.BucketSchemes(), "file"), ", "))
	}
	b, err := mux.OpenBucketURL(ctx, u)
	if err != nil {
		// The driver repeats the URL, as it is or without the prefix.
		said := hush(errors.New(strings.ReplaceAll(err.Error(), u.String(), nameOf(u))), secretsOf(u))
		if !strings.Contains(said.Error(), u.Host) {
			said = fmt.Errorf("%s: %w", nameOf(u), said)
		}
		return nil, said
	}
	driver := drivers[u.Scheme]
	if driver.Opened != nil {
		driver.Opened(b)
	}
	return &remote{bucket: b, name: nameOf(u), prefix: u.Query().Get("prefix"), driver: driver, secrets: secretsOf(u), cache: cache}, nil
}

func hidden(key string) bool { return strings.HasPrefix(key, ".") || strings.Contains(key, "/.") }
