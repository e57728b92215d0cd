package kill

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/eventlog"
	"github.com/singoff/singoff/service/eventlog/sqlitelog"
	"github.com/singoff/singoff/service/room/engine"
)

// checkLog reads the log itself: seqs without a gap, every answered text exactly once, and no text twice.
func (p *party) checkLog(rooms int) {
	log, err := sqlitelog.New(p.ctx, sqlitelog.Config{Dir: p.server.Dir})
	if err != nil {
		p.t.Fatal(err)
	}
	times := map[string]int{}
	for r := range rooms {
		p.readRoom(log, eventlog.Key{Namespace: "default", Room: fmt.Sprint("r", r)}, times)
	}
	if err := log.Close(); err != nil {
		p.t.Error(err)
	}
	for text := range p.said {
		if times[text] != 1 {
			p.t.Errorf("%q was answered and is in the log %d times, want once", text, times[text])
		}
	}
	for text, n := range times {
		if n != 1 && text != lastLine {
			p.t.Errorf("%q is in the log %d times", text, n)
		}
	}
}

func (p *party) readRoom(log eventlog.Log, key eventlog.Key, times map[string]int) {
	next := uint64(1)
	for stored, err := range log.Read(p.ctx, key, 1) {
		if err != nil {
			p.t.Fatal(err)
		}
		items, err := engine.Items(stored.Data)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, item := range items {
			if item.Seq != next {
				p.t.Fatalf("%v: seq %d follows %d", key, item.Seq, next-1)
			}
			next++
			var response singoffv1.JoinResponse
			if err := proto.Unmarshal(item.Response, &response); err != nil {
				p.t.Fatal(err)
			}
			if text := response.GetEvents()[0].GetChatMessage().GetText(); text != "" {
				times[text]++
			}
		}
	}
}
