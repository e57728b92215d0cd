package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// flood says n long lines and reads each when it comes back.
func flood(m *member, n int) {
	m.t.Helper()
	text := strings.Repeat("라", 2000)
	for range n {
		m.say(text)
		m.until("what was said", func(ev *singoffv1.Event) bool { return ev.GetNumber() == m.number })
	}
}

// readToEnd reads what is left, counts its chat and gives the stream's end.
func readToEnd(m *member) (lines int, lastSeq uint64, end error) {
	for lastSeq = m.welcome.GetSnapshotSeq(); ; {
		ev, err := m.next()
		if err != nil {
			return lines, lastSeq, err
		}
		if ev.GetChatMessage() != nil {
			lines++
		}
		lastSeq = max(lastSeq, ev.GetSeq())
	}
}

// slowReader is a room with one who talks and one who doesn't read, until the second is AWAY: 60 lines at once fill what lies between, then
// a line a second makes what isn't read too old.
func slowReader(t *testing.T, d *daemon, hello *singoffv1.Hello, atOnce int) (talker, slow *member) {
	t.Helper()
	talker = join(t, dial(t, d.grpc), singer("Mina"))
	slow = join(t, dial(t, d.grpc), hello)
	isAway := away(slow.welcome.GetSelf().GetMemberId())
	flood(talker, atOnce)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for !slices.ContainsFunc(talker.read, isAway) {
		<-ticker.C
		flood(talker, 1)
	}
	return talker, slow
}

func slowWatcher() *singoffv1.Hello {
	hello := watcher("Slow")
	hello.GuestKey, hello.Instance, hello.Attempt = []byte("0123456789abcdef"), "slow", 1
	return hello
}

// A member who doesn't read, over a connection that lives, costs the others nothing: they are told that it is away, it is told why when it
// reads at last, and it comes back having missed nothing.
func TestSlowReaderComesBackWithNothingMissed(t *testing.T) {
	t.Parallel()
	d, hello := start(t), slowWatcher()
	talker, slow := slowReader(t, d, hello, 60)
	lines, last, err := readToEnd(slow)
	if status.Code(err) != codes.Aborted {
		t.Errorf("got %v, want ABORTED", err)
	}
	hello.Attempt, hello.Resume = 2, &singoffv1.Resume{Epoch: slow.welcome.GetEpoch(), LastSeq: last}
	back := join(t, dial(t, d.grpc), hello)
	recovery := back.welcome.GetRecovery()
	if recovery.GetKind() != singoffv1.Recovery_KIND_RESUMED {
		t.Fatalf("got %v, want RESUMED", recovery)
	}
	for range recovery.GetEvents() {
		if ev, err := back.next(); err != nil {
			t.Fatalf("got %v in the replay", err)
		} else if ev.GetChatMessage() != nil {
			lines++
		}
	}
	if said := int(talker.number); lines != said {
		t.Errorf("got %d lines of chat in all, want the %d that were said", lines, said)
	}
}

// Beyond 1 MiB behind, the member gets the room as it is, and is told why.
func TestSlowReaderTooFarBehind(t *testing.T) {
	t.Parallel()
	d, hello := start(t, "--command-burst", "1000"), slowWatcher()
	_, slow := slowReader(t, d, hello, 250)
	_, last, err := readToEnd(slow)
	if status.Code(err) != codes.Aborted {
		t.Errorf("got %v, want ABORTED", err)
	}
	hello.Attempt, hello.Resume = 2, &singoffv1.Resume{Epoch: slow.welcome.GetEpoch(), LastSeq: last}
	got := join(t, dial(t, d.grpc), hello).welcome.GetRecovery()
	if got.GetKind() != singoffv1.Recovery_KIND_SNAPSHOT || got.GetCause() != singoffv1.Recovery_CAUSE_TOO_FAR_BEHIND {
		t.Errorf("got %v, want SNAPSHOT, TOO_FAR_BEHIND", got)
	}
}
