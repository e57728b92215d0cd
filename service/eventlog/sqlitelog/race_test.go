//go:build race

package sqlitelog_test

const defaultTornCuts = 8
