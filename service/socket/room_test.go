package socket_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/socket"
)

// battle serves real rooms over sockets.
func battle(t *testing.T, change ...func(*rpc.Config)) *server {
	t.Helper()
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := room.NewManager(log, room.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	cfg := rpc.Config{
		Manager: rpc.Rooms(manager), Registerer: prometheus.NewPedanticRegistry(),
		Track: func(context.Context, string) (*singoffv1.Track, error) { return nil, catalog.ErrNoSuchTrack },
	}
	for _, f := range change {
		f(&cfg)
	}
	rooms, err := rpc.NewRoom(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(grpc.ForceServerCodecV2(rpc.Codec()))
	singoffv1.RegisterRoomServiceServer(srv, rooms)
	t.Cleanup(func() {
		srv.Stop()
		rooms.Wait()
		manager.Close()
		log.Close()
	})
	return listen(t, rooms.Serve, func(cfg *socket.Config) { cfg.Calls = srv })
}

func hello(nickname string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: &singoffv1.Hello{
		RoomId: "battle", Nickname: nickname, Role: singoffv1.Role_ROLE_SINGER,
	}}}
}

// enter joins and reads the Welcome.
func (s *server) enter(t *testing.T, nickname string) *client {
	t.Helper()
	c := s.join(t)
	c.say(hello(nickname))
	c.wantHeaders()
	if events := c.events(); events[0].GetWelcome().GetSelf().GetNickname() != nickname {
		t.Fatalf("got %v, want a Welcome", events)
	}
	return c
}

// until reads events until one that is wanted.
func (c *client) until(wanted func(*singoffv1.Event) bool) *singoffv1.Event {
	c.t.Helper()
	for {
		for len(c.queue) > 0 {
			ev := c.queue[0]
			c.queue = c.queue[1:]
			if wanted(ev) {
				return ev
			}
		}
		c.queue = c.events()
	}
}

// presence reads events until one of the presence of the nickname.
func (c *client) presence(nickname string, change singoffv1.Presence_Change) {
	c.t.Helper()
	ev := c.until(func(ev *singoffv1.Event) bool {
		p := ev.GetPresence()
		return p.GetMember().GetNickname() == nickname && p.GetChange() != singoffv1.Presence_CHANGE_JOINED
	})
	if got := ev.GetPresence().GetChange(); got != change {
		c.t.Fatalf("got %s %v, want %v", nickname, got, change)
	}
}

func number(n uint64, text string) *singoffv1.JoinRequest {
	req := chat(text)
	req.Number = n
	return req
}

func TestBattleOverSockets(t *testing.T) {
	t.Parallel()
	s := battle(t)
	mina, jun := s.enter(t, "Mina"), s.enter(t, "Jun")
	for i, text := range []string{"하나", "둘", "셋"} {
		mina.say(number(uint64(i+1), text))
	}
	for _, text := range []string{"하나", "둘", "셋"} {
		for _, c := range []*client{mina, jun} {
			ev := c.until(func(ev *singoffv1.Event) bool { return ev.GetChatMessage() != nil })
			if ev.GetChatMessage().GetText() != text || (ev.GetNumber() != 0) != (c == mina) {
				t.Errorf("got %v, want %s", ev, text)
			}
		}
	}
	list := s.call(t, singoffv1.RoomService_ListRooms_FullMethodName)
	list.say(&singoffv1.ListRoomsRequest{})
	list.endSending()
	list.wantHeaders()
	if p := list.mustPart(); !strings.Contains(string(p.data), "battle") {
		t.Errorf("got %q, want the battle", p.data)
	}
	list.wantEnd("grpc-status: 0\r\n")
}

// Who ends sending leaves; who breaks off, in whatever manner, is away and keeps the seat.
func TestEndsInARoom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		act    func(*client)
		change singoffv1.Presence_Change
	}{
		"end of sending":       {func(c *client) { c.endSending() }, singoffv1.Presence_CHANGE_LEFT},
		"close frame":          {func(c *client) { c.send(frame(ws.OpClose, true, []byte{3, 232})) }, singoffv1.Presence_CHANGE_AWAY},
		"FIN":                  {func(c *client) { c.conn.Close() }, singoffv1.Presence_CHANGE_AWAY},
		"RST":                  {reset, singoffv1.Presence_CHANGE_AWAY},
		"half a frame and FIN": {func(c *client) { c.send(mask([]byte{0, 0, 0})[:7]); c.conn.Close() }, singoffv1.Presence_CHANGE_AWAY},
		"violation":            {func(c *client) { c.binary(7) }, singoffv1.Presence_CHANGE_AWAY},
		"text":                 {func(c *client) { c.send(frame(ws.OpText, true, []byte("hi"))) }, singoffv1.Presence_CHANGE_AWAY},
		"message too large":    {func(c *client) { c.binary(append([]byte{0}, grpcHead(0, 1<<20)...)...) }, singoffv1.Presence_CHANGE_AWAY},
		"100 commands and a FIN": {func(c *client) {
			for n := range uint64(100) {
				c.say(number(n+1, "la"))
			}
			c.conn.Close()
		}, singoffv1.Presence_CHANGE_AWAY},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := battle(t)
			mina, jun := s.enter(t, "Mina"), s.enter(t, "Jun")
			test.act(jun)
			mina.presence("Jun", test.change)
		})
	}
}

// A client that is at fault is told by a Goaway first and a status after it, as over gRPC.
func TestGoawaysOverSockets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		act    func(*client)
		reason singoffv1.Goaway_Reason
		status string
	}{
		"too large": {func(c *client) { c.binary(append([]byte{0}, grpcHead(0, 16<<10+1)...)...) },
			singoffv1.Goaway_REASON_PROTOCOL_ERROR, "grpc-status: 3\r\n"},
		"malformed":     {func(c *client) { c.binary(0, 0, 0, 0, 0, 1, 0xff) }, singoffv1.Goaway_REASON_PROTOCOL_ERROR, "grpc-status: 3\r\n"},
		"no Hello":      {func(c *client) { c.say(chat("la")) }, singoffv1.Goaway_REASON_INVALID_HELLO, "grpc-status: 3\r\n"},
		"ended at once": {func(c *client) { c.endSending() }, singoffv1.Goaway_REASON_INVALID_HELLO, "grpc-status: 3\r\n"},
		"silent":        {func(*client) {}, singoffv1.Goaway_REASON_HELLO_TIMEOUT, "grpc-status: 4\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := battle(t, func(cfg *rpc.Config) {
				if name == "silent" {
					cfg.HelloTimeout = 1
				}
			}).join(t)
			test.act(c)
			c.wantHeaders()
			if events := c.events(); len(events) != 1 || events[0].GetGoaway().GetReason() != test.reason {
				t.Errorf("got %v, want %v", events, test.reason)
			}
			if p := c.mustPart(); p.flags != 0x80 || !strings.HasSuffix(string(p.data), test.status) {
				t.Errorf("got %#x %q, want %q", p.flags, p.data, test.status)
			}
			c.wantClose(ws.StatusNormalClosure)
		})
	}
}

func TestOverTLS(t *testing.T) {
	t.Parallel()
	results := make(chan received, 1)
	s := newHandler(t, func(stream rpc.Stream) error {
		stream.Send([][]byte{said(strings.Repeat("라", 100_000))})
		return listener(results)(stream)
	})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(s.ServeHTTP))
	srv.StartTLS()
	t.Cleanup(func() { srv.Close(); s.Close() })
	for _, polite := range []bool{true, false} {
		conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		c := upgrade(t, conn, joinPath)
		c.headers()
		c.say(chat("la"))
		c.wantHeaders()
		c.wantSaid(strings.Repeat("라", 100_000))
		if polite {
			c.endSending()
			c.wantEnd("grpc-status: 0\r\n")
		} else {
			conn.NetConn().Close()
		}
		if r := <-results; len(r.chats) != 1 || r.err == nil {
			t.Errorf("got %q, %v, want one chat and the end", r.chats, r.err)
		}
	}
}
