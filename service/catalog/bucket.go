package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"

	"github.com/singoff/singoff/service/catalog/demo"
)

// bucket is one place of songs.
type bucket struct {
	*blob.Bucket
	name string // for people: without what may be secret
	// embedded files have no time, and the same bytes in every process of a version: they go by their hash.
	embedded bool
}

// openBucket takes a URL or a folder's path.
func openBucket(ctx context.Context, where string) (*bucket, error) {
	u, err := bucketURL(where)
	if err != nil {
		return nil, err
	}
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, fmt.Errorf("%s: this program has no driver for %s://, only for %s",
			nameOf(u), u.Scheme, strings.Join(blob.DefaultURLMux().BucketSchemes(), ", "))
	}
	b, err := blob.DefaultURLMux().OpenBucketURL(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(u), err)
	}
	return &bucket{Bucket: b, name: nameOf(u)}, nil
}

// bucketURL makes the URL of a plain path, and follows symbolic links of a folder: the driver wouldn't, and list nothing.
func bucketURL(where string) (*url.URL, error) {
	u := &url.URL{Scheme: "file"}
	dir := where
	if strings.Contains(where, "://") {
		var err error
		if u, err = url.Parse(where); err != nil {
			return nil, errors.Unwrap(err) // the outer one repeats the URL, with what may be secret in it
		}
		if u.Scheme != "file" {
			return u, nil
		}
		if u.Host != "" && u.Host != "." && u.Host != "localhost" {
			return nil, fmt.Errorf("%s: a file URL's folder stands behind three slashes: file:///%s%s", nameOf(u), u.Host, u.Path)
		}
		dir = u.Path
		if u.Host == "." || runtime.GOOS == "windows" {
			dir = strings.TrimPrefix(dir, "/")
		}
	}
	dir, err := filepath.Abs(filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	u.Host, u.RawPath = "", ""
	u.Path = "/" + strings.TrimPrefix(filepath.ToSlash(real), "/")
	return u, nil
}

// nameOf leaves out the parts of a URL that carry keys and passwords.
func nameOf(u *url.URL) string {
	if u.Scheme == "file" {
		return u.Path
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// openDemo puts the embedded songs into a bucket.
func openDemo(ctx context.Context) (*bucket, error) {
	b := &bucket{Bucket: memblob.OpenBucket(nil), name: "the demo songs", embedded: true}
	err := fs.WalkDir(demo.Songs, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(demo.Songs, path)
		if err != nil {
			return err
		}
		return b.WriteAll(ctx, path, content, nil)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", b.name, err), b.Close())
	}
	return b, nil
}

// keys lists the bucket, at most n of it. It asks for all in one page: the folder driver walks the whole tree for each page,
// and from one to the next loses files whose names sort between a folder and what is in it.
func (b *bucket) keys(ctx context.Context, n int) ([]string, error) {
	const tries = 3
	var page []*blob.ListObject
	for try := 1; ; try++ {
		var err error
		page, _, err = b.ListPage(ctx, blob.FirstPageToken, n, nil)
		if err == nil {
			break
		}
		// A file that went away while the driver walked ends its walk.
		if try == tries || gcerrors.Code(err) != gcerrors.NotFound {
			return nil, fmt.Errorf("%s: list: %w", b.name, err)
		}
	}
	keys := make([]string, 0, len(page))
	for _, o := range page {
		if !o.IsDir && !hidden(o.Key) {
			keys = append(keys, o.Key)
		}
	}
	return keys, nil
}

func hidden(key string) bool {
	return strings.HasPrefix(key, ".") || strings.Contains(key, "/.")
}

var errNotAFile = errors.New("not a plain file")

// stat asks for what a file is now. Pipes and devices, which a folder may hold and whose reading may never end, are errors.
func (b *bucket) stat(ctx context.Context, key string) (*blob.Attributes, error) {
	a, err := b.Attributes(ctx, key)
	if err != nil {
		return nil, err
	}
	var info fs.FileInfo
	if a.As(&info) && !info.Mode().IsRegular() {
		return nil, errNotAFile
	}
	return a, nil
}
