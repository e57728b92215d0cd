package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/singoff/singoff/clients/cli/harmless"
	"github.com/singoff/singoff/clients/cli/show"
	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

type connectionsCommand struct {
	Room string `short:"r" placeholder:"ROOM" help:"Only of this room, by its id or title. Without --namespace: of the default one."`
	JSON bool   `name:"json" help:"Write one JSON message: {\"connections\": […], \"totalSize\": n} as in the protocol."`
}

// Help is what `singoff admin connections --help` adds.
func (connectionsCommand) Help() string {
	return `Oldest first, of all namespaces unless --namespace names one. VIA is the way in (native, websocket, fetch); BEHIND is how many events wait
to be sent, and for how long the oldest of them has. A connection whose Hello isn't answered yet has no member.

  singoff admin connections
  singoff admin connections --room 'Friday battle'
  singoff admin connections --json | jq '.connections[] | select(.lagEvents)'

` + adminHelp
}

// Run lists connections.
func (c *connectionsCommand) Run(ctx context.Context, g *globals, admin *adminCommand) (err error) {
	o, err := admin.dial(g)
	if err != nil {
		return err
	}
	defer closing(o, &err)
	all := &singoffv1.ListConnectionsResponse{}
	if c.Room == "" {
		all, err = o.connections(ctx, g.Namespace, "")
	} else {
		all, err = o.connectionsOf(ctx, namespace(g), c.Room)
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		return writeJSON(g.cfg.Out, all)
	case len(all.GetConnections()) == 0:
		fmt.Fprintln(g.cfg.Out, "nobody is connected")
		return nil
	}
	return g.table(connectionRows(all.GetConnections(), time.Now()))
}

// namespace is where a room is that is named without one.
func namespace(g *globals) string {
	if g.Namespace == "" {
		return "default"
	}
	return g.Namespace
}

// connectionsOf lists those of a room that is called by its id or title.
func (o *operator) connectionsOf(ctx context.Context, namespace, room string) (*singoffv1.ListConnectionsResponse, error) {
	id := singoff.RoomID(room)
	if singoff.IsID(room) && room != id {
		if all, err := o.connections(ctx, namespace, room); err != nil || all.GetTotalSize() > 0 {
			return all, err
		}
	}
	return o.connections(ctx, namespace, id)
}

// connections asks for all pages, and gives them as one.
func (o *operator) connections(ctx context.Context, namespace, roomID string) (*singoffv1.ListConnectionsResponse, error) {
	all := &singoffv1.ListConnectionsResponse{}
	for token := ""; ; {
		ctx, cancel := o.asking(ctx)
		page, err := o.ListConnections(ctx, &singoffv1.ListConnectionsRequest{Namespace: namespace, RoomId: roomID, PageSize: 1000, PageToken: token})
		cancel()
		if err != nil {
			return nil, o.failed(err)
		}
		all.Connections, all.TotalSize = append(all.Connections, page.GetConnections()...), page.GetTotalSize()
		if token = page.GetNextPageToken(); token == "" {
			return all, nil
		}
	}
}

func connectionRows(connections []*singoffv1.Connection, now time.Time) [][]string {
	rows := [][]string{{"ROOM", "NICKNAME", "ROLE", "MEMBER", "ADDRESS", "VIA", "CLIENT", "FOR", "BEHIND"}}
	for _, c := range connections {
		role := "-"
		if c.GetMemberId() != "" {
			role = show.Role(c.GetRole())
		}
		client := c.GetClient()
		if client == "" {
			client = c.GetUserAgent()
		}
		behind := "-"
		if c.GetLagEvents() > 0 {
			behind = fmt.Sprintf("%d, %v", c.GetLagEvents(), c.GetLag().AsDuration().Round(100*time.Millisecond))
		}
		rows = append(rows, []string{
			harmless.Text(c.GetNamespace() + "/" + c.GetRoomId()), cell(c.GetNickname()), role, cell(c.GetMemberId()), cell(c.GetRemoteAddress()),
			cell(c.GetTransport()), cell(client), max(0, now.Sub(c.GetSince().AsTime())).Round(time.Second).String(), behind,
		})
	}
	return rows
}

// cell is a text that may be missing.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return harmless.Text(text)
}
