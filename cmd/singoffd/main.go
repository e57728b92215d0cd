// Command singoffd is the singoff server: rooms in which two singers battle and watchers cheer and vote, over gRPC.
// Its flags are in `singoffd --help`; exit codes are 0 after an ordered end, 1 when it couldn't start or failed, 2 for wrong
// flags, environment or configuration file, and 128 + the number of a second signal that ended it at once.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/singoff/singoff/service"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with what it works on given.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "check" {
		return check(args[1:], stdout, stderr)
	}
	if len(args) > 0 && args[0] == "songs" {
		return runSongs(args[1:], stdout, stderr)
	}
	cfg, done, err := parse(args, stdout, stderr)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "singoffd: %v\nTry singoffd --help.\n", err)
		return exitUsage
	case done:
		return exitOK
	}
	ctx, watch := watchSignals()
	defer watch.stop()
	server, err := service.New(ctx, cfg)
	if err == nil {
		invite(stdout, server.Reach())
		err = server.Run(ctx)
	}
	switch {
	case errors.Is(err, service.ErrConfig):
		fmt.Fprintf(stderr, "singoffd: %v\n", err)
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "singoffd: %v\n", err)
		return exitFailed
	}
	return exitOK
}
