package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

// kinds of lyrics, as the protocol names them.
var kinds = map[facts.Timing]singoffv1.LyricsKind{
	facts.Untimed:    singoffv1.LyricsKind_LYRICS_KIND_PLAIN,
	facts.TimedLines: singoffv1.LyricsKind_LYRICS_KIND_LINES,
	facts.TimedWords: singoffv1.LyricsKind_LYRICS_KIND_WORDS,
}

func trackInfo(t catalog.Track, links catalog.Links) *singoffv1.TrackInfo {
	info := &singoffv1.TrackInfo{
		Track:                 &singoffv1.Track{TrackId: t.ID, Title: t.Title, Artist: t.Artist},
		Album:                 t.Album,
		AudioUrl:              links.Audio,
		AudioType:             t.AudioType,
		CoverUrl:              links.Cover,
		StageCoverUrl:         links.StageCover,
		LyricsUrl:             links.Lyrics,
		Year:                  int32(t.Year),
		TrackNumber:           int32(t.Number),
		Folder:                t.Folder,
		Lyrics:                kinds[t.Lyrics],
		InstrumentalTrackId:   t.InstrumentalID,
		InstrumentalOfTrackId: t.OfID,
		GainDb:                t.Gain,
	}
	if t.Duration > 0 {
		info.Track.Duration = durationpb.New(t.Duration)
	}
	return info
}

func lyricsResponse(l lyrics.Lyrics) *singoffv1.GetLyricsResponse {
	timed := l.Kind != lyrics.Plain
	resp := &singoffv1.GetLyricsResponse{Kind: kinds[facts.Timing(l.Kind)], Lines: make([]*singoffv1.LyricsLine, len(l.Lines))}
	for i, line := range l.Lines {
		out := &singoffv1.LyricsLine{Text: line.Text, Together: line.Together, End: unlessZero(line.End)}
		if timed {
			out.Start = durationpb.New(line.Start)
		}
		for _, w := range line.Words {
			out.Words = append(out.Words, &singoffv1.LyricsWord{Text: w.Text, Start: durationpb.New(w.Start), End: unlessZero(w.End)})
		}
		resp.Lines[i] = out
	}
	return resp
}

func unlessZero(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
