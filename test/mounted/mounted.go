// Package mounted gives tests file systems of their own: small ones that can be filled, made read-only and cut off, as those of the machine can't.
// It needs root and Linux's mount; tests that use it call NeedRoot first.
package mounted

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// NeedRoot ends a test that can't mount file systems: skipped and said so, or failed where CI is set, which has to have it.
func NeedRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("NOT TESTED: this needs root, to mount a file system, and CI has to have it")
	}
	t.Skip("NOT TESTED: this needs root, to mount a file system")
}

// Run runs a command, which has to end well, and gives what it says.
func Run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// Ext4 makes a file of 96 MiB that holds an empty ext4 file system, to be mounted with `-o loop`.
func Ext4(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "disk-0.img")
	Run(t, "truncate", "-s", "96M", file)
	Run(t, "mkfs.ext4", "-q", "-F", file)
	return file
}

// Dir mounts something on a new folder until the test ends. The arguments are mount's, but for the folder.
func Dir(t *testing.T, args ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	Run(t, "mount", append(args, dir)...)
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// unmount tries for 10 s: a program that another test is about to start has, until it runs, all files open that this process had when it was forked.
func unmount(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var out []byte
	var err error
	for range 100 {
		if out, err = exec.Command("umount", dir).CombinedOutput(); err == nil {
			return
		}
		<-tick.C
	}
	t.Errorf("umount: %v\n%s", err, out)
}

// Freeze makes files that nobody can write, not even who has them open, until thaw is called or the test ends.
func Freeze(t *testing.T, files ...string) (thaw func()) {
	t.Helper()
	Run(t, "chattr", append([]string{"+i"}, files...)...)
	t.Cleanup(func() { _ = exec.Command("chattr", append([]string{"-i"}, files...)...).Run() }) // or they can't be removed
	return func() {
		t.Helper()
		Run(t, "chattr", append([]string{"-i"}, files...)...)
	}
}
