package recount

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	logv1 "github.com/singoff/singoff/gen/singoff/log/v1"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// vote counts a vote, or only compares where a tally is told without one.
func (c *Recount) vote(r *logv1.Record, by string, v *singoffv1.Vote) error {
	singer := c.members[v.GetSingerMemberId()]
	if singer == nil || singer.role != singoffv1.Role_ROLE_SINGER {
		return c.differs("a tally of %q, who is no singer here", v.GetSingerMemberId())
	}
	if f := r.GetVoted(); f != nil {
		if err := c.cast(f, c.members[by], singer, v.GetChoice()); err != nil {
			return err
		}
	} else if by != "" {
		return c.differs("%q voted, and nobody's vote is kept", by)
	}
	if want := c.tally(singer.user); !proto.Equal(v.GetTally(), want) {
		return c.differs("the tally of %q is told as %s; recounted it is %s", singer.id, votes(v.GetTally()), votes(want))
	}
	return nil
}

func (c *Recount) cast(f *logv1.Voted, by, singer *member, to singoffv1.Vote_Choice) error {
	voter, err := c.user(f.GetVoter())
	if err != nil {
		return err
	}
	switch {
	case by == nil || !by.seated() || by.user != voter:
		return c.differs("a vote of somebody who has no seat here")
	case string(f.GetSinger()) != string(singer.user[:]):
		return c.differs("the vote isn't kept for %q, for whom it is", singer.id)
	case voter == singer.user:
		return c.differs("%q voted for themselves", by.id)
	case f.GetSignedIn() != by.signedIn:
		return c.differs("the vote of %q counts as signed in: %v, and they are: %v", by.id, f.GetSignedIn(), by.signedIn)
	}
	c.totals.Votes++
	key := ballot{voter, singer.user}
	switch to {
	case singoffv1.Vote_CHOICE_UP, singoffv1.Vote_CHOICE_DOWN:
		c.votes[key] = choice{to == singoffv1.Vote_CHOICE_UP, f.GetSignedIn()}
	default:
		delete(c.votes, key)
	}
	return nil
}

// tally counts all standing votes for a user.
func (c *Recount) tally(singer user) *singoffv1.Tally {
	t := &singoffv1.Tally{}
	for b, v := range c.votes {
		switch {
		case b.singer != singer:
		case v.up && v.signedIn:
			t.UpSignedIn++
		case v.up:
			t.UpGuests++
		case v.signedIn:
			t.DownSignedIn++
		default:
			t.DownGuests++
		}
	}
	return t
}

// moderation takes the votes of those who are banned.
func (c *Recount) moderation(r *logv1.Record, m *singoffv1.Moderation) error {
	if m.GetAction() != singoffv1.Moderation_ACTION_BAN {
		return nil
	}
	u, err := c.user(r.GetRemoved().GetUser())
	if err != nil {
		return err
	}
	for b := range c.votes {
		if b.voter == u {
			delete(c.votes, b)
		}
	}
	return nil
}

func votes(t *singoffv1.Tally) string {
	return fmt.Sprintf("%d up, %d down of signed-in users and %d up, %d down of guests", t.GetUpSignedIn(), t.GetDownSignedIn(), t.GetUpGuests(), t.GetDownGuests())
}

func people(c *singoffv1.Counts) string {
	return fmt.Sprintf("%d singers, %d watchers, %d observers, %d away", c.GetSingers(), c.GetWatchers(), c.GetObservers(), c.GetAway())
}
