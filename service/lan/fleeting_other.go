//go:build !linux

package lan

import "net/netip"

// fleetingAddrs isn't known here; all addresses count.
func fleetingAddrs() []netip.Addr { return nil }
