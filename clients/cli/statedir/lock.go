package statedir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// errLocked is returned by tryLock when another open file has the lock.
var errLocked = errors.New("another program holds it")

// lockRetry is how often a lock that another program holds is tried again; it's held for a few milliseconds at a time.
const lockRetry = 5 * time.Millisecond

// lockPatience is how long a lock is waited for; it goes with the process that holds it, so only a stopped one can hold it so long.
const lockPatience = 10 * time.Second

// lock takes the lock of a file beside the guest's own, as that one is replaced by each write. The lock file stays: removing
// it would let two programs lock two files of one name.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	giveUp := time.NewTimer(lockPatience)
	defer giveUp.Stop()
	again := time.NewTicker(lockRetry)
	defer again.Stop()
	for {
		err := tryLock(f)
		if err == nil {
			return func() { f.Close() }, nil //nolint:errcheck // nothing was written to it
		}
		if !errors.Is(err, errLocked) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-giveUp.C:
			return nil, errors.Join(fmt.Errorf("%w for longer than %v", err, lockPatience), f.Close())
		}
	}
}
