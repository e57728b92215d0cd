package proxy_test

import (
	"context"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
	"github.com/singoff/singoff/test/stage"
)

// house is a server whose clients come through proxies, and by itself.
type house struct{ service.Addrs }

// startHouse runs a server as the documentation says, until the test ends.
func startHouse(t *testing.T) house {
	t.Helper()
	dir, err := os.MkdirTemp("", "singoff") //nolint:usetesting // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return house{stage.Serve(t, func(cfg *service.Config) {
		cfg.AdminAddr, cfg.PublicURL = "unix:"+filepath.Join(dir, "admin"), "https://"+name+"/battle"
	})}
}

// behind is for a proxy in front of it.
func (h house) behind(more string) behind {
	return behind{grpc: h.GRPC, http: h.HTTP, more: more}
}

// seen asks the operator's port who is there: address and way in, by nickname.
func (h house) seen(t *testing.T) map[string]string {
	t.Helper()
	conn, err := grpc.NewClient(h.Admin, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	resp, err := singoffv1.NewAdminServiceClient(conn).ListConnections(t.Context(), &singoffv1.ListConnectionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, c := range resp.GetConnections() {
		found[c.GetNickname()] = c.GetTransport() + " from " + c.GetRemoteAddress()
	}
	return found
}

// from makes connections to the proxy from an address of its own, as a client elsewhere would have.
func (p *proxy) from(source string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, p.addr)
	}
}

// way makes a transport through the proxy.
func (p *proxy) way(t *testing.T, kind transport.Kind, source string) transport.Transport {
	t.Helper()
	var made transport.Transport
	var err error
	web := transport.HTTPConfig{URL: "https://" + name + "/battle", TLS: p.tls, Dial: p.from(source)}
	switch kind {
	case transport.KindNative:
		dial := p.from(source)
		made, err = transport.NewNative(transport.NativeConfig{
			Target: "passthrough:///" + name, Credentials: credentials.NewTLS(p.tls),
			Dial: func(ctx context.Context, addr string) (net.Conn, error) { return dial(ctx, "tcp", addr) },
		})
	case transport.KindWebsocket:
		made, err = transport.NewWebsocket(web)
	case transport.KindFetch:
		made, err = transport.NewFetch(web)
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// member is somebody in the room, and what happened to their connection.
type member struct {
	*singoff.Room
	said chan string // texts of others and their own, in order
	mu   sync.Mutex
	// phases are those of the connection; away counts members that were seen to go.
	phases []singoff.Phase
	away   int
}

// joins joins by the SDK; Close is the test's.
func joins(t *testing.T, target string, nickname string, options ...singoff.Option) *member {
	t.Helper()
	client, err := singoff.Dial(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	m := &member{said: make(chan string, 1000)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m.Room, err = client.Join(ctx, singoff.JoinOptions{
		RoomID: "battle", Nickname: nickname,
		OnConnection: func(s singoff.ConnectionState) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.phases = append(m.phases, s.Phase)
		},
	})
	if err != nil {
		t.Fatalf("%s: %v", nickname, err)
	}
	var loop sync.WaitGroup
	loop.Go(m.eventLoop)
	t.Cleanup(func() { client.Close(); loop.Wait() })
	return m
}

// eventLoop reads until the room ends.
func (m *member) eventLoop() {
	for event := range m.Events() {
		if chat := event.GetChatMessage(); chat != nil {
			m.said <- chat.GetText()
		}
		switch event.GetPresence().GetChange() {
		case singoffv1.Presence_CHANGE_AWAY, singoffv1.Presence_CHANGE_LEFT:
			m.mu.Lock()
			m.away++
			m.mu.Unlock()
		}
	}
}

// hears wants the next text.
func (m *member) hears(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-m.said:
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Errorf("got nothing within %v, want %q", patience, want)
	}
}

// undisturbed wants that the connection was never lost, and nobody was seen to go.
func (m *member) undisturbed(t *testing.T, nickname string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, phase := range m.phases {
		if phase == singoff.PhaseReconnecting {
			t.Errorf("%s: got %v, want a connection that lasts", nickname, m.phases)
		}
	}
	if m.away > 0 {
		t.Errorf("%s saw %d go, want nobody", nickname, m.away)
	}
}

// foreign is a native client of another make: it promises nothing, sends nothing, and keeps nothing alive.
type foreign struct {
	stream singoffv1.RoomService_JoinClient
}

func (p *proxy) foreign(t *testing.T, source, nickname string) *foreign {
	t.Helper()
	dial := p.from(source)
	conn, err := grpc.NewClient("passthrough:///"+name, grpc.WithTransportCredentials(credentials.NewTLS(p.tls)),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return dial(ctx, "tcp", addr) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	stream, err := singoffv1.NewRoomServiceClient(conn).Join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := &foreign{stream}
	hello := &singoffv1.Hello{RoomId: "battle", Nickname: nickname}
	if err := stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}}); err != nil {
		t.Fatal(err)
	}
	f.until(t, func(e *singoffv1.Event) bool { return e.GetWelcome() != nil })
	return f
}

func (f *foreign) until(t *testing.T, wanted func(*singoffv1.Event) bool) {
	t.Helper()
	for {
		resp, err := f.stream.Recv()
		if err != nil {
			t.Fatalf("foreign client: %v", err)
		}
		if slices.ContainsFunc(resp.GetEvents(), wanted) {
			return
		}
	}
}

func (f *foreign) hears(t *testing.T, want string) {
	t.Helper()
	f.until(t, func(e *singoffv1.Event) bool { return e.GetChatMessage().GetText() == want })
}

// Proxies close what says nothing: nginx after 60 s by default, here after 5. A room that is silent for longer must lose nobody, by whatever
// way they came, and the first word after it must arrive; the server must have seen who came, not the proxy.
func TestQuietRoomLosesNobody(t *testing.T) {
	t.Parallel()
	for title, test := range map[string]struct {
		kind software
		more string
	}{
		"nginx, buffering as by default": {nginx, ""},
		"nginx, buffering off":           {nginx, " proxy_buffering off;"},
		"Caddy":                          {caddy, ""},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			h := startHouse(t)
			p := test.kind.start(t, h.behind(test.more))
			direct := joins(t, h.GRPC, "direct")
			members := map[string]*member{}
			want := map[string]string{}
			for kind, source := range map[transport.Kind]string{
				transport.KindNative: "127.0.0.2", transport.KindWebsocket: "127.0.0.3", transport.KindFetch: "127.0.0.4",
			} {
				nickname := string(kind)
				members[nickname] = joins(t, name, nickname, singoff.WithCustomTransport(p.way(t, kind, source)))
				want[nickname] = nickname + " from " + source
			}
			other := p.foreign(t, "127.0.0.5", "foreign")
			want["foreign"] = "native from 127.0.0.5"
			seen := h.seen(t)
			delete(seen, "direct")
			if !maps.Equal(seen, want) {
				t.Errorf("got %v, want %v", seen, want)
			}

			<-time.After(2*quietLimit + time.Second) // nobody says anything

			texts := []string{"still there?"}
			for nickname := range members {
				texts = append(texts, nickname+" is")
			}
			for i, text := range texts {
				speaker := direct
				if i > 0 {
					speaker = members[text[:len(text)-len(" is")]]
				}
				if _, err := speaker.Say(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			for _, text := range texts {
				other.hears(t, text)
				direct.hears(t, text)
				for _, m := range members {
					m.hears(t, text)
				}
			}
			direct.undisturbed(t, "direct")
			for nickname, m := range members {
				m.undisturbed(t, nickname)
			}
		})
	}
}

// A stream is one request of HTTP/2, and nginx lets a request have 1 MB by default: a talkative member would be thrown out after that.
func TestTalkativeMemberStays(t *testing.T) {
	t.Parallel()
	h := startHouse(t)
	p := nginx.start(t, h.behind(""))
	m := joins(t, name, "native", singoff.WithCustomTransport(p.way(t, transport.KindNative, "127.0.0.2")))
	line := strings.Repeat("가", 2000) // 6 kB
	const lines = 1_200_000 / 6000
	var said errgroup.Group
	said.SetLimit(32)
	for range lines {
		said.Go(func() error { _, err := m.Say(t.Context(), line); return err })
	}
	if err := said.Wait(); err != nil {
		t.Fatal(err)
	}
	m.undisturbed(t, "native")
}
