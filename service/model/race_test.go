//go:build race

package model

// defaultSeeds is less under the race detector, which has nothing to find here: there are no goroutines.
const defaultSeeds = 60
