package bucket_test

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/singoff/singoff/service/catalog/bucket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// elsewhere opens buckets of the scheme `test`, all of them the same one, as a driver of a store elsewhere would.
type elsewhere struct{ files map[string][]byte }

var opened atomic.Pointer[elsewhere]

func init() { blob.DefaultURLMux().RegisterBucket("test", opener{}) }

type opener struct{}

func (opener) OpenBucketURL(ctx context.Context, _ *url.URL) (*blob.Bucket, error) {
	b := memblob.OpenBucket(nil)
	for key, content := range opened.Load().files {
		if err := b.WriteAll(ctx, key, content, nil); err != nil {
			return nil, err
		}
	}
	return b, nil
}

var large = func() []byte {
	b := make([]byte, 3<<20+5)
	for i := range b {
		b[i] = byte(i * 31 >> 8)
	}
	return b
}()

// One after the other: the scheme is the process's.
func TestRemote(t *testing.T) {
	names := []string{"AC#DC 100%?.mp3", "a+b &.mp3", "x__0x2f__y.mp3", "폴더/하위/곡.mp3", "trailing .mp3", strings.Repeat("밤", 200) + ".mp3"}
	files := map[string][]byte{".hidden/a.mp3": large, "large.mp3": large}
	for _, n := range names {
		files[n] = []byte(n)
	}
	opened.Store(&elsewhere{files: files})
	cache, err := bucket.NewCache(4)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bucket.Open(t.Context(), "test://songs?token=secret", cache)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if strings.Contains(b.Name(), "secret") || b.Dir() != "" {
		t.Errorf("got name %q, folder %q, want neither the secret nor a folder", b.Name(), b.Dir())
	}
	var listed []string
	for f, err := range b.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, f.Key)
	}
	want := append(slices.Clone(names), "large.mp3")
	if slices.Sort(listed); !slices.Equal(listed, slices.Sorted(slices.Values(want))) {
		t.Errorf("got %q, want %q", listed, want)
	}
	for _, n := range names {
		r, err := b.Open(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != n {
			t.Errorf("got %q, %v, want %q", got, err, n)
		}
	}
	readsAnywhere(t, b)
	if _, err := b.Open(t.Context(), "no.mp3"); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("got %v, want %v", err, bucket.ErrNotFound)
	}
	if _, err := b.Sign(t.Context(), "large.mp3", "audio/mpeg", 1); !errors.Is(err, bucket.ErrCantSign) {
		t.Errorf("got %v, want %v", err, bucket.ErrCantSign)
	}
}

func readsAnywhere(t *testing.T, b bucket.Bucket) {
	t.Helper()
	r, err := b.Open(t.Context(), "large.mp3")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, at := range []struct{ from, n int }{{0, 2}, {1<<20 - 1, 3}, {2_000_000, 1_000_000}, {len(large) - 5, 5}} {
		p := make([]byte, at.n)
		if _, err := r.ReadAt(p, int64(at.from)); err != nil && !errors.Is(err, io.EOF) || string(p) != string(large[at.from:at.from+at.n]) {
			t.Errorf("got other bytes than those at %d, %v", at.from, err)
		}
	}
	if n, err := r.ReadAt(make([]byte, 10), int64(len(large))-3); n != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("got %d, %v at the end, want 3 and the end", n, err)
	}
}

// Two folders of one bucket were the same in what is remembered; drivers leave out paths and take `live` for the beginning of a name.
func TestFoldersOfBuckets(t *testing.T) {
	opened.Store(&elsewhere{files: map[string][]byte{"live/a.mp3": nil, "live2/b.mp3": nil}})
	for at, want := range map[string]string{
		"test://songs/live":                                  "test://songs?prefix=live/",
		"test://songs?prefix=live":                           "test://songs?prefix=live/",
		"test://songs?prefix=live/&region=x":                 "test://songs?prefix=live/",
		"test://songs/live?endpoint=http://u:secret@host:1/": "test://songs?endpoint=http://host:1/&prefix=live/",
	} {
		b, err := bucket.Open(t.Context(), at, nil)
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for f, err := range b.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, f.Key)
		}
		if b.Name() != want || !slices.Equal(listed, []string{"a.mp3"}) {
			t.Errorf("%s: got %q of %s, want a.mp3 of %s", at, listed, b.Name(), want)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := bucket.Open(t.Context(), "test://songs/live?prefix=studio/", nil); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v, want an error that says that a folder is named twice", err)
	}
}
