package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/singoff/singoff/clients/cli"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

func TestRooms(t *testing.T) {
	t.Parallel()
	server := serve(t)
	empty := start(t, "rooms", "--server", server)
	empty.ends(t, cli.CodeDone)
	empty.out.shows(t, "nobody is in any room; singoff join TITLE --nick NAME opens one")

	mina := person(t, server, "금요일 배틀", "Mina", "singer")
	mina.out.shows(t, "you are Mina")
	mina.types(t, "/song", "/song 1", "/play", "/lock")
	mina.out.shows(t, "you play", "you lock")

	list := start(t, "rooms", "--server", server)
	list.ends(t, cli.CodeDone)
	list.out.shows(t, "ROOM", "1/2", "0/6", "금요일 배틀 (locked)", "“")

	asJSON := start(t, "rooms", "--server", server, "--json")
	asJSON.ends(t, cli.CodeDone)
	text, _ := asJSON.out.read()
	var rooms singoffv1.ListRoomsResponse
	if err := protojson.Unmarshal([]byte(text), &rooms); err != nil || len(rooms.GetRooms()) != 1 || rooms.GetRooms()[0].GetTitle() != "금요일 배틀" {
		t.Errorf("got %s (%v), want the one room", text, err)
	}

	elsewhere := start(t, "rooms", "--server", server, "--namespace", "studio")
	elsewhere.ends(t, cli.CodeDone)
	elsewhere.out.shows(t, "nobody is in any room")

	watch := start(t, "rooms", "--server", server, "--watch")
	watch.out.shows(t, "금요일 배틀")
	mina.types(t, "/leave")
	mina.ends(t, cli.CodeDone)
	watch.out.shows(t, "nobody is in any room")
	watch.interrupt()
	watch.ends(t, cli.CodeDone)
}

func TestSongs(t *testing.T) {
	t.Parallel()
	server := serve(t)
	all := start(t, "songs", "--server", server)
	all.ends(t, cli.CodeDone)
	all.out.shows(t, "ID", "LENGTH", "TITLE")
	text, _ := all.out.read()
	songs := strings.Count(text, "\n") - 1
	if songs < 1 {
		t.Fatalf("got no songs:\n%s", text)
	}

	asJSON := start(t, "songs", "--server", server, "--json")
	asJSON.ends(t, cli.CodeDone)
	text, _ = asJSON.out.read()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != songs {
		t.Errorf("got %d lines of JSON, want %d", len(lines), songs)
	}
	var first singoffv1.TrackInfo
	if err := protojson.Unmarshal([]byte(lines[0]), &first); err != nil || first.GetTrack().GetTitle() == "" {
		t.Fatalf("got %s, %v; want a TrackInfo", lines[0], err)
	}
	one := start(t, "songs", first.GetTrack().GetTitle(), "--server", server)
	one.ends(t, cli.CodeDone)
	one.out.shows(t, first.GetTrack().GetTrackId())
	none := start(t, "songs", "no song is called like this", "--server", server)
	none.ends(t, cli.CodeDone)
	none.out.shows(t, "no song is found")
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	server := serve(t)
	p := start(t, "simulate", "--server", server, "--rooms", "2", "--members", "4", "--rate", "40", "--drops", "120", "--duration", "3s", "--seed", "7", "--json")
	p.ends(t, cli.CodeDone)
	text, _ := p.out.read()
	var report struct {
		Rooms, Members, Lost, Repeated, Reordered, Commands, Deliveries int
		Good                                                            bool
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !report.Good || report.Members != 8 || report.Rooms != 2 || report.Commands == 0 || report.Deliveries == 0 {
		t.Errorf("got %s, want a good report of 8 members in 2 rooms", text)
	}
}

func TestSongsInOrderAndFolders(t *testing.T) {
	t.Parallel()
	server := serve(t)
	watch := start(t, "songs", "--server", server, "--watch", "--order", "artist")
	watch.ends(t, cli.CodeDone)
	watch.out.shows(t, "12 of 12 files read, 4 songs", "ID", "LENGTH")

	recent := start(t, "songs", "--server", server, "--order", "recent")
	recent.ends(t, cli.CodeDone)
	recent.out.shows(t, "no song is found")

	folders := start(t, "songs", "--server", server, "--folders")
	folders.ends(t, cli.CodeDone)
	folders.out.shows(t, "no folder is found")

	singer := person(t, server, "battle", "Mina", "singer")
	singer.types(t, "/song", "/song 1", "/play")
	singer.out.shows(t, "you play")
	again := start(t, "songs", "--server", server, "--order", "recent")
	again.ends(t, cli.CodeDone)
	again.out.shows(t, "ID", "LENGTH")
}
