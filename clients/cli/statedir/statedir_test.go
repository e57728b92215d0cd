package statedir_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/singoff/singoff/clients/cli/statedir"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

var mina = statedir.Key{Server: "127.0.0.1:7070", Nickname: "Mina"}

func open(t *testing.T, cfg statedir.Config) *statedir.Dir {
	t.Helper()
	dir, err := statedir.Open(cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return dir
}

func load(t *testing.T, store singoff.Store) singoff.Saved {
	t.Helper()
	saved, err := store.Load(t.Context())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return saved
}

func save(t *testing.T, store singoff.Store, epoch, seq uint64) {
	t.Helper()
	saved := load(t, store)
	saved.Resume = &singoffv1.Resume{Epoch: epoch, LastSeq: seq}
	if err := store.Save(t.Context(), saved); err != nil {
		t.Fatalf("Save: %v", err)
	}
}

func TestGuestIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	friday := open(t, statedir.Config{Dir: dir}).Store(mina, "friday")
	first := load(t, friday)
	if len(first.GuestKey) != 16 || first.Resume != nil {
		t.Fatalf("a new guest: got key of %d bytes, resume %v; want 16 and none", len(first.GuestKey), first.Resume)
	}
	save(t, friday, 1<<63+1, 42)

	again := load(t, open(t, statedir.Config{Dir: dir}).Store(mina, "friday"))
	if !bytes.Equal(again.GuestKey, first.GuestKey) {
		t.Error("the key isn't the one of before")
	}
	if again.Resume.GetEpoch() != 1<<63+1 || again.Resume.GetLastSeq() != 42 {
		t.Errorf("got resume %v, want epoch %d and seq 42", again.Resume, uint64(1<<63+1))
	}
	other := load(t, open(t, statedir.Config{Dir: dir}).Store(mina, "saturday"))
	if !bytes.Equal(other.GuestKey, first.GuestKey) || other.Resume != nil {
		t.Errorf("in another room: got another key or resume %v; want the same key and none", other.Resume)
	}
}

func TestWhoIsTheSameGuest(t *testing.T) {
	t.Parallel()
	dir := open(t, statedir.Config{Dir: t.TempDir()})
	key := func(k statedir.Key) string { return string(load(t, dir.Store(k, "friday")).GuestKey) }
	want := key(mina)
	for name, c := range map[string]struct {
		key  statedir.Key
		same bool
	}{
		"another case and width": {statedir.Key{Server: "127.0.0.1:7070", Nickname: "ｍINA "}, true},
		"the default namespace":  {statedir.Key{Server: "127.0.0.1:7070", Nickname: "Mina", Namespace: "default"}, true},
		"another nickname":       {statedir.Key{Server: "127.0.0.1:7070", Nickname: "Minah"}, false},
		"another server":         {statedir.Key{Server: "127.0.0.1:7071", Nickname: "Mina"}, false},
		"another namespace":      {statedir.Key{Server: "127.0.0.1:7070", Nickname: "Mina", Namespace: "studio"}, false},
	} {
		if got := key(c.key) == want; got != c.same {
			t.Errorf("%s: same guest = %v, want %v", name, got, c.same)
		}
	}
}

func TestPlaceNeverMovesBackWithinAnEpoch(t *testing.T) {
	t.Parallel()
	store := open(t, statedir.Config{Dir: t.TempDir()}).Store(mina, "friday")
	for _, step := range []struct{ epoch, seq, wantEpoch, wantSeq uint64 }{
		{7, 10, 7, 10}, {7, 12, 7, 12}, {7, 11, 7, 12}, {3, 5, 3, 5}, {7, 13, 7, 13},
	} {
		save(t, store, step.epoch, step.seq)
		got := load(t, store).Resume
		if got.GetEpoch() != step.wantEpoch || got.GetLastSeq() != step.wantSeq {
			t.Errorf("after saving %d/%d: got %v, want %d/%d", step.epoch, step.seq, got, step.wantEpoch, step.wantSeq)
		}
	}
	if err := store.Forget(t.Context()); err != nil {
		t.Fatalf("Forget: %v", err)
	}
	if got := load(t, store); got.Resume != nil || len(got.GuestKey) != 16 {
		t.Errorf("after Forget: got resume %v and a key of %d bytes, want none and 16", got.Resume, len(got.GuestKey))
	}
}

func TestBrokenFileIsSetAside(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"cut off":          `{"version": 1, "guest_key": "AAECAwQFBgcI`,
		"empty":            ``,
		"not JSON":         "\x00\x00\x00\x00",
		"a short key":      `{"version": 1, "guest_key": "AAEC"}`,
		"of a later time":  `{"version": 2, "guest_key": "AAECAwQFBgcICQoLDA0ODw=="}`,
		"no key":           `{"version": 1}`,
		"a seq of letters": `{"version": 1, "guest_key": "AAECAwQFBgcICQoLDA0ODw==", "rooms": {"friday": {"epoch": "1", "last_seq": "x"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []string
			dir := t.TempDir()
			store := open(t, statedir.Config{Dir: dir, Tell: func(s string) { told = append(told, s) }}).Store(mina, "friday")
			if err := os.WriteFile(store.Path(), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := load(t, store); len(got.GuestKey) != 16 || got.Resume != nil {
				t.Errorf("got a key of %d bytes and %v, want a new one of 16 and no resume", len(got.GuestKey), got.Resume)
			}
			if len(told) != 1 || !strings.Contains(told[0], store.Path()) {
				t.Errorf("told %q, want one sentence naming %s", told, store.Path())
			}
			aside, err := filepath.Glob(filepath.Join(dir, "*.broken-*"))
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside: %v, %v; want one file", aside, err)
			}
			if kept, _ := os.ReadFile(aside[0]); string(kept) != content {
				t.Errorf("set aside: got %q, want %q", kept, content)
			}
			load(t, store)
			if len(told) != 1 {
				t.Errorf("told again: %q", told)
			}
		})
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // directories there are the user's own by inheritance; modes say nothing
	}
	path := filepath.Join(t.TempDir(), "state")
	store := open(t, statedir.Config{Dir: path}).Store(mina, "friday")
	save(t, store, 1, 1)
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 2 {
		t.Fatalf("got %v, %v; want the guest's file and its lock, and nothing left over", files, err)
	}
	for _, f := range files {
		if info, _ := f.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, want 0600", f.Name(), info.Mode())
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o700 {
		t.Errorf("directory: got mode %v, want 0700", info.Mode())
	}
}

// Two programs that start at once for one nickname once made two keys, and the second of them met its own nickname as taken.
func TestManyAtOnceAreOneGuest(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	keys := make([]string, 16)
	var wg sync.WaitGroup
	for i := range keys {
		dir := open(t, statedir.Config{Dir: path})
		wg.Go(func() {
			store := dir.Store(mina, []string{"friday", "saturday"}[i%2])
			for seq := range uint64(5) {
				saved, err := store.Load(t.Context())
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				keys[i] = string(saved.GuestKey)
				saved.Resume = &singoffv1.Resume{Epoch: 1, LastSeq: 10*seq + uint64(i)}
				if err := store.Save(t.Context(), saved); err != nil {
					t.Errorf("Save: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for i, key := range keys {
		if key != keys[0] {
			t.Errorf("program %d is another guest than program 0", i)
		}
	}
	dir := open(t, statedir.Config{Dir: path})
	for room, want := range map[string]uint64{"friday": 54, "saturday": 55} {
		if got := load(t, dir.Store(mina, room)).Resume.GetLastSeq(); got != want {
			t.Errorf("%s: got seq %d, want the highest, %d", room, got, want)
		}
	}
}

func TestDefault(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Setenv("HOME", t.TempDir())
		if got, err := statedir.Default(); err != nil || filepath.Base(got) != "singoff" {
			t.Errorf("Default() = %q, %v", got, err)
		}
		return
	}
	t.Setenv("HOME", "/home/mina")
	for in, want := range map[string]string{
		"":              "/home/mina/.local/state/singoff",
		"/srv/state":    "/srv/state/singoff",
		"not/absolute/": "/home/mina/.local/state/singoff",
	} {
		t.Setenv("XDG_STATE_HOME", in)
		if got, err := statedir.Default(); err != nil || got != want {
			t.Errorf("XDG_STATE_HOME=%q: Default() = %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzStateFile(f *testing.F) {
	f.Add([]byte(`{"version": 1, "guest_key": "AAECAwQFBgcICQoLDA0ODw==", "rooms": {"friday": {"epoch": "1", "last_seq": "2"}}}`))
	f.Add([]byte(`{"version": 1, "rooms": null}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, content []byte) {
		store := open(t, statedir.Config{Dir: t.TempDir()}).Store(mina, "friday")
		if err := os.WriteFile(store.Path(), content, 0o600); err != nil {
			t.Fatal(err)
		}
		first := load(t, store)
		if len(first.GuestKey) != 16 {
			t.Fatalf("got a key of %d bytes, want 16", len(first.GuestKey))
		}
		save(t, store, 1, 1<<63)
		if again := load(t, store); !bytes.Equal(again.GuestKey, first.GuestKey) || again.Resume == nil {
			t.Fatalf("after a save: got %v, want the same key and a place", again)
		}
	})
}
