package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/room"
	"github.com/singoff/singoff/service/room/names"
	"github.com/singoff/singoff/service/rpc"
)

// What keeps the rooms.
const (
	// LogSQLite is the log in a file of Config.DataDir: a restart loses nothing.
	LogSQLite = "sqlite"
	// LogMemory is the log that is gone with the process: a restart loses rooms, and clients are told so.
	LogMemory = "memory"
)

// When LogSQLite answers.
const (
	// SyncFull is when the disk has it: what was answered survives a machine that loses power.
	SyncFull = string(sqlitelog.SyncFull)
	// SyncOff is when the system has it: what was answered survives a killed process, not a machine that loses power.
	SyncOff = string(sqlitelog.SyncOff)
)

// DefaultDataDir is the folder that systemd gives a service, else singoffd in the user's folder for what programs keep
// ($XDG_STATE_HOME, or .local/state at home), else singoffd-data where the server was started.
func DefaultDataDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); filepath.IsAbs(dir) {
		return dir
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "singoffd")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "singoffd")
	}
	return "singoffd-data"
}

// checkLog refuses what can't work of the log.
func (c Config) checkLog() error {
	var errs []error
	refuse := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(c.Log == LogSQLite || c.Log == LogMemory, "log: %q is unknown; there are %q and %q", c.Log, LogSQLite, LogMemory)
	refuse(c.Log != LogSQLite || c.DataDir != "", "data folder: the log %q needs one", LogSQLite)
	refuse(c.Sync == SyncFull || c.Sync == SyncOff, "sync: %q is neither %q nor %q", c.Sync, SyncFull, SyncOff)
	for namespace, events := range c.KeepEvents {
		refuse(isNamespace(namespace), "keep events: %q is no namespace: 1 to 64 of A-Z a-z 0-9 _ -", namespace)
		refuse(events == 0 || events >= room.MaxReplayEvents, "keep events: %d%s is neither 0, for all, nor %d or more, which a reconnect may miss",
			events, ofNamespace(namespace), room.MaxReplayEvents)
	}
	for namespace, age := range c.KeepAge {
		refuse(isNamespace(namespace), "keep age: %q is no namespace: 1 to 64 of A-Z a-z 0-9 _ -", namespace)
		refuse(age == 0 || age >= time.Hour, "keep age: %v%s is neither 0, for ever, nor 1h or more", age, ofNamespace(namespace))
	}
	return errors.Join(errs...)
}

// isNamespace tells what may stand for one in a Config; empty: all that aren't named.
func isNamespace(name string) bool { return name == "" || names.CheckID(name) == "" }

func ofNamespace(namespace string) string {
	if namespace == "" {
		return ""
	}
	return fmt.Sprintf(" of the namespace %q", namespace)
}

// openLog opens the log that the operator chose.
func openLog(ctx context.Context, cfg Config, reg prometheus.Registerer) (eventlog.Log, error) {
	if cfg.Log == LogMemory {
		return memlog.New(memlog.Config{})
	}
	log, err := sqlitelog.New(ctx, sqlitelog.Config{
		Dir: cfg.DataDir, Sync: sqlitelog.Sync(cfg.Sync), Retain: cfg.retain(), Registerer: reg, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	cfg.Logger.Info().Str("data_dir", cfg.DataDir).Str("sync", cfg.Sync).Msg("the log is kept")
	if cfg.Sync == SyncOff {
		cfg.Logger.Warn().Msg(syncOffNotice)
	}
	return log, nil
}

// backup is how the log is copied; nil: it is in memory.
func backup(log eventlog.Log) rpc.Backuper {
	kept, ok := log.(*sqlitelog.Log)
	if !ok {
		return nil
	}
	return func(ctx context.Context) (io.ReadCloser, int64, error) {
		file, err := kept.Backup(ctx)
		if err != nil {
			return nil, 0, err
		}
		return file, file.Bytes, nil
	}
}

const syncOffNotice = "sync is off: what was answered survives a killed process, but a power cut may take the last seconds"

// notice is what /healthz says beside that the server lives.
func (c Config) notice() string {
	if c.Log == LogSQLite && c.Sync == SyncOff {
		return syncOffNotice
	}
	return ""
}

// retain is the retention of the log in a file.
func (c Config) retain() map[string]sqlitelog.Retention {
	all := map[string]sqlitelog.Retention{}
	for _, namespace := range c.namespaces() {
		events, named := c.KeepEvents[namespace]
		if !named {
			events = c.KeepEvents[""]
		}
		age, named := c.KeepAge[namespace]
		if !named {
			age = c.KeepAge[""]
		}
		all[namespace] = sqlitelog.Retention{Events: uint64(events), Age: age}
	}
	return all
}

func (c Config) namespaces() (names []string) {
	for name := range c.KeepEvents {
		names = append(names, name)
	}
	for name := range c.KeepAge {
		names = append(names, name)
	}
	return names
}

// retainEvents is what rooms trim themselves: the log in a file does that on its own.
func (c Config) retainEvents() int {
	if events := c.KeepEvents[""]; c.Log == LogMemory && events > 0 {
		return events
	}
	return math.MaxInt
}
