package singoff_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// The server is slowed, nothing is dropped, and the connection isn't called lost for what the application doesn't read.
func TestSlowApplicationStopsTheReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 100
		var told atomic.Int64
		client, server := dialFake(t, func(s *fakeStream) error {
			s.greet()
			for seq := uint64(11); seq < 11+n && s.tell(said(seq, 0, "x")); seq++ {
				told.Add(1)
			}
			return s.stay()
		})
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.EventBuffer = 3 })
		time.Sleep(time.Minute)
		if told.Load() > 3+1+4+1 { // waiting in the buffer, at hand, on the way, being sent
			t.Errorf("read on with a full buffer: %d events were sent", told.Load())
		}
		if state := room.Connection(); state.Phase != singoff.PhaseJoined || len(server.tries()) != 1 {
			t.Errorf("got %+v after %d tries, want joined by the first", state, len(server.tries()))
		}
		var seqs []uint64
		for event, err := range room.Events() {
			if err != nil {
				t.Fatalf("Events: %v", err)
			}
			if event.GetSeq() > 0 {
				seqs = append(seqs, event.GetSeq())
			}
			if event.GetSeq() == 10+n {
				break
			}
		}
		if len(seqs) != n || !slices.IsSorted(seqs) {
			t.Errorf("got events %v, want 11 to %d", seqs, 10+n)
		}
	})
}

// An event that was read but had no room when its connection was lost comes again with the next one, once.
func TestFullBufferAndALostConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := dialFake(t, func(s *fakeStream) error {
			if s.try > 1 {
				from := s.hello.GetResume().GetLastSeq() + 1
				s.greet(func(w *singoffv1.Welcome) { w.SnapshotSeq, w.Recovery.Events = 20, uint32(21-from) })
				for seq := from; seq <= 20; seq++ {
					s.tell(said(seq, 0, "replayed"))
				}
				return s.stay()
			}
			s.greet()
			var events []*singoffv1.Event
			for seq := uint64(11); seq <= 20; seq++ {
				events = append(events, said(seq, 0, "live"))
			}
			s.tell(events[:3]...)
			s.tell(retryAfter(0))
			return status.Error(codes.Aborted, "slow consumer")
		})
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.EventBuffer = 2 })
		time.Sleep(10 * time.Second)
		var got []string
		for event := range room.Events() {
			time.Sleep(100 * time.Millisecond)
			if event.GetSeq() > 0 {
				got = append(got, fmt.Sprint(event.GetSeq()))
			}
			if event.GetSeq() == 20 {
				break
			}
		}
		if want := "[11 12 13 14 15 16 17 18 19 20]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestEventsEndWithTheRoom(t *testing.T) {
	t.Parallel()
	for _, buffer := range []int{0, -1} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := dialFake(t, func(s *fakeStream) error {
				s.greet()
				s.tell(said(11, 0, "x"))
				s.tell(goaway(&singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_BANNED, Final: true, Message: "you are banned"}))
				return status.Error(codes.PermissionDenied, "banned")
			})
			room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.EventBuffer = buffer })
			<-room.Done()
			var got []string
			for event, err := range room.Events() {
				switch {
				case err != nil:
					var goaway *singoff.GoawayError
					got = append(got, fmt.Sprint(errors.As(err, &goaway)))
				case event.GetWelcome() != nil:
					got = append(got, "welcome")
				case event.GetGoaway() != nil:
					got = append(got, "goaway")
				default:
					got = append(got, event.GetChatMessage().GetText())
				}
			}
			want := []string{"welcome", "x", "goaway", "true"}
			if buffer < 0 {
				want = want[3:]
			}
			if !slices.Equal(got, want) {
				t.Errorf("buffer %d: got %v, want %v", buffer, got, want)
			}
		})
	}
}

func TestHistoryIsNotAppliedToTheState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := dialFake(t, func(s *fakeStream) error {
			s.greet(func(w *singoffv1.Welcome) {
				w.SnapshotSeq, w.Recovery.Events = 12, 2
				w.RecentChat = []*singoffv1.Event{said(11, 0, "a"), said(12, 0, "b")}
			})
			s.tell(said(11, 0, "a"), said(12, 0, "b"), said(13, 0, "c"))
			return s.stay()
		})
		store := new(singoff.MemoryStore)
		if err := store.Save(t.Context(), singoff.Saved{Resume: &singoffv1.Resume{Epoch: 7, LastSeq: 10}}); err != nil {
			t.Fatal(err)
		}
		room := mustJoin(t, client, func(o *singoff.JoinOptions) { o.Store = store })
		synctest.Wait()
		var texts []string
		for _, line := range room.State().Chat {
			texts = append(texts, line.GetChatMessage().GetText())
		}
		if fmt.Sprint(texts) != "[a b c]" || room.State().Seq != 13 {
			t.Errorf("chat: got %v at %d, want a b c at 13", texts, room.State().Seq)
		}
	})
}

// countingStore notes each Save.
type countingStore struct {
	singoff.MemoryStore
	mu    sync.Mutex
	saves []singoff.Saved
	fail  error
}

func (c *countingStore) Save(ctx context.Context, saved singoff.Saved) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saves = append(c.saves, saved)
	if c.fail != nil {
		return c.fail
	}
	return c.MemoryStore.Save(ctx, saved)
}

func TestStoreKeepsKeyAndResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(countingStore)
		client, _ := dialFake(t, func(s *fakeStream) error {
			store.mu.Lock()
			if s.try == 1 && (len(store.saves) != 1 || !slices.Equal(store.saves[0].GuestKey, s.hello.GetGuestKey())) {
				t.Errorf("before the first Hello: got %d saves, want one with the key", len(store.saves))
			}
			store.mu.Unlock()
			if s.try == 2 && s.hello.GetResume().GetLastSeq() != 60 {
				t.Errorf("a later process resumes from %v, want seq 60, the newest one taken", s.hello.GetResume())
			}
			s.greet(func(w *singoffv1.Welcome) { w.InstanceKnown = false })
			for seq := uint64(11); s.try == 1 && seq <= 70; seq++ {
				s.tell(said(seq, 0, "x"))
			}
			return s.stay()
		})
		withStore := func(o *singoff.JoinOptions) { o.Store = store }
		room := mustJoin(t, client, withStore)
		for event := range room.Events() {
			time.Sleep(100 * time.Millisecond)
			if event.GetSeq() == 60 {
				break
			}
		}
		if err := room.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if n := len(store.saves); n < 4 || n > 10 { // the key; about one a second for 5 s; the end
			t.Errorf("got %d saves within 5 s, want one a second", n)
		}
		saved, _ := store.Load(t.Context())
		if saved.Resume.GetLastSeq() != 60 || saved.Resume.GetEpoch() != 7 {
			t.Errorf("saved: got %v, want seq 60 of epoch 7", saved.Resume)
		}
		again := mustJoin(t, client, withStore)
		store.mu.Lock()
		store.fail = errors.New("disk full")
		store.mu.Unlock()
		if err := again.Close(); !errors.Is(err, store.fail) {
			t.Errorf("Close with a store that fails: got %v", err)
		}
		if _, err := client.Join(t.Context(), singoff.JoinOptions{RoomID: "a", Nickname: "Mina", Store: &countingStore{fail: store.fail}}); !errors.Is(err, store.fail) {
			t.Errorf("Join with a store that fails: got %v", err)
		}
		store.fail = nil
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ahead = time.Hour
		client, _ := dialFake(t, func(s *fakeStream) error {
			s.greet(func(w *singoffv1.Welcome) { w.ServerTime = timestamppb.New(time.Now().Add(ahead + 7*time.Second)) })
			for i := 0; ; i++ {
				m := s.next()
				if m == nil {
					return errors.New("gone")
				}
				// The quickest way there and the quickest way back are never those of one Ping.
				there, back := time.Duration(10+i%2*100)*time.Millisecond, time.Duration(110-i%2*100)*time.Millisecond
				sent := m.GetPing().GetClientTime().AsTime()
				received := timestamppb.New(sent.Add(ahead + there))
				time.Sleep(time.Until(sent.Add(there + back)))
				s.tell(&singoffv1.Event{Body: &singoffv1.Event_Pong{Pong: &singoffv1.Pong{Id: m.GetPing().GetId(), ReceivedTime: received, SentTime: received}}})
			}
		})
		room := mustJoin(t, client)
		if got := time.Until(room.Now()); got != ahead+7*time.Second {
			t.Errorf("by the Welcome alone: got %v ahead, want %v", got, ahead+7*time.Second)
		}
		time.Sleep(30 * time.Second)
		got := room.Clock()
		if got.RoundTrip < 20*time.Millisecond || got.RoundTrip > 21*time.Millisecond || (got.Offset-ahead).Abs() > time.Millisecond || time.Until(room.Now()) != got.Offset {
			t.Errorf("got %+v, %v ahead, want the quickest of both ways: 20 ms and %v", got, time.Until(room.Now()), ahead)
		}
	})
}
