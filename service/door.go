package service

import (
	"fmt"

	"github.com/singoff/singoff/service/limit"
	"github.com/singoff/singoff/service/rpc"
	"github.com/singoff/singoff/service/token"
)

// perAddress is what one address may ask; the registry of the metrics is still missing.
func (c Config) perAddress() limit.Config {
	cfg := limit.DefaultConfig()
	cfg.JoinsPerMinute, cfg.RoomsPerHour = c.JoinsPerMinute, c.RoomsPerHour
	cfg.Streams, cfg.CallsPerSecond = c.StreamsPerAddress, c.CallsPerSecond
	return cfg
}

// openDoor reads the keys for tokens, if there are any, and begins to count by address.
func (s *Server) openDoor() (door rpc.Door, err error) {
	cfg := s.cfg.perAddress()
	cfg.Registerer = s.registry
	if door.Limits, err = limit.New(cfg); err != nil {
		return door, err
	}
	door.SignedInOnly = s.cfg.SignedInOnly
	if s.cfg.JWTKey == "" {
		return door, nil
	}
	verifier, err := token.New(token.Config{KeyFile: s.cfg.JWTKey, Audience: s.cfg.JWTAudience, Logger: s.cfg.Logger})
	if err != nil {
		return door, fmt.Errorf("%w: JWT key: %w", ErrConfig, err)
	}
	door.Verify = verifier.Verify
	return door, nil
}
