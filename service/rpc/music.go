package rpc

import (
	"context"
	"errors"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/index"
	"github.com/singoff/singoff/service/catalog/lyrics"
	"github.com/singoff/singoff/service/room/names"
)

// Songs is the catalogue that Music asks. A catalog.Catalog is one; its errors are those of that package.
type Songs interface {
	// Find gives a page of the tracks that a query finds.
	Find(q catalog.Query) (catalog.Found, error)
	// Track gives a track by its id; it may wait a while for what is still being recalled.
	Track(ctx context.Context, id string) (catalog.Track, error)
	// Links are a track's addresses for a namespace.
	Links(t catalog.Track, namespace string) catalog.Links
	// Lyrics gives a track's lyrics.
	Lyrics(ctx context.Context, id string) (lyrics.Lyrics, error)
	// Folders gives those directly below a parent.
	Folders(parent string) ([]index.Folder, error)
	// Progress tells how far the songs are known.
	Progress() catalog.Progress
}

// Bounds of the requests for tracks.
const (
	tracksPage    = 50
	tracksPageMax = 200
	queryMax      = 200  // characters
	folderMax     = 4096 // bytes
	trackIDsMax   = 200
)

// namespaceHeader is the metadata by which a call says for which namespace it asks; without it, for that of its token, else the default one.
const namespaceHeader = "singoff-namespace"

// Music implements singoffv1.MusicServiceServer: the catalogue as clients see it. URLs in it are relative to the HTTP port.
type Music struct {
	singoffv1.UnimplementedMusicServiceServer

	songs Songs
	door  Door
}

// NewMusic makes a Music of a catalogue, for those whom the door lets in.
func NewMusic(songs Songs, door Door) *Music { return &Music{songs: songs, door: door} }

// enter lets a call in, and says for which namespace it asks.
func (m *Music) enter(ctx context.Context) (namespace string, err error) {
	who, err := m.door.enter(ctx)
	if err != nil {
		return "", err
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if named := md.Get(namespaceHeader); len(named) > 0 {
		namespace = named[0]
	} else if who.claims != nil {
		namespace = who.claims.Namespace
	}
	namespace = namespaceOf(namespace)
	if wrong := names.CheckID(namespace); wrong != "" {
		return "", status.Errorf(codes.InvalidArgument, "%s: %s", namespaceHeader, wrong)
	}
	if wrong := who.keptOutOf(namespace); wrong != "" {
		return "", status.Errorf(codes.Unauthenticated, "%s: %s", namespaceHeader, wrong)
	}
	return namespace, nil
}

// ListTracks implements singoffv1.MusicServiceServer.
func (m *Music) ListTracks(ctx context.Context, req *singoffv1.ListTracksRequest) (*singoffv1.ListTracksResponse, error) {
	namespace, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	q, err := tracksQuery(req)
	if err != nil {
		return nil, err
	}
	q.Namespace = namespace
	p := m.songs.Progress() // before the search: one that is told to be complete is
	found, err := m.songs.Find(q)
	if err != nil {
		return nil, musicStatus(err)
	}
	resp := &singoffv1.ListTracksResponse{
		NextPageToken: found.Next, TotalSize: int32(found.Total),
		Scan: &singoffv1.ScanProgress{FoundFiles: int32(p.FoundFiles), ReadFiles: int32(p.ReadFiles), Complete: p.Complete},
	}
	for _, t := range found.Tracks {
		resp.Tracks = append(resp.Tracks, trackInfo(t, m.songs.Links(t, namespace)))
	}
	return resp, nil
}

// tracksQuery checks a request's form.
func tracksQuery(req *singoffv1.ListTracksRequest) (catalog.Query, error) {
	q := catalog.Query{Text: req.GetQuery(), Folder: req.GetFolder(), Size: int(req.GetPageSize()), Token: req.GetPageToken()}
	if n := utf8.RuneCountInString(q.Text); n > queryMax {
		return q, status.Errorf(codes.InvalidArgument, "query: has %d characters, at most %d are allowed", n, queryMax)
	}
	if n := len(q.Folder); n > folderMax {
		return q, status.Errorf(codes.InvalidArgument, "folder: has %d bytes, at most %d are allowed", n, folderMax)
	}
	switch {
	case q.Size == 0:
		q.Size = tracksPage
	case q.Size < 0 || q.Size > tracksPageMax:
		return q, status.Errorf(codes.InvalidArgument, "page_size: is %d, must be 1 to %d, or 0 for %d", q.Size, tracksPageMax, tracksPage)
	}
	switch req.GetOrder() {
	case singoffv1.ListTracksRequest_ORDER_UNSPECIFIED, singoffv1.ListTracksRequest_ORDER_TITLE:
		q.Order = index.ByTitle
	case singoffv1.ListTracksRequest_ORDER_ARTIST:
		q.Order = index.ByArtist
	case singoffv1.ListTracksRequest_ORDER_RECENTLY_PLAYED:
		q.Order = index.ByRecency
	default:
		return q, status.Errorf(codes.InvalidArgument, "order: %d is none of TITLE, ARTIST, RECENTLY_PLAYED", req.GetOrder())
	}
	return q, nil
}

// GetTracks implements singoffv1.MusicServiceServer.
func (m *Music) GetTracks(ctx context.Context, req *singoffv1.GetTracksRequest) (*singoffv1.GetTracksResponse, error) {
	namespace, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	ids := req.GetTrackIds()
	if len(ids) == 0 || len(ids) > trackIDsMax {
		return nil, status.Errorf(codes.InvalidArgument, "track_ids: has %d ids, must have 1 to %d", len(ids), trackIDsMax)
	}
	resp := &singoffv1.GetTracksResponse{}
	for _, id := range ids {
		t, err := m.songs.Track(ctx, id)
		if errors.Is(err, catalog.ErrNoSuchTrack) || errors.Is(err, catalog.ErrGone) {
			continue
		}
		if err != nil {
			return nil, musicStatus(err)
		}
		resp.Tracks = append(resp.Tracks, trackInfo(t, m.songs.Links(t, namespace)))
	}
	return resp, nil
}

// ListFolders implements singoffv1.MusicServiceServer.
func (m *Music) ListFolders(ctx context.Context, req *singoffv1.ListFoldersRequest) (*singoffv1.ListFoldersResponse, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	if n := len(req.GetParent()); n > folderMax {
		return nil, status.Errorf(codes.InvalidArgument, "parent: has %d bytes, at most %d are allowed", n, folderMax)
	}
	folders, err := m.songs.Folders(req.GetParent())
	if err != nil {
		return nil, musicStatus(err)
	}
	resp := &singoffv1.ListFoldersResponse{}
	for _, f := range folders {
		resp.Folders = append(resp.Folders, &singoffv1.Folder{Folder: f.Path, Tracks: int32(f.Tracks)})
	}
	return resp, nil
}

// GetLyrics implements singoffv1.MusicServiceServer.
func (m *Music) GetLyrics(ctx context.Context, req *singoffv1.GetLyricsRequest) (*singoffv1.GetLyricsResponse, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	if req.GetTrackId() == "" {
		return nil, status.Error(codes.InvalidArgument, "track_id: is missing")
	}
	found, err := m.songs.Lyrics(ctx, req.GetTrackId())
	if err != nil {
		return nil, musicStatus(err)
	}
	return lyricsResponse(found), nil
}

// musicStatus says what a client may know of the catalogue's errors.
func musicStatus(err error) error {
	switch {
	case errors.Is(err, index.ErrToken):
		return status.Error(codes.InvalidArgument, "page_token: isn't the next_page_token of a page of this query, order and folder")
	case errors.Is(err, catalog.ErrClosed):
		return status.Error(codes.Unavailable, "the catalogue isn't there now")
	case errors.Is(err, catalog.ErrLoading):
		return status.Error(codes.Unavailable, "the songs are still being recalled")
	case errors.Is(err, catalog.ErrUnreadable):
		return status.Error(codes.Unavailable, "the songs can't be read now")
	case errors.Is(err, catalog.ErrNoSuchTrack):
		return status.Error(codes.NotFound, "track_id: is no track of this server's catalogue")
	case errors.Is(err, catalog.ErrGone):
		return status.Error(codes.NotFound, "track_id: the track was removed")
	case errors.Is(err, catalog.ErrNoLyrics):
		return status.Error(codes.NotFound, "track_id: the track has no lyrics")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	return status.Error(codes.Internal, "the catalogue failed")
}
