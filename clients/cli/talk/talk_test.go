package talk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/singoff/singoff/clients/cli/talk"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// room is a talk.Room of a test's making.
type room struct {
	welcome, events chan *singoffv1.Event

	leave func(ctx context.Context) error

	mu    sync.Mutex
	done  chan struct{}
	err   error
	left  int
	ended bool
}

func newRoom() *room {
	welcome := make(chan *singoffv1.Event, 1)
	welcome <- &singoffv1.Event{Body: &singoffv1.Event_Welcome{Welcome: &singoffv1.Welcome{}}}
	return &room{welcome: welcome, events: make(chan *singoffv1.Event), done: make(chan struct{}), leave: func(context.Context) error { return nil }}
}

func (r *room) Events() iter.Seq2[*singoffv1.Event, error] {
	return func(yield func(*singoffv1.Event, error) bool) {
		for {
			select {
			case ev := <-r.welcome:
				if !yield(ev, nil) {
					return
				}
			case ev := <-r.events:
				if !yield(ev, nil) {
					return
				}
			case <-r.done:
				if err := r.Err(); err != nil {
					yield(nil, err)
				}
				return
			}
		}
	}
}

func (r *room) Connections() iter.Seq[singoff.ConnectionState] {
	return func(yield func(singoff.ConnectionState) bool) {
		if yield(singoff.ConnectionState{Phase: singoff.PhaseJoined}) {
			<-r.done
			yield(singoff.ConnectionState{Phase: singoff.PhaseClosed})
		}
	}
}

func (r *room) Leave(ctx context.Context) error {
	r.mu.Lock()
	r.left++
	r.mu.Unlock()
	err := r.leave(ctx)
	if err == nil {
		r.end(nil)
	}
	return err
}

func (r *room) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended, r.err = true, err
		close(r.done)
	}
}

func (r *room) Done() <-chan struct{} { return r.done }

func (r *room) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *room) Close() error {
	r.end(nil)
	return nil
}

// mode notes what happens, and does what `do` says for a line.
type mode struct {
	do func(ctx context.Context, text string) error

	mu  sync.Mutex
	log []string
}

func (m *mode) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *mode) Line(n int, text string) (talk.Job, error) {
	switch text {
	case "bad":
		return nil, errors.New("not understood")
	case "local":
		m.note("%d local", n)
		return nil, nil
	case "leave":
		return func(context.Context) error { return talk.ErrLeave }, nil
	}
	return func(ctx context.Context) error {
		if m.do != nil {
			if err := m.do(ctx, text); err != nil {
				return err
			}
		}
		if len(text) > 20 {
			text = fmt.Sprintf("%s… of %d", text[:5], len(text))
		}
		m.note("%d did %s", n, text)
		return nil
	}, nil
}

func (m *mode) Event(ev *singoffv1.Event) {
	if ev.GetWelcome() == nil {
		m.note("event %d", ev.GetSeq())
	}
}

func (m *mode) Connection(state singoff.ConnectionState) { m.note("%v", state.Phase) }
func (m *mode) Failed(n int, err error)                  { m.note("%d failed: %v", n, err) }

func (m *mode) has(t *testing.T, want ...string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	got := slices.DeleteFunc(slices.Clone(m.log), func(s string) bool { return s == "joined" || s == "closed" })
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestEndOfInputLeavesWhenAllIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, m := newRoom(), &mode{do: func(context.Context, string) error { time.Sleep(time.Second); return nil }}
		err := talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: strings.NewReader("a\r\nbad\n\nb\nlast")})
		if err != nil || r.left != 1 {
			t.Errorf("got %v, left %d times; want nil, once", err, r.left)
		}
		m.has(t, "2 failed: not understood", "1 did a", "3 did ", "4 did b", "5 did last")
	})
}

// The clock of a test bubble stands still while anybody is busy, so a command that takes a minute makes no headway for a minute.
func TestCommandsThatWaitAreGivenUpOnlyWhenNothingMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, text string) error {
			d, _ := time.ParseDuration(text)
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return singoff.ErrNotSent
			}
		}
		r, m := newRoom(), &mode{do: slow}
		started := time.Now()
		err := talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: strings.NewReader("20s\n20s\n20s\n2h\n1s"), Patience: 30 * time.Second})
		if err != nil || r.left != 1 {
			t.Errorf("got %v, left %d times; want nil, once", err, r.left)
		}
		m.has(t, "1 did 20s", "2 did 20s", "3 did 20s", "4 failed: singoff: not sent", "5 failed: singoff: not sent")
		if took := time.Since(started); took < 89*time.Second || took > 95*time.Second {
			t.Errorf("it took %v, want a minute of work and half a minute of patience", took)
		}
	})
}

func TestInterruptLeavesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		in, typed := io.Pipe()
		r, m := newRoom(), &mode{do: func(ctx context.Context, _ string) error { <-ctx.Done(); return singoff.ErrNotSent }}
		result := make(chan error)
		go func() { result <- talk.Run(ctx, talk.Config{Room: r, Mode: m, In: in}) }()
		io.WriteString(typed, "stuck\nlocal\n")
		synctest.Wait()
		r.events <- &singoffv1.Event{Seq: 7}
		synctest.Wait()
		interrupt()
		if err := <-result; err != nil || r.left != 1 {
			t.Errorf("got %v, left %d times; want nil, once", err, r.left)
		}
		m.has(t, "2 local", "event 7", "1 failed: singoff: not sent")
		typed.Close()
	})
}

func TestLeaveEndsBeforeTheInput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, typed := io.Pipe()
		r, m := newRoom(), &mode{}
		result := make(chan error)
		go func() { result <- talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: in}) }()
		io.WriteString(typed, "a\nleave\n")
		if err := <-result; err != nil || r.left != 1 {
			t.Errorf("got %v, left %d times; want nil, once", err, r.left)
		}
		m.has(t, "1 did a")
		typed.Close()
	})
}

// A goodbye nobody answers ends in a bounded time, and is told: the seat is held.
func TestGoodbyeIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.leave = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		started := time.Now()
		err := talk.Run(t.Context(), talk.Config{Room: r, Mode: &mode{}, In: strings.NewReader(""), Goodbye: 3 * time.Second})
		if !errors.Is(err, talk.ErrNotLeft) || time.Since(started) != 3*time.Second {
			t.Errorf("got %v after %v, want ErrNotLeft after 3s", err, time.Since(started))
		}
	})
}

func TestRoomThatEndsTellsWhy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kicked := &singoff.GoawayError{Reason: singoffv1.Goaway_REASON_KICKED, Final: true}
		in, typed := io.Pipe()
		r := newRoom()
		m := &mode{do: func(ctx context.Context, _ string) error { <-r.done; return singoff.ErrUnknownOutcome }}
		result := make(chan error)
		go func() { result <- talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: in}) }()
		io.WriteString(typed, "a\n")
		synctest.Wait()
		r.end(kicked)
		var got *singoff.GoawayError
		if err := <-result; !errors.As(err, &got) || got.Reason != kicked.Reason || r.left != 0 {
			t.Errorf("got %v, left %d times; want %v, never", err, r.left, kicked)
		}
		m.has(t, "1 failed: singoff: outcome unknown")
		typed.Close()
	})
}

// A line beyond the limit is refused whole: it was once cut, and its rest said as a line of its own.
func TestLongLineIsRefusedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, m := newRoom(), &mode{}
		longest, tooLong := strings.Repeat("x", talk.MaxLine), strings.Repeat("y", talk.MaxLine+1)
		in := "a\n" + longest + "\n" + tooLong + "\nb\n" + tooLong
		if err := talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: strings.NewReader(in)}); err != nil {
			t.Errorf("got %v", err)
		}
		var failed, did int
		for _, l := range m.log {
			switch {
			case strings.Contains(l, "too long") && strings.Contains(l, "65537") && strings.Contains(l, "65536"):
				failed++
			case strings.Contains(l, " did "):
				did++
			}
			if strings.Contains(l, "did y") {
				t.Errorf("a part of the long line was done: %.40s", l)
			}
		}
		if failed != 2 || did != 3 {
			t.Errorf("got %d refused and %d done, want 2 and 3: %.500q", failed, did, m.log)
		}
	})
}

func TestManyLinesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var in strings.Builder
		var want []string
		for i := range 5000 {
			fmt.Fprintf(&in, "line %d\n", i)
			want = append(want, fmt.Sprintf("%d did line %d", i+1, i))
		}
		r, m := newRoom(), &mode{}
		if err := talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: strings.NewReader(in.String())}); err != nil {
			t.Errorf("got %v", err)
		}
		m.has(t, want...)
	})
}

// Lines that were there from the beginning once ran ahead of the Welcome: /who didn't know yet who one is.
func TestLinesWaitForTheWelcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, m := newRoom(), &mode{}
		<-r.welcome
		result := make(chan error)
		go func() {
			result <- talk.Run(t.Context(), talk.Config{Room: r, Mode: m, In: strings.NewReader("local\n")})
		}()
		synctest.Wait()
		m.has(t)
		r.events <- &singoffv1.Event{Seq: 1}
		if err := <-result; err != nil {
			t.Errorf("got %v", err)
		}
		m.has(t, "event 1", "1 local")
	})
}

func TestLinesMayHoldLineFeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lines := make(chan string, 3)
		lines <- strings.Repeat("x", talk.MaxLine+1)
		lines <- "two\nlines"
		lines <- "last"
		close(lines)
		r, m := newRoom(), &mode{}
		if err := talk.Run(t.Context(), talk.Config{Room: r, Mode: m, Lines: lines}); err != nil || r.left != 1 {
			t.Errorf("got %v, left %d times; want nil, once", err, r.left)
		}
		m.has(t, "1 failed: the line is too long: 65537 bytes, and 65536 is the limit; nothing of it was sent", "2 did two\nlines", "3 did last")
	})
}
