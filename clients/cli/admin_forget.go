package cli

import (
	"context"
	"fmt"

	"github.com/singoff/singoff/clients/cli/harmless"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type forgetCommand struct {
	User string `arg:"" help:"u:SUBJECT of a token, g:ID of a guest, or with --room a member id, or the nickname of somebody who is connected there."`
	Room string `short:"r" placeholder:"ROOM" help:"Whoever is or was USER in this room, by its id or title."`
	All  bool   `help:"In all namespaces, though --namespace says which one the room is of."`
	JSON bool   `name:"json" help:"Write one JSON message: {\"rooms\": n, \"events\": n, \"memberAlone\": bool} as in the protocol."`
}

// Help is what `singoff admin forget --help` adds.
func (forgetCommand) Help() string {
	return `Their chat and whispers are emptied, their nicknames become their member ids, in all rooms, of now and of the past; seats, votes and numbers stay. It is done in all
namespaces unless --namespace names one. Members of rooms that are open are sent back once and resume. It can be repeated. Backups made before aren't changed.
What others wrote stays, also to or about them. Member ids are in what singoff events ROOM --json writes; one of whom nothing that is kept tells who it was
is forgotten alone, in that room.

  singoff admin forget u:mina
  singoff admin forget u:mina --namespace club
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
	req := &singoffv1.ForgetUserRequest{Namespace: g.Namespace}
	if c.All {
		req.Namespace = ""
	}
	var resp *singoffv1.ForgetUserResponse
	say := func() (err error) {
		resp, err = o.ForgetUser(ctx, req) // which takes as long as it takes
		return err
	}
	if c.Room == "" {
		req.User = &singoffv1.ForgetUserRequest_UserId{UserId: c.User}
		err = say()
	} else {
		var member string
		if member, err = o.member(ctx, namespace(g), c.Room, c.User); err != nil {
			return err
		}
		err = inRoom(c.Room, func(id string) error {
			req.User = &singoffv1.ForgetUserRequest_Member{Member: &singoffv1.MemberName{Namespace: namespace(g), RoomId: id, MemberId: member}}
			return say()
		})
	}
	switch {
	case err != nil:
		return o.failed(err)
	case c.JSON:
		return writeJSON(g.cfg.Out, resp)
	}
	where := ""
	switch {
	case resp.GetMemberAlone():
		where = ", as that member alone: nothing that is kept tells who it was"
	case req.GetNamespace() != "":
		where = " of the namespace " + harmless.Text(req.GetNamespace())
	}
	fmt.Fprintf(g.cfg.Out, "forgotten: %s in %s%s\n", manyEvents(resp.GetEvents()), manyRooms(resp.GetRooms()), where)
	return nil
}

func manyEvents(n int32) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}
