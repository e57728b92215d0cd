package rpc

import (
	"context"
	"errors"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
)

// Songs is the catalogue that Music asks. A catalog.Catalog is one; its errors are those of that package.
type Songs interface {
	// Find gives a page of the tracks that a query finds, the next page's token, and how many there are in all.
	Find(query string, page catalog.Page) (tracks []catalog.Track, next string, total int, err error)
	// Track gives a track by its id.
	Track(id string) (catalog.Track, error)
}

// Bounds of the requests for tracks.
const (
	tracksPage    = 50
	tracksPageMax = 200
	queryMax      = 200 // characters
	trackIDsMax   = 200
)

// Music implements singoffv1.MusicServiceServer: the catalogue as clients see it. URLs in it are relative to the HTTP port.
type Music struct {
	singoffv1.UnimplementedMusicServiceServer

	songs Songs
	door  Door
}

// NewMusic makes a Music of a catalogue, for those whom the door lets in.
func NewMusic(songs Songs, door Door) *Music { return &Music{songs: songs, door: door} }

// ListTracks implements singoffv1.MusicServiceServer.
func (m *Music) ListTracks(ctx context.Context, req *singoffv1.ListTracksRequest) (*singoffv1.ListTracksResponse, error) {
	if _, err := m.door.enter(ctx); err != nil {
		return nil, err
	}
	query, size := req.GetQuery(), int(req.GetPageSize())
	if n := utf8.RuneCountInString(query); n > queryMax {
		return nil, status.Errorf(codes.InvalidArgument, "query: has %d characters, at most %d are allowed", n, queryMax)
	}
	switch {
	case size == 0:
		size = tracksPage
	case size < 0 || size > tracksPageMax:
		return nil, status.Errorf(codes.InvalidArgument, "page_size: is %d, must be 1 to %d, or 0 for %d", size, tracksPageMax, tracksPage)
	}
	tracks, next, total, err := m.songs.Find(query, catalog.Page{Size: size, Token: req.GetPageToken()})
	if err != nil {
		return nil, musicStatus(err)
	}
	resp := &singoffv1.ListTracksResponse{NextPageToken: next, TotalSize: int32(total)}
	for _, t := range tracks {
		resp.Tracks = append(resp.Tracks, trackInfo(t))
	}
	return resp, nil
}

// GetTracks implements singoffv1.MusicServiceServer.
func (m *Music) GetTracks(ctx context.Context, req *singoffv1.GetTracksRequest) (*singoffv1.GetTracksResponse, error) {
	if _, err := m.door.enter(ctx); err != nil {
		return nil, err
	}
	ids := req.GetTrackIds()
	if len(ids) == 0 || len(ids) > trackIDsMax {
		return nil, status.Errorf(codes.InvalidArgument, "track_ids: has %d ids, must have 1 to %d", len(ids), trackIDsMax)
	}
	resp := &singoffv1.GetTracksResponse{}
	for _, id := range ids {
		t, err := m.songs.Track(id)
		if errors.Is(err, catalog.ErrNoSuchTrack) {
			continue
		}
		if err != nil {
			return nil, musicStatus(err)
		}
		resp.Tracks = append(resp.Tracks, trackInfo(t))
	}
	return resp, nil
}

// musicStatus says what a client may know of the catalogue's errors.
func musicStatus(err error) error {
	switch {
	case errors.Is(err, catalog.ErrPageToken):
		return status.Error(codes.InvalidArgument, "page_token: isn't the next_page_token of a page of this query")
	case errors.Is(err, catalog.ErrClosed):
		return status.Error(codes.Unavailable, "the catalogue isn't there now")
	}
	return status.Error(codes.Internal, "the catalogue failed")
}

func trackInfo(t catalog.Track) *singoffv1.TrackInfo {
	at := "/songs/" + t.ID
	info := &singoffv1.TrackInfo{
		Track:     &singoffv1.Track{TrackId: t.ID, Title: t.Title, Artist: t.Artist},
		Album:     t.Album,
		AudioUrl:  at + "/audio",
		AudioType: t.AudioType,
	}
	if t.Duration > 0 {
		info.Track.Duration = durationpb.New(t.Duration)
	}
	if t.HasCover {
		info.CoverUrl = at + "/cover"
	}
	if t.HasLyrics {
		info.LyricsUrl = at + "/lyrics"
	}
	return info
}
