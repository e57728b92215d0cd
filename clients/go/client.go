package singoff

import (
	"context"
	"errors"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

var errSkeleton = errors.New("singoff: being written")

// Client is one server. All its methods may be called concurrently.
type Client struct{ config clientConfig }

// Dial prepares a Client for the server at target: `host:port`, `unix:PATH`, or any name gRPC knows. Nothing is sent yet, so an unreachable
// server shows with the first call. Loopback and unix targets are spoken to in plain text, others with TLS, if no option says otherwise.
func Dial(target string, opts ...Option) (*Client, error) {
	config := clientConfig{target: target, name: "singoff-go"}
	for _, opt := range opts {
		opt(&config)
	}
	return &Client{config}, config.validate()
}

// Close ends all Rooms without leaving them, waits until nothing of them is left, and closes the connection.
func (c *Client) Close() error { return errSkeleton }

// ListRooms gives a page of the namespace's rooms in the order of their ids: at most pageSize (0: 50, at most 100), from the
// next_page_token of the page before. Errors are gRPC status errors.
func (c *Client) ListRooms(ctx context.Context, pageSize int, pageToken string) (*singoffv1.ListRoomsResponse, error) {
	return nil, errSkeleton
}

// ListTracks gives a page of the catalogue. Errors are gRPC status errors.
func (c *Client) ListTracks(ctx context.Context, request *singoffv1.ListTracksRequest) (*singoffv1.ListTracksResponse, error) {
	return nil, errSkeleton
}

// GetTracks gives the tracks of 1 to 200 ids, in their order; unknown ones are left out. Errors are gRPC status errors.
func (c *Client) GetTracks(ctx context.Context, ids ...string) ([]*singoffv1.TrackInfo, error) {
	return nil, errSkeleton
}

// Join joins a room and returns after the first Welcome. Until then it tries again as often as needed: ctx bounds that, and nothing after it.
// A final refusal is a *GoawayError, a bad option ErrInvalid, the end of ctx its error with what went wrong last.
func (c *Client) Join(ctx context.Context, options JoinOptions) (*Room, error) {
	return nil, errSkeleton
}
