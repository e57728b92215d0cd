package history

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// place of a kept event. A room whose log was lost begins again at seq 1, under another epoch.
type place struct {
	epoch, seq uint64
}

// fact is what's known of a kept event, whoever saw it.
type fact struct {
	place
	digest  uint64 // of the event without its number
	private bool   // an answer or a whisper
	from    string // member_id
	to      string // member_id of a whisper
	by      string // who saw it first
}

// said counts the commands and the events of one chat text.
type said struct {
	answered, unknown, refused int
	events                     []uint64 // seqs
	by                         string   // person
}

// room is what all stays in it have in common. Rooms have locks of their own: many stays take in events at once, and would queue for one.
type room struct {
	name string

	mu      sync.Mutex // of what follows, and of its stays
	facts   map[place]*fact
	lineage map[uint64]uint64          // of an epoch: another one of the same log, itself if there's none
	members map[string]map[string]bool // member ids of each person
	texts   map[string]*said
	sorted  map[uint64][]*fact // by lineage; made by the first check, dropped by the next fact
}

func newRoom(name string) *room {
	return &room{
		name: name, facts: map[place]*fact{}, lineage: map[uint64]uint64{},
		members: map[string]map[string]bool{}, texts: map[string]*said{},
	}
}

// log is one epoch that stands for all epochs of the same log.
func (r *room) log(epoch uint64) uint64 {
	for r.lineage[epoch] != epoch {
		next, ok := r.lineage[epoch]
		if !ok {
			r.lineage[epoch] = epoch
			return epoch
		}
		epoch = next
	}
	return epoch
}

// sameLog notes that an epoch followed another without a loss of the log.
func (r *room) sameLog(a, b uint64) { r.lineage[r.log(a)] = r.log(b) }

// note keeps what an event of a digest says, and tells what somebody else saw at the same place instead of it.
func (r *room) note(at place, ev *singoffv1.Event, d uint64, person string) (other *fact) {
	if f, ok := r.facts[at]; ok {
		if f.digest != d {
			return f
		}
		return nil
	}
	f := &fact{place: at, digest: d, from: ev.GetMemberId(), by: person}
	switch body := ev.GetBody().(type) {
	case *singoffv1.Event_Ack, *singoffv1.Event_Rejected:
		f.private = true
	case *singoffv1.Event_ChatMessage:
		f.to = body.ChatMessage.GetToMemberId()
		f.private = f.to != ""
		if t := r.texts[body.ChatMessage.GetText()]; t != nil {
			t.events = append(t.events, at.seq)
		} else {
			r.texts[body.ChatMessage.GetText()] = &said{events: []uint64{at.seq}, by: person}
		}
	}
	r.facts[at] = f
	r.sorted = nil
	return nil
}

// may tells whether a person should see an event. An answer is told to its user alone, but which user that is isn't told,
// so nobody is expected to have seen one but its author, by member id.
func (r *room) may(person string, f *fact) bool {
	mine := r.members[person]
	return !f.private || mine[f.from] || mine[f.to]
}

// between gives the events of an epoch's log with from < seq <= to, in order.
func (r *room) between(epoch, from, to uint64) []*fact {
	if r.sorted == nil {
		r.sorted = map[uint64][]*fact{}
		for _, f := range r.facts {
			log := r.log(f.epoch)
			r.sorted[log] = append(r.sorted[log], f)
		}
		for _, all := range r.sorted {
			slices.SortFunc(all, func(a, b *fact) int { return cmp.Compare(a.seq, b.seq) })
		}
	}
	all := r.sorted[r.log(epoch)]
	bySeq := func(f *fact, seq uint64) int { return cmp.Compare(f.seq, seq) }
	lo, _ := slices.BinarySearchFunc(all, from+1, bySeq)
	hi, _ := slices.BinarySearchFunc(all, to+1, bySeq)
	return all[lo:max(lo, hi)]
}

// checkEffects compares how often each text was said with how often it's there.
func (r *room) checkEffects() (found []Violation) {
	for text, t := range r.texts {
		n := len(t.events)
		if t.answered+t.unknown+t.refused == 0 || n <= t.answered+t.unknown {
			continue
		}
		found = append(found, Violation{
			Kind: Twice, Room: r.name, Person: t.by, Seq: t.events[n-1],
			Detail: fmt.Sprintf("%q was said %d times (%d answered, %d unknown, %d not done), and is there %d times",
				text, t.answered+t.unknown+t.refused, t.answered, t.unknown, t.refused, n),
		})
	}
	return found
}

var seed = maphash.MakeSeed()

// digest is equal for two copies of one event, whoever got them.
func digest(ev *singoffv1.Event) uint64 {
	if ev.GetNumber() != 0 {
		ev = proto.CloneOf(ev)
		ev.Number = 0
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(ev)
	if err != nil {
		return 0
	}
	return maphash.Bytes(seed, b)
}
