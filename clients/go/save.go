package singoff

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// saveInterval is how long a Room waits between two Saves; saveTimeout how long one may take.
const (
	saveInterval = time.Second
	saveTimeout  = 5 * time.Second
)

// saver keeps what a later process needs, not more often than every saveInterval.
type saver struct {
	store  Store // nil: nothing is kept
	logger zerolog.Logger
	dirty  chan struct{} // something has changed
	err    error         // of the last Save; to be read when saveLoop has ended

	mu    sync.Mutex // protects saved
	saved Saved
}

// newSaver loads what was saved, makes a guest key if there is none, and keeps it.
func newSaver(ctx context.Context, options JoinOptions, logger zerolog.Logger) (*saver, error) {
	s := &saver{store: options.Store, logger: logger, dirty: make(chan struct{}, 1)}
	if s.store != nil {
		saved, err := s.store.Load(ctx)
		if err != nil {
			return nil, fmt.Errorf("singoff: load: %w", err)
		}
		s.saved = saved.clone()
	}
	if options.signedIn() || len(s.saved.GuestKey) > 0 {
		return s, nil
	}
	s.saved.GuestKey = make([]byte, 16)
	_, _ = rand.Read(s.saved.GuestKey)
	if s.store != nil {
		if err := s.store.Save(ctx, s.saved.clone()); err != nil {
			return nil, fmt.Errorf("singoff: save: %w", err)
		}
	}
	return s, nil
}

// took notes that the application has taken all events up to there.
func (s *saver) took(resume *singoffv1.Resume) {
	if resume == nil || s.store == nil {
		return
	}
	s.mu.Lock()
	moved := !proto.Equal(s.saved.Resume, resume)
	s.saved.Resume = resume
	s.mu.Unlock()
	if moved {
		s.changed()
	}
}

// knows notes the guest key in use.
func (s *saver) knows(guestKey []byte) {
	s.mu.Lock()
	if len(guestKey) > 0 {
		s.saved.GuestKey = guestKey
	}
	s.mu.Unlock()
	s.changed()
}

func (s *saver) changed() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// saveLoop saves until stop is closed, and then once more.
func (s *saver) saveLoop(stop <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-stop:
			s.save()
			return
		}
		select {
		case <-s.dirty:
		case <-stop:
			s.save()
			return
		}
		s.save()
		pause.Reset(saveInterval)
	}
}

func (s *saver) save() {
	s.mu.Lock()
	saved := s.saved.clone()
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	if s.err = s.store.Save(ctx, saved); s.err != nil {
		s.logger.Warn().Err(s.err).Msg("the session couldn't be saved; it will be tried again")
		s.changed()
	}
}
