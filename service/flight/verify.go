package flight

import (
	"io"

	"github.com/singoff/singoff/service/flight/recount"
)

// Verified is what a record was found to hold.
type Verified struct {
	recount.Totals
	// First and Last are the seqs between which it was counted: First is that of the snapshot, 0 without one.
	First, Last uint64
}

// Verify recounts a record's seats, votes and numbers without the rules, and compares the result with the state that the rules come to. The error is a
// *recount.Difference that names the first seq that differs, or one of NewReplay's.
func Verify(from io.Reader) (Head, Verified, error) {
	r, err := NewReplay(from)
	if err != nil {
		return Head{}, Verified{}, err
	}
	c := recount.New()
	if r.reader.Snapshot() != nil {
		if c, err = recount.From(r.Snapshot()); err != nil {
			return r.Head(), Verified{}, err
		}
	}
	v := Verified{First: c.Seq()}
	r.count = c.Entry
	if err = r.End(); err == nil {
		err = c.Against(r.Snapshot())
	}
	v.Totals, v.Last = c.Totals(), c.Seq()
	return r.Head(), v, err
}
