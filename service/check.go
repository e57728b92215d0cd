package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/room/engine"
)

// ErrUnsound is wrapped by what CheckLog finds.
var ErrUnsound = errors.New("the log is unsound")

// CheckLog looks at every page and every entry of the log in a data folder that no server uses, and rebuilds every room from it. What it finds, and a
// line at the end, is written to out. The error wraps ErrUnsound if something is broken.
func CheckLog(ctx context.Context, dir string, out io.Writer) error {
	if _, err := os.Stat(filepath.Join(dir, sqlitelog.FileName)); err != nil {
		return err // and no new one is made
	}
	log, err := sqlitelog.New(ctx, sqlitelog.Config{Dir: dir})
	if err != nil {
		return err
	}
	c := &checking{log: log, out: out}
	return errors.Join(c.check(ctx), log.Close())
}

// checking is one look at a log.
type checking struct {
	log    *sqlitelog.Log
	out    io.Writer
	events uint64
	broken int
}

func (c *checking) check(ctx context.Context) error {
	findings, err := c.log.CheckPages(ctx)
	if err != nil {
		findings = append(findings, err.Error())
	}
	for _, finding := range findings {
		c.found("pages: %s", finding)
	}
	rooms, err := c.log.Rooms(ctx)
	if err != nil {
		return fmt.Errorf("%w: its rooms can't be listed: %w", ErrUnsound, err)
	}
	for _, key := range rooms {
		if err := c.room(ctx, key); err != nil {
			c.found("room %v: %v", key, err)
		}
	}
	fmt.Fprintf(c.out, "%d rooms, %d events readable, %d things broken\n", len(rooms), c.events, c.broken)
	if c.broken > 0 {
		return fmt.Errorf("%w: %d things are broken", ErrUnsound, c.broken)
	}
	return nil
}

func (c *checking) found(format string, args ...any) {
	c.broken++
	fmt.Fprintf(c.out, format+"\n", args...)
}

// room reads all there is of a room, and rebuilds it.
func (c *checking) room(ctx context.Context, key eventlog.Key) error {
	oldest, _, err := c.log.Ends(ctx, key)
	if err != nil {
		return err
	}
	for stored, err := range c.log.Read(ctx, key, oldest) {
		if err != nil {
			return err
		}
		items, err := engine.Items(stored.Data)
		if err != nil {
			return fmt.Errorf("position %d: %w", stored.Position, err)
		}
		c.events += uint64(len(items))
	}
	head, err := c.log.Open(ctx, key)
	if err != nil {
		return err
	}
	_, err = engine.Load(key, head)
	return err
}
