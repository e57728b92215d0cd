package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
)

// joiningAtOnce is how many rooms are filled at the same time.
const joiningAtOnce = 64

// sharedMember is a member of a real room, over a connection that others use too.
type sharedMember struct{ *wayMember }

// close leaves the connection to the others; it is closed in the end.
func (sharedMember) close() {}

// many is a machine full of rooms.
type many struct {
	options
	at       addresses
	carriers []transport.Transport
	crowd    *crowd
}

// runMany holds more and more rooms on one server with the log on disk, and prints what each of them costs, idle and busy.
func (o options) runMany(ctx context.Context) error {
	dir, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	server, err := start(ctx, []string{
		o.server, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--admin-addr", "off", "--data-dir", filepath.Join(dir, "data"),
		"--songs", o.songs, "--log-level", "info", "--log-format", "json", "--joins-per-minute", "0", "--streams-per-address", "0", "--rooms-per-hour", "0",
		"--max-rooms", "1000000", "--max-connections", "1000000",
		"--watchers", fmt.Sprint(max(o.members-2, 0)),
	})
	if err != nil {
		return err
	}
	defer server.stop()
	empty, err := server.resident()
	if err != nil {
		return err
	}
	m := &many{options: o, at: server.at, crowd: &crowd{}}
	defer m.close()
	fmt.Printf("rooms of %d, %d members to a connection; busy: %g messages/s in each room\n\n", o.members, o.share, o.rate)
	fmt.Println("| rooms | joins/s | KB/room | idle: CPU µs/s a room | busy: CPU µs/s a room | deliveries/s | CPU µs/delivery | p50 | p99 |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, step := range strings.Split(o.many, ",") {
		rooms, err := strconv.Atoi(step)
		if err != nil {
			return fmt.Errorf("many: %q isn't a number of rooms", step)
		}
		if err := m.step(ctx, server, rooms, empty); err != nil {
			return fmt.Errorf("%d rooms: %w", rooms, err)
		}
	}
	return nil
}

// step fills up to so many rooms, and measures them idle and busy.
func (m *many) step(ctx context.Context, server *process, rooms, empty int) error {
	before, began := len(m.crowd.rooms), time.Now()
	if err := m.fill(ctx, rooms); err != nil {
		return err
	}
	joins := float64((rooms-before)*m.members) / time.Since(began).Seconds()
	time.Sleep(3 * time.Second)
	full, err := server.resident()
	if err != nil {
		return err
	}
	idle, err := m.idle(server)
	if err != nil {
		return err
	}
	busy, err := m.one(server, m.crowd, func(stop <-chan struct{}) { m.crowd.pace(m.rate, stop) })
	if err != nil {
		return err
	}
	fmt.Printf("| %d | %.0f | %.0f | %.0f | %.0f | %.0f | %.1f | %v | %v |\n", rooms, joins, float64(full-empty)/1024/float64(rooms),
		idle/float64(rooms), busy.cpu*busy.rate/float64(rooms), busy.rate, busy.cpu, busy.p50, busy.p99)
	return nil
}

// idle is the processor time of the whole server, in microseconds a second, while nobody does anything.
func (m *many) idle(server *process) (float64, error) {
	before, err := server.cpu()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	time.Sleep(time.Duration(m.seconds) * time.Second)
	after, err := server.cpu()
	return float64((after - before).Microseconds()) / time.Since(began).Seconds(), err
}

// fill lets people in until there are so many full rooms.
func (m *many) fill(ctx context.Context, rooms int) error {
	first := len(m.crowd.rooms)
	for len(m.carriers)*m.share < rooms*m.members {
		carrier, err := singoff.OpenTransport(m.at.GRPC, singoff.WithTransport(transport.KindNative))
		if err != nil {
			return err
		}
		m.carriers = append(m.carriers, carrier)
	}
	added := make([][]member, rooms-first)
	var joining errgroup.Group
	joining.SetLimit(joiningAtOnce)
	for r := first; r < rooms; r++ {
		joining.Go(func() error {
			for i := range m.members {
				joined := &wayMember{carrier: m.carriers[(r*m.members+i)/m.share]}
				if err := joined.join(ctx, r, i); err != nil {
					return fmt.Errorf("member %d of room %d: %w", i, r, err)
				}
				added[r-first] = append(added[r-first], sharedMember{joined})
				m.crowd.loops.Go(func() { m.crowd.hearLoop(sharedMember{joined}, i) })
			}
			return nil
		})
	}
	err := joining.Wait()
	m.crowd.rooms = append(m.crowd.rooms, added...)
	return err
}

func (m *many) close() {
	for _, carrier := range m.carriers {
		_ = carrier.Close()
	}
	m.crowd.close()
}
