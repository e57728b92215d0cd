package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// wayMember is a member of a real room, by one of the ways in, on connections of its own.
type wayMember struct {
	carrier transport.Transport
	stream  transport.Stream
	mu      sync.Mutex // of sending
}

// dialBy joins by a way.
func dialBy(kind transport.Kind) dialer {
	return func(ctx context.Context, at addresses, room, index int) (member, error) {
		target := "http://" + at.HTTP
		if kind == transport.KindNative {
			target = at.GRPC
		}
		carrier, err := singoff.OpenTransport(target, singoff.WithTransport(kind))
		if err != nil {
			return nil, err
		}
		m := &wayMember{carrier: carrier}
		if err := m.join(ctx, room, index); err != nil {
			m.close()
			return nil, err
		}
		return m, nil
	}
}

func (m *wayMember) join(ctx context.Context, room, index int) (err error) {
	if m.stream, err = m.carrier.Join(ctx); err != nil {
		return err
	}
	role := singoffv1.Role_ROLE_WATCHER
	if index < 2 {
		role = singoffv1.Role_ROLE_SINGER
	}
	hello := &singoffv1.Hello{RoomId: fmt.Sprintf("load-%d", room), Nickname: fmt.Sprintf("member %d", index), Role: role}
	if err := m.stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}}); err != nil {
		return err
	}
	first, err := m.stream.Recv()
	switch {
	case err != nil:
		return err
	case len(first.GetEvents()) == 0:
		return errors.New("a sign of life came instead of Welcome")
	case first.GetEvents()[0].GetWelcome() == nil:
		return fmt.Errorf("no Welcome: %v", first.GetEvents()[0])
	}
	return nil
}

func (m *wayMember) say(text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}})
}

func (m *wayMember) hear(got func(string)) error {
	r, err := m.stream.Recv()
	if err != nil {
		return err
	}
	for _, e := range r.GetEvents() {
		if c := e.GetChatMessage(); c != nil {
			got(c.GetText())
		}
	}
	return nil
}

func (m *wayMember) close() { _ = m.carrier.Close() }
