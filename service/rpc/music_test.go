package rpc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/rpc"
)

// shelf is a catalogue with the tracks 0 to n-1. It notes what it was asked.
type shelf struct {
	n     int
	err   error
	query string
	page  catalog.Page
}

func (s *shelf) track(i int) catalog.Track {
	return catalog.Track{ID: fmt.Sprintf("t%d", i), Title: fmt.Sprintf("Song %d", i), AudioType: "audio/mpeg"}
}

func (s *shelf) Find(query string, page catalog.Page) (tracks []catalog.Track, next string, total int, err error) {
	s.query, s.page = query, page
	if s.err != nil {
		return nil, "", 0, s.err
	}
	for i := range min(s.n, page.Size) {
		tracks = append(tracks, s.track(i))
	}
	if s.n > page.Size {
		next = "more"
	}
	return tracks, next, s.n, nil
}

func (s *shelf) Track(id string) (catalog.Track, error) {
	if s.err != nil {
		return catalog.Track{}, s.err
	}
	for i := range s.n {
		if t := s.track(i); t.ID == id {
			return t, nil
		}
	}
	return catalog.Track{}, fmt.Errorf("%w: %q", catalog.ErrNoSuchTrack, id)
}

func TestListTracksAsksForAPage(t *testing.T) {
	t.Parallel()
	s := &shelf{n: 120}
	resp, err := rpc.NewMusic(s, rpc.Door{}).ListTracks(t.Context(), &singoffv1.ListTracksRequest{Query: "밤", PageSize: 7, PageToken: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (catalog.Page{Size: 7, Token: "x"}); s.query != "밤" || s.page != want {
		t.Errorf("got query %q and page %+v, want 밤 and %+v", s.query, s.page, want)
	}
	if len(resp.GetTracks()) != 7 || resp.GetNextPageToken() != "more" || resp.GetTotalSize() != 120 {
		t.Errorf("got %d tracks, token %q, %d in all; want 7, more, 120", len(resp.GetTracks()), resp.GetNextPageToken(), resp.GetTotalSize())
	}
	if _, err := rpc.NewMusic(s, rpc.Door{}).ListTracks(t.Context(), &singoffv1.ListTracksRequest{}); err != nil || s.page.Size != 50 {
		t.Errorf("got %v and a page of %d, want 50 for who doesn't say", err, s.page.Size)
	}
}

func TestGetTracksKeepsTheOrderAndLeavesOutUnknown(t *testing.T) {
	t.Parallel()
	resp, err := rpc.NewMusic(&shelf{n: 5}, rpc.Door{}).GetTracks(t.Context(), &singoffv1.GetTracksRequest{TrackIds: []string{"t3", "no", "t1", "t3", ""}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range resp.GetTracks() {
		got = append(got, info.GetTrack().GetTrackId())
	}
	if want := "t3 t1 t3"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestTrackInfoTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	full := catalog.Track{
		ID: "id", Title: "제목", Artist: "가수", Album: "앨범", Duration: 61200 * time.Millisecond,
		AudioType: "audio/ogg", HasCover: true, HasLyrics: true,
	}
	tests := map[string]struct {
		track catalog.Track
		want  *singoffv1.TrackInfo
	}{
		"full": {full, &singoffv1.TrackInfo{
			Track: &singoffv1.Track{TrackId: "id", Title: "제목", Artist: "가수", Duration: durationpb.New(61200 * time.Millisecond)},
			Album: "앨범", AudioUrl: "/songs/id/audio", AudioType: "audio/ogg", CoverUrl: "/songs/id/cover", LyricsUrl: "/songs/id/lyrics",
		}},
		"bare": {catalog.Track{ID: "id", Title: "제목", AudioType: "audio/mp4"}, &singoffv1.TrackInfo{
			Track: &singoffv1.Track{TrackId: "id", Title: "제목"}, AudioUrl: "/songs/id/audio", AudioType: "audio/mp4",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := rpc.NewMusic(one{tt.track}, rpc.Door{}).GetTracks(t.Context(), &singoffv1.GetTracksRequest{TrackIds: []string{"id"}})
			if err != nil {
				t.Fatal(err)
			}
			if len(resp.GetTracks()) != 1 || !proto.Equal(resp.GetTracks()[0], tt.want) {
				t.Errorf("got %v, want %v", resp.GetTracks(), tt.want)
			}
		})
	}
}

// one is a catalogue of one track.
type one struct{ track catalog.Track }

func (o one) Find(string, catalog.Page) ([]catalog.Track, string, int, error) {
	return []catalog.Track{o.track}, "", 1, nil
}

func (o one) Track(string) (catalog.Track, error) { return o.track, nil }

func TestMusicRefusals(t *testing.T) {
	t.Parallel()
	list := func(req *singoffv1.ListTracksRequest) func(*rpc.Music) error {
		return func(m *rpc.Music) error { _, err := m.ListTracks(t.Context(), req); return err }
	}
	get := func(n int) func(*rpc.Music) error {
		return func(m *rpc.Music) error {
			_, err := m.GetTracks(t.Context(), &singoffv1.GetTracksRequest{TrackIds: make([]string, n)})
			return err
		}
	}
	tests := map[string]struct {
		call    func(*rpc.Music) error
		err     error
		code    codes.Code
		message string
	}{
		"200 characters":   {list(&singoffv1.ListTracksRequest{Query: strings.Repeat("밤", 200)}), nil, codes.OK, ""},
		"201 characters":   {list(&singoffv1.ListTracksRequest{Query: strings.Repeat("밤", 201)}), nil, codes.InvalidArgument, "query: has 201 characters, at most 200"},
		"page of 200":      {list(&singoffv1.ListTracksRequest{PageSize: 200}), nil, codes.OK, ""},
		"page of 201":      {list(&singoffv1.ListTracksRequest{PageSize: 201}), nil, codes.InvalidArgument, "page_size: is 201, must be 1 to 200"},
		"page of -1":       {list(&singoffv1.ListTracksRequest{PageSize: -1}), nil, codes.InvalidArgument, "page_size: is -1"},
		"no ids":           {get(0), nil, codes.InvalidArgument, "track_ids: has 0 ids, must have 1 to 200"},
		"200 ids":          {get(200), nil, codes.OK, ""},
		"201 ids":          {get(201), nil, codes.InvalidArgument, "track_ids: has 201 ids"},
		"token":            {list(&singoffv1.ListTracksRequest{PageToken: "?"}), catalog.ErrPageToken, codes.InvalidArgument, "page_token: "},
		"closed, list":     {list(&singoffv1.ListTracksRequest{}), catalog.ErrClosed, codes.Unavailable, ""},
		"closed, get":      {get(1), catalog.ErrClosed, codes.Unavailable, ""},
		"anything, list":   {list(&singoffv1.ListTracksRequest{}), errors.New("secret detail"), codes.Internal, "the catalogue failed"},
		"anything, by ids": {get(1), errors.New("secret detail"), codes.Internal, "the catalogue failed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.call(rpc.NewMusic(&shelf{n: 1, err: tt.err}, rpc.Door{}))
			if status.Code(err) != tt.code || !strings.Contains(status.Convert(err).Message(), tt.message) {
				t.Errorf("got %v, want %v: %s", err, tt.code, tt.message)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, which tells an inner detail", err)
			}
		})
	}
}
