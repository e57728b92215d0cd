//go:build race

package simulation

const (
	defaultSeeds     = 100
	defaultDiskSeeds = 10
)
