package rpc

import (
	"crypto/rand"
	"fmt"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/room/rules"
)

// The bounds of Hello.ping_interval.
const (
	pingIntervalMin = time.Second
	pingIntervalMax = 10 * time.Second
)

// joining is a Hello whose form is right, by somebody who may come in.
type joining struct {
	key   eventlog.Key
	hello rules.Hello
	about room.Joining
	who   identity
	// pingInterval is what the client promised; 0: nothing.
	pingInterval time.Duration
}

// parseHello checks the first message of a stream, and who says it. The Goaway says what is wrong with it.
func (d Door) parseHello(req *singoffv1.JoinRequest) (*joining, *singoffv1.Goaway) {
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
	who, goaway := d.identify(h)
	if goaway != nil {
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
		who:          who,
		pingInterval: h.GetPingInterval().AsDuration(),
	}
	if goaway := j.identify(); goaway != nil {
		return nil, goaway
	}
	return j, nil
}

// identify fills in who it is: what they show, else what the server makes; and what their token says where the Hello says nothing. The Goaway
// says where the token doesn't let them in.
func (j *joining) identify() *singoffv1.Goaway {
	if !j.who.known {
		j.about.GuestKey = make([]byte, guestKeyBytes)
		rand.Read(j.about.GuestKey)
		j.who.user = rules.Guest(j.about.GuestKey)
	}
	if j.about.Instance == "" {
		j.about.Instance = rand.Text()
		j.hello.TakeOver = true
	}
	claims := j.who.claims
	if claims != nil && j.hello.Nickname == "" {
		j.hello.Nickname = claims.Name
	}
	if claims != nil && j.hello.Role == singoffv1.Role_ROLE_UNSPECIFIED {
		j.hello.Role = claims.Role
	}
	if j.hello.Role == singoffv1.Role_ROLE_UNSPECIFIED {
		j.hello.Role = singoffv1.Role_ROLE_WATCHER
	}
	j.hello.User, j.hello.SignedIn = j.who.user, claims != nil
	j.hello.Instance = rules.InstanceOf(j.about.Instance)
	if field, wrong := bound(claims, j.key, j.hello.Role); field != "" {
		return unauthenticated(field, wrong)
	}
	return nil
}

// checkHello checks what the rules take as given: ids and sizes.
func checkHello(h *singoffv1.Hello) *singoffv1.Goaway {
	if goaway := checkKey(h); goaway != nil {
		return goaway
	}
	checks := [...]struct{ field, wrong string }{
		{"hello.namespace", names.CheckID(namespaceOf(h.GetNamespace()))},
		{"hello.room_id", names.CheckID(h.GetRoomId())},
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
