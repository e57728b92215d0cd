// Command load measures what a delivery costs the server: rooms full of members on connections of their own, beside a bare TCP server
// that does nothing but write each message to every member of its room. Each server runs as a process of its own on one core,
// one after the other in the same run, so that their ratio holds on a machine that others use too. With -many it holds many rooms at once instead, with the log
// on disk, and tells what each of them costs.
//
//	go run ./test/load -rooms 125 -members 8 -rate 20 -seconds 10
//	go run ./test/load -many 1000,2000,5000,10000 -members 8 -rate 0.1
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/singoff/singoff/clients/go/transport"
)

// options are the flags.
type options struct {
	rooms, members int
	rate           float64 // messages per second and room at a fixed rate
	seconds        int     // of each measurement
	server         string  // a singoffd to measure; empty: build one
	many           string  // numbers of rooms to hold at once; empty: measure deliveries
	songs          string  // an empty folder: a server that measures songs is busy with something else
	log            string  // where the rooms' log is kept: memory or sqlite
	share          int     // members that share a connection, of many rooms
}

func main() {
	var o options
	floor := flag.Bool("floor", false, "be the bare TCP server (for the program's own use)")
	flag.IntVar(&o.rooms, "rooms", 125, "rooms")
	flag.IntVar(&o.members, "members", 8, "members of a room, 2 of them singers")
	flag.Float64Var(&o.rate, "rate", 20, "messages per second and room, at the fixed rate")
	flag.IntVar(&o.seconds, "seconds", 10, "seconds of each measurement")
	flag.StringVar(&o.server, "server", "", "singoffd to measure; empty: build one")
	flag.StringVar(&o.log, "log", "memory", "where the log is kept while deliveries are measured: memory, or sqlite on the disk")
	flag.StringVar(&o.many, "many", "", "hold so many rooms at once on one machine, over shared connections, instead: 1000,2000,5000,10000")
	flag.IntVar(&o.share, "share", 100, "members that share a connection, with -many")
	flag.Parse()
	run := o.run
	switch {
	case *floor:
		run = serveFloor
	case o.many != "":
		run = o.runMany
	}
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// prepare makes a folder, to be removed by the caller, and in it a server if none was named.
func (o *options) prepare(ctx context.Context) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "singoff-load-"); err != nil {
		return "", err
	}
	o.songs = filepath.Join(dir, "songs")
	if err := os.Mkdir(o.songs, 0o700); err != nil || o.server != "" {
		return dir, err
	}
	o.server = filepath.Join(dir, "singoffd")
	if err := build(ctx, o.server); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// run measures the bare server and singoffd over each way in, and prints a table.
func (o options) run(ctx context.Context) error {
	dir, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("%d rooms of %d, 64-byte texts, each server on one core\n\n", o.rooms, o.members)
	fmt.Println("| server | load | deliveries/s | server CPU µs/delivery | p50 | p99 | KB/idle member |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
	floor, err := o.measure(ctx, subject{"bare TCP", []string{self, "-floor"}, dialFloor})
	if err != nil {
		return err
	}
	var ratios []string
	for _, way := range []transport.Kind{transport.KindNative, transport.KindWebsocket, transport.KindFetch} {
		server, err := o.measure(ctx, subject{"singoffd, " + string(way), o.singoffd(filepath.Join(dir, string(way))), dialBy(way)})
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		for i := range server {
			ratios = append(ratios, fmt.Sprintf("%s / bare TCP, %s: %.2f", way, server[i].load, server[i].cpu/floor[i].cpu))
		}
	}
	fmt.Printf("\n%s\n", strings.Join(ratios, "\n"))
	return nil
}

// singoffd is the command that runs one, with its log in a folder.
func (o options) singoffd(data string) []string {
	return []string{
		o.server, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--admin-addr", "off", "--log", o.log, "--data-dir", data, "--songs", o.songs,
		"--log-level", "info", "--log-format", "json", "--commands-per-second", "10000", "--command-burst", "10000",
		"--watchers", fmt.Sprint(max(o.members-2, 0)),
	}
}

// subject is a server to measure: its name in the table, how it is run, how a member comes in.
type subject struct {
	name    string
	command []string
	dial    dialer
}

// figures of one load on one server.
type figures struct {
	load     string
	rate     float64       // deliveries per second
	cpu      float64       // microseconds of the server's CPU per delivery
	p50, p99 time.Duration // from sending to each member having it
}

// measure starts a server, fills its rooms, and puts each load on it.
func (o options) measure(ctx context.Context, s subject) ([]figures, error) {
	p, err := start(ctx, s.command, "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	empty, err := p.resident()
	if err != nil {
		return nil, err
	}
	crowd, err := o.gather(ctx, p.at, s.dial)
	if err != nil {
		return nil, err
	}
	defer crowd.close()
	time.Sleep(2 * time.Second)
	full, err := p.resident()
	if err != nil {
		return nil, err
	}
	idle := float64(full-empty) / 1024 / float64(o.rooms*o.members)
	var all []figures
	for _, load := range []struct {
		name string
		set  func(stop <-chan struct{})
	}{
		{fmt.Sprintf("%.0f messages/s a room", o.rate), func(stop <-chan struct{}) { crowd.pace(o.rate, stop) }},
		{fmt.Sprintf("closed loop, %d under way a room", o.members), crowd.loop},
	} {
		f, err := o.one(p, crowd, load.set)
		if err != nil {
			return nil, err
		}
		f.load = load.name
		all = append(all, f)
		fmt.Printf("| %s | %s | %.0f | %.1f | %v | %v | %.1f |\n", s.name, f.load, f.rate, f.cpu, f.p50, f.p99, idle)
	}
	return all, nil
}

// one puts one load on, and measures after it has settled.
func (o options) one(p *process, c *crowd, set func(<-chan struct{})) (figures, error) {
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() { defer close(done); set(stop) }()
	time.Sleep(2 * time.Second)
	c.takeLatencies()
	before, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	delivered, began := c.delivered.Load(), time.Now()
	time.Sleep(time.Duration(o.seconds) * time.Second)
	n, took := c.delivered.Load()-delivered, time.Since(began)
	after, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	latencies := c.takeLatencies()
	close(stop)
	<-done
	time.Sleep(500 * time.Millisecond)
	if n == 0 {
		return figures{}, fmt.Errorf("nothing was delivered")
	}
	slices.Sort(latencies)
	at := func(q float64) time.Duration {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[int(q*float64(len(latencies)-1))].Round(10 * time.Microsecond)
	}
	return figures{
		rate: float64(n) / took.Seconds(), cpu: float64((after - before).Microseconds()) / float64(n),
		p50: at(0.5), p99: at(0.99),
	}, nil
}
