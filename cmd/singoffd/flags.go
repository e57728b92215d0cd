package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"github.com/singoff/singoff/service"
)

// flags are what an operator may say, with the defaults of service.DefaultConfig.
type flags struct {
	GRPCAddr       string   `name:"grpc-addr" group:"Where" placeholder:"ADDR" help:"Where clients join: host:port (port 0: any free one) or unix:PATH (${grpc_addr})."`
	HTTPAddr       string   `name:"http-addr" group:"Where" placeholder:"ADDR" help:"Where browsers join, and where songs, /healthz, /readyz and /metrics are, in the same forms (${http_addr})."`
	AdminAddr      string   `name:"admin-addr" group:"Where" default:"${admin_addr}" placeholder:"ADDR" help:"Where singoff admin acts: auto (a socket of your own, named after the gRPC port), off, unix:PATH, or host:port with a token file (${default})."`
	AdminTokenFile string   `name:"admin-token-file" group:"Where" type:"path" placeholder:"FILE" help:"File with the token that singoff admin must show, at least 16 characters."`
	Songs          []string `group:"Where" placeholder:"FOLDER" sep:"none" help:"Folder, or URL of a bucket (file://, s3://, gs://), with songs, their covers and lyrics; may be repeated (demo songs)."`
	netFlags
	logFlags
	songsFlags

	Singers   int           `group:"Rooms" default:"${singers}" placeholder:"N" help:"Singers' seats in a room, 1 to 16 (${default})."`
	Watchers  int           `group:"Rooms" default:"${watchers}" placeholder:"N" help:"Watchers' seats in a room (${default})."`
	Hold      time.Duration `group:"Rooms" default:"${hold}" placeholder:"TIME" help:"How long a lost member's seat is theirs alone (${default})."`
	AwayLimit time.Duration `group:"Rooms" default:"${away_limit}" placeholder:"TIME" help:"After how long an away member has left (${default})."`
	StartLead time.Duration `group:"Rooms" default:"${start_lead}" placeholder:"TIME" help:"How far ahead a song starts (${default})."`

	JWTKey      string `name:"jwt-key" group:"Users" type:"path" placeholder:"FILE" help:"File with the key of users' signed tokens: a secret of 32 bytes or more (HS256), an Ed25519 public key in PEM, or a JWKS. Read again when it changes."`
	JWTAudience string `name:"jwt-audience" group:"Users" default:"${jwt_audience}" placeholder:"NAME" help:"What a token must name if it has an aud (${default})."`
	Guests      bool   `group:"Users" default:"true" negatable:"" help:"Let in guests, who have no token (${default}; --guests=false for signed-in users only)."`

	JoinsPerMinute    int `group:"Limits" default:"${joins_per_minute}" placeholder:"N" help:"Joins of one address; 0: no limit, here and in the next three (${default})."`
	RoomsPerHour      int `group:"Limits" default:"${rooms_per_hour}" placeholder:"N" help:"New rooms of one address (${default})."`
	StreamsPerAddress int `group:"Limits" default:"${streams_per_address}" placeholder:"N" help:"Open streams of one address (${default})."`
	CallsPerSecond    int `group:"Limits" default:"${calls_per_second}" placeholder:"N" help:"Other calls of one address (${default})."`

	MessageBytes      int     `group:"Limits" default:"${message_bytes}" placeholder:"BYTES" help:"The largest command, 1024 to 65536 (${default})."`
	ChatCharacters    int     `group:"Limits" default:"${chat_characters}" placeholder:"N" help:"The longest chat text, in characters, up to 4000 (${default})."`
	CommandsPerSecond float64 `group:"Limits" default:"${commands_per_second}" placeholder:"N" help:"Commands a connection is read at per second in the long run (${default})."`
	CommandBurst      int     `group:"Limits" default:"${command_burst}" placeholder:"N" help:"Commands that are read at once after a pause (${default})."`
	MaxConnections    int     `group:"Limits" default:"${max_connections}" placeholder:"N" help:"Connections at once; more are told to come back later (${default})."`
	MaxRooms          int     `group:"Limits" default:"${max_rooms}" placeholder:"N" help:"Rooms at once; more are refused likewise (${default})."`

	DrainTime      time.Duration    `group:"Running" default:"${drain_time}" placeholder:"TIME" help:"How long a shutdown may take (${default})."`
	ComeBackSpread time.Duration    `group:"Running" default:"${come_back_spread}" placeholder:"TIME" help:"Over how long clients are spread that a shutdown sends away (${default})."`
	LogLevel       string           `group:"Running" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"debug, info, warn or error (${default})."`
	LogFormat      string           `group:"Running" default:"auto" enum:"auto,console,json" placeholder:"FORMAT" help:"console, json, or auto: console on a terminal, else json (${default})."`
	Config         kong.ConfigFlag  `group:"Running" env:"-" placeholder:"FILE" help:"JSON file with flags by their names; also SINGOFF_CONFIG."`
	Version        kong.VersionFlag `group:"Running" env:"-" help:"Show the version and exit."`
}

const description = `The singoff server: song battles of two singers and their watchers, in rooms that all see the same events in the same order.

Examples:

    singoffd                                              demo songs, this machine only
    singoffd --songs ~/Music/battle --watchers 20         own songs, more watchers
    singoffd --lan                                        phones on the house's net too, by a QR code
    singoffd --lan --tls self                             the same, encrypted
    singoffd --public-url https://sing.example/battle     behind a proxy on this machine
    singoffd --grpc-addr unix:/run/singoff.sock           over a socket
    SINGOFF_HOLD=1m singoffd                              any flag, as an environment variable
    echo '{"singers": 3, "hold": "45s"}' >singoffd.json
    singoffd --config singoffd.json                       any flag, in a file
    singoffd check ~/.local/state/singoffd                look at a log that no server uses
    singoffd songs check ~/Music/battle                   what is wrong with which song

Then, elsewhere:

    singoff join 'Friday battle' --nick Mina --role singer
    grpcurl -plaintext 127.0.0.1:7070 list

A flag counts before the environment, and that before the file. The first SIGTERM or Ctrl-C sends everybody away with a time to come back; a second one ends at once.

Exit codes: 0 after an ordered end, 1 when it couldn't start or failed, 2 for wrong flags, environment or file, 130 or 143 when a second Ctrl-C or SIGTERM ended it.`

// parse reads flags, environment and file. done: the version or the help was shown.
func parse(args []string, stdout, stderr io.Writer) (cfg service.Config, done bool, err error) {
	var f flags
	file, err := fromEnvironment()
	if err != nil {
		return cfg, false, err
	}
	parser, err := kong.New(&f,
		kong.Name("singoffd"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { done = true }),
		kong.DefaultEnvars("SINGOFF"),
		kong.Configuration(readFile),
		kong.Resolvers(file...),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100, NoExpandSubcommands: true}),
		defaults(service.DefaultConfig()),
	)
	if err != nil {
		return cfg, false, fmt.Errorf("flags: %w", err)
	}
	_, err = parser.Parse(args)
	if err != nil || done {
		return cfg, done, ignoreIf(done, err)
	}
	if cfg, err = f.config(); err != nil {
		return cfg, false, err
	}
	cfg.Logger = logger(stderr, f.LogFormat, f.LogLevel)
	return cfg, false, cfg.Validate()
}

// ignoreIf is for kong, which goes on parsing after --help and --version have been answered.
func ignoreIf(done bool, err error) error {
	if done {
		return nil
	}
	return err
}

// defaults are the variables of the flags' tags.
func defaults(d service.Config) kong.Vars {
	return kong.Vars{
		"version":             versionText(),
		"grpc_addr":           d.GRPCAddr,
		"http_addr":           d.HTTPAddr,
		"admin_addr":          d.AdminAddr,
		"tls":                 d.TLS,
		"trusted_proxies":     strings.Join(d.TrustedProxies, ","),
		"log":                 d.Log,
		"data_dir":            d.DataDir,
		"sync":                d.Sync,
		"keep_events":         fmt.Sprint(d.KeepEvents[""]),
		"songs_store":         d.Library.Store,
		"songs_rescan":        d.Library.Rescan.String(),
		"songs_cache":         fmt.Sprint(d.Library.CacheMiB),
		"songs_charset":       d.Library.Charset,
		"singers":             fmt.Sprint(d.Rules.Singers),
		"watchers":            fmt.Sprint(d.Rules.Watchers),
		"hold":                d.Rules.Hold.String(),
		"away_limit":          d.Rules.AwayLimit.String(),
		"start_lead":          d.Rules.StartLead.String(),
		"message_bytes":       fmt.Sprint(d.MessageBytes),
		"chat_characters":     fmt.Sprint(d.Rules.ChatCharacters),
		"commands_per_second": fmt.Sprint(d.CommandsPerSecond),
		"command_burst":       fmt.Sprint(d.CommandBurst),
		"max_connections":     fmt.Sprint(d.MaxConnections),
		"max_rooms":           fmt.Sprint(d.MaxRooms),
		"jwt_audience":        d.JWTAudience,
		"joins_per_minute":    fmt.Sprint(d.JoinsPerMinute),
		"rooms_per_hour":      fmt.Sprint(d.RoomsPerHour),
		"streams_per_address": fmt.Sprint(d.StreamsPerAddress),
		"calls_per_second":    fmt.Sprint(d.CallsPerSecond),
		"drain_time":          d.DrainTime.String(),
		"come_back_spread":    d.ComeBackSpread.String(),
	}
}

// config is the flags as the server takes them.
func (f flags) config() (service.Config, error) {
	cfg := service.DefaultConfig()
	cfg.GRPCAddr, cfg.HTTPAddr = f.addr(f.GRPCAddr, cfg.GRPCAddr), f.addr(f.HTTPAddr, cfg.HTTPAddr)
	cfg.Songs = f.Songs
	f.netFlags.set(&cfg)
	f.songsFlags.set(&cfg)
	if err := f.logFlags.set(&cfg); err != nil {
		return cfg, err
	}
	cfg.AdminAddr, cfg.AdminTokenFile = f.AdminAddr, f.AdminTokenFile
	cfg.Rules.Singers, cfg.Rules.Watchers = f.Singers, f.Watchers
	cfg.Rules.Hold, cfg.Rules.AwayLimit, cfg.Rules.StartLead = f.Hold, f.AwayLimit, f.StartLead
	cfg.Rules.ChatCharacters = f.ChatCharacters
	cfg.MessageBytes, cfg.CommandsPerSecond, cfg.CommandBurst = f.MessageBytes, f.CommandsPerSecond, f.CommandBurst
	cfg.MaxConnections, cfg.MaxRooms = f.MaxConnections, f.MaxRooms
	cfg.JWTKey, cfg.JWTAudience, cfg.SignedInOnly = f.JWTKey, f.JWTAudience, !f.Guests
	cfg.JoinsPerMinute, cfg.RoomsPerHour = f.JoinsPerMinute, f.RoomsPerHour
	cfg.StreamsPerAddress, cfg.CallsPerSecond = f.StreamsPerAddress, f.CallsPerSecond
	cfg.DrainTime, cfg.ComeBackSpread = f.DrainTime, f.ComeBackSpread
	cfg.Version = versionName()
	return cfg, nil
}

// logger writes lines for people on a terminal, and JSON elsewhere.
func logger(w io.Writer, format, level string) zerolog.Logger {
	file, isFile := w.(*os.File)
	terminal := isFile && isatty.IsTerminal(file.Fd())
	if format == "console" || format == "auto" && terminal {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: !terminal}
	}
	parsed, err := zerolog.ParseLevel(level)
	if err != nil {
		parsed = zerolog.InfoLevel
	}
	return zerolog.New(w).Level(parsed).With().Timestamp().Logger()
}
