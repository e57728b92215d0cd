// Package eventlogtest is the contract of eventlog.Log as one suite of tests, which every store passes as a whole.
// A store's own test calls Run with a function that opens an empty store; each subtest opens one of its own. Nothing in it skips:
// what a store doesn't promise is tested to be so too (a log that survives nothing is empty when it is opened again).
package eventlogtest

import (
	"testing"

	"github.com/singoff/singoff/service/eventlog"
)

// Store is an empty log under test.
type Store struct {
	// Log is what the suite talks to. The suite closes it if it needs to; whoever opened it closes it when the test ends,
	// whether it is closed or not.
	Log eventlog.Log
	// Reopen is called after Log was closed and gives a log over what is left, as a process that starts anew would find it.
	// It closes that one when the test ends.
	Reopen func(t *testing.T) eventlog.Log
}

// Opener gives an empty store; it fails the test if it can't, and cleans up when the test ends.
type Opener func(t *testing.T) Store

type check struct {
	name string
	run  func(t *testing.T, store Store)
}

// Run runs the whole suite, each check as a parallel subtest with an empty store.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, group := range []struct {
		name   string
		checks []check
	}{
		{"append", appendChecks},
		{"place", placeChecks},
		{"bounds", boundChecks},
		{"read", readChecks},
		{"snapshot", snapshotChecks},
		{"trim", trimChecks},
		{"rewrite", rewriteChecks},
		{"ends", endChecks},
		{"cancel", cancelChecks},
		{"life", lifeChecks},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for _, check := range group.checks {
				t.Run(check.name, func(t *testing.T) {
					t.Parallel()
					check.run(t, open(t))
				})
			}
		})
	}
}
