package admin

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultSocketIsInTheRuntimeDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	for _, test := range []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{Port: 7070}, "admin-7070.sock"},
		{&net.UnixAddr{Name: "/run/singoff.sock", Net: "unix"}, "admin-8947ab74.sock"},
	} {
		got, err := DefaultSocket(test.addr)
		if want := filepath.Join(dir, "singoff", test.want); err != nil || got != want {
			t.Errorf("%v: got %q, %v, want %q", test.addr, got, err, want)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "singoff"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v, want a directory of mode 0700", info, err)
	}
}

// Somebody else could have made the directory before, to be the one whom the operator talks to.
func TestDirectoryThatOthersCanWriteToIsNotTaken(t *testing.T) {
	runtime, temp := t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	t.Setenv("TMPDIR", temp)
	for name, make := range map[string]func(path string) error{
		"written to by others": func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o777)) },
		"a link":               func(path string) error { return os.Symlink(temp, path) },
		"a file":               func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"in a directory that isn't there": func(string) error {
			t.Setenv("XDG_RUNTIME_DIR", filepath.Join(runtime, "gone"))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(runtime, "singoff")
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(path)
			got, err := DefaultSocket(&net.TCPAddr{Port: 7070})
			if err != nil || strings.HasPrefix(got, runtime) {
				t.Errorf("got %q, %v, want another directory", got, err)
			}
		})
	}
}

func TestReadToken(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if got, err := ReadToken(write("  0123456789abcdef\n")); err != nil || got != "0123456789abcdef" {
		t.Errorf("got %q, %v, want the token without what is around it", got, err)
	}
	for name, text := range map[string]string{
		"empty": "", "short": "0123456789abcde", "long": strings.Repeat("x", 513), "endless": strings.Repeat("x", 1<<20),
		"two lines": "0123456789abcdef\n0123456789abcdef", "a space": "0123456789 abcdef", "a letter": "0123456789abcdef가", "a control": "0123456789abcdef\x7f",
	} {
		if got, err := ReadToken(write(text)); !errors.Is(err, ErrToken) || got != "" || strings.Contains(err.Error(), "0123") {
			t.Errorf("%s: got %q, %v, want ErrToken, and nothing of the token", name, got, err)
		}
	}
	if _, err := ReadToken("/nowhere/token"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}
