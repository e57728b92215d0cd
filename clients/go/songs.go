package singoff

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ListTracks gives a page of the catalogue; by ORDER_RECENTLY_PLAYED what was played lately in the Client's namespace. Errors are gRPC status errors.
func (c *Client) ListTracks(ctx context.Context, request *singoffv1.ListTracksRequest) (*singoffv1.ListTracksResponse, error) {
	answer := new(singoffv1.ListTracksResponse)
	return answer, c.callForSongs(ctx, singoffv1.MusicService_ListTracks_FullMethodName, request, answer)
}

// GetTracks gives the tracks of 1 to 200 ids, in their order; unknown ones are left out. Errors are gRPC status errors.
func (c *Client) GetTracks(ctx context.Context, ids ...string) ([]*singoffv1.TrackInfo, error) {
	answer := new(singoffv1.GetTracksResponse)
	request := &singoffv1.GetTracksRequest{TrackIds: ids}
	err := c.callForSongs(ctx, singoffv1.MusicService_GetTracks_FullMethodName, request, answer)
	return answer.GetTracks(), err
}

// GetLyrics gives a track's lyrics. Errors are gRPC status errors; NOT_FOUND: it has none.
func (c *Client) GetLyrics(ctx context.Context, trackID string) (*singoffv1.GetLyricsResponse, error) {
	answer := new(singoffv1.GetLyricsResponse)
	return answer, c.callForSongs(ctx, singoffv1.MusicService_GetLyrics_FullMethodName, &singoffv1.GetLyricsRequest{TrackId: trackID}, answer)
}

// ListFolders gives the folders of the songs directly below a parent. Errors are gRPC status errors.
func (c *Client) ListFolders(ctx context.Context, request *singoffv1.ListFoldersRequest) (*singoffv1.ListFoldersResponse, error) {
	answer := new(singoffv1.ListFoldersResponse)
	return answer, c.callForSongs(ctx, singoffv1.MusicService_ListFolders_FullMethodName, request, answer)
}

// callForSongs makes a call that is answered for the Client's namespace: what was played lately and the addresses of songs are a namespace's own.
func (c *Client) callForSongs(ctx context.Context, method string, request, answer proto.Message) error {
	return c.call(transport.WithNamespace(ctx, c.config.namespace), method, request, answer)
}
