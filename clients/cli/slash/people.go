package slash

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/singoff/singoff/clients/cli/names"
	"github.com/singoff/singoff/clients/cli/talk"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func (in *Interpreter) members() []*singoffv1.Member { return in.room.State().Room.GetMembers() }

// singers are those on stage; others: but oneself.
func (in *Interpreter) singers(others bool) (found []*singoffv1.Member) {
	self := in.room.Self().GetMemberId()
	for _, who := range in.members() {
		if who.GetRole() == singoffv1.Role_ROLE_SINGER && (!others || who.GetMemberId() != self) {
			found = append(found, who)
		}
	}
	return found
}

func (in *Interpreter) vote(rest string) (talk.Job, error) {
	i := strings.LastIndex(rest, " ")
	if i < 0 {
		return nil, misuse("vote")
	}
	choice, ok := map[string]singoffv1.Vote_Choice{
		"up": singoffv1.Vote_CHOICE_UP, "down": singoffv1.Vote_CHOICE_DOWN, "none": singoffv1.Vote_CHOICE_NONE,
	}[strings.ToLower(rest[i+1:])]
	if !ok {
		return nil, misuse("vote")
	}
	singer, err := names.Find(in.singers(false), unquote(rest[:i]))
	if err != nil {
		return nil, fmt.Errorf("among the singers: %w", err)
	}
	id := singer.GetMemberId()
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Vote(ctx, id, choice) }), nil
}

func (in *Interpreter) whisper(rest string) (talk.Job, error) {
	if rest == "" {
		return nil, misuse("whisper")
	}
	to, text, err := names.Split(in.members(), rest)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, misuse("whisper")
	}
	id := to.GetMemberId()
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Whisper(ctx, id, text) }), nil
}

var errWhomToCheer = errors.New("say which singer: /cheer NICK")

// cheer takes a count and a kind off the end; what is left names the singer, or nobody: then it's the one who sings, or the only one.
func (in *Interpreter) cheer(rest string) (talk.Job, error) {
	words := strings.Fields(rest)
	count, kind := 1, singoffv1.Reaction_KIND_CLAP
	if n := len(words); n > 0 {
		if c, err := strconv.Atoi(words[n-1]); err == nil {
			if c < 1 || c > 20 {
				return nil, fmt.Errorf("%d at once: 1 to 20 are allowed", c)
			}
			count, words = c, words[:n-1]
		}
	}
	if n := len(words); n > 0 {
		if k, ok := singoffv1.Reaction_Kind_value["KIND_"+strings.ToUpper(words[n-1])]; ok && k != 0 {
			kind, words = singoffv1.Reaction_Kind(k), words[:n-1]
		}
	}
	id, err := in.cheered(unquote(strings.Join(words, " ")))
	if err != nil {
		return nil, err
	}
	return func(context.Context) error { return in.room.Cheer(id, kind, count) }, nil
}

func (in *Interpreter) cheered(name string) (memberID string, err error) {
	if name != "" {
		singer, err := names.Find(in.singers(false), name)
		if err != nil {
			return "", fmt.Errorf("among the singers: %w", err)
		}
		return singer.GetMemberId(), nil
	}
	if sings := in.room.State().Room.GetNowPlaying().GetSingerMemberId(); sings != "" {
		return sings, nil
	}
	if others := in.singers(true); len(others) == 1 {
		return others[0].GetMemberId(), nil
	}
	return "", errWhomToCheer
}

func moderate(action singoffv1.Moderation_Action) func(*Interpreter, string) (talk.Job, error) {
	return func(in *Interpreter, rest string) (talk.Job, error) {
		who, err := names.Find(in.members(), unquote(rest))
		if err != nil {
			return nil, err
		}
		return in.moderation(action, who.GetMemberId()), nil
	}
}

// unban finds the name among those who may not come back.
func (in *Interpreter) unban(rest string) (talk.Job, error) {
	var out []*singoffv1.Member
	for _, b := range in.room.State().Room.GetBans() {
		out = append(out, &singoffv1.Member{MemberId: b.GetMemberId(), Nickname: b.GetNickname()})
	}
	who, err := names.Find(out, unquote(rest))
	if err != nil {
		return nil, fmt.Errorf("among those who may not come back: %w", err)
	}
	return in.moderation(singoffv1.Moderation_ACTION_UNBAN, who.GetMemberId()), nil
}

func lock(action singoffv1.Moderation_Action) func(*Interpreter, string) (talk.Job, error) {
	return func(in *Interpreter, _ string) (talk.Job, error) { return in.moderation(action, ""), nil }
}

func (in *Interpreter) moderation(action singoffv1.Moderation_Action, memberID string) talk.Job {
	return in.told(func(ctx context.Context) (*singoffv1.Event, error) { return in.room.Moderate(ctx, action, memberID) })
}

func unquote(name string) string {
	name = strings.TrimSpace(name)
	if len(name) > 2 && strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) {
		return name[1 : len(name)-1]
	}
	return name
}
