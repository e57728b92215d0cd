//go:build !linux

package acks

import "time"

// Acked knows nothing on this system.
func (Kernel) Acked() (n uint64, ago time.Duration, ok bool) { return 0, 0, false }

// Owes knows nothing on this system.
func (Kernel) Owes() (owes, overdue bool) { return false, false }

// Queued knows nothing on this system.
func (Kernel) Queued() (n uint64, ok bool) { return 0, false }
