package bucket

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// remote is a bucket of a store elsewhere.
type remote struct {
	bucket  *blob.Bucket
	name    string
	prefix  string // of its keys in the store, which is left out here
	driver  Driver
	secrets []string // of its URL
	cache   *Cache
}

// storeTimeout is how long a store may take to answer what takes it a moment: a page of a list, what a file is.
const storeTimeout = 30 * time.Second

func (r *remote) Name() string { return r.name }
func (r *remote) Dir() string  { return "" }
func (r *remote) Close() error { return r.bucket.Close() }

func (r *remote) List(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for list := r.bucket.List(nil); ; {
			o, err := r.next(ctx, list)
			switch {
			case err == io.EOF: //nolint:errorlint // the list's end is this error itself; a connection that ended only wraps one
				return
			case err != nil:
				yield(File{}, fmt.Errorf("%s: list: %w", r.name, hush(err, r.secrets)))
				return
			case o.IsDir || hidden(o.Key):
				continue
			}
			if err := r.odd(o); err != nil {
				if !yield(File{Key: err.Key}, err) {
					return
				}
				continue
			}
			if !yield(File{Key: o.Key, Size: o.Size, Modified: o.ModTime, Version: base64.RawURLEncoding.EncodeToString(o.MD5)}, nil) {
				return
			}
		}
	}
}

// next asks for the next page of a list when one is at its end.
func (r *remote) next(ctx context.Context, list *blob.ListIterator) (*blob.ListObject, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return list.Next(ctx)
}

// odd tells of an object that its driver can't open, because it takes a part of its name for an escape.
func (r *remote) odd(o *blob.ListObject) *FileError {
	if r.driver.RawKey == nil {
		return nil
	}
	key := strings.TrimPrefix(r.driver.RawKey(o), r.prefix)
	if key == o.Key {
		return nil
	}
	return &FileError{Key: key, Err: fmt.Errorf("its name can't be a key in this kind of bucket, which reads it as %q: rename it", o.Key)}
}

// Open asks what the file is now.
func (r *remote) Open(ctx context.Context, key string) (Reader, error) {
	asking, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	a, err := r.bucket.Attributes(asking, key)
	if err != nil {
		return nil, r.plain(err)
	}
	is := File{Key: key, Size: a.Size, Modified: a.ModTime, Version: a.ETag}
	return &remoteFile{SectionReader: io.NewSectionReader(&blocks{ctx: ctx, of: r, is: is}, 0, a.Size), is: is}, nil
}

// plain makes a driver's commonest errors the package's own.
func (r *remote) plain(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: it went away, or its name can't be a key here", ErrNotFound)
	}
	return hush(err, r.secrets)
}

// Sign asks for a URL for GET; who follows it may send ranges, HEAD where the store lets them.
func (r *remote) Sign(ctx context.Context, key, mediaType string, ttl time.Duration) (string, error) {
	u, err := r.bucket.SignedURL(ctx, key, &blob.SignedURLOptions{Expiry: ttl, Method: http.MethodGet, BeforeSign: func(as func(any) bool) error {
		if r.driver.AnswerAs != nil {
			r.driver.AnswerAs(as, mediaType)
		}
		return nil
	}})
	if gcerrors.Code(err) == gcerrors.Unimplemented {
		return "", fmt.Errorf("%w: %w", ErrCantSign, hush(err, r.secrets))
	}
	return u, hush(err, r.secrets)
}

// remoteFile reads through the cache.
type remoteFile struct {
	*io.SectionReader
	is File
}

// File implements Reader.
func (f *remoteFile) File() File { return f.is }

// Close implements Reader.
func (f *remoteFile) Close() error { return nil }

// blocks reads a file a block at a time.
type blocks struct {
	ctx context.Context
	of  *remote
	is  File
}

// ReadAt takes as much as lies in the blocks that p touches.
func (b *blocks) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= b.is.Size {
			return n, io.EOF
		}
		from := at - at%blockSize
		block, err := b.of.cache.get(b.ctx, blockKey{bucket: b.of, file: b.is, at: from}, b.fetch)
		if err != nil {
			return n, err
		}
		if int64(len(block)) <= at-from {
			return n, ErrChanged
		}
		n += copy(p[n:], block[at-from:])
	}
	return n, nil
}

// fetch gets a block from the store.
func (b *blocks) fetch(ctx context.Context, at int64) ([]byte, error) {
	n := min(blockSize, b.is.Size-at)
	r, err := b.of.bucket.NewRangeReader(ctx, b.is.Key, at, n, nil)
	if err != nil {
		return nil, b.of.plain(err)
	}
	defer r.Close()
	if r.Size() != b.is.Size || !sameSecond(r.ModTime(), b.is.Modified) {
		return nil, ErrChanged
	}
	block := make([]byte, n)
	_, err = io.ReadFull(r, block)
	return block, err
}

// sameSecond compares times that stores tell now with fractions and now without.
func sameSecond(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }
