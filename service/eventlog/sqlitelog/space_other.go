//go:build !linux && !darwin

package sqlitelog

import "math"

// freeBytes isn't known here; a full disk shows when it is written to.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }

// syncDir has nothing to do: folders can't be synced here.
func syncDir(string) error { return nil }
