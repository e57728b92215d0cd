//go:build unix

package tui

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
)

// sleepy is how long a stop may take to come about. Nothing stops a program that no shell watches over; it goes on then.
const sleepy = 300 * time.Millisecond

// suspend gives the terminal back, stops the program like any other that Ctrl-Z is pressed in, and takes the terminal again when it goes on.
func suspend() tea.Cmd {
	return tea.Exec(stop{}, func(error) tea.Msg { return nil })
}

type stop struct{}

// Run stops the process group, and returns when it goes on.
func (stop) Run() error {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
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
