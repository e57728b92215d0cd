package singoff

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// Client is one server. All its methods may be called concurrently.
type Client struct {
	config    clientConfig
	transport transport.Transport

	mu     sync.Mutex // protects what follows
	rooms  map[*Room]struct{}
	closed bool
}

// Dial prepares a Client for the server at target. Nothing is sent yet, so an unreachable server shows with the first call.
//
// A target of `host:port`, `unix:PATH`, or any name gRPC knows is reached by native gRPC; loopback and unix targets in plain text, others with
// TLS. A URL, `http://host:port` or `https://host:port` with the path it has behind a proxy, is the server's HTTP port, reached by a websocket, or by fetch where
// websockets don't work; WithTransport chooses one. A URL of http that isn't loopback is refused without WithPlaintext.
//
// Errors: ErrInvalid names the option.
func Dial(target string, opts ...Option) (*Client, error) {
	config, err := configOf(target, opts)
	if err != nil {
		return nil, err
	}
	t, err := config.open()
	if err != nil {
		return nil, err
	}
	return &Client{config: config, transport: t, rooms: map[*Room]struct{}{}}, nil
}

// Close ends all Rooms without leaving them, waits until nothing of them is left, and closes the connection. Its error joins those of
// the Rooms' Close.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	rooms := make([]*Room, 0, len(c.rooms))
	for room := range c.rooms {
		rooms = append(rooms, room)
	}
	c.mu.Unlock()
	for _, room := range rooms {
		room.stop()
	}
	var errs []error
	for _, room := range rooms {
		errs = append(errs, room.Close())
	}
	return errors.Join(append(errs, c.transport.Close())...)
}

// Wake says that the machine is awake or its network is there again. A Room that waits for its next try makes it now, unless the server asked it to
// wait, or this was said again and again; Rooms that are connected, or trying, go on.
func (c *Client) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for room := range c.rooms {
		select {
		case room.woken <- struct{}{}:
		default:
		}
	}
}

// ListRooms gives a page of the namespace's rooms in the order of their ids: at most pageSize (0: 50, at most 100), from the
// next_page_token of the page before. Errors are gRPC status errors.
func (c *Client) ListRooms(ctx context.Context, pageSize int, pageToken string) (*singoffv1.ListRoomsResponse, error) {
	request := &singoffv1.ListRoomsRequest{Namespace: c.config.namespace, PageSize: int32(pageSize), PageToken: pageToken}
	answer := new(singoffv1.ListRoomsResponse)
	return answer, c.call(ctx, singoffv1.RoomService_ListRooms_FullMethodName, request, answer)
}

// Join joins a room and returns after the first Welcome. Until then it tries again as often as needed: ctx bounds that, and nothing after it.
// A final refusal is a *GoawayError, a bad option ErrInvalid, the end of ctx its error with what went wrong last.
func (c *Client) Join(ctx context.Context, options JoinOptions) (*Room, error) {
	if !options.signedIn() {
		options.FreshToken = c.config.freshToken
	}
	if err := options.validate(); err != nil {
		return nil, err
	}
	room, err := c.newRoom(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := c.add(room); err != nil {
		return nil, err
	}
	go room.runLoop()
	select {
	case <-room.joined:
		return room, nil
	case <-room.done:
		if err := room.Err(); err != nil {
			return nil, err
		}
		return nil, ErrClosed
	case <-ctx.Done():
		cause := room.Connection().Cause
		_ = room.Close()
		if cause == nil {
			return nil, fmt.Errorf("singoff: join: %w", ctx.Err())
		}
		return nil, fmt.Errorf("singoff: join: %w; the last try: %w", ctx.Err(), cause)
	}
}

func (c *Client) add(room *Room) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.rooms[room] = struct{}{}
	return nil
}

func (c *Client) remove(room *Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rooms, room)
}
