package socket

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service/rpc"
)

// Config of a Handler.
type Config struct {
	// Serve serves one Join until it ends, as rpc.Room.Serve does. Required.
	Serve func(rpc.Stream) error
	// Calls serves every other method, as grpc.Server does: a POST of HTTP/2 with the content type application/grpc+proto. Required.
	Calls http.Handler
	// Origin says whether the page that opens the socket may. Required.
	Origin func(*http.Request) bool
	// RemoteAddr is the client's address as the operator should see it. Default: that of the TCP connection.
	RemoteAddr func(*http.Request) string

	// MessageBytes is the largest JoinRequest, 1 KiB to 64 KiB; rpc answers a larger one with a Goaway. Default 16 KiB.
	MessageBytes int
	// CallBytes is the most that is read of the request of another method. Default rpc.MaxReceiveBytes.
	CallBytes int

	// HelloTimeout is how long a socket may be open without its message of headers. Default 5 s.
	HelloTimeout time.Duration
	// PingInterval is how long a client may be silent before it is pinged. Default 1.5 s: what it leaves of the 8 s within which a loss is seen
	// is the time for an answer.
	PingInterval time.Duration
	// PingTimeout is how long a client has to say something after a ping has reached it: how long its process may be stopped. Default 6 s.
	PingTimeout time.Duration
	// WriteTimeout is how long a client's TCP may take nothing of what is written. Default 7 s.
	WriteTimeout time.Duration
	// CloseTimeout is how long the last bytes may take, and how long the client's close frame is waited for. Default 1 s.
	CloseTimeout time.Duration

	// Registerer gets the metrics. Required.
	Registerer prometheus.Registerer
	// Logger gets the ends of sockets at debug, panics at error. The zero one logs nothing.
	Logger zerolog.Logger
}

func (cfg *Config) setDefaults() {
	if cfg.RemoteAddr == nil {
		cfg.RemoteAddr = func(r *http.Request) string { return r.RemoteAddr }
	}
	if cfg.MessageBytes == 0 {
		cfg.MessageBytes = 16 << 10
	}
	if cfg.CallBytes == 0 {
		cfg.CallBytes = rpc.MaxReceiveBytes
	}
	for _, t := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&cfg.HelloTimeout, 5 * time.Second},
		{&cfg.PingInterval, 1500 * time.Millisecond},
		{&cfg.PingTimeout, 6 * time.Second},
		{&cfg.WriteTimeout, 7 * time.Second},
		{&cfg.CloseTimeout, time.Second},
	} {
		if *t.field == 0 {
			*t.field = t.standard
		}
	}
}

func (cfg *Config) validate() error {
	switch {
	case cfg.Serve == nil:
		return errors.New("socket: Config.Serve is missing")
	case cfg.Calls == nil:
		return errors.New("socket: Config.Calls is missing")
	case cfg.Origin == nil:
		return errors.New("socket: Config.Origin is missing")
	case cfg.Registerer == nil:
		return errors.New("socket: Config.Registerer is missing")
	case cfg.MessageBytes < 1<<10 || cfg.MessageBytes > 64<<10:
		return fmt.Errorf("socket: Config.MessageBytes is %d, must be 1024 to 65536", cfg.MessageBytes)
	case cfg.CallBytes < 1<<10 || cfg.CallBytes > 16<<20:
		return fmt.Errorf("socket: Config.CallBytes is %d, must be 1024 to 16777216", cfg.CallBytes)
	}
	for _, t := range []struct {
		field string
		value time.Duration
	}{
		{"HelloTimeout", cfg.HelloTimeout},
		{"PingInterval", cfg.PingInterval},
		{"PingTimeout", cfg.PingTimeout},
		{"WriteTimeout", cfg.WriteTimeout},
		{"CloseTimeout", cfg.CloseTimeout},
	} {
		if t.value < time.Millisecond {
			return fmt.Errorf("socket: Config.%s is %v, must be at least 1ms", t.field, t.value)
		}
	}
	return nil
}
