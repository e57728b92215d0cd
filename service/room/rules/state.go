package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// State is a room after some record. It isn't safe for concurrent use. Only Apply changes it.
type State struct {
	namespace, room string

	seq    uint64 // newest seq
	time   int64  // newest time, milliseconds since 1970
	epoch  uint64
	epochs []epochStart // oldest first

	made              bool // somebody made the room since it was last closed
	title             string
	singers, watchers int
	host              string // member id; empty: none
	locked            bool
	emptySince        int64 // milliseconds since 1970; 0: somebody is seated, or the room isn't made

	members  []*member // in the order they joined
	byID     map[string]*member
	byConn   map[Connection]*member
	awayest  *member // away longest, of several the one who joined first; nil: nobody is away
	sessions *sessions
	votes    *votes
	bans     []ban // oldest first
	playing  *singoffv1.NowPlaying
	chat     []chatLine // oldest first
	chatSize int
}

type epochStart struct {
	epoch, firstSeq uint64
}

type ban struct {
	user     User
	memberID string
	nickname string
	until    int64 // 0: for the room's life
	operator bool  // by the operator: the host can't undo it, nobody is shown it, and it outlives the room's closing
}

func (b ban) holds(now int64) bool { return b.until == 0 || b.until > now }

type chatLine struct {
	event    *singoffv1.Event
	audience []User
	size     int
}

// New is a room that never was.
func New(namespace, room string) *State {
	return &State{
		namespace: namespace, room: room,
		byID: map[string]*member{}, byConn: map[Connection]*member{},
		sessions: newSessions(), votes: newVotes(),
	}
}

// Clone is a deep copy, apart from events and tracks, which nobody changes.
func (s *State) Clone() *State {
	c := *s
	c.epochs = append([]epochStart(nil), s.epochs...)
	c.members = make([]*member, len(s.members))
	c.byID = make(map[string]*member, len(s.members))
	c.byConn = make(map[Connection]*member, len(s.members))
	for i, m := range s.members {
		n := *m
		c.members[i] = &n
		c.byID[n.id] = &n
		if n.conn != 0 {
			c.byConn[n.conn] = &n
		}
		if m == s.awayest {
			c.awayest = &n
		}
	}
	c.sessions = s.sessions.clone()
	c.votes = s.votes.clone()
	c.bans = append([]ban(nil), s.bans...)
	c.chat = append([]chatLine(nil), s.chat...)
	return &c
}

// Seq is the newest seq; 0: none yet.
func (s *State) Seq() uint64 { return s.seq }

// Time is when the newest record was decided.
func (s *State) Time() time.Time { return time.UnixMilli(s.time).UTC() }

// Epoch is the current one; 0: the room was never opened.
func (s *State) Epoch() uint64 { return s.epoch }

// EpochAt is the epoch under which a seq was decided, and whether that is still known.
func (s *State) EpochAt(seq uint64) (epoch uint64, known bool) {
	for _, e := range slices.Backward(s.epochs) {
		if e.firstSeq <= seq {
			return e.epoch, seq <= s.seq
		}
	}
	return 0, false
}

// Attached says whose current connection it is.
func (s *State) Attached(c Connection) (User, Instance, bool) {
	if m := s.byConn[c]; m != nil {
		return m.user, m.instance, true
	}
	return User{}, 0, false
}

// LastNumber is the number of the last command decided of an instance, and whether the room knows that instance.
func (s *State) LastNumber(u User, i Instance) (last uint64, known bool) {
	if x := s.sessions.get(u, i); x != nil {
		return x.last, true
	}
	return 0, false
}

// Empty says that nobody is a member and that nothing is left to happen by itself: the room can be unloaded.
func (s *State) Empty() bool { return len(s.members) == 0 && !s.made }

func (s *State) seatsOf(role singoffv1.Role) int {
	switch role {
	case singoffv1.Role_ROLE_SINGER:
		return s.singers
	case singoffv1.Role_ROLE_WATCHER:
		return s.watchers
	}
	return MaxObservers
}

func (s *State) count(role singoffv1.Role) (n int) {
	for _, m := range s.members {
		if m.role == role {
			n++
		}
	}
	return n
}

// freeSeat is the lowest free seat of a role, 0 if there is none.
func (s *State) freeSeat(role singoffv1.Role) int {
	seats := s.seatsOf(role)
	taken := make([]bool, seats+1)
	for _, m := range s.members {
		if m.role == role && m.seat <= seats {
			taken[m.seat] = true
		}
	}
	for seat := 1; seat <= seats; seat++ {
		if !taken[seat] {
			return seat
		}
	}
	return 0
}

func (s *State) seatedOf(u User) *member {
	for _, m := range s.members {
		if m.user == u && m.seated() {
			return m
		}
	}
	return nil
}

func (s *State) named(key string) *member {
	for _, m := range s.members {
		if m.seated() && m.nameKey == key {
			return m
		}
	}
	return nil
}

func (s *State) banOf(u User, now int64) *ban {
	for i := range s.bans {
		if b := &s.bans[i]; b.user == u && b.holds(now) {
			return b
		}
	}
	return nil
}

// somebodySeated counts away ones too.
func (s *State) somebodySeated() bool {
	for _, m := range s.members {
		if m.seated() {
			return true
		}
	}
	return false
}

func (s *State) counts() *singoffv1.Counts {
	c := &singoffv1.Counts{}
	for _, m := range s.members {
		switch m.role {
		case singoffv1.Role_ROLE_SINGER:
			c.Singers++
		case singoffv1.Role_ROLE_WATCHER:
			c.Watchers++
		default:
			c.Observers++
		}
		if m.away() {
			c.Away++
		}
	}
	return c
}

// findAwayest is called whenever somebody goes away, comes back or is gone, so that nobody else needs to look.
func (s *State) findAwayest() {
	s.awayest = nil
	for _, m := range s.members {
		if m.away() && (s.awayest == nil || m.awaySince < s.awayest.awaySince) {
			s.awayest = m
		}
	}
}

func (s *State) namesSize() (n int) {
	for _, m := range s.members {
		n += len(m.nickname)
	}
	return n
}

// sessionLimit is how many sessions a room keeps in all.
func (s *State) sessionLimit() int { return 4 * (s.singers + s.watchers + MaxObservers) }

func stamp(ms int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMilli(ms)) }

func span(ms int64) *durationpb.Duration {
	return durationpb.New(time.Duration(ms) * time.Millisecond)
}
