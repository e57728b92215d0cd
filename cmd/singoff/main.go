// Command singoff joins song battles from a terminal: see `singoff --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/singoff/singoff/clients/cli"
)

// version is set by the linker.
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := cli.Main(ctx, cli.Config{Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Version: version})
	os.Exit(code)
}
