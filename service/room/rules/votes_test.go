package rules_test

import (
	"os"
	"strings"
	"testing"
	"time"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/rules"
)

// TestVoteTable proves docs/votes.md cell by cell: it casts one vote, lets that happen to one of the two, and looks at the tally.
func TestVoteTable(t *testing.T) {
	t.Parallel()
	columns, rows := readTable(t, "../../../docs/votes.md")
	for _, row := range rows {
		happens := voteHappenings[row[0]]
		if happens == nil {
			t.Errorf("docs/votes.md has a row %q that no test knows", row[0])
			continue
		}
		for i, column := range columns[1:] {
			t.Run(row[0]+"/"+column, func(t *testing.T) {
				t.Parallel()
				n := newVoteNight(t, column)
				happens(n, n.whom[column])
				if got := n.outcome(); got != row[i+1] {
					t.Errorf("the vote %s, docs/votes.md says %s", got, row[i+1])
				}
				n.votesOnce()
			})
		}
	}
	if len(rows) != len(voteHappenings) {
		t.Errorf("docs/votes.md has %d rows, the tests know %d", len(rows), len(voteHappenings))
	}
}

// readTable reads the table of a page of Markdown.
func readTable(t *testing.T, path string) (columns []string, rows [][]string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if columns == nil {
			columns = cells
		} else {
			rows = append(rows, cells)
		}
	}
	return columns, rows
}

// guest is somebody with one page and a seat, perhaps.
type guest struct {
	name string
	role singoffv1.Role
	page string
	try  uint64
	conn rules.Connection
	id   string
}

// voteNight is a room of a host, a singer, and one who has voted for them.
type voteNight struct {
	*room
	host, voter, singer *guest
	whom                map[string]*guest // by column
}

func newVoteNight(t *testing.T, column string) *voteNight {
	cfg := rules.DefaultConfig()
	cfg.Singers = 3
	n := &voteNight{
		room:   newRoom(t, cfg),
		host:   &guest{name: "host", role: singoffv1.Role_ROLE_WATCHER},
		voter:  &guest{name: "ara", role: singoffv1.Role_ROLE_WATCHER},
		singer: &guest{name: "mina", role: singoffv1.Role_ROLE_SINGER},
	}
	if column == "to the singer who voted" {
		n.voter.role = singoffv1.Role_ROLE_SINGER
	}
	n.whom = map[string]*guest{
		"to the watcher who voted": n.voter, "to the singer who voted": n.voter, "to the singer voted for": n.singer,
	}
	for _, g := range []*guest{n.host, n.voter, n.singer} {
		n.enter(g, g.role)
	}
	n.must(n.voter.conn, vote(n.singer.id, singoffv1.Vote_CHOICE_UP))
	return n
}

// enter says the next Hello of a guest's page.
func (n *voteNight) enter(g *guest, role singoffv1.Role) {
	n.Helper()
	g.try++
	h := rules.Hello{
		User: rules.Guest([]byte(g.name)), Instance: rules.InstanceOf(g.page), Attempt: g.try, TakeOver: true,
		Role: role, Nickname: g.name + g.page,
	}
	g.conn, g.id = n.join(h)
	g.role = role
}

func (n *voteNight) hosts(action singoffv1.Moderation_Action, id string) {
	n.Helper()
	n.must(n.host.conn, moderation(action, id))
}

// crowdOut lets others ask for seats of a lost member's role until that member has yielded.
func (n *voteNight) crowdOut(g *guest) {
	n.Helper()
	n.lose(g.conn)
	n.wait(n.cfg.Hold)
	for _, name := range strings.Split("abcdefgh", "") {
		if n.ledger.members[g.id] == nil {
			return
		}
		n.joinAs(name, g.role)
	}
	n.Fatalf("%s hasn't yielded", g.name)
}

// again leaves and says Hello from another page, in that role.
func (n *voteNight) again(g *guest, role singoffv1.Role) {
	n.Helper()
	n.must(g.conn, &singoffv1.Leave{})
	g.page += "2"
	n.enter(g, role)
}

var voteHappenings = map[string]func(n *voteNight, g *guest){
	"is away":               func(n *voteNight, g *guest) { n.lose(g.conn) },
	"is away past the hold": func(n *voteNight, g *guest) { n.lose(g.conn); n.wait(n.cfg.Hold) },
	"is away and comes back": func(n *voteNight, g *guest) {
		n.lose(g.conn)
		n.enter(g, g.role)
	},
	"yields the seat to somebody else": (*voteNight).crowdOut,
	"yields the seat and comes back": func(n *voteNight, g *guest) {
		n.crowdOut(g)
		for _, m := range n.state.Room("").Members {
			if m.Role == g.role && len(m.Nickname) == 1 {
				n.lose(n.connectionOf(m.MemberId))
			}
		}
		n.wait(n.cfg.Hold)
		n.enter(g, g.role)
	},
	"is gone after 15 minutes away": func(n *voteNight, g *guest) {
		n.lose(g.conn)
		n.wait(n.cfg.AwayLimit)
	},
	"leaves": func(n *voteNight, g *guest) { n.must(g.conn, &singoffv1.Leave{}) },
	"leaves and joins again under another name": func(n *voteNight, g *guest) { n.again(g, g.role) },
	"leaves and joins again as a watcher":       func(n *voteNight, g *guest) { n.again(g, singoffv1.Role_ROLE_WATCHER) },
	"leaves and joins again as a singer":        func(n *voteNight, g *guest) { n.again(g, singoffv1.Role_ROLE_SINGER) },
	"leaves and joins again as an observer":     func(n *voteNight, g *guest) { n.again(g, singoffv1.Role_ROLE_OBSERVER) },
	"is replaced by an observer of the same page": func(n *voteNight, g *guest) {
		n.enter(g, singoffv1.Role_ROLE_OBSERVER)
	},
	"is taken over by another page": func(n *voteNight, g *guest) {
		g.page += "2"
		n.enter(g, g.role)
	},
	"has the seat freed by the host": func(n *voteNight, g *guest) {
		n.lose(g.conn)
		n.hosts(singoffv1.Moderation_ACTION_FREE_SEAT, g.id)
	},
	"is kicked": func(n *voteNight, g *guest) { n.hosts(singoffv1.Moderation_ACTION_KICK, g.id) },
	"is kicked and comes back after five minutes": func(n *voteNight, g *guest) {
		n.hosts(singoffv1.Moderation_ACTION_KICK, g.id)
		n.wait(n.cfg.KickTime)
		n.enter(g, g.role)
	},
	"is banned": func(n *voteNight, g *guest) { n.hosts(singoffv1.Moderation_ACTION_BAN, g.id) },
	"is banned and let in again": func(n *voteNight, g *guest) {
		n.hosts(singoffv1.Moderation_ACTION_BAN, g.id)
		n.hosts(singoffv1.Moderation_ACTION_UNBAN, g.id)
		n.enter(g, g.role)
	},
	"is there when another node opens the room": func(n *voteNight, _ *guest) { n.reopen() },
	"is there when the empty room closes": func(n *voteNight, _ *guest) {
		for _, x := range []*guest{n.singer, n.voter, n.host} {
			n.must(x.conn, &singoffv1.Leave{})
		}
		n.wait(n.cfg.EmptyLimit)
		for _, x := range []*guest{n.host, n.voter, n.singer} {
			n.enter(x, x.role)
		}
	},
}

// connectionOf is the newest one attached to a member.
func (r *room) connectionOf(id string) (conn rules.Connection) {
	for _, rec := range r.log {
		if a, ok := rec.Fact.(*rules.Attached); ok && a.MemberID == id {
			conn = a.Connection
		}
	}
	return conn
}

// votes are the ups and all that everybody sees of the singer's tally now.
func (n *voteNight) votes() (up, all uint32, seen bool) {
	for _, t := range n.state.Room("").Tallies {
		if t.SingerMemberId == n.singer.id {
			c := t.Tally
			return c.UpGuests, c.UpGuests + c.UpSignedIn + c.DownGuests + c.DownSignedIn, true
		}
	}
	return 0, 0, false
}

// outcome is what has become of the vote, in the words of the table.
func (n *voteNight) outcome() string {
	n.Helper()
	stands := "stands"
	if _, _, seen := n.votes(); !seen {
		stands = "stands, unseen"
		n.backOnStage()
	}
	switch up, all, seen := n.votes(); {
	case seen && up == 1 && all == 1:
		return stands
	case seen && all == 0:
		return "gone"
	default:
		return "is miscounted"
	}
}

// backOnStage brings the singer back, whatever has happened to them.
func (n *voteNight) backOnStage() {
	n.Helper()
	n.free(n.singer)
	n.roomFor(singoffv1.Role_ROLE_SINGER)
	n.enter(n.singer, singoffv1.Role_ROLE_SINGER)
}

// free undoes whatever keeps a guest from sitting down anew.
func (n *voteNight) free(g *guest) {
	n.Helper()
	if m := n.ledger.members[g.id]; m != nil && m.role != singoffv1.Role_ROLE_SINGER {
		n.must(g.conn, &singoffv1.Leave{})
	}
	for _, b := range n.state.Room(n.state.Room("").HostMemberId).Bans {
		if b.MemberId == g.id {
			n.hosts(singoffv1.Moderation_ACTION_UNBAN, g.id)
		}
	}
}

// roomFor lets one of those who crowded a guest out leave.
func (n *voteNight) roomFor(role singoffv1.Role) {
	n.Helper()
	for _, m := range n.state.Room("").Members {
		if m.Role == role && len(m.Nickname) == 1 {
			n.decide(func(b *rules.Batch) { b.HalfClosed(n.connectionOf(m.MemberId)) })
			return
		}
	}
}

// votesOnce lets the voter vote again, seated anew if need be: there is still one vote at most.
func (n *voteNight) votesOnce() {
	n.Helper()
	if m := n.ledger.members[n.voter.id]; m == nil || m.away || m.role == singoffv1.Role_ROLE_OBSERVER {
		if m == nil || m.role == singoffv1.Role_ROLE_OBSERVER {
			n.free(n.voter)
		}
		n.wait(n.cfg.KickTime - time.Second)
		n.wait(time.Second)
		n.roomFor(singoffv1.Role_ROLE_WATCHER)
		n.enter(n.voter, singoffv1.Role_ROLE_WATCHER)
	}
	n.must(n.voter.conn, vote(n.singer.id, singoffv1.Vote_CHOICE_DOWN))
	if up, all, _ := n.votes(); up != 0 || all != 1 {
		n.Errorf("after voting again there are %d ups of %d votes, want 0 of 1", up, all)
	}
}
