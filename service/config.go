package service

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/clientaddr"
	"github.com/singoff/singoff/service/limit"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/rules"
	"github.com/singoff/singoff/service/token"
)

// Config is what an operator chooses of a server. DefaultConfig has the defaults.
type Config struct {
	// GRPCAddr is where clients join: `host:port` (port 0: any free one) or `unix:PATH`. Default 127.0.0.1:7070.
	GRPCAddr string
	// HTTPAddr is where songs, health and metrics are, in the same forms. Default 127.0.0.1:8080.
	HTTPAddr string
	// AdminAddr is where the operator acts: AdminAuto, AdminOff, or an address in the same forms, which needs AdminTokenFile unless it is a
	// socket. Default AdminAuto.
	AdminAddr string
	// AdminTokenFile holds the token that the operator must show: 16 to 512 printable characters. Default none: the socket's owner is let in.
	AdminTokenFile string

	// TLS is TLSOff or TLSSelf; off with TLSCert and TLSKey is those. Default TLSOff.
	TLS string
	// TLSCert and TLSKey are files in PEM, a certificate with its chain and its key, for both ports; read anew when they change. Default none.
	TLSCert, TLSKey string
	// TLSDir keeps the house's CA of TLSSelf. Default singoff/tls in the user's configuration directory.
	TLSDir string
	// PublicURL is where people find the server, if a proxy or a name is in front: https://sing.example/battle. Default: the best address.
	PublicURL string
	// BasePath is the path below which the HTTP port answers, and without it too: /battle. Default: that of PublicURL.
	BasePath string
	// TrustedProxies are believed in what they say of the client, as clientaddr.ParseTrusted reads them. Default: those of this machine.
	TrustedProxies []string
	// AllowedOrigins are the sites whose pages may speak to the server, beside its own, as origin.New reads them. Default none.
	AllowedOrigins []string

	// Log keeps what happened in the rooms: LogSQLite, in DataDir, or LogMemory, gone with the process. Default LogSQLite.
	Log string
	// DataDir is the folder of LogSQLite, of one server alone; it is made if it isn't there. Default DefaultDataDir.
	DataDir string
	// Sync is when LogSQLite answers: SyncFull or SyncOff. Default SyncFull.
	Sync string
	// KeepEvents is how many events of a room's history stay readable, by namespace; that of "" holds for those that aren't named. At least
	// 1,000; 0: all. Default 100,000.
	KeepEvents map[string]int
	// KeepAge is how long they stay readable, likewise, at least 1 h; 0: for ever. Default for ever. LogMemory knows no age.
	KeepAge map[string]time.Duration
	// Songs are folders or bucket URLs with songs. None: the demo songs.
	Songs []string
	// Library is how songs are read and served, as SongsConfig documents it.
	Library SongsConfig

	// Rules of every room: seats, hold, and the like. Default rules.DefaultConfig.
	Rules rules.Config

	// MessageBytes is the largest command, 1,024 to 65,536 bytes. Default 16,384.
	MessageBytes int
	// CommandsPerSecond a connection is read at in the long run, 1 to 10,000. Default 50.
	CommandsPerSecond float64
	// CommandBurst is how many commands are read at once after a pause, 1 to 10,000. Default 100.
	CommandBurst int
	// MaxConnections are open at once, at least 1. Default 50,000.
	MaxConnections int
	// MaxRooms are loaded at once, at least 1. Default 10,000.
	MaxRooms int

	// JWTKey is a file with the key or keys that users' tokens are signed with; see token.Verifier. Default none: tokens are refused.
	JWTKey string
	// JWTAudience is what a token must name if it names an audience. Default token.DefaultAudience.
	JWTAudience string
	// SignedInOnly keeps guests out; it needs a JWTKey. Default false.
	SignedInOnly bool

	// JoinsPerMinute of one address (of IPv6 a /64), up to 1,000,000; 0: no limit, here and below. Default 60.
	JoinsPerMinute int
	// RoomsPerHour that one address may open anew. Default 20.
	RoomsPerHour int
	// StreamsPerAddress are open at once. Default 100.
	StreamsPerAddress int
	// CallsPerSecond of one address beside its streams, in the long run. Default 20.
	CallsPerSecond int

	// DrainTime is how long a shutdown may take, 1 s to 10 min. Default 10 s.
	DrainTime time.Duration
	// ComeBackSpread is over how long the clients are spread that a shutdown sends away, 0 to 10 min. Default 5 s.
	ComeBackSpread time.Duration

	// Version of the server, for its page and its log.
	Version string
	// Logger gets a line for each step of the server's life. The zero one logs nothing.
	Logger zerolog.Logger
}

// DefaultConfig is a battle night on one machine.
func DefaultConfig() Config {
	return Config{
		GRPCAddr:          "127.0.0.1:7070",
		HTTPAddr:          "127.0.0.1:8080",
		AdminAddr:         AdminAuto,
		TLS:               TLSOff,
		TrustedProxies:    clientaddr.DefaultTrusted,
		Log:               LogSQLite,
		DataDir:           DefaultDataDir(),
		Sync:              SyncFull,
		KeepEvents:        map[string]int{"": 100_000},
		Library:           defaultSongs(),
		Rules:             rules.DefaultConfig(),
		MessageBytes:      16 << 10,
		CommandsPerSecond: 50,
		CommandBurst:      100,
		MaxConnections:    50_000,
		MaxRooms:          10_000,
		JWTAudience:       token.DefaultAudience,
		JoinsPerMinute:    limit.DefaultConfig().JoinsPerMinute,
		RoomsPerHour:      limit.DefaultConfig().RoomsPerHour,
		StreamsPerAddress: limit.DefaultConfig().Streams,
		CallsPerSecond:    limit.DefaultConfig().CallsPerSecond,
		DrainTime:         10 * time.Second,
		ComeBackSpread:    5 * time.Second,
		Version:           "devel",
		Logger:            zerolog.Nop(),
	}
}

// ErrConfig is wrapped by every refusal of a Config; the text names each field and its limit.
var ErrConfig = errors.New("bad configuration")

// Validate refuses what can't work, all of it in one error.
func (c Config) Validate() error {
	errs := []error{c.Rules.Validate()}
	refuse := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for field, addr := range map[string]string{"gRPC address": c.GRPCAddr, "HTTP address": c.HTTPAddr} {
		_, err := parseAddr(addr)
		refuse(err == nil, "%s: %v", field, err)
	}
	errs = append(errs, c.checkAdmin(), c.checkNetwork(), c.checkLog(), c.catalog(nil).Validate())
	refuse(c.MessageBytes >= 1<<10 && c.MessageBytes <= 64<<10, "message bytes: %d is not within 1024 to 65536", c.MessageBytes)
	refuse(c.CommandsPerSecond >= 1 && c.CommandsPerSecond <= 10_000, "commands per second: %v is not within 1 to 10000", c.CommandsPerSecond)
	refuse(c.CommandBurst >= 1 && c.CommandBurst <= 10_000, "command burst: %d is not within 1 to 10000", c.CommandBurst)
	refuse(c.MaxConnections >= 1, "max connections: %d is below 1", c.MaxConnections)
	refuse(c.MaxRooms >= 1, "max rooms: %d is below 1", c.MaxRooms)
	refuse(!c.SignedInOnly || c.JWTKey != "", "guests: nobody could come in without guests and without a JWT key")
	errs = append(errs, c.perAddress().Validate())
	refuse(c.DrainTime >= time.Second && c.DrainTime <= 10*time.Minute, "drain time: %v is not within 1s to 10m", c.DrainTime)
	refuse(c.ComeBackSpread >= 0 && c.ComeBackSpread <= 10*time.Minute, "come-back spread: %v is not within 0s to 10m", c.ComeBackSpread)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

// limits are what Welcome tells of this server; the manager of rooms adds its own.
func (c Config) limits() *singoffv1.Limits {
	return &singoffv1.Limits{
		MessageBytes:      uint32(c.MessageBytes),
		ChatCharacters:    uint32(c.Rules.ChatCharacters),
		CommandsPerSecond: c.CommandsPerSecond,
		CommandBurst:      uint32(c.CommandBurst),
		Hold:              durationpb.New(c.Rules.Hold),
		StartLead:         durationpb.New(c.Rules.StartLead),
	}
}

// rooms is the manager's share of the configuration.
func (c Config) rooms() room.Config {
	cfg := room.DefaultConfig()
	cfg.Rules = c.Rules
	cfg.Limits = c.limits()
	cfg.MaxConnections = c.MaxConnections
	cfg.MaxRooms = c.MaxRooms
	cfg.RetainEvents = c.retainEvents()
	cfg.Logger = c.Logger
	return cfg
}
