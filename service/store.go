package service

import (
	"fmt"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
)

// LogMemory is the log that is gone with the process: a restart loses rooms, and clients are told so.
const LogMemory = "memory"

// openLog opens the log that the operator chose.
func openLog(cfg Config) (eventlog.Log, error) {
	switch cfg.Log {
	case LogMemory:
		return memlog.New(memlog.Config{})
	default:
		return nil, fmt.Errorf("%w: log: %q is unknown", ErrConfig, cfg.Log)
	}
}
