package rules

import "container/list"

// session is an instance of a user and how far its numbers have come.
type session struct {
	user     User
	instance Instance
	attempt  uint64
	last     uint64 // number of the last command decided
	members  int    // how many members have it as their newest instance
}

type sessionKey struct {
	user     User
	instance Instance
}

// sessions keeps every member's newest instance, always, and of the others those touched last.
type sessions struct {
	byKey map[sessionKey]*list.Element // of *session
	order *list.List                   // touched longest ago first
}

func newSessions() *sessions {
	return &sessions{byKey: map[sessionKey]*list.Element{}, order: list.New()}
}

func (t *sessions) clone() *sessions {
	c := newSessions()
	for e := t.order.Front(); e != nil; e = e.Next() {
		c.add(*e.Value.(*session))
	}
	return c
}

func (t *sessions) add(s session) *session {
	t.byKey[sessionKey{s.user, s.instance}] = t.order.PushBack(&s)
	return &s
}

func (t *sessions) get(u User, i Instance) *session {
	if e := t.byKey[sessionKey{u, i}]; e != nil {
		return e.Value.(*session)
	}
	return nil
}

// touch makes it the newest, and makes it if it isn't there.
func (t *sessions) touch(u User, i Instance) *session {
	if e := t.byKey[sessionKey{u, i}]; e != nil {
		t.order.MoveToBack(e)
		return e.Value.(*session)
	}
	return t.add(session{user: u, instance: i})
}

// trim forgets those touched longest ago beyond limit, but no member's.
func (t *sessions) trim(limit int) {
	for e := t.order.Front(); e != nil && t.order.Len() > limit; {
		next := e.Next()
		if s := e.Value.(*session); s.members == 0 {
			delete(t.byKey, sessionKey{s.user, s.instance})
			t.order.Remove(e)
		}
		e = next
	}
}
