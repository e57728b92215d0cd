package rules

import (
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/room/names"
)

type member struct {
	id         string
	user       User
	signedIn   bool
	nickname   string
	nameKey    string // the nickname as it is compared
	role       singoffv1.Role
	seat       int
	instance   Instance // newest
	conn       Connection
	awaySince  int64 // valid while away
	heldUntil  int64 // valid while away
	hidden     bool
	joined     int64
	sinceEpoch uint64
	sinceSeq   uint64
	pick       *singoffv1.Track
}

func (m *member) seated() bool { return m.role != singoffv1.Role_ROLE_OBSERVER }
func (m *member) away() bool   { return m.conn == 0 }

// view is the member as everybody sees it.
func (m *member) view() *singoffv1.Member {
	v := &singoffv1.Member{
		MemberId: m.id, Nickname: m.nickname, Role: m.role, Seat: uint32(m.seat), SignedIn: m.signedIn,
		Away: m.away(), Hidden: m.hidden, JoinedTime: stamp(m.joined), Pick: m.pick,
	}
	if m.away() {
		v.HeldUntil = stamp(m.heldUntil)
	}
	return v
}

// MemberID makes an id of the JOINED's seq and 30 bits of its epoch, so that a lost log doesn't make it again.
func MemberID(epoch, seq uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], epoch)
	tail := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])[:6]
	return "m" + strconv.FormatUint(seq, 36) + "-" + strings.ToLower(tail)
}

func nameKey(m *member) string {
	if m.nickname == "" {
		return ""
	}
	return names.Key(m.nickname)
}
