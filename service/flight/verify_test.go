package flight_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/singoff/singoff/service/flight"
	"github.com/singoff/singoff/service/flight/flighttest"
	"github.com/singoff/singoff/service/flight/recount"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 13, 200)
	last := moments[len(moments)-1].Seq
	for _, from := range []int{0, len(moments) / 2} {
		var snapshot []byte
		first := uint64(0)
		if from > 0 {
			snapshot, first = moments[from-1].Snapshot, moments[from-1].Seq
		}
		head, got, err := flight.Verify(bytes.NewReader(file(t, snapshot, moments[from:])))
		if err != nil || head.Room != "battle" || got.First != first || got.Last != last || got.Entries != len(moments)-from || got.Events != int(last-first) {
			t.Errorf("from entry %d: got %+v, %+v, %v, want seq %d to %d", from, head, got, err, first, last)
		}
	}
	without := slices.Concat(moments[:50], moments[51:])
	_, got, err := flight.Verify(bytes.NewReader(file(t, nil, without)))
	var d *recount.Difference
	if !errors.As(err, &d) || d.Seq != moments[49].Seq || got.Last != d.Seq {
		t.Errorf("without an entry: got %+v, %v, want a difference at seq %d", got, err, moments[49].Seq)
	}
	whole := file(t, nil, moments)
	if _, _, err := flight.Verify(bytes.NewReader(whole[:len(whole)-1])); !errors.Is(err, flight.ErrTruncated) {
		t.Errorf("cut off: got %v, want ErrTruncated", err)
	}
}
