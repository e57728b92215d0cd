package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/singoff/singoff/service"
)

const checkUsage = `Usage: singoffd check FOLDER

Looks at every page and every entry of the log in a data folder, and rebuilds every room from it. No server may be using the folder.

Exit codes: 0 if all is sound, 1 if something is broken or can't be read, 2 for wrong arguments.
`

// check looks at a data folder that no server uses.
func check(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stdout, checkUsage)
		return exitOK
	}
	if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
		fmt.Fprintf(stderr, "singoffd: check needs one folder\n%s", checkUsage)
		return exitUsage
	}
	switch err := service.CheckLog(context.Background(), args[0], stdout); {
	case errors.Is(err, service.ErrUnsound):
		return exitFailed // what is broken was said
	case err != nil:
		fmt.Fprintf(stderr, "singoffd: %v\n", err)
		return exitFailed
	}
	fmt.Fprintln(stdout, "sound")
	return exitOK
}
