package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/lyrics"
	"github.com/singoff/singoff/service/rpc"
)

// shelf is a catalogue with the tracks 0 to n-1. It notes what it was asked.
type shelf struct {
	n      int
	err    error
	query  catalog.Query
	linked string // the namespace that links were made for
	words  lyrics.Lyrics
}

func (s *shelf) track(i int) catalog.Track {
	return catalog.Track{ID: fmt.Sprintf("t%d", i), Title: fmt.Sprintf("Song %d", i), AudioType: "audio/mpeg"}
}

func (s *shelf) Find(q catalog.Query) (found catalog.Found, err error) {
	s.query = q
	if s.err != nil {
		return found, s.err
	}
	for i := range min(s.n, q.Size) {
		found.Tracks = append(found.Tracks, s.track(i))
	}
	if s.n > q.Size {
		found.Next = "more"
	}
	found.Total = s.n
	return found, nil
}

func (s *shelf) Track(_ context.Context, id string) (catalog.Track, error) {
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

func (s *shelf) Links(t catalog.Track, namespace string) catalog.Links {
	s.linked = namespace
	return catalog.Links{Audio: "/" + namespace + "/" + t.ID}
}

func (s *shelf) Lyrics(context.Context, string) (lyrics.Lyrics, error) { return s.words, s.err }

func (s *shelf) Folders(parent string) ([]index.Folder, error) {
	return []index.Folder{{Path: parent + "/x", Tracks: 3}}, s.err
}

func (s *shelf) Progress() catalog.Progress { return catalog.Progress{FoundFiles: 9, ReadFiles: 4} }

func TestListTracksAsksForAPage(t *testing.T) {
	t.Parallel()
	s := &shelf{n: 120}
	resp, err := rpc.NewMusic(s, rpc.Door{}).ListTracks(t.Context(), &singoffv1.ListTracksRequest{
		Query: "밤", PageSize: 7, PageToken: "x", Folder: "록", Order: singoffv1.ListTracksRequest_ORDER_RECENTLY_PLAYED,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (catalog.Query{Text: "밤", Size: 7, Token: "x", Folder: "록", Order: index.ByRecency, Namespace: "default"}); s.query != want {
		t.Errorf("got %+v, want %+v", s.query, want)
	}
	if len(resp.GetTracks()) != 7 || resp.GetNextPageToken() != "more" || resp.GetTotalSize() != 120 {
		t.Errorf("got %d tracks, token %q, %d in all; want 7, more, 120", len(resp.GetTracks()), resp.GetNextPageToken(), resp.GetTotalSize())
	}
	if want := (&singoffv1.ScanProgress{FoundFiles: 9, ReadFiles: 4}); !proto.Equal(resp.GetScan(), want) {
		t.Errorf("got scan %v, want %v", resp.GetScan(), want)
	}
	if _, err := rpc.NewMusic(s, rpc.Door{}).ListTracks(t.Context(), &singoffv1.ListTracksRequest{}); err != nil || s.query.Size != 50 {
		t.Errorf("got %v and a page of %d, want 50 for who doesn't say", err, s.query.Size)
	}
}

// Addresses are signed for a namespace, so it must be the caller's own.
func TestLinksAreForTheCallersNamespace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		metadata []string
		want     string
		code     codes.Code
	}{
		"none":     {nil, "default", codes.OK},
		"named":    {[]string{"singoff-namespace", "party"}, "party", codes.OK},
		"no id":    {[]string{"singoff-namespace", "a b"}, "", codes.InvalidArgument},
		"too long": {[]string{"singoff-namespace", strings.Repeat("a", 65)}, "", codes.InvalidArgument},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{n: 1}
			ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(tt.metadata...))
			_, err := rpc.NewMusic(s, rpc.Door{}).GetTracks(ctx, &singoffv1.GetTracksRequest{TrackIds: []string{"t0"}})
			if status.Code(err) != tt.code || s.linked != tt.want {
				t.Errorf("got links for %q, %v, want %q, %v", s.linked, err, tt.want, tt.code)
			}
		})
	}
}

func TestGetLyrics(t *testing.T) {
	t.Parallel()
	s := &shelf{words: lyrics.Lyrics{Kind: lyrics.Words, Lines: []lyrics.Line{
		{Start: time.Second, End: 3 * time.Second, Text: "밤 하늘", Words: []lyrics.Word{{Start: time.Second, Text: "밤 "}, {Start: 2 * time.Second, End: 3 * time.Second, Text: "하늘"}}, Together: []string{"bam haneul"}},
		{Start: 4 * time.Second},
	}}}
	got, err := rpc.NewMusic(s, rpc.Door{}).GetLyrics(t.Context(), &singoffv1.GetLyricsRequest{TrackId: "t0"})
	if err != nil {
		t.Fatal(err)
	}
	sec := func(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }
	want := &singoffv1.GetLyricsResponse{Kind: singoffv1.LyricsKind_LYRICS_KIND_WORDS, Lines: []*singoffv1.LyricsLine{
		{Start: sec(1), End: sec(3), Text: "밤 하늘", Words: []*singoffv1.LyricsWord{{Start: sec(1), Text: "밤 "}, {Start: sec(2), End: sec(3), Text: "하늘"}}, Together: []string{"bam haneul"}},
		{Start: sec(4)},
	}}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.words = lyrics.Lyrics{Kind: lyrics.Plain, Lines: []lyrics.Line{{Text: "a"}}}
	got, err = rpc.NewMusic(s, rpc.Door{}).GetLyrics(t.Context(), &singoffv1.GetLyricsRequest{TrackId: "t0"})
	if err != nil || got.GetLines()[0].GetStart() != nil || got.GetKind() != singoffv1.LyricsKind_LYRICS_KIND_PLAIN {
		t.Errorf("got %v, %v, want a line without a time", got, err)
	}
}

func TestListFolders(t *testing.T) {
	t.Parallel()
	got, err := rpc.NewMusic(&shelf{}, rpc.Door{}).ListFolders(t.Context(), &singoffv1.ListFoldersRequest{Parent: "록"})
	if err != nil || len(got.GetFolders()) != 1 || got.GetFolders()[0].GetFolder() != "록/x" || got.GetFolders()[0].GetTracks() != 3 {
		t.Errorf("got %v, %v, want 록/x of 3 tracks", got, err)
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
		AudioType: "audio/ogg", HasCover: true, Lyrics: facts.TimedLines, Year: 2004, Number: 3, Folder: "록",
		InstrumentalID: "mr", OfID: "of", Gain: proto.Float64(-3.5),
	}
	tests := map[string]struct {
		track catalog.Track
		want  *singoffv1.TrackInfo
	}{
		"full": {full, &singoffv1.TrackInfo{
			Track: &singoffv1.Track{TrackId: "id", Title: "제목", Artist: "가수", Duration: durationpb.New(61200 * time.Millisecond)},
			Album: "앨범", AudioUrl: "a", AudioType: "audio/ogg", CoverUrl: "c", StageCoverUrl: "s", LyricsUrl: "l", Year: 2004, TrackNumber: 3, Folder: "록",
			Lyrics: singoffv1.LyricsKind_LYRICS_KIND_LINES, InstrumentalTrackId: "mr", InstrumentalOfTrackId: "of", GainDb: proto.Float64(-3.5),
		}},
		"bare": {catalog.Track{ID: "id", Title: "제목", AudioType: "audio/mp4"}, &singoffv1.TrackInfo{
			Track: &singoffv1.Track{TrackId: "id", Title: "제목"}, AudioUrl: "a", AudioType: "audio/mp4", CoverUrl: "c", StageCoverUrl: "s", LyricsUrl: "l",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := rpc.NewMusic(&one{track: tt.track}, rpc.Door{}).GetTracks(t.Context(), &singoffv1.GetTracksRequest{TrackIds: []string{"id"}})
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
type one struct {
	shelf
	track catalog.Track
}

func (o *one) Track(context.Context, string) (catalog.Track, error) { return o.track, nil }

func (o *one) Links(catalog.Track, string) catalog.Links {
	return catalog.Links{Audio: "a", Cover: "c", StageCover: "s", Lyrics: "l"}
}

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
	words := func(id string) func(*rpc.Music) error {
		return func(m *rpc.Music) error {
			_, err := m.GetLyrics(t.Context(), &singoffv1.GetLyricsRequest{TrackId: id})
			return err
		}
	}
	folders := func(parent string) func(*rpc.Music) error {
		return func(m *rpc.Music) error {
			_, err := m.ListFolders(t.Context(), &singoffv1.ListFoldersRequest{Parent: parent})
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
		"token":            {list(&singoffv1.ListTracksRequest{PageToken: "?"}), index.ErrToken, codes.InvalidArgument, "page_token: "},
		"order":            {list(&singoffv1.ListTracksRequest{Order: 9}), nil, codes.InvalidArgument, "order: 9 is none of"},
		"folder":           {list(&singoffv1.ListTracksRequest{Folder: strings.Repeat("a", 4097)}), nil, codes.InvalidArgument, "folder: has 4097 bytes, at most 4096"},
		"parent":           {folders(strings.Repeat("a", 4097)), nil, codes.InvalidArgument, "parent: has 4097 bytes"},
		"unreadable":       {list(&singoffv1.ListTracksRequest{}), catalog.ErrUnreadable, codes.Unavailable, "can't be read now"},
		"lyrics of none":   {words(""), nil, codes.InvalidArgument, "track_id: is missing"},
		"no such track":    {words("x"), catalog.ErrNoSuchTrack, codes.NotFound, "track_id: is no track"},
		"track gone":       {words("x"), catalog.ErrGone, codes.NotFound, "track_id: the track was removed"},
		"no lyrics":        {words("x"), catalog.ErrNoLyrics, codes.NotFound, "track_id: the track has no lyrics"},
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
