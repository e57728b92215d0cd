package history_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/history"
	"github.com/singoff/singoff/service/room/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	room  = eventlog.Key{Namespace: "default", Room: "battle"}
	mina  = rules.User{1}
	juno  = rules.User{2}
	began = time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC)
)

// line is one event of a written log.
type line struct {
	text     string
	time     time.Time
	audience []rules.User
}

// written is a log under test, and what is in it.
type written struct {
	*memlog.Log
	lines []line // of seq 1 on
	last  eventlog.Position
}

func write(t testing.TB) *written {
	log, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &written{Log: log}
}

// entry keeps lines together; none is an entry that nobody sees anything of.
func (w *written) entry(t interface{ Fatal(...any) }, lines ...line) {
	p := &logv1.Entry{FirstSeq: uint64(len(w.lines)) + 1, Count: uint32(len(lines)), RulesVersion: rules.Version}
	for i, l := range lines {
		event, err := proto.Marshal(&singoffv1.Event{
			Seq: p.FirstSeq + uint64(i), Time: timestamppb.New(l.time),
			Body: &singoffv1.Event_ChatMessage{ChatMessage: &singoffv1.ChatMessage{Text: l.text}},
		})
		if err != nil {
			t.Fatal(err)
		}
		record := &logv1.Record{Seq: p.FirstSeq + uint64(i), Event: event}
		for _, u := range l.audience {
			record.Audience = append(record.Audience, u[:])
		}
		p.Records = append(p.Records, record)
	}
	data, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	batch := eventlog.BatchID{byte(w.last), byte(w.last >> 8), byte(w.last >> 16)}
	w.last, err = w.Append(context.Background(), room, w.last, eventlog.Entry{Batch: batch, FirstSeq: p.FirstSeq, Count: p.Count, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	w.lines = append(w.lines, lines...)
}

// trim forgets what can be below a seq, and gives the oldest that is left.
func (w *written) trim(t interface{ Fatal(...any) }, below uint64) (oldest uint64) {
	err := w.StoreSnapshot(context.Background(), room, eventlog.Snapshot{Position: w.last, Seq: uint64(len(w.lines))})
	err = errors.Join(err, w.Trim(context.Background(), room, below))
	if err != nil {
		t.Fatal(err)
	}
	for oldest = 1; ; oldest++ {
		for _, err := range w.Read(context.Background(), room, oldest) {
			if err == nil {
				return oldest
			}
		}
		if oldest > uint64(len(w.lines)) {
			return oldest
		}
	}
}

// mostPages is more than any history here has: pages that go round in a circle end there.
const mostPages = 2_000

// all reads pages to the end.
func all(ctx context.Context, r *history.Reader, q history.Query) (texts []string, pages int, err error) {
	for pages < mostPages {
		page, err := r.Page(ctx, q)
		if err != nil {
			return texts, pages, err
		}
		pages++
		if len(page.Events) > q.Most {
			return nil, pages, fmt.Errorf("got a page of %d events, want at most %d", len(page.Events), q.Most)
		}
		for _, e := range page.Events {
			texts = append(texts, e.GetChatMessage().GetText())
		}
		if page.Next == 0 {
			return texts, pages, nil
		}
		q.Seq, q.Time, q.Continued = page.Next, time.Time{}, true
	}
	return nil, pages, fmt.Errorf("got no end after %d pages", pages)
}

// Whatever a log holds, and however its entries are cut, trimmed and asked for: the pages together are what the reader may see of it, in order.
func TestPagesAreTheHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log, err := memlog.New(memlog.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		w := &written{Log: log}
		now := began
		for range rapid.IntRange(1, 40).Draw(t, "entries") {
			var lines []line
			for range rapid.IntRange(0, 6).Draw(t, "lines") {
				now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "seconds")) * time.Second)
				audience := rapid.SampledFrom([][]rules.User{nil, nil, {mina}, {mina, juno}, {{9}}}).Draw(t, "audience")
				lines = append(lines, line{fmt.Sprint(len(w.lines) + len(lines) + 1), now, audience})
			}
			if len(w.lines)+len(lines) == 0 {
				lines = []line{{"1", now, nil}}
			}
			w.entry(t, lines...)
		}
		oldest := uint64(1)
		if rapid.Bool().Draw(t, "trimmed") {
			oldest = w.trim(t, rapid.Uint64Range(1, uint64(len(w.lines))+1).Draw(t, "below"))
		}
		q := history.Query{Room: room, Backward: rapid.Bool().Draw(t, "backward"), Most: rapid.IntRange(1, 50).Draw(t, "most")}
		if rapid.Bool().Draw(t, "known") {
			q.Viewer = &juno
		}
		switch rapid.IntRange(0, 2).Draw(t, "from") {
		case 1:
			q.Seq = rapid.Uint64Range(1, uint64(len(w.lines))+3).Draw(t, "seq")
		case 2:
			q.Time = began.Add(time.Duration(rapid.IntRange(-1, 2*len(w.lines)).Draw(t, "time")) * time.Second)
		}
		want, trimmed := w.want(q, oldest)
		got, _, err := all(context.Background(), history.New(w), q)
		var gone *history.TrimmedError
		switch {
		case trimmed:
			if !errors.As(err, &gone) || gone.Oldest != oldest {
				t.Fatalf("got %v, %v, want an error that names seq %d as the oldest", got, err, oldest)
			}
		case err != nil || !slices.Equal(got, want):
			t.Fatalf("got %v, %v, want %v (oldest %d)", got, err, want, oldest)
		}
	})
}

// want is the plain answer: all lines, one after the other.
func (w *written) want(q history.Query, oldest uint64) (texts []string, trimmed bool) {
	newest := uint64(len(w.lines))
	from := q.Seq
	switch {
	case from == 0 && q.Time.IsZero() && q.Backward:
		from = max(newest, oldest)
	case from == 0 && q.Time.IsZero():
		from = oldest
	case from == 0 && q.Backward:
		for seq := oldest; seq <= newest && !w.lines[seq-1].time.After(q.Time); seq++ {
			from = seq
		}
		from = max(from, oldest-1)
	case from == 0:
		for from = oldest; from <= newest && w.lines[from-1].time.Before(q.Time); from++ {
		}
		if from == oldest && oldest > 1 && from <= newest && w.lines[from-1].time.After(q.Time) {
			return nil, true
		}
	}
	if from < oldest && oldest > 1 {
		return nil, true
	}
	for seq := from; seq >= oldest && seq <= max(newest, from); {
		if seq <= newest {
			l := w.lines[seq-1]
			if len(l.audience) == 0 || q.Viewer != nil && slices.Contains(l.audience, *q.Viewer) {
				texts = append(texts, l.text)
			}
		}
		if q.Backward {
			seq--
		} else {
			seq++
		}
	}
	return texts, false
}

func TestPageEndsAtItsBytes(t *testing.T) {
	t.Parallel()
	w := write(t)
	big := strings.Repeat("가", 5000)
	for range 80 {
		w.entry(t, line{big, began, nil}, line{big, began, nil})
	}
	for _, backward := range []bool{false, true} {
		page, err := history.New(w).Page(t.Context(), history.Query{Room: room, Backward: backward, Most: 1000})
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, e := range page.Events {
			size += proto.Size(e)
		}
		if size > history.MaxBytes || size < history.MaxBytes*9/10 || page.Next == 0 {
			t.Errorf("backward %v: got %d events of %d bytes and next %d, want about %d bytes and a next page", backward, len(page.Events), size, page.Next, history.MaxBytes)
		}
		texts, pages, err := all(t.Context(), history.New(w), history.Query{Room: room, Backward: backward, Most: 1000})
		if err != nil || len(texts) != 160 || pages < 3 {
			t.Errorf("backward %v: got %d events in %d pages, %v, want 160 in at least 3", backward, len(texts), pages, err)
		}
	}
}

// A page that finds only what others whisper ends before it has read everything, and the next one goes on.
func TestPageOfWhispersIsBounded(t *testing.T) {
	t.Parallel()
	w := write(t)
	for range 80 {
		w.entry(t, slices.Repeat([]line{{"psst", began, []rules.User{mina}}}, 256)...)
	}
	for _, backward := range []bool{false, true} {
		page, err := history.New(w).Page(t.Context(), history.Query{Room: room, Viewer: &juno, Backward: backward, Most: 10})
		if err != nil || len(page.Events) != 0 || page.Next == 0 {
			t.Errorf("backward %v: got %d events, next %d, %v, want an empty page and a next one", backward, len(page.Events), page.Next, err)
		}
		texts, pages, err := all(t.Context(), history.New(w), history.Query{Room: room, Viewer: &juno, Backward: backward, Most: 10})
		if err != nil || len(texts) != 0 || pages > 3 {
			t.Errorf("backward %v: got %d events in %d pages, %v, want none in at most 3", backward, len(texts), pages, err)
		}
	}
}

// counted counts the entries that are read.
type counted struct {
	*written
	entries int
}

func (c *counted) Read(ctx context.Context, key eventlog.Key, from uint64) iter.Seq2[eventlog.Stored, error] {
	return func(yield func(eventlog.Stored, error) bool) {
		for stored, err := range c.written.Read(ctx, key, from) {
			c.entries++
			if !yield(stored, err) {
				return
			}
		}
	}
}

// Backward pages used to be thinkable only as reading everything up to their end: a page of a long history reads a few entries.
func TestPageReadsLittle(t *testing.T) {
	t.Parallel()
	w := write(t)
	for i := range 10_000 {
		w.entry(t, line{"la", began.Add(time.Duration(i) * time.Second), nil})
	}
	for name, q := range map[string]history.Query{
		"oldest":        {},
		"newest":        {Backward: true},
		"middle":        {Seq: 5_000},
		"middle back":   {Seq: 5_000, Backward: true},
		"by time":       {Time: began.Add(4000 * time.Second)},
		"back in time":  {Time: began.Add(4000 * time.Second), Backward: true},
		"beyond":        {Seq: 1 << 63},
		"before it all": {Time: began.Add(-time.Hour)},
	} {
		c := &counted{written: w}
		q.Room, q.Most = room, 50
		page, err := history.New(c).Page(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if page.Oldest != 1 || page.Newest != 10_000 {
			t.Errorf("%s: got seqs %d to %d, want 1 to 10000", name, page.Oldest, page.Newest)
		}
		if c.entries > 200 {
			t.Errorf("%s: %d entries were read for a page of 50, want at most 200", name, c.entries)
		}
	}
}

func TestPageThatIsRefused(t *testing.T) {
	t.Parallel()
	w := write(t)
	if _, err := history.New(w).Page(t.Context(), history.Query{Room: room, Most: 1}); !errors.Is(err, history.ErrNoRoom) {
		t.Errorf("got %v, want ErrNoRoom", err)
	}
	w.entry(t, line{"1", began, nil})
	w.Close()
	if _, err := history.New(w).Page(t.Context(), history.Query{Room: room, Most: 1}); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
