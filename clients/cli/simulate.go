package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/singoff/singoff/clients/cli/simulate"
	"github.com/singoff/singoff/clients/go/transport"
)

type simulateCommand struct {
	Rooms    int           `default:"2" help:"Battles at once (${default})."`
	Members  int           `default:"8" help:"Members of each battle: they take the singers' seats, then the watchers', the rest are observers, who see everything and say nothing (${default})."`
	Rate     float64       `default:"20" placeholder:"PER_SECOND" help:"Commands per second, by all together (${default})."`
	Drops    float64       `default:"30" placeholder:"PER_MINUTE" help:"Connections cut per minute, of all together (${default})."`
	Offline  time.Duration `default:"0s" help:"How long after a cut there is no network, at most 1m (${default})."`
	Duration time.Duration `default:"30s" help:"How long the battles last (${default}). Ctrl-C ends them early, with a report."`
	Seed     uint64        `help:"Makes people do the same again; 0: another one each time."`
	JSON     bool          `name:"json" help:"Write the report as one JSON object."`
}

// Help is what `singoff simulate --help` adds.
func (simulateCommand) Help() string {
	return `Simulated people chat, whisper, vote, cheer, pick songs and play them; their connections are cut, and they come back. In the end
everything that anybody saw is compared: lost, repeated, reordered, other faults and stuck must all be 0, else the exit code is 1.
Rooms are called sim-… and are left at the end. With --transport mixed people are spread over native gRPC (--server), websockets and fetch
(--url) in the same rooms, and who comes back may take another way.

  singoff simulate
  singoff simulate --rooms 10 --members 24 --rate 200 --drops 120 --duration 5m --seed 7
  singoff simulate --transport mixed
  singoff simulate --transport mixed --rooms 125 --drops 4000 --offline 2s
  singoff simulate --json | jq .latency`
}

// Run simulates and reports.
func (c *simulateCommand) Run(ctx context.Context, g *globals) (err error) {
	ways, err := c.ways(g)
	if err != nil {
		return err
	}
	client, err := g.dialBy(ways[0])
	if err != nil {
		return err
	}
	defer closing(client, &err)
	if err := answers(ctx, client); err != nil {
		return err
	}
	for c.Seed == 0 {
		c.Seed = rand.Uint64() >> 12 // short enough for JSON readers that round
	}
	security, err := g.security()
	if err != nil {
		return err
	}
	report, err := simulate.Run(ctx, simulate.Config{
		Target: g.Server, URL: g.target(transport.KindWebsocket), Ways: ways, Options: security, Namespace: g.Namespace,
		Rooms: c.Rooms, Members: c.Members, Rate: c.Rate, Drops: c.Drops, Offline: c.Offline, Duration: c.Duration, Seed: c.Seed,
		Progress: progress(g),
	})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(g.cfg.Out).Encode(report); err != nil {
			return err
		}
	} else {
		fmt.Fprint(g.cfg.Out, report)
	}
	if !report.Good() {
		return errFaults
	}
	return nil
}

// ways are those that people join by, with the client that asks for them.
func (c *simulateCommand) ways(g *globals) ([]transport.Kind, error) {
	if g.Transport == mixed {
		if isURL(g.Server) {
			return nil, fmt.Errorf("%w: --transport %s needs the gRPC port as --server, and the HTTP port as --url", errUsage, mixed)
		}
		return []transport.Kind{transport.KindNative, transport.KindWebsocket, transport.KindFetch}, nil
	}
	kind, err := g.kind()
	if kind == transport.KindAuto && !isURL(g.Server) {
		kind = transport.KindNative
	}
	return []transport.Kind{kind}, err
}

// progress rewrites one line on a terminal, and adds one every ten seconds elsewhere.
func progress(g *globals) func(simulate.Progress) {
	terminal := isTerminal(g.cfg.Err)
	return func(p simulate.Progress) {
		line := fmt.Sprintf("%4.0f s: %d of %d joined, %d commands, %d deliveries, %d drops",
			p.Elapsed.Seconds(), p.Joined, p.Members, p.Commands, p.Deliveries, p.Drops)
		switch {
		case terminal:
			fmt.Fprint(g.cfg.Err, "\r\x1b[K"+line)
		case int(p.Elapsed.Seconds())%10 == 0:
			fmt.Fprintln(g.cfg.Err, line)
		}
	}
}
