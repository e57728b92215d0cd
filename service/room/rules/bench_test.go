package rules_test

import (
	"fmt"
	"testing"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// BenchmarkDecideApply decides one command as a room does, a batch of its own with what is due before it, and applies its record to
// the kept state. What chat, votes and cheers cost doesn't grow with the room.
func BenchmarkDecideApply(b *testing.B) {
	for _, size := range []int{8, rules.MaxSeats} {
		for _, c := range []struct {
			name string
			body func(i int, singer string) any
		}{
			{"chat", func(int, string) any { return &singoffv1.ChatMessage{Text: "a line of chat, as people type it"} }},
			{"vote", func(i int, singer string) any { return vote(singer, singoffv1.Vote_Choice(1+i%2)) }},
			{"cheer", func(_ int, singer string) any {
				return &singoffv1.Reaction{SingerMemberId: singer, Kind: singoffv1.Reaction_KIND_CLAP}
			}},
			{"refused", func(int, string) any { return vote("nobody", singoffv1.Vote_CHOICE_UP) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", c.name, size), func(b *testing.B) {
				kept, conn, singer := crowd(b, size)
				draft := kept.Clone()
				cfg := rules.DefaultConfig()
				b.ReportAllocs()
				number := uint64(0)
				for i := 0; b.Loop(); i++ {
					body := c.body(i, singer)
					command := rules.Command{Body: body}
					if _, cheer := body.(*singoffv1.Reaction); !cheer {
						number++
						command.Number = number
					}
					batch := rules.Begin(draft, &cfg, start)
					batch.Tick()
					batch.Command(conn, command)
					for _, r := range batch.Records {
						if err := kept.Apply(r); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// crowd is a full room of a size, half of whom are away, with the connection of a watcher and the id of a singer.
func crowd(b *testing.B, size int) (state *rules.State, conn rules.Connection, singer string) {
	b.Helper()
	cfg := rules.DefaultConfig()
	cfg.Watchers = size - cfg.Singers
	state = rules.New("default", "battle")
	batch := rules.Begin(state, &cfg, start)
	batch.Open(1)
	for i := range size {
		role := singoffv1.Role_ROLE_WATCHER
		if i < cfg.Singers {
			role = singoffv1.Role_ROLE_SINGER
		}
		conn = rules.Connection(i + 1)
		a, refused := batch.Hello(conn, helloOf(fmt.Sprint("guest", i), role))
		if refused != nil {
			b.Fatal(refused)
		}
		if i == 0 {
			singer = a.MemberID
		}
		if i%2 == 0 && i < size-1 {
			batch.Lost(conn, singoffv1.Presence_REASON_CONNECTION_LOST)
		}
	}
	return state, conn, singer
}
