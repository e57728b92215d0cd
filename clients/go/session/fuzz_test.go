package session_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/singoff/singoff/clients/go/session"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// FuzzReceive feeds what a server may say, however wrong: every command still gets one result at most, and at the end exactly one.
func FuzzReceive(f *testing.F) {
	for _, events := range [][]*singoffv1.Event{
		{first(3), said(4, 1, "a"), notTaken(2, 2), goaway(false)},
		{first(3), opened(4, 9), ack(5, 1, true), goaway(true)},
		{welcomed(&singoffv1.Welcome{SnapshotSeq: 9}, resumed, 2), said(4, 1, "a"), said(9, 2, "b")},
	} {
		b, err := proto.Marshal(&singoffv1.JoinResponse{Events: events})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		response := new(singoffv1.JoinResponse)
		if proto.Unmarshal(b, response) != nil {
			return
		}
		s, err := session.New(session.Config{Hello: &singoffv1.Hello{Instance: "i"}, Resume: &singoffv1.Resume{Epoch: 7, LastSeq: 3}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := s.Queue(chat("x")); err != nil {
				t.Fatal(err)
			}
		}
		results := map[session.CommandID]session.Outcome{}
		take := func() {
			for _, r := range s.TakeResults() {
				if before, twice := results[r.ID]; twice {
					t.Fatalf("command %d: got %v after %v", r.ID, r.Outcome, before)
				}
				results[r.ID] = r.Outcome
			}
		}
		for _, event := range response.GetEvents() {
			if s.Phase() == session.Idle {
				if _, err := s.Connect(); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Receive(event); err != nil {
				s.Lost()
			}
			for s.Next() != nil {
			}
			take()
		}
		s.Close()
		take()
		if len(results) != 3 {
			t.Errorf("got %d results of 3 commands: %v", len(results), results)
		}
	})
}
