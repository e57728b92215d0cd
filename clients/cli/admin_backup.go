package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type backupCommand struct {
	File string `arg:"" help:"The file to write; it mustn't be there yet."`
}

// Help is what `singoff admin backup --help` adds.
func (backupCommand) Help() string {
	return `A copy of the whole log as of one moment, while the server runs. It appears under its name only when it is whole and on the disk.
To go back to it: stop the server, put it in place of singoff.db in the data folder, remove singoff.db-wal and singoff.db-shm, start again.

  singoff admin backup friday.db

` + adminHelp
}

// Run makes a backup.
func (c *backupCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	if _, err := os.Stat(c.File); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %s is there already; choose another name", errUsage, c.File)
	}
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	var bytes int64
	err = writeWhole(c.File, func(file *os.File) (err error) {
		bytes, err = o.backup(ctx, file)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(g.cfg.Out, "%s: %d bytes\n", c.File, bytes)
	return nil
}

// backup writes the copy. It is refused if it isn't whole.
func (o *operator) backup(ctx context.Context, to io.Writer) (written int64, err error) {
	stream, err := o.Backup(ctx, &singoffv1.BackupRequest{})
	if err != nil {
		return 0, o.failed(err)
	}
	for total := int64(-1); ; {
		piece, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && written == total:
			return written, nil
		case errors.Is(err, io.EOF):
			return written, fmt.Errorf("%d bytes came of a backup of %d", written, total)
		case err != nil:
			return written, o.failed(err)
		}
		total = piece.GetTotalBytes()
		n, err := to.Write(piece.GetData())
		if written += int64(n); err != nil {
			return written, err
		}
	}
}
