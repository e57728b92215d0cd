package main

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/singoff/singoff/service"
)

// logFlags are what keeps the rooms, and for how long.
type logFlags struct {
	Log        string   `group:"Log" default:"${log}" enum:"sqlite,memory" placeholder:"LOG" help:"What keeps the rooms: sqlite, a file in the data folder, or memory, gone with the process (${default})."`
	DataDir    string   `group:"Log" type:"path" placeholder:"FOLDER" help:"Where the log is kept, by one server alone (${data_dir})."`
	Sync       string   `group:"Log" default:"${sync}" enum:"full,off" placeholder:"WHEN" help:"full: what was answered survives a power cut; off: a killed process only, and faster (${default})."`
	KeepEvents []string `group:"Log" placeholder:"N" help:"How many events of a room's history stay readable, 1000 or more, 0: all; NAMESPACE=N for one namespace; may be repeated (${keep_events})."`
	KeepAge    []string `group:"Log" placeholder:"TIME" help:"For how long they stay readable, 1h or more, 0: for ever; NAMESPACE=TIME for one namespace; may be repeated (0)."`
}

// set brings them into the configuration. What isn't understood is an error that names the flag.
func (f logFlags) set(cfg *service.Config) error {
	cfg.Log, cfg.Sync = f.Log, f.Sync
	if f.DataDir != "" {
		cfg.DataDir = f.DataDir
	}
	if err := byNamespace(f.KeepEvents, strconv.Atoi, &cfg.KeepEvents); err != nil {
		return fmt.Errorf("%w: --keep-events: %w", service.ErrConfig, err)
	}
	if err := byNamespace(f.KeepAge, parseAge, &cfg.KeepAge); err != nil {
		return fmt.Errorf("%w: --keep-age: %w", service.ErrConfig, err)
	}
	return nil
}

// parseAge reads what time.ParseDuration does, and whole days: 30d.
func parseAge(text string) (time.Duration, error) {
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// byNamespace reads values, each with the namespace that it is for before a `=`, or for all others.
func byNamespace[T any](said []string, parse func(string) (T, error), into *map[string]T) error {
	values := maps.Clone(*into)
	if values == nil {
		values = map[string]T{}
	}
	for _, text := range said {
		namespace, value, named := strings.Cut(text, "=")
		if !named {
			namespace, value = "", text
		}
		if named && namespace == "" {
			return fmt.Errorf("%q: has no namespace before its =", text)
		}
		parsed, err := parse(value)
		if err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		values[namespace] = parsed
	}
	*into = values
	return nil
}
