package parity

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestConnect(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina := h.enter("미나", singer)
		mina.states.await(h.T, "joined", func(s singoff.ConnectionState) bool { return s.Phase == singoff.PhaseJoined })
		if self := mina.Self(); self.GetNickname() != "미나" || self.GetRole() != singer || self.GetMemberId() == "" {
			h.Errorf("got %v, want a singer 미나", self)
		}
		welcome := mina.await("Welcome", func(e *singoffv1.Event) bool { return e.GetWelcome() != nil }).GetWelcome()
		if kind := welcome.GetRecovery().GetKind(); kind != singoffv1.Recovery_KIND_NEW {
			h.Errorf("got the recovery %v, want NEW", kind)
		}
	})
}

// Whoever can't connect is told why: nobody listens, or the server refuses.
func TestConnectError(t *testing.T) {
	overEachWay(t, func(h *house) {
		nobody, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			h.Fatal(err)
		}
		nobody.Close()
		client, err := h.dialTo(nobody.Addr().String())
		if err != nil {
			h.Fatal(err)
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(h.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := client.Join(ctx, singoff.JoinOptions{RoomID: battle, Nickname: "Mina"}); !errors.Is(err, context.DeadlineExceeded) || err.Error() == context.DeadlineExceeded.Error() {
			h.Errorf("got %v, want the deadline and what went wrong", err)
		}
		h.enter("Mina", singer)
		_, err = h.try(h.dial(), singoff.JoinOptions{RoomID: battle, Nickname: "MINA"})
		var goaway *singoff.GoawayError
		if !errors.As(err, &goaway) || goaway.Reason != singoffv1.Goaway_REASON_NICKNAME_TAKEN || goaway.Field != "hello.nickname" {
			h.Errorf("got %v, want NICKNAME_TAKEN over hello.nickname", err)
		}
	})
}

// A program that ends without leaving is AWAY for all, who are told until when the seat is held; its own state says that it is closed.
func TestDisconnect(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", watcher)
		if err := jun.Close(); err != nil {
			h.Error(err)
		}
		jun.states.await(h.T, "closed", func(s singoff.ConnectionState) bool { return s.Phase == singoff.PhaseClosed })
		away := mina.await("AWAY", presence(singoffv1.Presence_CHANGE_AWAY, jun.id()))
		if away.GetPresence().GetMember().GetHeldUntil() == nil || away.GetPresence().GetReason() != singoffv1.Presence_REASON_CONNECTION_LOST {
			h.Errorf("got %v, want the reason and until when the seat is held", away)
		}
	})
}

// The prototype's server never noticed that somebody was gone. Here a cut cable that nobody mends is seen by all, and the seat goes to
// who asks for it when its hold is over.
func TestDisconnectIsNoticed(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", singer)
		h.relay.cut(true)
		h.relay.cut(false)
		mina.await("her own reconnect", func(e *singoffv1.Event) bool {
			return e.GetWelcome().GetRecovery().GetKind() == singoffv1.Recovery_KIND_RESUMED
		})
		if err := jun.Close(); err != nil {
			h.Error(err)
		}
		mina.await("AWAY", presence(singoffv1.Presence_CHANGE_AWAY, jun.id()))
	})
}

// A reconnect tells each step: reconnecting with the cause and the time of the next try, each failed try, and the success; and nothing that was said
// meanwhile is missed.
func TestReconnect(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina := h.enter("Mina", singer)
		direct, err := h.dialTo(h.target())
		if err != nil {
			h.Fatal(err)
		}
		defer direct.Close()
		jun := h.join(direct, singoff.JoinOptions{RoomID: battle, Nickname: "Jun", Role: singer})
		before := mina.id()
		h.relay.cut(true)
		lost := mina.states.await(h.T, "reconnecting", func(s singoff.ConnectionState) bool { return s.Phase == singoff.PhaseReconnecting })
		if lost.Cause == nil || lost.NextTry.IsZero() {
			h.Errorf("reconnecting: got %+v, want the cause and the time of the next try", lost)
		}
		mina.states.await(h.T, "a failed try", func(s singoff.ConnectionState) bool {
			return s.Phase == singoff.PhaseReconnecting && s.Attempt >= 2 && s.Cause != nil && !s.NextTry.IsZero()
		})
		said := []string{"하나", "둘", "셋"}
		for _, text := range said {
			jun.says(text)
		}
		h.relay.cut(false)
		welcome := mina.await("RESUMED", func(e *singoffv1.Event) bool {
			return e.GetWelcome().GetRecovery().GetKind() == singoffv1.Recovery_KIND_RESUMED
		}).GetWelcome()
		if mina.id() != before || welcome.GetSelf().GetMemberId() != before {
			h.Errorf("came back as %v, was %s", welcome.GetSelf(), before)
		}
		jun.await("her return", presence(singoffv1.Presence_CHANGE_RETURNED, before))
		h.caughtUp(jun, mina)
		if got := texts(mina.heard()); len(got) != 4 || got[0] != said[0] || got[1] != said[1] || got[2] != said[2] {
			h.Errorf("heard %v, want all of %v, once, in order", got, said)
		}
	})
}

// The address that is logged is the one that is bound, and is the one to join at.
func TestListening(t *testing.T) {
	overEachWay(t, func(h *house) {
		line := h.log.await(h.T, "the line `serving`", func(line map[string]any) bool { return line["message"] == "serving" })
		field := "http_addr"
		if h.target() == h.addrs.GRPC {
			field = "grpc_addr"
		}
		logged, _ := line[field].(string)
		if logged != h.target() {
			h.Errorf("logged %q, bound is %q", logged, h.target())
		}
		client, err := h.dialTo(logged)
		if err != nil {
			h.Fatal(err)
		}
		defer client.Close()
		h.join(client, singoff.JoinOptions{RoomID: battle, Nickname: "Mina"})
	})
}

// The operator sees who is connected: how many, from where, since when, by which way.
func TestConnections(t *testing.T) {
	overEachWay(t, func(h *house) {
		for _, name := range []string{"Mina", "Jun", "Hana"} {
			h.enter(name, watcher)
		}
		list, err := h.admin.ListConnections(h.Context(), &singoffv1.ListConnectionsRequest{Namespace: "default", RoomId: battle})
		if err != nil {
			h.Fatal(err)
		}
		if list.GetTotalSize() != 3 || len(list.GetConnections()) != 3 {
			h.Fatalf("got %v, want three connections", list)
		}
		for _, c := range list.GetConnections() {
			host, _, err := net.SplitHostPort(c.GetRemoteAddress())
			if err != nil || host != "127.0.0.1" || c.GetTransport() != string(h.way) || c.GetUserAgent() == "" ||
				c.GetSince() == nil || c.GetMemberId() == "" || c.GetNickname() == "" {
				h.Errorf("got %v, want the address, way, user agent, time and member", c)
			}
		}
	})
}

// An orderly end is a Leave: the seat is free at once, and nobody is AWAY.
func TestEnd(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina, jun := h.enter("Mina", singer), h.enter("Jun", singer)
		if err := jun.Leave(h.Context()); err != nil {
			h.Error(err)
		}
		left := mina.await("LEFT", presence(singoffv1.Presence_CHANGE_LEFT, jun.id()))
		if left.GetPresence().GetReason() != singoffv1.Presence_REASON_LEFT || left.GetPresence().GetCounts().GetSingers() != 1 {
			h.Errorf("got %v, want LEFT by themselves and one singer", left)
		}
		h.enter("Hana", singer)
	})
}

// Who promised to say something and doesn't is given up.
func TestTimeout(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina := h.enter("Mina", singer)
		silent := h.stream()
		hello := &singoffv1.Hello{RoomId: battle, Nickname: "Silent", PingInterval: durationpb.New(time.Second)}
		if err := silent.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}}); err != nil {
			h.Fatal(err)
		}
		var goaway *singoffv1.Goaway
		for goaway == nil {
			response, err := silent.Recv()
			if err != nil {
				h.Fatalf("got %v, want a Goaway", err)
			}
			for _, e := range response.GetEvents() {
				goaway = e.GetGoaway()
			}
		}
		if goaway.GetReason() != singoffv1.Goaway_REASON_CONNECTION_LOST || goaway.GetFinal() {
			h.Errorf("got %v, want CONNECTION_LOST, not final", goaway)
		}
		mina.await("AWAY", func(e *singoffv1.Event) bool {
			return e.GetPresence().GetChange() == singoffv1.Presence_CHANGE_AWAY && e.GetPresence().GetMember().GetNickname() == "Silent"
		})
	})
}

// The SDK keeps its connection alive by pings, which measure the server's clock too.
func TestKeepalive(t *testing.T) {
	overEachWay(t, func(h *house) {
		mina := h.enter("Mina", singer)
		deadline := time.Now().Add(patience)
		for mina.Clock().RoundTrip == 0 {
			if time.Now().After(deadline) {
				h.Fatal("no Ping was ever answered")
			}
			mina.says("tick")
		}
		if off := mina.Clock().Offset; off < -time.Minute || off > time.Minute {
			h.Errorf("the server's clock is said to be off by %v, on the same machine", off)
		}
	})
}
