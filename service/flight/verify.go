package flight

import (
	"errors"
	"io"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	"github.com/singoff/singoff/service/flight/recount"
)

// Verified is what a record was found to hold.
type Verified struct {
	recount.Totals
	// First and Last are the seqs between which it was counted: First is that of the snapshot, 0 without one.
	First, Last uint64
}

// Verify recounts a record's seats, votes and numbers without the rules. The error is a *recount.Difference that names the first seq that differs,
// or one of NewReader's.
func Verify(from io.Reader) (Head, Verified, error) {
	r, err := NewReader(from)
	if err != nil {
		return Head{}, Verified{}, err
	}
	c := recount.New()
	if data := r.Snapshot(); data != nil {
		var p logv1.Snapshot
		if err := proto.Unmarshal(data, &p); err != nil {
			return r.Head(), Verified{}, r.damaged("its snapshot can't be read: %v", err)
		}
		if c, err = recount.From(&p); err != nil {
			return r.Head(), Verified{}, err
		}
	}
	v := Verified{First: c.Seq()}
	for {
		data, err := r.Entry()
		if err == nil {
			err = c.Entry(data)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			v.Totals, v.Last = c.Totals(), c.Seq()
			return r.Head(), v, err
		}
	}
}
