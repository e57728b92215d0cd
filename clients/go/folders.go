package singoff

import (
	"context"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// ListFolders gives the folders of the songs directly below a parent. Errors are gRPC status errors.
func (c *Client) ListFolders(ctx context.Context, request *singoffv1.ListFoldersRequest) (*singoffv1.ListFoldersResponse, error) {
	answer := new(singoffv1.ListFoldersResponse)
	return answer, c.call(ctx, singoffv1.MusicService_ListFolders_FullMethodName, request, answer)
}
