// Package rpc is singoff's services as their clients see them: streams in, streams out, errors to status codes.
// A Join is served against the small Stream interface, which gRPC is one implementation of; its commands are checked for their form
// here and decided in the room. Every refusal is a Goaway first and a status after it, both out of one table.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
)

// Manager has the rooms. A room.Manager is one, through Rooms.
type Manager interface {
	// Join never waits. A Goaway refuses at once; else the answer comes out of the Conn's SendLoop.
	Join(key eventlog.Key, hello rules.Hello, about room.Joining) (Conn, *singoffv1.Goaway)
	// Rooms gives up to n rooms of the namespace whose ids come after the one given, in the order of their ids.
	Rooms(namespace, after string, n int) []*singoffv1.RoomSummary
}

// Conn is a member's connection to a room, as room.Conn documents it.
type Conn interface {
	Do(ctx context.Context, cmd rules.Command) error
	HalfClose()
	Tell(ev *singoffv1.Event)
	Beat()
	ID() [16]byte
	Lost()
	End(g *singoffv1.Goaway)
	Ended() <-chan struct{}
	Now() time.Time
	SendLoop(send func(parts [][]byte) error) *singoffv1.Goaway
}

// Rooms makes a Manager of a room.Manager.
func Rooms(m *room.Manager) Manager { return rooms{m} }

type rooms struct{ *room.Manager }

func (r rooms) Join(key eventlog.Key, hello rules.Hello, about room.Joining) (Conn, *singoffv1.Goaway) {
	conn, goaway := r.Manager.Join(key, hello, about)
	if goaway != nil {
		return nil, goaway
	}
	return conn, nil
}

// Config of a Room.
type Config struct {
	// Manager has the rooms. Required.
	Manager Manager
	// Track looks a track up by its id, and may wait a while. The errors are catalog.ErrGone, catalog.ErrLoading, and others for what isn't there.
	// Required.
	Track func(ctx context.Context, id string) (*singoffv1.Track, error)
	// Gone says whether a track was there once and was removed. It doesn't wait. nil: none was.
	Gone func(id string) bool
	// History has what happened in rooms, for ListEvents; nil: that is UNIMPLEMENTED.
	History History
	// Limits are those told in Welcome. Enforced here: message_bytes (1 KiB to 64 KiB; default 16 KiB), commands_per_second (default 50) and
	// command_burst (default 100). The others are the room's.
	Limits *singoffv1.Limits
	// Door is who may come in. The zero one lets every guest in, and nobody with a token.
	Door Door
	// HelloTimeout is how long a stream may be open without a Hello. Default 5 s.
	HelloTimeout time.Duration
	// BeatInterval is how often a Watch says something. Default 3 s.
	BeatInterval time.Duration
	// EndGrace is how long a connection that has ended may go on sending what is left. Default 1 s.
	EndGrace time.Duration
	// Registerer gets the metrics. Required.
	Registerer prometheus.Registerer
	// Logger gets refusals and ends at debug, panics at error. The zero one logs nothing.
	Logger zerolog.Logger
}

func (cfg *Config) setDefaults() {
	limits := &singoffv1.Limits{MessageBytes: 16 << 10, CommandsPerSecond: 50, CommandBurst: 100}
	if cfg.Limits == nil {
		cfg.Limits = limits
	}
	if cfg.HelloTimeout == 0 {
		cfg.HelloTimeout = 5 * time.Second
	}
	if cfg.BeatInterval == 0 {
		cfg.BeatInterval = 3 * time.Second
	}
	if cfg.EndGrace == 0 {
		cfg.EndGrace = time.Second
	}
}

func (cfg *Config) validate() error {
	limits := cfg.Limits
	switch {
	case cfg.Manager == nil:
		return errors.New("rpc: Config.Manager is missing")
	case cfg.Track == nil:
		return errors.New("rpc: Config.Track is missing")
	case cfg.Registerer == nil:
		return errors.New("rpc: Config.Registerer is missing")
	case limits.MessageBytes < 1<<10 || limits.MessageBytes > 64<<10:
		return fmt.Errorf("rpc: Config.Limits.message_bytes is %d, must be 1024 to 65536", limits.MessageBytes)
	case !(limits.CommandsPerSecond > 0) || limits.CommandsPerSecond > 1e6:
		return fmt.Errorf("rpc: Config.Limits.commands_per_second is %v, must be above 0 and at most 1000000", limits.CommandsPerSecond)
	case limits.CommandBurst < 1:
		return errors.New("rpc: Config.Limits.command_burst is 0, must be at least 1")
	case cfg.HelloTimeout < 0 || cfg.EndGrace < 0 || cfg.BeatInterval < 0:
		return errors.New("rpc: Config.HelloTimeout, Config.EndGrace and Config.BeatInterval must not be negative")
	}
	return nil
}

// Room is RoomService. All its methods may be called concurrently.
type Room struct {
	singoffv1.UnimplementedRoomServiceServer

	cfg     Config
	metrics *metrics
	watches watches

	// loops are the goroutines of all connections; a stuck one ends soon after its stream's context.
	loops sync.WaitGroup
}

// NewRoom makes a RoomService. To serve it over gRPC, give Codec to grpc.ForceServerCodecV2 and MaxReceiveBytes to grpc.MaxRecvMsgSize.
func NewRoom(cfg Config) (*Room, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Room{cfg: cfg, metrics: newMetrics(cfg.Registerer), watches: watches{open: map[[16]byte]*watch{}}}, nil
}

// Wait returns when the goroutines of all connections have ended. To be called when no stream is served any more.
func (r *Room) Wait() { r.loops.Wait() }
