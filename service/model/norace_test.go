//go:build !race

package model

const defaultSeeds = 3000
