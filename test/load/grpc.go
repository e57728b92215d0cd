package main

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// grpcMember is a member of a real room, on a connection of its own.
type grpcMember struct {
	conn   *grpc.ClientConn
	stream grpc.BidiStreamingClient[singoffv1.JoinRequest, singoffv1.JoinResponse]
	mu     sync.Mutex // of sending
}

func dialServer(ctx context.Context, address string, room, index int) (member, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStaticStreamWindowSize(64<<10), grpc.WithStaticConnWindowSize(64<<10))
	if err != nil {
		return nil, err
	}
	m := &grpcMember{conn: conn}
	if m.stream, err = singoffv1.NewRoomServiceClient(conn).Join(ctx); err != nil {
		m.close()
		return nil, err
	}
	role := singoffv1.Role_ROLE_WATCHER
	if index < 2 {
		role = singoffv1.Role_ROLE_SINGER
	}
	hello := &singoffv1.Hello{RoomId: fmt.Sprintf("load-%d", room), Nickname: fmt.Sprintf("member %d", index), Role: role}
	if err := m.stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_Hello{Hello: hello}}); err != nil {
		m.close()
		return nil, err
	}
	first, err := m.stream.Recv()
	if err == nil && first.Events[0].GetWelcome() == nil {
		err = fmt.Errorf("no Welcome: %v", first.Events[0])
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *grpcMember) say(text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stream.Send(&singoffv1.JoinRequest{Command: &singoffv1.JoinRequest_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: text}}})
}

func (m *grpcMember) hear(got func(string)) error {
	r, err := m.stream.Recv()
	if err != nil {
		return err
	}
	for _, e := range r.Events {
		if c := e.GetChatMessage(); c != nil {
			got(c.Text)
		}
	}
	return nil
}

func (m *grpcMember) close() { _ = m.conn.Close() }
