package cli

import (
	"context"
	"fmt"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type forgetCommand struct {
	User string `arg:"" help:"u:SUBJECT of a token, g:ID of a guest, or with --room a member id, or the nickname of somebody who is connected there."`
	Room string `short:"r" placeholder:"ROOM" help:"Whoever is or was USER in this room, by its id or title."`
	JSON bool   `name:"json" help:"Write one JSON message: {\"rooms\": n, \"events\": n} as in the protocol."`
}

// Help is what `singoff admin forget --help` adds.
func (forgetCommand) Help() string {
	return `Their chat and whispers are emptied, their nicknames become their member ids, in all rooms, of now and of the past; seats, votes and numbers stay. Members of rooms
that are open are sent back once and resume. It can be repeated. Backups made before aren't changed. What others wrote stays, also to or about them.
Member ids are in what singoff events ROOM --json writes.

  singoff admin forget u:mina
  singoff admin forget --room 'Friday battle' Mina
  singoff admin forget --room friday m3-abcdef

` + adminHelp
}

// Run forgets somebody.
func (c *forgetCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	var resp *singoffv1.ForgetUserResponse
	say := func(req *singoffv1.ForgetUserRequest) (err error) {
		resp, err = o.ForgetUser(ctx, req) // which takes as long as it takes
		return err
	}
	if c.Room == "" {
		err = say(&singoffv1.ForgetUserRequest{User: &singoffv1.ForgetUserRequest_UserId{UserId: c.User}})
	} else {
		var member string
		if member, err = o.member(ctx, namespace(g), c.Room, c.User); err != nil {
			return err
		}
		err = inRoom(c.Room, func(id string) error {
			return say(&singoffv1.ForgetUserRequest{User: &singoffv1.ForgetUserRequest_Member{
				Member: &singoffv1.MemberName{Namespace: namespace(g), RoomId: id, MemberId: member},
			}})
		})
	}
	switch {
	case err != nil:
		return o.failed(err)
	case c.JSON:
		return writeJSON(g.cfg.Out, resp)
	}
	fmt.Fprintf(g.cfg.Out, "forgotten: %s in %s\n", manyEvents(resp.GetEvents()), manyRooms(resp.GetRooms()))
	return nil
}

func manyEvents(n int32) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}
