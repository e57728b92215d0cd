package session_test

import (
	"slices"
	"strings"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// modelServer is the least server that keeps the protocol's promises to one user with one instance.
type modelServer struct {
	wires   []*modelWire
	log     []modelEntry
	seq     uint64
	epoch   uint64
	trimmed uint64 // nothing at or below it can be replayed
	refuse  int    // how many appends the log refuses from now on

	lostLog    bool // once at least
	wrongEpoch bool // a Resume named an event under an epoch it wasn't decided under

	member  bool
	since   *singoffv1.Since
	known   bool
	attempt uint64
	last    uint64

	decided map[string]string // how each command was decided
	order   []string
}

// modelWire is a connection; the server goes on reading one that the client has given up.
type modelWire struct {
	up      []*singoffv1.JoinRequest
	down    []*singoffv1.Event
	current bool
}

type modelEntry struct {
	seq, epoch uint64
	event      *singoffv1.Event
	hidden     bool
}

func newModelServer() *modelServer {
	return &modelServer{epoch: 100, decided: map[string]string{}}
}

func (m *modelServer) dial() *modelWire {
	w := &modelWire{}
	m.wires = append(m.wires, w)
	return w
}

// step handles the next message on a wire.
func (m *modelServer) step(w *modelWire) {
	if w == nil || len(w.up) == 0 {
		return
	}
	request := w.up[0]
	w.up = w.up[1:]
	switch {
	case request.GetHello() != nil:
		m.attach(w, request.GetHello())
	case w.current:
		m.decide(w, request)
	}
}

func (m *modelServer) attach(w *modelWire, hello *singoffv1.Hello) {
	if m.known && hello.GetAttempt() <= m.attempt || m.refuse > 0 {
		m.refuse = max(0, m.refuse-1)
		w.down = append(w.down, goaway(false))
		return
	}
	known := m.known
	if !known {
		m.last = 0
	}
	m.known, m.attempt = true, hello.GetAttempt()
	m.cutAll()
	w.current = true
	if !m.member {
		seq := m.append(said(0, 0, "joined"), false)
		m.member, m.since = true, &singoffv1.Since{Epoch: m.epoch, Seq: seq}
		w.down = nil // its JOINED is part of the Welcome's state
	}
	kind, history := m.recover(hello.GetResume())
	event := welcomed(&singoffv1.Welcome{
		InstanceKnown: known, LastNumber: m.last, MemberSince: m.since, Epoch: m.epoch, SnapshotSeq: m.seq,
	}, kind, uint32(len(history)))
	w.down = append(append(w.down, event), history...)
}

func (m *modelServer) recover(r *singoffv1.Resume) (singoffv1.Recovery_Kind, []*singoffv1.Event) {
	if r == nil {
		return fresh, nil
	}
	var history []*singoffv1.Event
	held := false
	for _, e := range m.log {
		if e.seq == r.GetLastSeq() {
			held = e.epoch == r.GetEpoch()
			m.wrongEpoch = m.wrongEpoch || !held && !m.lostLog
		}
		if e.seq > r.GetLastSeq() && !e.hidden {
			history = append(history, e.event)
		}
	}
	if !held || r.GetLastSeq() < m.trimmed {
		return snapshot, nil
	}
	return resumed, history
}

func (m *modelServer) decide(w *modelWire, request *singoffv1.JoinRequest) {
	number, name := request.GetNumber(), request.GetChatMessage().GetText()
	switch {
	case number <= m.last:
		w.down = append(w.down, ack(0, number, true))
	case number != m.last+1:
		w.down = append(w.down, notTaken(number, m.last+1))
	case m.refuse > 0:
		m.refuse--
		w.down = append(w.down, notTaken(number, m.last+1))
	default:
		m.last = number
		kind := strings.TrimRight(name, "0123456789")
		m.decided[name] += kind
		m.order = append(m.order, name)
		m.append(answerOf(kind, number, name), false)
	}
}

func answerOf(kind string, number uint64, name string) *singoffv1.Event {
	switch kind {
	case "Acked":
		return ack(0, number, false)
	case "Rejected":
		rejected := &singoffv1.Rejected{Reason: singoffv1.Rejected_REASON_INVALID}
		return &singoffv1.Event{Number: number, Body: &singoffv1.Event_Rejected{Rejected: rejected}}
	}
	return said(0, number, name)
}

// append keeps an event and tells it.
func (m *modelServer) append(event *singoffv1.Event, hidden bool) uint64 {
	m.seq++
	event.Seq = m.seq
	m.log = append(m.log, modelEntry{m.seq, m.epoch, event, hidden})
	for _, w := range m.wires {
		if w.current && !hidden {
			w.down = append(w.down, event)
		}
	}
	return m.seq
}

func (m *modelServer) others(whisper bool) { m.append(said(0, 0, "other"), whisper) }

// remove ends the membership, as a kick or a long absence does.
func (m *modelServer) remove(forget bool) {
	if !m.member {
		return
	}
	m.append(said(0, 0, "left"), false)
	m.member = false
	m.known = m.known && !forget
	m.cutAll()
}

// upTo is the log up to an event; nothing if the event is of a log that was lost.
func (m *modelServer) upTo(event *singoffv1.Event) []modelEntry {
	i := slices.IndexFunc(m.log, func(e modelEntry) bool { return e.event == event })
	return m.log[:i+1]
}

// forget drops what is known of the instance, whose member has left, as a full table does; a member's newest instance is always kept.
func (m *modelServer) forget() { m.known = m.known && m.member }

func (m *modelServer) cutAll() {
	for _, w := range m.wires {
		w.current, w.up = false, nil
	}
}

// crash opens the room anew under another epoch, with its log or without.
func (m *modelServer) crash(logLost bool) {
	for _, w := range m.wires {
		w.current = false
	}
	m.epoch++
	if logLost {
		m.lostLog = true
		m.log, m.seq, m.trimmed, m.member, m.known, m.last = nil, 0, 0, false, false, 0
	}
	m.append(opened(0, m.epoch), false)
}
