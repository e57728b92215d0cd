// Package singoff is the Go SDK of singoff: it joins rooms of a server, keeps the connection by itself, and gives each command's outcome.
// A Client is one server; a Room is one membership in one of its rooms, with the events in their order, the state as of the
// newest one, and the server's clock. A Room reconnects and resumes without losing an event, and no command takes effect twice.
//
//	client, err := singoff.Dial("127.0.0.1:7070")
//	room, err := client.Join(ctx, singoff.JoinOptions{RoomTitle: "Friday battle", Nickname: "Mina"})
//	go func() { _, _ = room.Say(ctx, "hello") }()
//	for event, err := range room.Events() { … }
package singoff
