package rpc

import (
	"errors"
	"fmt"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/token"
)

// identify finds out who says a Hello whose form is right: a signed-in user, a guest, or one who gets a key made.
func (d Door) identify(h *singoffv1.Hello) (identity, *singoffv1.Goaway) {
	if h.GetToken() != "" {
		who, err := d.signIn(h.GetToken())
		if err != nil {
			return identity{}, badToken(err)
		}
		return who, nil
	}
	if d.SignedInOnly {
		return identity{}, unauthenticated("hello.token", guestsOut)
	}
	if key := h.GetGuestKey(); len(key) != 0 {
		return identity{user: rules.Guest(key), known: true}, nil
	}
	return identity{}, nil
}

// checkKey checks the form of what a Hello shows.
func checkKey(h *singoffv1.Hello) *singoffv1.Goaway {
	key := len(h.GetGuestKey())
	switch {
	case h.GetToken() != "" && key != 0:
		return badHello("hello.guest_key", "excludes a token; send one of them")
	case key != 0 && key != guestKeyBytes:
		return badHello("hello.guest_key", fmt.Sprintf("has %d bytes, must have %d", key, guestKeyBytes))
	}
	return nil
}

// bound says where a token doesn't let its user in, as a field of Hello and what is wrong with it; empty: nowhere.
func bound(c *token.Claims, key eventlog.Key, role singoffv1.Role) (field, wrong string) {
	field, wrong = boundTo(c, key)
	if wrong == "" && c != nil && c.Role != singoffv1.Role_ROLE_UNSPECIFIED && c.Role != role {
		field, wrong = "role", fmt.Sprintf("is %v, the token is for %v", role, c.Role)
	}
	if wrong == "" {
		return "", ""
	}
	return "hello." + field, wrong
}

// boundTo says which room a token isn't for, as the field of a room's name and what is wrong with it; empty: none. A token for a room that names no
// namespace is for the one of that name in the default namespace.
func boundTo(c *token.Claims, key eventlog.Key) (field, wrong string) {
	if c == nil {
		return "", ""
	}
	namespace := c.Namespace
	if namespace == "" && c.Room != "" {
		namespace = defaultNamespace
	}
	switch {
	case namespace != "" && namespace != key.Namespace:
		return "namespace", fmt.Sprintf("is %q, the token is for %q", key.Namespace, namespace)
	case c.Room != "" && c.Room != key.Room:
		return "room_id", fmt.Sprintf("is %q, the token is for %q", key.Room, c.Room)
	}
	return "", ""
}

// keptOutOf says why somebody may not look into a namespace; empty: they may.
func (i identity) keptOutOf(namespace string) string {
	if i.claims == nil {
		return ""
	}
	_, wrong := boundTo(i.claims, eventlog.Key{Namespace: namespace, Room: i.claims.Room})
	return wrong
}

// renew takes a fresh token of the same user, for the same place, and moves the end of the connection on. nil: it was taken.
func (c *connection) renew(text string) *rules.Refusal {
	who, err := c.room.cfg.Door.signIn(text)
	if err == nil && who.user != c.joining.who.user {
		err = errors.New("it is another user's")
	}
	if err == nil {
		if field, wrong := bound(who.claims, c.joining.key, c.joining.hello.Role); field != "" {
			err = fmt.Errorf("%s %s", field, wrong)
		}
	}
	if err != nil {
		return &rules.Refusal{Reason: singoffv1.Rejected_REASON_UNAUTHENTICATED, Field: "renew.token", Message: wrongToken(err)}
	}
	c.expiry.extend(who.claims.Expires)
	return nil
}
