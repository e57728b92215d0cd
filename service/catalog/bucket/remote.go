package bucket

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// remote is a bucket of a store elsewhere.
type remote struct {
	bucket *blob.Bucket
	name   string
	cache  *Cache
}

func (r *remote) Name() string { return r.name }
func (r *remote) Dir() string  { return "" }
func (r *remote) Close() error { return r.bucket.Close() }

func (r *remote) List(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for list := r.bucket.List(nil); ; {
			o, err := list.Next(ctx)
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(File{}, fmt.Errorf("%s: list: %w", r.name, err))
				return
			case o.IsDir || hidden(o.Key):
				continue
			}
			if !yield(File{Key: o.Key, Size: o.Size, Modified: o.ModTime, Version: base64.RawURLEncoding.EncodeToString(o.MD5)}, nil) {
				return
			}
		}
	}
}

// Open asks what the file is now.
func (r *remote) Open(ctx context.Context, key string) (Reader, error) {
	a, err := r.bucket.Attributes(ctx, key)
	if err != nil {
		return nil, plain(err)
	}
	is := File{Key: key, Size: a.Size, Modified: a.ModTime, Version: a.ETag}
	return &remoteFile{SectionReader: io.NewSectionReader(&blocks{ctx: ctx, of: r, is: is}, 0, a.Size), is: is}, nil
}

// plain makes a driver's commonest errors the package's own.
func plain(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: it went away, or its name can't be a key here", ErrNotFound)
	}
	return err
}

// Sign asks for a URL for GET; who follows it may send HEAD and ranges where the store lets them.
func (r *remote) Sign(ctx context.Context, key string, ttl time.Duration) (string, error) {
	u, err := r.bucket.SignedURL(ctx, key, &blob.SignedURLOptions{Expiry: ttl, Method: http.MethodGet})
	if gcerrors.Code(err) == gcerrors.Unimplemented {
		return "", fmt.Errorf("%w: %w", ErrCantSign, err)
	}
	return u, err
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
		return nil, plain(err)
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
