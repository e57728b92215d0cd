package flight_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/memlog"
	"github.com/singoff/singoff/service/flight"
	"github.com/singoff/singoff/service/flight/flighttest"
)

// file writes the record of moments, which follow on the snapshot if there is one.
func file(t testing.TB, snapshot []byte, moments []flighttest.Moment) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flight.NewWriter(&b, flight.Head{Namespace: flighttest.Room.Namespace, Room: flighttest.Room.Room, Recorded: time.Unix(1, 0).UTC()})
	if err == nil && snapshot != nil {
		err = w.Snapshot(snapshot)
	}
	for _, m := range moments {
		err = errors.Join(err, w.Entry(m.Entry.Data))
	}
	if err := errors.Join(err, w.End()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func replay(t testing.TB, record []byte) *flight.Replay {
	t.Helper()
	r, err := flight.NewReplay(bytes.NewReader(record))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func same(t *testing.T, r *flight.Replay, want flighttest.Moment) {
	t.Helper()
	got, err := r.Encoded()
	if err != nil || r.Seq() != want.Seq || !bytes.Equal(got, want.Snapshot) {
		t.Errorf("got seq %d, %d bytes, %v, want the server's %d bytes of seq %d, bit for bit", r.Seq(), len(got), err, len(want.Snapshot), want.Seq)
	}
}

// After each entry the replay has the state that the server had, bit for bit.
func TestReplayIsTheServersState(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		moments := flighttest.Play(t, seed, 300)
		r := replay(t, file(t, nil, moments))
		for _, m := range moments {
			if err := r.Entry(); err != nil {
				t.Fatalf("seed %d, seq %d: %v", seed, m.Seq, err)
			}
			same(t, r, m)
		}
		if err := r.Entry(); !errors.Is(err, io.EOF) {
			t.Errorf("seed %d: got %v after the last entry, want EOF", seed, err)
		}
	}
}

// At a seq it is the state before the next event: the last that the server had with that seq.
func TestReplayToSeq(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 7, 200)
	record := file(t, nil, moments)
	last := map[uint64]flighttest.Moment{}
	for _, m := range moments {
		last[m.Seq] = m
	}
	newest := moments[len(moments)-1].Seq
	whole := replay(t, record)
	for seq := uint64(1); seq <= newest; seq++ {
		if err := whole.To(seq); err != nil {
			t.Fatal(err)
		}
		if m, ok := last[seq]; ok {
			same(t, whole, m)
			if seq%17 == 0 {
				once := replay(t, record)
				if err := once.To(seq); err != nil {
					t.Fatal(err)
				}
				same(t, once, m)
			}
		}
	}
	if err := whole.To(newest + 1); !errors.Is(err, flight.ErrOutside) {
		t.Errorf("beyond the newest: got %v, want ErrOutside", err)
	}
	if err := whole.To(1); !errors.Is(err, flight.ErrOutside) {
		t.Errorf("back: got %v, want ErrOutside", err)
	}
}

// A record that begins with a snapshot leads to the same states as one that is whole.
func TestReplayFromSnapshot(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 8, 300)
	for _, from := range []int{1, len(moments) / 3, len(moments) - 1} {
		r := replay(t, file(t, moments[from-1].Snapshot, moments[from:]))
		same(t, r, moments[from-1])
		for _, m := range moments[from:] {
			if err := r.Entry(); err != nil {
				t.Fatal(err)
			}
			same(t, r, m)
		}
	}
}

// log keeps moments as a server does, and trims all that the snapshot after the n-th covers.
func log(t *testing.T, moments []flighttest.Moment, n int) *memlog.Log {
	t.Helper()
	l, err := memlog.New(memlog.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var at eventlog.Position
	for _, m := range moments {
		if at, err = l.Append(t.Context(), flighttest.Room, at, m.Entry); err != nil {
			t.Fatal(err)
		}
	}
	if n > 0 {
		m := moments[n-1]
		err = l.StoreSnapshot(t.Context(), flighttest.Room, eventlog.Snapshot{Position: eventlog.Position(n), Seq: m.Seq, Data: m.Snapshot})
		if err = errors.Join(err, l.Trim(t.Context(), flighttest.Room, m.Seq+1)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestRecord(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 9, 200)
	now := func() time.Time { return time.Unix(1, 0) }
	for _, trimmed := range []int{0, 1, len(moments) / 2, len(moments)} {
		var got bytes.Buffer
		if err := flight.NewRecorder(log(t, moments, trimmed), now).Record(t.Context(), flighttest.Room, &got); err != nil {
			t.Fatal(err)
		}
		var snapshot []byte
		if trimmed > 0 {
			snapshot = moments[trimmed-1].Snapshot
		}
		if want := file(t, snapshot, moments[trimmed:]); !bytes.Equal(got.Bytes(), want) {
			t.Errorf("trimmed %d: got %d bytes, want the %d bytes of snapshot and %d entries", trimmed, got.Len(), len(want), len(moments)-trimmed)
		}
		r := replay(t, got.Bytes())
		if err := r.End(); err != nil {
			t.Fatal(err)
		}
		same(t, r, moments[len(moments)-1])
	}
	err := flight.NewRecorder(log(t, nil, 0), now).Record(context.Background(), flighttest.Room, io.Discard)
	if !errors.Is(err, flight.ErrNoRoom) {
		t.Errorf("of a room that never was: got %v, want ErrNoRoom", err)
	}
}

// read reads a record to its end.
func read(record []byte) error {
	r, err := flight.NewReader(bytes.NewReader(record))
	for err == nil {
		_, err = r.Entry()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Wherever a file is cut off or a bit of it has turned, that is said, and what it holds isn't taken for whole.
func TestRecordThatIsBroken(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 10, 8)
	record := file(t, moments[0].Snapshot, moments[1:])
	if err := read(record); err != nil {
		t.Fatal(err)
	}
	for n := range record {
		want := flight.ErrTruncated
		if n == 0 {
			want = flight.ErrNotARecord
		}
		if err := read(record[:n]); !errors.Is(err, want) {
			t.Fatalf("cut off at byte %d: got %v, want %v", n, err, want)
		}
	}
	known := []error{flight.ErrNotARecord, flight.ErrNewer, flight.ErrTruncated, flight.ErrDamaged}
	for n := range record {
		bad := bytes.Clone(record)
		bad[n] ^= 1 << (n % 8)
		err := read(bad)
		ok := false
		for _, k := range known {
			ok = ok || errors.Is(err, k)
		}
		if !ok {
			t.Fatalf("a bit of byte %d turned: got %v, want one of %v", n, err, known)
		}
	}
	const end = 1 + 1 + 40 + 4 // bytes of the last frame
	turned := file(t, moments[0].Snapshot, append([]flighttest.Moment{moments[2], moments[1]}, moments[3:]...))
	if err := read(append(turned[:len(turned)-end:len(turned)-end], record[len(record)-end:]...)); !errors.Is(err, flight.ErrDamaged) {
		t.Errorf("two entries in another order: got %v, want ErrDamaged", err)
	}
	if err := read(append(bytes.Clone(record), 0)); !errors.Is(err, flight.ErrDamaged) {
		t.Errorf("a byte more: got %v, want ErrDamaged", err)
	}
	newer := bytes.Clone(record)
	newer[len("singoff flight record\n")] = 2
	if err := read(newer); !errors.Is(err, flight.ErrNewer) {
		t.Errorf("version 2: got %v, want ErrNewer", err)
	}
}

// Entries that are taken out, twice there, or in another order don't add up to the checksum of the whole, and their seqs don't follow.
func TestReplayOfEntriesOutOfOrder(t *testing.T) {
	t.Parallel()
	moments := flighttest.Play(t, 11, 30)
	turned := append([]flighttest.Moment{moments[1], moments[0]}, moments[2:]...)
	if err := replay(t, file(t, nil, turned)).End(); err == nil {
		t.Error("got no error for a record whose entries are out of order")
	}
}

func FuzzReplay(f *testing.F) {
	moments := flighttest.Play(f, 12, 6)
	f.Add(file(f, nil, moments))
	f.Add(file(f, moments[2].Snapshot, moments[3:]))
	f.Add([]byte("singoff flight record\n\x01H\x02{}"))
	f.Fuzz(func(_ *testing.T, record []byte) {
		r, err := flight.NewReplay(bytes.NewReader(record))
		if err == nil {
			_ = r.End()
			_, _ = r.Encoded()
		}
	})
}

// FuzzEntry gets past the checksums: what an entry or a snapshot holds may be anything.
func FuzzEntry(f *testing.F) {
	for seed := range uint64(3) {
		moments := flighttest.Play(f, seed, 12)
		for i, m := range moments[1:] {
			f.Add(moments[i].Snapshot, m.Entry.Data)
		}
	}
	f.Fuzz(func(t *testing.T, snapshot, entry []byte) {
		var b bytes.Buffer
		w, err := flight.NewWriter(&b, flight.Head{Namespace: "n", Room: "r"})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Snapshot(snapshot), w.Entry(entry), w.End()); err != nil {
			return
		}
		r, err := flight.NewReplay(&b)
		if err == nil {
			_ = r.End()
			_, _ = r.Encoded()
		}
	})
}
