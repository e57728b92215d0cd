//go:build !race

package model

const defaultSeeds = 1500
