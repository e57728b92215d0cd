package service_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service"
)

const jwtSecret = "a secret of more than thirty-two bytes"

func keyFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tokens gives tokens of mina that last so long, or up to a second less: they end at whole seconds.
func tokens(lasting time.Duration) singoff.TokenSource {
	return func(context.Context) (string, error) {
		claims := jwt.MapClaims{"sub": "mina", "name": "미나", "exp": time.Now().Add(lasting).Unix()}
		return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(jwtSecret))
	}
}

// connect makes a client that goes to a server by a way.
func connect(t *testing.T, addrs service.Addrs, way transport.Kind, options ...singoff.Option) *singoff.Client {
	t.Helper()
	target := "http://" + addrs.HTTP
	if way == transport.KindNative {
		target = addrs.GRPC
	}
	client, err := singoff.Dial(target, append(options, singoff.WithTransport(way))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var allWays = []transport.Kind{transport.KindNative, transport.KindWebsocket, transport.KindFetch}

// TestSignedInUsersOnly: over each way guests are kept out, a user stays in as long as there are fresh tokens, and goes with the last one.
func TestSignedInUsersOnly(t *testing.T) {
	t.Parallel()
	for _, way := range allWays {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			cfg := config(&lines{})
			cfg.JWTKey, cfg.SignedInOnly = keyFile(t, jwtSecret), true
			addrs := run(t, cfg).Addrs()
			guest := connect(t, addrs, way)
			goaway, ok := errors.AsType[*singoff.GoawayError](joinFails(t, guest))
			if !ok || goaway.Reason != singoffv1.Goaway_REASON_UNAUTHENTICATED || !goaway.Final {
				t.Errorf("a guest got %v, want UNAUTHENTICATED for good", goaway)
			}
			if _, err := guest.ListTracks(soon(t), &singoffv1.ListTracksRequest{}); status.Code(err) != codes.Unauthenticated {
				t.Errorf("a guest's ListTracks got %v, want UNAUTHENTICATED", err)
			}
			user := connect(t, addrs, way, singoff.WithFreshToken(tokens(5*time.Second)))
			if _, err := user.ListRooms(soon(t), 0, ""); err != nil {
				t.Errorf("a user's ListRooms got %v", err)
			}
			room, err := user.Join(soon(t), singoff.JoinOptions{RoomID: "friday"})
			if err != nil {
				t.Fatal(err)
			}
			if self := room.Self(); !self.GetSignedIn() || self.GetNickname() != "미나" {
				t.Errorf("got %v, want 미나 signed in", self)
			}
			for event, err := range room.Events() {
				if err != nil || event.GetRejected() != nil {
					t.Fatalf("got %v, %v, want the token renewed", event, err)
				}
				if event.GetAck() != nil {
					break
				}
			}
			wantGone(t, user)
		})
	}
}

// wantGone joins with a token that nothing renews and waits for its end.
func wantGone(t *testing.T, client *singoff.Client) {
	t.Helper()
	token, err := tokens(3 * time.Second)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	room, err := client.Join(soon(t), singoff.JoinOptions{RoomID: "monday", Token: token, EventBuffer: -1})
	if err != nil {
		t.Fatal(err)
	}
	<-room.Done()
	if goaway, ok := errors.AsType[*singoff.GoawayError](room.Err()); !ok || goaway.Reason != singoffv1.Goaway_REASON_TOKEN_EXPIRED {
		t.Errorf("got %v, want TOKEN_EXPIRED", room.Err())
	}
}

// joinFails gives why a Join was refused, for good or at its first try.
func joinFails(t *testing.T, client *singoff.Client) (cause error) {
	t.Helper()
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	_, err := client.Join(ctx, singoff.JoinOptions{RoomID: "friday", Nickname: "Late", OnConnection: func(s singoff.ConnectionState) {
		if s.Phase == singoff.PhaseReconnecting && cause == nil {
			cause = s.Cause
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("got it let in")
	}
	if cause != nil {
		return cause
	}
	return err
}

// TestLimitsCountWhoIsBehindAProxy: on this machine there are no limits, but what a proxy here brings counts for whom it names.
func TestLimitsCountWhoIsBehindAProxy(t *testing.T) {
	t.Parallel()
	for _, way := range []transport.Kind{transport.KindWebsocket, transport.KindFetch} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			cfg := config(&lines{})
			cfg.StreamsPerAddress = 2
			addrs := run(t, cfg).Addrs()
			target := &url.URL{Scheme: "http", Host: addrs.HTTP}
			proxy := httptest.NewServer(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Header.Set("X-Forwarded-For", "203.0.113.7")
			}})
			t.Cleanup(proxy.Close)
			behind := connect(t, service.Addrs{HTTP: strings.TrimPrefix(proxy.URL, "http://")}, way)
			direct := connect(t, addrs, way)
			join := func(client *singoff.Client, names ...string) {
				for _, name := range names {
					if _, err := client.Join(soon(t), singoff.JoinOptions{RoomID: "friday", Nickname: name, EventBuffer: -1}); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
			}
			join(behind, "Mina", "Juno")
			join(direct, "Hana", "Bo", "Ara")
			cause := joinFails(t, behind)
			goaway, ok := errors.AsType[*singoff.GoawayError](cause)
			if !ok || goaway.Reason != singoffv1.Goaway_REASON_TOO_MANY || goaway.Final || goaway.RetryAfter < time.Second || !strings.Contains(goaway.Message, "2 streams") {
				t.Errorf("got %v, want TOO_MANY that isn't final and names the limit", cause)
			}
		})
	}
}

// TestCallsCountWhoIsBehindAProxy: the same for native calls behind a proxy that passes gRPC on.
func TestCallsCountWhoIsBehindAProxy(t *testing.T) {
	t.Parallel()
	cfg := config(&lines{})
	cfg.CallsPerSecond = 1
	conn, err := grpc.NewClient(run(t, cfg).Addrs().GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := singoffv1.NewRoomServiceClient(conn)
	refused := func(ctx context.Context) (n int) {
		for range 20 {
			if _, err := client.ListRooms(ctx, &singoffv1.ListRoomsRequest{}); status.Code(err) == codes.ResourceExhausted {
				n++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	if got := refused(soon(t)); got != 0 {
		t.Errorf("got %d calls of this machine refused, want none", got)
	}
	if got := refused(metadata.AppendToOutgoingContext(soon(t), "x-forwarded-for", "203.0.113.7")); got == 0 {
		t.Error("got none of 20 calls from elsewhere refused, want all but some")
	}
}

func TestKeysThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*service.Config)
		says   string
	}{
		"no key":             {func(c *service.Config) { c.SignedInOnly = true }, "guests: nobody could come in"},
		"a short key":        {func(c *service.Config) { c.JWTKey = keyFile(t, "short") }, "is a secret of 5 bytes"},
		"no such file":       {func(c *service.Config) { c.JWTKey = "/nowhere/key" }, "/nowhere/key"},
		"a negative limit":   {func(c *service.Config) { c.JoinsPerMinute = -1 }, "joins per minute: -1"},
		"an enormous limit":  {func(c *service.Config) { c.StreamsPerAddress = 2_000_000 }, "streams per address: 2000000"},
		"limits in any size": {func(c *service.Config) { c.RoomsPerHour, c.CallsPerSecond = -1, -2 }, "calls per second: -2"},
	} {
		cfg := config(&lines{})
		test.change(&cfg)
		if _, err := service.New(t.Context(), cfg); !errors.Is(err, service.ErrConfig) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want a bad configuration saying %q", name, err, test.says)
		}
	}
}
