package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type recordCommand struct {
	Room  string `arg:"" help:"The room's id or title. It may be closed."`
	File  string `arg:"" help:"File to write; it must not exist."`
	Force bool   `help:"Replace the file if it exists."`
}

// Help is what `singoff admin record --help` adds.
func (recordCommand) Help() string {
	return `The record is the room's log as far back as it is kept: every event, whispers too, and who is who. Keep it as carefully as the server's own data.
singoff replay and singoff verify read it, without a server.

  singoff admin record 'Friday battle' friday.flight

` + adminHelp
}

// Run records. The file is there when it is whole.
func (c *recordCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	if _, err := os.Lstat(c.File); err == nil && !c.Force {
		return fmt.Errorf("%w: %s is there already; --force replaces it", errUsage, c.File)
	}
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	var entries int
	var size int64
	err = writeWhole(c.File, func(file *os.File) (err error) {
		entries, size, err = c.write(ctx, g, o, file)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.cfg.Out, "%d entries, %d bytes\n", entries, size)
	return err
}

// write writes the record, and reads it again.
func (c *recordCommand) write(ctx context.Context, g *globals, o *operator, to *os.File) (entries int, size int64, err error) {
	err = inRoom(c.Room, func(id string) error {
		return o.record(ctx, &singoffv1.RecordRoomRequest{Namespace: namespace(g), RoomId: id}, to)
	})
	if err != nil {
		return 0, 0, o.failed(err)
	}
	if size, err = to.Seek(0, io.SeekEnd); err == nil {
		_, err = to.Seek(0, io.SeekStart)
	}
	if err == nil {
		entries, err = checkRecord(to)
	}
	return entries, size, err
}

// record writes what comes, as long as it takes.
func (o *operator) record(ctx context.Context, req *singoffv1.RecordRoomRequest, to io.Writer) error {
	stream, err := o.RecordRoom(ctx, req)
	for err == nil {
		var piece *singoffv1.RecordRoomResponse
		if piece, err = stream.Recv(); err == nil {
			_, err = to.Write(piece.GetData())
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
