// Package planted shows that tests can fail: it builds them over an overlay of the sources that holds one bug, and wants them to notice.
// The sources stay as they are. A bug whose place has moved is an error, so that the lists follow the code.
package planted

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tags are those of the Makefile.
const tags = "grpcnotrace,disable_grpc_modules"

// patience is for building and running the tests once, on a busy machine.
const patience = 4 * time.Minute

// Bug breaks a promise on purpose: in File (from the module's root), Old becomes New.
type Bug struct {
	Name, File, Old, New string
}

// Tests are those that must notice.
type Tests struct {
	// Root is the module's, Package that of the tests from there: `./service/model`.
	Root, Package string
	// Args of the test binary.
	Args []string
	// Notice is what they say of a bug that they were made for; they may not fail otherwise.
	Notice *regexp.Regexp
}

// Check fails the test if the tests don't notice the bug.
func (b Bug) Check(t *testing.T, tests Tests) {
	t.Helper()
	out, err := b.run(t, tests)
	if err == nil {
		t.Fatalf("%s doesn't notice:\n%s", tests.Package, out)
	}
	noticed := tests.Notice.Find(out)
	if noticed == nil {
		t.Fatalf("%s failed otherwise than by %v: %v\n%s", tests.Package, tests.Notice, err, out)
	}
	t.Logf("caught: %s", noticed)
}

// run builds the tests with the bug and runs them.
func (b Bug) run(t *testing.T, tests Tests) ([]byte, error) {
	t.Helper()
	path := filepath.Join(tests.Root, b.File)
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), b.Old); n != 1 {
		t.Fatalf("%s has the place to plant %d times, not once; the list must follow the code", b.File, n)
	}
	dir := t.TempDir()
	broken, overlay, bin := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "planted.test")
	write(t, broken, []byte(strings.Replace(string(src), b.Old, b.New, 1)))
	names, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, names)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "test", "-c", "-tags", tags, "-overlay", overlay, "-o", bin, tests.Package)
	build.Dir = tests.Root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the planted bug doesn't compile: %v\n%s", err, out)
	}
	tested := exec.CommandContext(ctx, bin, tests.Args...)
	tested.Dir = filepath.Join(tests.Root, tests.Package)
	return tested.CombinedOutput()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
