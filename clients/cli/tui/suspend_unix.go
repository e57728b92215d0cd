//go:build unix

package tui

import (
	"io"
	"os"
	"os/signal"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// sleepy is how long a stop may take to come about. A program whose shell has gone isn't stopped; it goes on then.
const sleepy = 300 * time.Millisecond

// suspend gives the terminal back, stops the program like any other that Ctrl-Z is pressed in, and takes the terminal again when it goes on. nil: it
// can't be stopped, as it is what the terminal was opened for and no shell would let it go on.
func suspend() tea.Cmd {
	if session, err := unix.Getsid(0); err != nil || session == unix.Getpgrp() {
		return nil
	}
	return tea.Exec(stop{}, func(error) tea.Msg { return nil })
}

type stop struct{}

// Run stops the process group, and returns when it goes on.
func (stop) Run() error {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, unix.SIGCONT)
	defer signal.Stop(goesOn)
	if err := unix.Kill(0, unix.SIGTSTP); err != nil {
		return err
	}
	awake := time.NewTimer(sleepy)
	defer awake.Stop()
	select {
	case <-goesOn:
	case <-awake.C:
	}
	return nil
}

// SetStdin does nothing: nothing is read.
func (stop) SetStdin(io.Reader) {}

// SetStdout does nothing: nothing is written.
func (stop) SetStdout(io.Writer) {}

// SetStderr does nothing: nothing is written.
func (stop) SetStderr(io.Writer) {}
