package rpc_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/token"
)

const jwtSecret = "a secret of more than thirty-two bytes"

// withKey has a Room check tokens.
func withKey(t *testing.T) func(*rpc.Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(jwtSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := token.New(token.Config{KeyFile: path})
	if err != nil {
		t.Fatal(err)
	}
	return func(cfg *rpc.Config) { cfg.Door.Verify = v.Verify }
}

func signedInOnly(cfg *rpc.Config) { cfg.Door.SignedInOnly = true }

// tokenOf is mina's for an hour, with changes.
func tokenOf(t *testing.T, changes jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": "mina", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(claims, changes)
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(jwtSecret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func showing(text string) func(*singoffv1.Hello) {
	return func(h *singoffv1.Hello) { h.Token = text }
}

func renew(number uint64, text string) *singoffv1.JoinRequest {
	return &singoffv1.JoinRequest{Number: number, Command: &singoffv1.JoinRequest_Renew{Renew: &singoffv1.Renew{Token: text}}}
}

func lasting(d time.Duration) jwt.MapClaims { return jwt.MapClaims{"exp": time.Now().Add(d).Unix()} }

func TestSignedInUserIsHandedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			claims jwt.MapClaims
			hello  func(*singoffv1.Hello)
			nick   string
			role   singoffv1.Role
		}{
			"as the Hello says":   {jwt.MapClaims{"name": "미나"}, named("Mimi"), "Mimi", singoffv1.Role_ROLE_WATCHER},
			"as the token says":   {jwt.MapClaims{"name": "미나", "role": "singer"}, named(""), "미나", singoffv1.Role_ROLE_SINGER},
			"bound, and as bound": {jwt.MapClaims{"room": "battle", "role": "watcher"}, named("Mimi"), "Mimi", singoffv1.Role_ROLE_WATCHER},
			"bound to a namespace": {jwt.MapClaims{"room": "battle", "namespace": "club"}, func(h *singoffv1.Hello) { h.Namespace = "club" },
				"Mina", singoffv1.Role_ROLE_WATCHER},
		} {
			s := newServer(t, withKey(t))
			stream, conn, end := joined(t, s, hello(test.hello, showing(tokenOf(t, test.claims))))
			got := conn.hello
			if got.User != rules.SignedIn("mina") || !got.SignedIn || got.Nickname != test.nick || got.Role != test.role {
				t.Errorf("%s: got %+v, want mina signed in as %q, %v", name, got, test.nick, test.role)
			}
			if conn.about.GuestKey != nil {
				t.Errorf("%s: got a guest key made", name)
			}
			stream.cancel()
			end()
		}
	})
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	unauthenticated := func(field, message string) *singoffv1.Goaway {
		return &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_UNAUTHENTICATED, Final: true, Field: field, Message: message}
	}
	expired := &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOKEN_EXPIRED, Field: "hello.token", Message: "exp has passed"}
	for name, test := range map[string]struct {
		hello *singoffv1.JoinRequest
		only  bool
		want  *singoffv1.Goaway
	}{
		"rubbish":             {hello(showing("rubbish")), false, unauthenticated("hello.token", "isn't accepted: isn't a JWT")},
		"a wrong claim":       {hello(showing(tokenOf(t, jwt.MapClaims{"sub": ""}))), false, unauthenticated("hello.token", "sub has 0 bytes")},
		"expired":             {hello(showing(tokenOf(t, lasting(-time.Minute)))), false, expired},
		"another room":        {hello(showing(tokenOf(t, jwt.MapClaims{"room": "other"}))), false, unauthenticated("hello.room_id", `is "battle", the token is for "other"`)},
		"another namespace":   {hello(showing(tokenOf(t, jwt.MapClaims{"namespace": "club"}))), false, unauthenticated("hello.namespace", `the token is for "club"`)},
		"room, of another ns": {hello(inClub, showing(tokenOf(t, jwt.MapClaims{"room": "battle"}))), false, unauthenticated("hello.namespace", `is "club", the token is for "default"`)},
		"another role": {hello(asSinger, showing(tokenOf(t, jwt.MapClaims{"role": "watcher"}))), false,
			unauthenticated("hello.role", "is ROLE_SINGER, the token is for ROLE_WATCHER")},
		"a guest key":    {hello(func(h *singoffv1.Hello) { h.GuestKey = make([]byte, 16) }), true, unauthenticated("hello.token", "is missing")},
		"nothing at all": {hello(), true, unauthenticated("hello.token", "is missing")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, stream := newServer(t, withKey(t), func(cfg *rpc.Config) { cfg.Door.SignedInOnly = test.only }), newStream()
			stream.say(test.hello)
			err := s.start(stream)()
			wantEnd(t, stream, err, test.want)
			if len(s.manager.conns) != 0 {
				t.Error("got it handed to the room")
			}
		})
	}
}

func inClub(h *singoffv1.Hello)   { h.Namespace = "club" }
func asSinger(h *singoffv1.Hello) { h.Role = singoffv1.Role_ROLE_SINGER }

func TestStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withKey(t))
		mate, endMate := enter(t, s, named("Jun"))
		stream, end := enter(t, s, showing(tokenOf(t, lasting(10*time.Minute))))
		before := len(mate.sent())
		began := time.Now()
		if err := end(); status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v, want UNAUTHENTICATED", err)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 10*time.Minute+time.Second {
			t.Errorf("got the end after %v, want 10m to 10m1s", took)
		}
		events := stream.sent()
		got := events[len(events)-1].GetGoaway()
		if got.GetReason() != singoffv1.Goaway_REASON_TOKEN_EXPIRED || got.GetFinal() || got.GetMessage() == "" {
			t.Errorf("got %v, want TOKEN_EXPIRED that isn't final", got)
		}
		synctest.Wait()
		seen := mate.sent()[before:]
		if len(seen) != 1 || seen[0].GetPresence().GetChange() != singoffv1.Presence_CHANGE_AWAY {
			t.Errorf("the others got %v, want AWAY: the seat is held", seen)
		}
		mate.cancel()
		endMate()
	})
}

// TestRenewKeepsTheStream: renewed before its end a stream goes on, and ends with the fresh token; the answers are records.
func TestRenewKeepsTheStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withKey(t))
		stream, end := enter(t, s, showing(tokenOf(t, lasting(10*time.Minute))))
		fresh := tokenOf(t, lasting(25*time.Minute))
		time.Sleep(9 * time.Minute)
		stream.say(renew(1, fresh))
		answer := after(stream, 1)
		if len(answer) != 1 || answer[0].GetAck() == nil || answer[0].GetAck().GetRepeated() || answer[0].GetSeq() == 0 || answer[0].GetNumber() != 1 {
			t.Fatalf("got %v, want an Ack that is a record", answer)
		}
		stream.say(renew(1, fresh), renew(2, tokenOf(t, lasting(time.Minute)))) // a repeat, and one that ends earlier: neither shortens
		if got := after(stream, 2); len(got) != 2 || !got[0].GetAck().GetRepeated() || got[1].GetAck() == nil {
			t.Errorf("got %v, want a repeated Ack and another", got)
		}
		began := time.Now()
		end()
		if took := time.Since(began); took < 16*time.Minute || took > 16*time.Minute+time.Second {
			t.Errorf("got the end %v after the Renew, want 16m to 16m1s", took)
		}
	})
}

func TestRenewThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withKey(t))
		bound := jwt.MapClaims{"exp": time.Now().Add(10 * time.Minute).Unix(), "role": "watcher"}
		stream, end := enter(t, s, showing(tokenOf(t, bound)))
		wrong := []struct{ name, token, message string }{
			{"rubbish", "rubbish", "isn't a JWT"},
			{"missing", "", "isn't a JWT"},
			{"expired", tokenOf(t, lasting(-time.Second)), "exp has passed"},
			{"another user's", tokenOf(t, jwt.MapClaims{"sub": "jun"}), "another user's"},
			{"for another room", tokenOf(t, jwt.MapClaims{"room": "other"}), "hello.room_id"},
			{"for another role", tokenOf(t, jwt.MapClaims{"role": "singer"}), "hello.role"},
		}
		for i, w := range wrong {
			stream.say(renew(uint64(i+1), w.token))
			got := after(stream, i+1)
			if len(got) != 1 || got[0].GetRejected().GetReason() != singoffv1.Rejected_REASON_UNAUTHENTICATED ||
				got[0].GetRejected().GetField() != "renew.token" || !strings.Contains(got[0].GetRejected().GetMessage(), w.message) || got[0].GetSeq() == 0 {
				t.Errorf("%s: got %v, want a kept UNAUTHENTICATED of renew.token saying %q", w.name, got, w.message)
			}
		}
		began := time.Now()
		end()
		if took := time.Since(began); took > 10*time.Minute+time.Second {
			t.Errorf("got the end after %v, want none of them to have moved it", took)
		}
	})
}

// TestTokensStayAtTheDoor: the room is told that a token was renewed, and never sees it.
func TestTokensStayAtTheDoor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, withKey(t))
		stream, conn, end := joined(t, s, hello(showing(tokenOf(t, nil))))
		stream.say(renew(1, tokenOf(t, nil)))
		synctest.Wait()
		taken := conn.taken()
		if len(taken) != 1 || taken[0].Refusal != nil {
			t.Fatalf("got %+v, want one Renew", taken)
		}
		if body, ok := taken[0].Body.(*singoffv1.Renew); !ok || body.GetToken() != "" {
			t.Errorf("got %v, want a Renew without a token", taken[0].Body)
		}
		stream.cancel()
		end()
	})
}

func TestGuestCannotRenew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withKey(t))
		stream, end := enter(t, s)
		stream.say(renew(1, tokenOf(t, nil)))
		got := after(stream, 1)
		if len(got) != 1 || got[0].GetRejected().GetField() != "renew.token" || !strings.Contains(got[0].GetRejected().GetMessage(), "another user's") {
			t.Errorf("got %v, want it refused: a guest is another user", got)
		}
		stream.cancel()
		end()
	})
}

// TestExpiredTokenDoesNotComeBack: neither a reconnect nor a take-over gets in with it, a fresh one gets the same seat.
func TestExpiredTokenDoesNotComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withKey(t))
		old := tokenOf(t, lasting(time.Minute))
		page := func(attempt uint64, text string) func(*singoffv1.Hello) {
			return func(h *singoffv1.Hello) { h.Instance, h.Attempt, h.Token = "page", attempt, text }
		}
		stream, end := enter(t, s, page(1, old))
		seat := stream.sent()[0].GetWelcome().GetSelf().GetMemberId()
		end()
		want := &singoffv1.Goaway{Reason: singoffv1.Goaway_REASON_TOKEN_EXPIRED, Field: "hello.token", Message: "exp has passed"}
		for name, again := range map[string]func(*singoffv1.Hello){
			"reconnect": page(2, old),
			"take-over": func(h *singoffv1.Hello) { h.Instance, h.Attempt, h.TakeOver, h.Token = "other", 1, true, old },
		} {
			late := newStream()
			late.say(hello(again))
			err := s.start(late)()
			t.Log(name)
			wantEnd(t, late, err, want)
		}
		back, end := enter(t, s, page(3, tokenOf(t, nil)))
		welcome := back.sent()[0].GetWelcome()
		if welcome.GetSelf().GetMemberId() != seat || !welcome.GetInstanceKnown() {
			t.Errorf("got member %v, known %v, want %s and known", welcome.GetSelf(), welcome.GetInstanceKnown(), seat)
		}
		back.cancel()
		end()
	})
}

// TestOneSubjectIsOneUser: two devices of a subject are one user, whose vote is a signed-in one and counts once.
func TestOneSubjectIsOneUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := realServer(t, withKey(t))
		singer, endSinger := enter(t, s, named("Jun"), asSinger)
		singerID := singer.sent()[0].GetWelcome().GetSelf().GetMemberId()
		device := func(name string) func(*singoffv1.Hello) {
			return func(h *singoffv1.Hello) { h.Instance, h.Attempt, h.TakeOver, h.Token = name, 1, true, tokenOf(t, nil) }
		}
		vote := &singoffv1.JoinRequest{Number: 1, Command: &singoffv1.JoinRequest_Vote{
			Vote: &singoffv1.Vote{SingerMemberId: singerID, Choice: singoffv1.Vote_CHOICE_UP},
		}}
		phone, endPhone := enter(t, s, device("phone"))
		self := phone.sent()[0].GetWelcome().GetSelf()
		if !self.GetSignedIn() {
			t.Errorf("got %v, want signed in", self)
		}
		phone.say(vote)
		synctest.Wait()
		laptop, endLaptop := enter(t, s, device("laptop"))
		if err := endPhone(); status.Code(err) != codes.Aborted {
			t.Errorf("the phone got %v, want to be taken over", err)
		}
		if got := laptop.sent()[0].GetWelcome().GetSelf().GetMemberId(); got != self.GetMemberId() {
			t.Errorf("got member %s on the laptop, want %s", got, self.GetMemberId())
		}
		laptop.say(vote)
		synctest.Wait()
		guest, endGuest := enter(t, s, named("Hana"))
		guest.say(vote)
		synctest.Wait()
		events := singer.sent()
		tally := events[len(events)-1].GetVote().GetTally()
		if tally.GetUpSignedIn() != 1 || tally.GetUpGuests() != 1 {
			t.Errorf("got tally %v, want one of a signed-in user and one of a guest", tally)
		}
		for _, s := range []*memStream{singer, laptop, guest} {
			s.cancel()
		}
		endSinger()
		endLaptop()
		endGuest()
	})
}

func TestTokensOfCalls(t *testing.T) {
	t.Parallel()
	club := &singoffv1.ListRoomsRequest{Namespace: "club"}
	for name, test := range map[string]struct {
		pairs   []string
		only    bool
		req     *singoffv1.ListRoomsRequest
		want    codes.Code
		message string
	}{
		"a token":                   {[]string{"authorization", "Bearer " + tokenOf(t, nil)}, true, nil, codes.OK, ""},
		"bearer, small":             {[]string{"authorization", "bearer " + tokenOf(t, nil)}, true, nil, codes.OK, ""},
		"a proxy's password":        {[]string{"authorization", "Basic bWluYTptaW5h"}, false, nil, codes.OK, ""},
		"a password beside":         {[]string{"authorization", "Basic bWluYTptaW5h", "authorization", "Bearer " + tokenOf(t, nil)}, true, nil, codes.OK, ""},
		"without Bearer":            {[]string{"authorization", "rubbish"}, false, nil, codes.Unauthenticated, "isn't a JWT"},
		"expired":                   {[]string{"authorization", "Bearer " + tokenOf(t, lasting(-time.Minute))}, false, nil, codes.Unauthenticated, "exp has passed"},
		"two":                       {[]string{"authorization", "Bearer a", "authorization", "Bearer b"}, false, nil, codes.InvalidArgument, "once"},
		"nobody, signed in only":    {nil, true, nil, codes.Unauthenticated, "is missing"},
		"a guest, signed in only":   {[]string{"singoff-guest-key", "AAAAAAAAAAAAAAAAAAAAAA"}, true, nil, codes.Unauthenticated, "is missing"},
		"bound to a namespace":      {[]string{"authorization", "Bearer " + tokenOf(t, jwt.MapClaims{"namespace": "club"})}, false, club, codes.OK, ""},
		"bound to another one":      {[]string{"authorization", "Bearer " + tokenOf(t, jwt.MapClaims{"namespace": "other"})}, false, club, codes.Unauthenticated, `for "other"`},
		"bound to a room elsewhere": {[]string{"authorization", "Bearer " + tokenOf(t, jwt.MapClaims{"room": "battle"})}, false, club, codes.Unauthenticated, `for "default"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, withKey(t), func(cfg *rpc.Config) { cfg.Door.SignedInOnly = test.only })
			ctx := metadata.NewIncomingContext(context.Background(), metadata.Pairs(test.pairs...))
			_, err := s.ListRooms(ctx, test.req)
			if status.Code(err) != test.want || !strings.Contains(status.Convert(err).Message(), test.message) {
				t.Errorf("got %v, want %v saying %q", err, test.want, test.message)
			}
		})
	}
}

func TestMusicAsksTheDoor(t *testing.T) {
	t.Parallel()
	music := rpc.NewMusic(&shelf{n: 1}, rpc.Door{SignedInOnly: true})
	if _, err := music.ListTracks(t.Context(), &singoffv1.ListTracksRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("ListTracks: got %v, want UNAUTHENTICATED", err)
	}
	if _, err := music.GetTracks(t.Context(), &singoffv1.GetTracksRequest{TrackIds: []string{"t1"}}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("GetTracks: got %v, want UNAUTHENTICATED", err)
	}
}

// TestSendOfSomebodyElse: a Send need not say who it is by; one that does must be by whose connection it is.
func TestSendOfSomebodyElse(t *testing.T) {
	t.Parallel()
	conn, _ := overGRPC(t, newServer(t, withKey(t), signedInOnly))
	client, _, _ := watching(t, conn, showing(tokenOf(t, nil)))
	send := uint64(1)
	for _, c := range []struct {
		name, header string
		want         codes.Code
	}{
		{"nobody", "", codes.OK},
		{"the same", "Bearer " + tokenOf(t, nil), codes.OK},
		{"another user", "Bearer " + tokenOf(t, jwt.MapClaims{"sub": "jun"}), codes.Unauthenticated},
		{"an expired one", "Bearer " + tokenOf(t, lasting(-time.Minute)), codes.Unauthenticated},
	} {
		ctx := t.Context()
		if c.header != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", c.header)
		}
		if c.want == codes.OK {
			send++
		}
		if _, err := client.Send(ctx, sending(send, ping(0))); status.Code(err) != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}
