package singoff_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoff "github.com/singoff/singoff/clients/go"
	"github.com/singoff/singoff/clients/go/transport"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// chronicle is a server that has one room's history and does nothing else: three events a page, those with an odd seq alone.
type chronicle struct {
	newest uint64
	fails  []error        // the next answers
	later  map[int]uint64 // what newest becomes, by the number of the call
	asked  int
}

func (c *chronicle) Join(context.Context) (transport.Stream, error) {
	return nil, status.Error(codes.Unimplemented, "history only")
}

func (c *chronicle) Close() error { return nil }

func (c *chronicle) Unary(_ context.Context, _ string, request, answer proto.Message) error {
	c.asked++
	if newest, ok := c.later[c.asked]; ok {
		c.newest = newest
	}
	if len(c.fails) > 0 {
		err := c.fails[0]
		c.fails = c.fails[1:]
		if err != nil {
			return err
		}
	}
	asked := request.(*singoffv1.ListEventsRequest)
	from := max(asked.GetSeq(), 1)
	if at := asked.GetTime(); at != nil {
		from = uint64(at.GetSeconds())
	}
	if token := asked.GetPageToken(); token != "" {
		from = uint64(token[0])
	}
	page := &singoffv1.ListEventsResponse{OldestSeq: 1, NewestSeq: c.newest}
	for ; from <= c.newest; from++ {
		if len(page.Events) == 3 {
			page.NextPageToken = string(rune(from))
			break
		}
		if from%2 == 1 {
			page.Events = append(page.Events, &singoffv1.Event{Seq: from, Time: &timestamppb.Timestamp{Seconds: int64(from)}})
		}
	}
	proto.Merge(answer, page)
	return nil
}

func historian(t *testing.T, c *chronicle) *singoff.Client {
	t.Helper()
	client, err := singoff.Dial("chronicle", singoff.WithCustomTransport(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func TestEventsAreAllPages(t *testing.T) {
	t.Parallel()
	var got []uint64
	for event, err := range historian(t, &chronicle{newest: 20}).Events(t.Context(), singoff.HistoryOptions{RoomID: "battle", FromSeq: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event.GetSeq())
	}
	if want := []uint64{3, 5, 7, 9, 11, 13, 15, 17, 19}; !slices.Equal(got, want) {
		t.Errorf("got seqs %v, want %v", got, want)
	}
}

// follow collects seqs until n have come, and lets the history grow by one after each that comes while it is followed.
func follow(t *testing.T, c *chronicle, options singoff.HistoryOptions, n int) (got []uint64, troubles []error, last error) {
	t.Helper()
	options.RoomID, options.Follow = "battle", time.Second
	options.OnTrouble = func(err error) { troubles = append(troubles, err) }
	for event, err := range historian(t, c).Events(t.Context(), options) {
		if err != nil {
			return got, troubles, err
		}
		if got = append(got, event.GetSeq()); len(got) == n {
			break
		}
		if event.GetSeq() >= c.newest-1 {
			c.newest += 3
		}
	}
	return got, troubles, nil
}

func TestFollowHasNoGapAndNoRepeat(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]singoff.HistoryOptions{
		"from the oldest":    {},
		"from a seq":         {FromSeq: 1},
		"from a time":        {FromTime: time.Unix(1, 0)},
		"from a coming time": {FromTime: time.Unix(5, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &chronicle{newest: 4}
				from := uint64(1)
				if name == "from a coming time" {
					from, c.later = 5, map[int]uint64{60: 8}
				}
				got, troubles, err := follow(t, c, options, 20)
				var want []uint64
				for seq := from; len(want) < 20; seq += 2 {
					want = append(want, seq)
				}
				if !slices.Equal(got, want) || len(troubles) != 0 || err != nil {
					t.Errorf("got %v, troubles %v, %v, want %v", got, troubles, err, want)
				}
			})
		})
	}
}

func TestFollowOutlivesTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := status.Error(codes.Unavailable, "down")
		got, troubles, err := follow(t, &chronicle{newest: 2, fails: []error{nil, down, down, nil, nil, status.Error(codes.ResourceExhausted, "slowly")}}, singoff.HistoryOptions{}, 9)
		if want := []uint64{1, 3, 5, 7, 9, 11, 13, 15, 17}; !slices.Equal(got, want) || len(troubles) != 3 || err != nil {
			t.Errorf("got %v, %d troubles, %v, want %v after 3 troubles", got, len(troubles), err, want)
		}
	})
}

func TestFollowEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fails []error
		newer uint64 // the newest seq after the first page
		want  func(error) bool
	}{
		"never was": {[]error{status.Error(codes.NotFound, "never")}, 9, func(err error) bool {
			return status.Code(err) == codes.NotFound && !errors.Is(err, singoff.ErrHistoryLost)
		}},
		"down at first":    {[]error{status.Error(codes.Unavailable, "down")}, 9, func(err error) bool { return status.Code(err) == codes.Unavailable }},
		"refused later":    {[]error{nil, status.Error(codes.Unauthenticated, "who?")}, 9, func(err error) bool { return status.Code(err) == codes.Unauthenticated }},
		"gone":             {[]error{nil, status.Error(codes.NotFound, "never")}, 9, func(err error) bool { return errors.Is(err, singoff.ErrHistoryLost) }},
		"another, shorter": {nil, 2, func(err error) bool { return errors.Is(err, singoff.ErrHistoryLost) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &chronicle{newest: 4, fails: test.fails, later: map[int]uint64{2: test.newer}}
				var last error
				for _, err := range historian(t, c).Events(t.Context(), singoff.HistoryOptions{RoomID: "battle", Follow: time.Second}) {
					last = err
				}
				if !test.want(last) {
					t.Errorf("got %v", last)
				}
			})
		})
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	for field, options := range map[string]singoff.HistoryOptions{
		"RoomID":  {RoomID: "a b"},
		"FromSeq": {RoomID: "a", FromSeq: 1, FromTime: time.Unix(1, 0)},
		"Follow":  {RoomID: "a", Follow: time.Second, Backward: true},
	} {
		c := &chronicle{}
		for _, err := range historian(t, c).Events(t.Context(), options) {
			if !errors.Is(err, singoff.ErrInvalid) || c.asked != 0 {
				t.Errorf("%s: got %v after %d calls, want ErrInvalid at once", field, err, c.asked)
			}
		}
	}
}
