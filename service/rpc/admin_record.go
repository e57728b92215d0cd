package rpc

import (
	"bufio"
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/flight"
)

// Recorder makes flight records of rooms. A *flight.Recorder is one, and documents the errors.
type Recorder interface {
	Record(ctx context.Context, room eventlog.Key, to io.Writer) error
}

// recordPiece is how many bytes of a record a message holds at most.
const recordPiece = 64 << 10

// RecordRoom implements singoffv1.AdminServiceServer.
func (a *Admin) RecordRoom(req *singoffv1.RecordRoomRequest, stream singoffv1.AdminService_RecordRoomServer) (err error) {
	if a.cfg.Recorder == nil {
		return a.UnimplementedAdminServiceServer.RecordRoom(req, stream)
	}
	key := eventlog.Key{Namespace: namespaceOf(req.GetNamespace()), Room: req.GetRoomId()}
	out := &recording{stream: stream}
	defer func() {
		a.cfg.Logger.Info().EmbedObject(done{PeerOf(stream.Context()).Addr, key, err}).Int64("bytes", out.sent).Msg("operator: record")
	}()
	if err := checkRoom("", key); err != nil {
		return err
	}
	pieces := bufio.NewWriterSize(out, recordPiece)
	err = a.cfg.Recorder.Record(stream.Context(), key, pieces)
	if err == nil {
		err = pieces.Flush()
	}
	return a.recordStatus(key, out, err)
}

func (a *Admin) recordStatus(key eventlog.Key, out *recording, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, flight.ErrNoRoom):
		return status.Error(codes.NotFound, "room_id: there never was such a room")
	case out.err != nil:
		return out.err
	}
	a.cfg.Logger.Error().Err(err).Stringer("room", key).Msg("a room can't be recorded")
	return status.Error(codes.Unavailable, "the room's log can't be read at the moment; what came is no whole record")
}

// recording sends what is written to it.
type recording struct {
	stream singoffv1.AdminService_RecordRoomServer
	sent   int64
	err    error // of sending
}

// Write implements io.Writer.
func (r *recording) Write(b []byte) (n int, err error) {
	for len(b) > n {
		piece := b[n:min(len(b), n+recordPiece)]
		if r.err = r.stream.Send(&singoffv1.RecordRoomResponse{Data: piece}); r.err != nil {
			return n, r.err
		}
		n += len(piece)
		r.sent += int64(len(piece))
	}
	return n, nil
}
