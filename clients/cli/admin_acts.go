package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// errNotEverywhere: the answer tells where.
var errNotEverywhere = errors.New("not said everywhere")

type kickCommand struct {
	Room    string        `arg:"" help:"The room's id or title."`
	Member  string        `arg:"" help:"The nickname of somebody who is connected, or a member id."`
	KeepOut time.Duration `placeholder:"TIME" help:"For how long the user can't come back, 1s to 24h. Left out: not at all."`
	JSON    bool          `name:"json" help:"Write one JSON message: {\"member\": {…}} as in the protocol."`
}

// Help is what `singoff admin kick --help` adds.
func (kickCommand) Help() string {
	return `Whoever it is goes with all their places in the room. The host can't undo it, and a room that is closed doesn't forget it.

  singoff admin kick 'Friday battle' Mina
  singoff admin kick friday m3-abcdef --keep-out 10m

` + adminHelp
}

// Run kicks.
func (c *kickCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	if c.KeepOut < 0 {
		return fmt.Errorf("%w: --keep-out %v is negative", errUsage, c.KeepOut)
	}
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	member, err := o.member(ctx, namespace(g), c.Room, c.Member)
	if err != nil {
		return err
	}
	req := &singoffv1.KickMemberRequest{Namespace: namespace(g), MemberId: member}
	if c.KeepOut > 0 {
		req.KeepOut = durationpb.New(c.KeepOut)
	}
	var resp *singoffv1.KickMemberResponse
	err = inRoom(c.Room, func(id string) (err error) {
		ctx, cancel := o.asking(ctx)
		defer cancel()
		req.RoomId = id
		resp, err = o.KickMember(ctx, req)
		return err
	})
	switch {
	case err != nil:
		return o.failed(err)
	case c.JSON:
		return writeJSON(g.cfg.Out, resp)
	}
	m := resp.GetMember()
	who := show.Role(m.GetRole()) + " " + cell(m.GetNickname()) + " (" + harmless.Text(m.GetMemberId()) + ")"
	if c.KeepOut > 0 {
		who += fmt.Sprintf(", and kept out for %v", c.KeepOut)
	}
	fmt.Fprintln(g.cfg.Out, "kicked:", who)
	return nil
}

// member gives the id of somebody who is connected by that nickname, or what was given, as an id.
func (o *operator) member(ctx context.Context, namespace, room, who string) (id string, err error) {
	all, err := o.connectionsOf(ctx, namespace, room)
	if err != nil {
		return "", err
	}
	for _, c := range all.GetConnections() {
		if c.GetNickname() == who && c.GetMemberId() != "" {
			id = c.GetMemberId()
		}
		if c.GetMemberId() == who {
			return who, nil
		}
	}
	if id == "" {
		id = who
	}
	return id, nil
}

type closeCommand struct {
	Room string `arg:"" help:"The room's id or title."`
	JSON bool   `name:"json" help:"Write one JSON message: {\"members\": n} as in the protocol."`
}

// Help is what `singoff admin close --help` adds.
func (closeCommand) Help() string {
	return `Title, host, votes, picks, song and the host's bans are gone; the next to join makes the room anew. Nobody comes back by themselves.

  singoff admin close 'Friday battle'

` + adminHelp
}

// Run closes a room.
func (c *closeCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	var resp *singoffv1.CloseRoomResponse
	err = inRoom(c.Room, func(id string) (err error) {
		ctx, cancel := o.asking(ctx)
		defer cancel()
		resp, err = o.CloseRoom(ctx, &singoffv1.CloseRoomRequest{Namespace: namespace(g), RoomId: id})
		return err
	})
	switch {
	case err != nil:
		return o.failed(err)
	case c.JSON:
		return writeJSON(g.cfg.Out, resp)
	}
	fmt.Fprintf(g.cfg.Out, "closed: %d had to go\n", resp.GetMembers())
	return nil
}

type announceCommand struct {
	Text string `arg:"" help:"What to say, 1 to 2,000 characters."`
	Room string `short:"r" xor:"to" placeholder:"ROOM" help:"To this room, by its id or title."`
	All  bool   `xor:"to" help:"To the rooms of all namespaces."`
	JSON bool   `name:"json" help:"Write one JSON message: {\"rooms\": n, \"failed\": n} as in the protocol."`
}

// Help is what `singoff admin announce --help` adds.
func (announceCommand) Help() string {
	return `Without --room and --all it is said in all rooms of the namespace. Whoever is away sees it when they are back.

  singoff admin announce 'We stop at ten'
  singoff admin announce '10분 뒤에 점검합니다' --room '금요일 배틀'
  singoff admin announce 'We stop at ten' --all

` + adminHelp
}

// Run announces.
func (c *announceCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	var resp *singoffv1.AnnounceResponse
	say := func(req *singoffv1.AnnounceRequest) (err error) {
		ctx, cancel := o.asking(ctx)
		defer cancel()
		req.Text = c.Text
		resp, err = o.Announce(ctx, req)
		return err
	}
	switch {
	case c.All:
		err = say(&singoffv1.AnnounceRequest{To: &singoffv1.AnnounceRequest_All{All: true}})
	case c.Room == "":
		err = say(&singoffv1.AnnounceRequest{To: &singoffv1.AnnounceRequest_Namespace{Namespace: namespace(g)}})
	default:
		err = inRoom(c.Room, func(id string) error {
			return say(&singoffv1.AnnounceRequest{To: &singoffv1.AnnounceRequest_Room{Room: &singoffv1.RoomName{Namespace: namespace(g), RoomId: id}}})
		})
	}
	if err != nil {
		return o.failed(err)
	}
	return c.told(g, resp)
}

func (c *announceCommand) told(g *globals, resp *singoffv1.AnnounceResponse) error {
	if c.JSON {
		if err := writeJSON(g.cfg.Out, resp); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(g.cfg.Out, "said in", manyRooms(resp.GetRooms()))
	}
	if n := resp.GetFailed(); n > 0 {
		return fmt.Errorf("%w: not in %s, whose log keeps nothing at the moment", errNotEverywhere, manyRooms(n))
	}
	return nil
}

func manyRooms(n int32) string {
	if n == 1 {
		return "1 room"
	}
	return fmt.Sprintf("%d rooms", n)
}
