package faultlog_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/faultlog"
)

func TestHold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at   faultlog.Point
		held string // in the log meanwhile
	}{{faultlog.BeforeKeeping, ""}, {faultlog.BeforeAnswering, "a"}} {
		synctest.Test(t, func(t *testing.T) {
			log := open(t, faultlog.Config{})
			first, second := log.Hold(test.at), log.Hold(test.at)
			answer := make(chan string, 1)
			go func() {
				_, err := log.Append(t.Context(), room, 0, entry('a', 1))
				answer <- outcome(err)
			}()
			<-first.Arrived()
			if got := batches(t, log); got != test.held {
				t.Errorf("the log holds %q while an append is held, want %q", got, test.held)
			}
			second.Release()
			synctest.Wait()
			if len(answer) > 0 {
				t.Error("the append is answered though one hold isn't released")
			}
			first.Release()
			first.Release()
			if got := <-answer; got != "kept" {
				t.Errorf("the append's outcome is %s, want kept", got)
			}
			if _, err := log.Append(t.Context(), room, 1, entry('b', 2)); err != nil {
				t.Errorf("Append after all holds are released: %v", err)
			}
		})
	}
}

func TestHeldAppendEndsWithItsContextOrTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := open(t, faultlog.Config{})
		before, answering := log.Hold(faultlog.BeforeKeeping), log.Hold(faultlog.BeforeAnswering)
		defer answering.Release()
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan string, 1)
		try := func(ctx context.Context, e eventlog.Entry, after eventlog.Position) {
			_, err := log.Append(ctx, room, after, e)
			answers <- outcome(err)
		}
		go try(ctx, entry('a', 1), 0)
		<-before.Arrived()
		cancel()
		if got := <-answers; got != "unknown" {
			t.Errorf("cancelled before keeping: %s, want unknown", got)
		}
		before.Release()
		ctx, cancel = context.WithCancel(t.Context())
		go try(ctx, entry('a', 1), 0)
		<-answering.Arrived()
		cancel()
		if got := <-answers; got != "unknown" {
			t.Errorf("cancelled before answering: %s, want unknown", got)
		}
		if got := batches(t, log); got != "a" {
			t.Errorf("the log holds %q, want a", got)
		}
		go try(t.Context(), entry('b', 2), 1)
		synctest.Wait()
		if err := log.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if got := <-answers; got != "closed" {
			t.Errorf("held when the log is closed: %s, want closed", got)
		}
	})
}

func TestUnanswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := open(t, faultlog.Config{})
		log.Always(faultlog.Unanswered)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		answers := make(chan error, 1)
		try := func(ctx context.Context) {
			_, err := log.Append(ctx, room, 0, entry('a', 1))
			answers <- err
		}
		go try(ctx)
		synctest.Wait()
		// What is planned afterwards doesn't touch an append that waits, and others don't wait behind it.
		log.Always(faultlog.None)
		if _, err := log.Append(t.Context(), room, 0, entry('b', 1)); err != nil {
			t.Errorf("Append beside one without an answer: %v", err)
		}
		err := <-answers
		if !errors.Is(err, eventlog.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want ErrUnknown since the deadline is exceeded", err)
		}
		if got := time.Since(began); got != time.Hour {
			t.Errorf("answered after %v, want %v", got, time.Hour)
		}
		if got := batches(t, log); got != "b" {
			t.Errorf("the log holds %q, want b", got)
		}
		log.Next(faultlog.Unanswered)
		go try(t.Context())
		synctest.Wait()
		if err := log.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if got := outcome(<-answers); got != "closed" {
			t.Errorf("without an answer when the log is closed: %s, want closed", got)
		}
	})
}
