package reload_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/singoff/singoff/service/reload"
)

var errNonsense = errors.New("makes no sense")

// files are two files, put together by a dash.
type files struct {
	*reload.Files[string]
	dir  string
	told []string
}

func open(t *testing.T) *files {
	t.Helper()
	f := &files{dir: t.TempDir()}
	f.write(t, "a", "1")
	f.write(t, "b", "2")
	var err error
	f.Files, err = reload.Open(reload.Config[string]{
		Paths: []string{filepath.Join(f.dir, "a"), filepath.Join(f.dir, "b")}, MaxBytes: 8,
		Make: func(contents [][]byte) (string, error) {
			made := string(contents[0]) + "-" + string(contents[1])
			if strings.Contains(made, "?") {
				return "", errNonsense
			}
			return made, nil
		},
		Changed: func(now string, err error) {
			if err != nil {
				now += " stays"
			}
			f.told = append(f.told, now)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *files) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expect looks thrice, as later callers come no sooner than a second later.
func (f *files) expect(t *testing.T, when, want, told string) {
	t.Helper()
	for range 3 {
		if got := f.Current(); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	if got := strings.Join(f.told, ", "); got != told {
		t.Errorf("%s: told %q, want %q", when, got, told)
	}
	f.told = nil
}

func TestChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := open(t)
		f.expect(t, "at first", "1-2", "")
		f.write(t, "a", "3")
		f.expect(t, "too soon to look", "1-2", "")
		time.Sleep(reload.Interval)
		f.expect(t, "changed", "3-2", "3-2")
		f.write(t, "a", "?")
		time.Sleep(reload.Interval)
		f.expect(t, "nonsense", "3-2", "3-2 stays")
		time.Sleep(time.Hour)
		f.expect(t, "nonsense, an hour later", "3-2", "")
		f.write(t, "a", "123456789")
		time.Sleep(reload.Interval)
		f.expect(t, "too large", "3-2", "3-2 stays")
		f.write(t, "a", "3")
		time.Sleep(reload.Interval)
		f.expect(t, "as it was", "3-2", "3-2")
		if err := os.Remove(filepath.Join(f.dir, "b")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(reload.Interval)
		f.expect(t, "removed", "3-2", "3-2 stays")
		f.write(t, "b", "")
		time.Sleep(reload.Interval)
		f.expect(t, "emptied", "3-", "3-")
	})
}

func TestWhatCantBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"large": "123456789", "nonsense": "?"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"missing": "missing", "large": "larger than 8 bytes", "nonsense": errNonsense.Error()} {
		_, err := reload.Open(reload.Config[string]{
			Paths: []string{filepath.Join(dir, name)}, MaxBytes: 8,
			Make:    func([][]byte) (string, error) { return "", errNonsense },
			Changed: func(string, error) {},
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, err, want)
		}
	}
}

func TestManyLookAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if got := f.Current(); got != "1-2" {
					t.Errorf("got %q, want 1-2", got)
				}
			}
		})
	}
	all.Wait()
}
