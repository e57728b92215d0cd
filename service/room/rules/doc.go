// Package rules is what a room is and what may happen in it: pure, with no clock, no I/O and no goroutine.
// A Batch decides commands against a State at a given time and leaves records; State.Apply evolves a state by a record, so
// that the same records always make the same state, live and in replay.
// What a refused command or Hello is told comes back from the Batch; nothing here sends anything.
package rules

// Version of the rules: records decided by one version are replayed by it or a later one, never by an earlier one.
const Version = 1
