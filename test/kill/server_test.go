// Package kill ends the real server with SIGKILL, again and again, while people battle by all ways in. Nothing that was answered may be
// lost, nobody may miss anything or get it twice, seats and tallies stay exact; the log itself is read at the end.
package kill

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/test/stage"
)

// bin is the folder with the server, built once.
var bin string

func TestMain(m *testing.M) {
	var err error
	if bin, err = stage.Build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		os.RemoveAll(bin)
		os.Exit(code)
	}))
}
