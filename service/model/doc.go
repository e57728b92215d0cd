// Package model runs the rules, the engine and the SDK's session together under random schedules: lost, late and repeated messages,
// refused and unknown appends, crashes, two nodes on one log, several instances of a user. It has no clock, no goroutine and no
// network of its own: a seed decides everything, so a failing seed fails again. It holds tests only.
package model
