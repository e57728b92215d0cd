package rpc

import (
	"crypto/rand"
	"fmt"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// The bounds of Hello.ping_interval.
const (
	pingIntervalMin = time.Second
	pingIntervalMax = 10 * time.Second
)

// joining is a Hello whose form is right.
type joining struct {
	key   eventlog.Key
	hello rules.Hello
	about room.Joining
	// pingInterval is what the client promised; 0: nothing.
	pingInterval time.Duration
}

// parseHello checks the first message of a stream. The Goaway says what is wrong with it.
func parseHello(req *singoffv1.JoinRequest) (*joining, *singoffv1.Goaway) {
	h := req.GetHello()
	if h == nil {
		return nil, badHello("hello", "must be the first message of the stream")
	}
	if req.GetNumber() != 0 {
		return nil, badHello("number", fmt.Sprintf("is %d, a hello has none", req.GetNumber()))
	}
	if goaway := checkHello(h); goaway != nil {
		return nil, goaway
	}
	j := &joining{
		key: eventlog.Key{Namespace: namespaceOf(h.GetNamespace()), Room: h.GetRoomId()},
		hello: rules.Hello{
			Attempt:  h.GetAttempt(),
			TakeOver: h.GetTakeOver(),
			Role:     h.GetRole(),
			Nickname: h.GetNickname(),
			Title:    h.GetRoomTitle(),
		},
		about:        room.Joining{Instance: h.GetInstance(), Resume: h.GetResume(), Client: h.GetClient()},
		pingInterval: h.GetPingInterval().AsDuration(),
	}
	j.identify(h.GetGuestKey())
	return j, nil
}

// identify fills in who it is: what the client says, else what the server makes.
func (j *joining) identify(guestKey []byte) {
	if len(guestKey) == 0 {
		guestKey = make([]byte, guestKeyBytes)
		rand.Read(guestKey)
		j.about.GuestKey = guestKey
	}
	j.hello.User = rules.Guest(guestKey)
	if j.about.Instance == "" {
		j.about.Instance = rand.Text()
		j.hello.TakeOver = true
	}
	j.hello.Instance = rules.InstanceOf(j.about.Instance)
}

// checkHello checks what the rules take as given: ids, sizes, identity.
func checkHello(h *singoffv1.Hello) *singoffv1.Goaway {
	if goaway := checkIdentity(h); goaway != nil {
		return goaway
	}
	checks := [...]struct{ field, wrong string }{
		{"hello.namespace", checkID(namespaceOf(h.GetNamespace()))},
		{"hello.room_id", checkID(h.GetRoomId())},
		{"hello.room_title", checkTitle(h.GetRoomTitle())},
		{"hello.role", checkRole(h.GetRole())},
		{"hello.instance", checkBytes(h.GetInstance(), instanceBytes)},
		{"hello.client", checkBytes(h.GetClient(), clientBytes)},
		{"hello.ping_interval", checkPingInterval(h)},
	}
	for _, check := range checks {
		if check.wrong != "" {
			return badHello(check.field, check.wrong)
		}
	}
	return nil
}

// checkIdentity refuses what can't be checked, rather than taking it for a guest.
func checkIdentity(h *singoffv1.Hello) *singoffv1.Goaway {
	key := len(h.GetGuestKey())
	switch {
	case h.GetToken() != "" && key != 0:
		return badHello("hello.guest_key", "excludes a token; send one of them")
	case h.GetToken() != "":
		return &singoffv1.Goaway{
			Reason:  singoffv1.Goaway_REASON_UNAUTHENTICATED,
			Final:   true,
			Field:   "hello.token",
			Message: "isn't accepted: this server has no key to check tokens with",
		}
	case key != 0 && key != guestKeyBytes:
		return badHello("hello.guest_key", fmt.Sprintf("has %d bytes, must have %d", key, guestKeyBytes))
	}
	return nil
}

func checkRole(role singoffv1.Role) string {
	if _, known := singoffv1.Role_name[int32(role)]; !known {
		return fmt.Sprintf("is %d, which is no role", role)
	}
	return ""
}

func checkPingInterval(h *singoffv1.Hello) string {
	promised := h.GetPingInterval()
	if promised == nil {
		return ""
	}
	d := promised.AsDuration()
	if promised.CheckValid() != nil || d < pingIntervalMin || d > pingIntervalMax {
		return fmt.Sprintf("is %v, must be %v to %v", d, pingIntervalMin, pingIntervalMax)
	}
	return ""
}

func namespaceOf(namespace string) string {
	if namespace == "" {
		return defaultNamespace
	}
	return namespace
}

func badHello(field, wrong string) *singoffv1.Goaway {
	return &singoffv1.Goaway{
		Reason:  singoffv1.Goaway_REASON_INVALID_HELLO,
		Final:   true,
		Field:   field,
		Message: wrong,
	}
}
