package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// exitSignalled and the signal's number is the exit code of a process that a second signal ends: 130 for Ctrl-C, 143 for SIGTERM.
const exitSignalled = 128

// signals ends a context with the first SIGTERM or Ctrl-C, and the process with the second.
type signals struct {
	caught chan os.Signal
	done   chan struct{}
	loop   sync.WaitGroup
}

// watchSignals begins to watch. Both signals are waited for by one loop: a handler taken away after the first one would lose a second
// that comes at that moment.
func watchSignals() (context.Context, *signals) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &signals{caught: make(chan os.Signal, 2), done: make(chan struct{})}
	signal.Notify(s.caught, os.Interrupt, syscall.SIGTERM)
	s.loop.Go(func() { s.watchLoop(cancel) })
	return ctx, s
}

func (s *signals) watchLoop(first context.CancelFunc) {
	select {
	case <-s.caught:
	case <-s.done:
	}
	first()
	select {
	case second := <-s.caught:
		number, _ := second.(syscall.Signal)
		os.Exit(exitSignalled + int(number))
	case <-s.done:
	}
}

// stop ends the watch.
func (s *signals) stop() {
	signal.Stop(s.caught)
	close(s.done)
	s.loop.Wait()
}
