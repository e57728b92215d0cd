package e2e_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/test/stage"
)

// busy is what a busy machine may add to the time until something is seen.
const busy = 4 * time.Second

// lossSeenWithin is the promise: 8 s, but for who goes over fetch and promised nothing.
func (v visit) lossSeenWithin() time.Duration {
	if v.Way == transport.KindFetch && v.Manner == bare {
		return 25 * time.Second
	}
	return 8 * time.Second
}

// TestPresence is who is lost and who lives, by every way in, at one server: each test in rooms of its own.
func TestPresence(t *testing.T) {
	t.Parallel()
	d := start(t, "--watchers", "100")
	for name, test := range map[string]func(*testing.T, *daemon){
		"pulled cable is noticed":            pulledCableIsNoticed,
		"living clients are never lost":      livingClientsAreNeverLost,
		"process stopped for 4s stays":       processStoppedForFourSecondsStays,
		"process stopped for 20s comes back": processStoppedForTwentySecondsComesBack,
		"starved process stays":              starvedProcessStays,
		"slow link is never lost":            slowLinkIsNeverLost,
		"killed process is away at once":     killedProcessIsAway,
		"broken promise is noticed":          brokenPromiseIsNoticed,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, d) })
	}
}

// A member whose cable is pulled is AWAY in time, by whatever way it came, whether the room is silent or talks all the time.
func pulledCableIsNoticed(t *testing.T, d *daemon) {
	for room, talks := range map[string]bool{"silent": false, "busy": true} {
		seen := join(t, dial(t, d.grpc), in(room, singer("Mina")))
		if talks {
			talks := join(t, dial(t, d.grpc), in(room, singer("Hana")))
			ctx, cancel := context.WithCancel(t.Context())
			var talking sync.WaitGroup
			talking.Go(func() { talkLoop(ctx, talks) })
			t.Cleanup(func() { cancel(); talking.Wait() })
		}
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			visits := crowd(d, room, sdk, bare, hidden)
			net := newCable(t)
			ids := joinAll(t, visits, singoff.WithDialer(net.dial))
			net.pull(t)
			pulled := time.Now()
			lost := wantAway(t, seen, ids)
			for _, v := range visits {
				took := lost[v.Nickname].GetTime().AsTime().Sub(pulled)
				t.Logf("%s: AWAY after %v", v.Nickname, took)
				if most := v.lossSeenWithin() + busy; took > most {
					t.Errorf("%s: got AWAY after %v, want it within %v", v.Nickname, took, most)
				}
				if got := lost[v.Nickname].GetPresence().GetReason(); got != singoffv1.Presence_REASON_CONNECTION_LOST {
					t.Errorf("%s: got %v, want CONNECTION_LOST", v.Nickname, got)
				}
			}
		})
	}
}

// wantAway waits until all these members, by nickname, are AWAY, and gives the events that said so.
func wantAway(t *testing.T, seen *member, ids map[string]string) map[string]*singoffv1.Event {
	t.Helper()
	lost := map[string]*singoffv1.Event{}
	for len(lost) < len(ids) {
		ev := seen.until("AWAY", func(ev *singoffv1.Event) bool { return ev.GetPresence().GetChange() == singoffv1.Presence_CHANGE_AWAY })
		m := ev.GetPresence().GetMember()
		if ids[m.GetNickname()] != m.GetMemberId() || lost[m.GetNickname()] != nil {
			t.Errorf("got AWAY of %v, who wasn't to be lost", m)
			continue
		}
		lost[m.GetNickname()] = ev
	}
	return lost
}

func in(room string, hello *singoffv1.Hello) *singoffv1.Hello {
	hello.RoomId = room
	return hello
}

// talkLoop says something ten times a second and reads what comes.
func talkLoop(ctx context.Context, m *member) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.number++
			if m.stream.Send(&singoffv1.JoinRequest{Number: m.number, Command: &singoffv1.JoinRequest_ChatMessage{
				ChatMessage: &singoffv1.ChatMessage{Text: "la"},
			}}) != nil {
				return
			}
			if _, err := m.next(); err != nil {
				return
			}
		}
	}
}

func ping() *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Ping{Ping: &singoffv1.Ping{}}}
}

// wantNoneAway checks that nobody has become AWAY until now: what is said now comes with no AWAY before it.
func wantNoneAway(t *testing.T, m *member) {
	t.Helper()
	text := fmt.Sprintf("still here, %v?", time.Now())
	m.say(text)
	m.until("what was said", func(ev *singoffv1.Event) bool {
		if p := ev.GetPresence(); p.GetChange() == singoffv1.Presence_CHANGE_AWAY {
			t.Errorf("got a false alarm: %s is AWAY at %v", p.GetMember().GetNickname(), ev.GetTime().AsTime())
		}
		return ev.GetChatMessage().GetText() == text
	})
}

// pass lets time pass: what these tests are about.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// Living clients of every kind stay, in silence, for longer than any time-out: those that keep a promise, those that promised nothing, and
// pages in the background.
func livingClientsAreNeverLost(t *testing.T, d *daemon) {
	mina := join(t, dial(t, d.grpc), in("living", singer("Mina")))
	joinAll(t, crowd(d, "living", sdk, bare, hidden))
	pass(t, 28*time.Second)
	wantNoneAway(t, mina)
}

// phased are the visits six times, half a second apart: whatever a time-out is counted from, what is done to all at once hits some at the
// worst moment.
func phased(visits []visit) (all []visit) {
	for i := range 6 {
		for _, v := range visits {
			v.After = time.Duration(i) * 500 * time.Millisecond
			v.Nickname = fmt.Sprint(v.Nickname, " ", i)
			all = append(all, v)
		}
	}
	return all
}

// A process that stops for 4 s — a debugger, a laptop's lid, a phone that swaps — is never AWAY, in whatever moment that was. A websocket's client
// was once, 4.7 s after: its ping had been due right then, and a pong had 4 s.
func processStoppedForFourSecondsStays(t *testing.T, d *daemon) {
	mina := join(t, dial(t, d.grpc), in("stopped-4s", singer("Mina")))
	clients := visitIn(t, phased(crowd(d, "stopped-4s", sdk, bare, hidden)))
	for range 2 {
		pass(t, 2*time.Second)
		clients.signal(syscall.SIGSTOP)
		pass(t, 4*time.Second)
		clients.signal(syscall.SIGCONT)
		pass(t, 3*time.Second)
		wantNoneAway(t, mina)
	}
}

// A process that gets a tenth of the time it wants is slow, and not AWAY.
func starvedProcessStays(t *testing.T, d *daemon) {
	mina := join(t, dial(t, d.grpc), in("starved", singer("Mina")))
	clients := visitIn(t, phased(crowd(d, "starved", sdk, bare, hidden)))
	starve(t, 20*time.Second, clients.signal)
	wantNoneAway(t, mina)
}

// starve lets a process run for a tenth of every second.
func starve(t *testing.T, during time.Duration, signal func(syscall.Signal)) {
	t.Helper()
	for range int(during / time.Second) {
		signal(syscall.SIGSTOP)
		pass(t, 900*time.Millisecond)
		signal(syscall.SIGCONT)
		pass(t, 100*time.Millisecond)
	}
}

// A process that stops for 20 s is AWAY, and comes back into its seat as the member it was. Over every way, by the program that people use.
func processStoppedForTwentySecondsComesBack(t *testing.T, d *daemon) {
	for _, way := range stage.Ways {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			room := "stopped-" + string(way)
			mina := join(t, dial(t, d.grpc), in(room, singer("Mina")))
			jun := joinProgram(t, d, way, room)
			joined := mina.until("JOINED", changed(singoffv1.Presence_CHANGE_JOINED, "Jun")).GetPresence().GetMember()
			pass(t, 2*time.Second)
			jun.signal(syscall.SIGSTOP)
			stopped := time.Now()
			lost := mina.until("AWAY", changed(singoffv1.Presence_CHANGE_AWAY, "Jun"))
			t.Logf("AWAY after %v", lost.GetTime().AsTime().Sub(stopped))
			pass(t, time.Until(stopped.Add(20*time.Second)))
			jun.signal(syscall.SIGCONT)
			back := mina.until("RETURNED", changed(singoffv1.Presence_CHANGE_RETURNED, "Jun")).GetPresence().GetMember()
			if back.GetMemberId() != joined.GetMemberId() || back.GetRole() != joined.GetRole() || back.GetSeat() != joined.GetSeat() {
				t.Errorf("got %v back, want the member and seat there was: %v", back, joined)
			}
		})
	}
}

// changed wants an event about a member.
func changed(change singoffv1.Presence_Change, nickname string) func(*singoffv1.Event) bool {
	return func(ev *singoffv1.Event) bool {
		p := ev.GetPresence()
		return p.GetChange() == change && p.GetMember().GetNickname() == nickname
	}
}

// joinProgram runs `singoff join` by a way, as Jun, who sings.
func joinProgram(t *testing.T, d *daemon, way transport.Kind, room string) *program {
	t.Helper()
	v := d.visit(room, sdk, way)
	server := v.Addr
	if way != transport.KindNative {
		server = "http://" + server
	}
	p := startProgram(t, exec.Command(filepath.Join(bin, "singoff"), "--server", server, "--transport", string(way),
		"join", room, "--nick", "Jun", "--role", "singer", "--json", "--state-dir", t.TempDir()))
	for p.lines.Scan() {
		if strings.Contains(p.lines.Text(), `"welcome"`) {
			go func() {
				for p.lines.Scan() { // a program whose output nobody reads would stop
				}
			}()
			return p
		}
	}
	t.Fatalf("singoff join said no Welcome: %v", p.lines.Err())
	return nil
}

// A link of 8 KB/s takes five seconds for what the room says at once, and pings wait behind it. It is slow, not lost.
func slowLinkIsNeverLost(t *testing.T, d *daemon) {
	mina := join(t, dial(t, d.grpc), in("slow", singer("Mina")))
	joinAll(t, crowd(d, "slow", sdk, bare, hidden), singoff.WithDialer(slowDial(8<<10)))
	for range 3 {
		flood(mina, 7) // 42 KB
		pass(t, 8*time.Second)
		wantNoneAway(t, mina)
	}
}

// A server that was itself stopped for longer than any promise finds the pings unread: it must read them before it calls anybody lost.
func TestServerThatWasStoppedCallsNobodyLost(t *testing.T) {
	t.Parallel()
	stoppedServerLosesNobody(t, 10*time.Second, func(d *daemon) []visit { return patient(crowd(d, "battle", promising, bare, hidden)) })
}

// One that was stopped for 4 s is given up by nobody.
func TestServerThatWasStoppedIsNotGivenUp(t *testing.T) {
	t.Parallel()
	stoppedServerLosesNobody(t, 4*time.Second, func(d *daemon) []visit { return crowd(d, "battle", sdk, bare, hidden) })
}

// stoppedServerLosesNobody stops a server of their own for so long.
func stoppedServerLosesNobody(t *testing.T, stopped time.Duration, visits func(*daemon) []visit) {
	t.Helper()
	d := start(t, "--watchers", "100")
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	joinAll(t, phased(visits(d)))
	pass(t, 2*time.Second)
	d.signal(syscall.SIGSTOP)
	pass(t, stopped)
	d.signal(syscall.SIGCONT)
	pass(t, 4*time.Second)
	wantNoneAway(t, mina)
}

// Neither does one that gets a tenth of the time it wants.
func TestStarvedServerCallsNobodyLost(t *testing.T) {
	t.Parallel()
	d := start(t, "--watchers", "20")
	mina := join(t, dial(t, d.grpc), singer("Mina"))
	joinAll(t, crowd(d, "battle", sdk, bare, hidden))
	starve(t, 20*time.Second, d.signal)
	wantNoneAway(t, mina)
}

// Through a proxy that ends HTTP/2 the transport answers for a client that is long gone; only the promised ping tells.
func brokenPromiseIsNoticed(t *testing.T, d *daemon) {
	mina := join(t, dial(t, d.grpc), in("promise", singer("Mina")))
	promising := in("promise", watcher("Gone"))
	promising.PingInterval = durationpb.New(time.Second)
	gone := join(t, dial(t, d.grpc), promising)
	mina.until("AWAY", away(gone.welcome.GetSelf().GetMemberId()))
	goaway := gone.until("a Goaway", func(ev *singoffv1.Event) bool { return ev.GetGoaway() != nil }).GetGoaway()
	if goaway.GetReason() != singoffv1.Goaway_REASON_CONNECTION_LOST || goaway.GetFinal() {
		t.Errorf("got %v, want CONNECTION_LOST, not final", goaway)
	}
}

// A process that is killed has its sockets reset by the kernel: its members are AWAY at once, and have not left.
func killedProcessIsAway(t *testing.T, d *daemon) {
	mina := join(t, dial(t, d.grpc), in("killed", singer("Mina")))
	visits := crowd(d, "killed", sdk, bare, hidden)
	clients := visitIn(t, visits)
	clients.signal(syscall.SIGKILL)
	killed := time.Now()
	for range visits {
		ev := mina.until("AWAY", func(ev *singoffv1.Event) bool { return ev.GetPresence().GetChange() == singoffv1.Presence_CHANGE_AWAY })
		if took := ev.GetTime().AsTime().Sub(killed); took > busy {
			t.Errorf("got %s AWAY after %v, want it at once", ev.GetPresence().GetMember().GetNickname(), took)
		}
	}
}
