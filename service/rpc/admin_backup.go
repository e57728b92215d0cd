package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
)

// Backuper makes a copy of the whole log, of so many bytes, as of one moment. The copy is the caller's, who closes it.
type Backuper func(ctx context.Context) (file io.ReadCloser, bytes int64, err error)

// backupPiece is how many bytes of a copy a message holds.
const backupPiece = 256 << 10

// Backup implements singoffv1.AdminServiceServer.
func (a *Admin) Backup(req *singoffv1.BackupRequest, stream singoffv1.AdminService_BackupServer) (err error) {
	if a.cfg.Backup == nil {
		return status.Error(codes.FailedPrecondition, "the log is in memory: there is nothing to back up")
	}
	var sent int64
	defer func() {
		a.cfg.Logger.Info().EmbedObject(done{PeerOf(stream.Context()).Addr, eventlog.Key{}, err}).Int64("bytes", sent).Msg("operator: backup")
	}()
	file, total, err := a.cfg.Backup(stream.Context())
	if err != nil {
		a.cfg.Logger.Error().Err(err).Msg("the log can't be backed up")
		return status.Errorf(codes.Unavailable, "the log can't be backed up: %v", err)
	}
	defer file.Close()
	for piece := make([]byte, backupPiece); ; {
		n, err := io.ReadFull(file, piece)
		if n > 0 {
			if err := stream.Send(&singoffv1.BackupResponse{Data: piece[:n], TotalBytes: total}); err != nil {
				return err
			}
			sent += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			a.cfg.Logger.Error().Err(err).Msg("the copy of the log can't be read")
			return status.Error(codes.Unavailable, "the copy of the log can't be read; what came is no whole backup")
		}
	}
}
