package rules

import (
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// positionAt is where a song is at a time, in milliseconds.
func positionAt(p *singoffv1.NowPlaying, now int64) int64 {
	at := p.Position.AsDuration().Milliseconds()
	if p.State == singoffv1.NowPlaying_STATE_PLAYING {
		at += max(0, now-p.StartsAt.AsTime().UnixMilli())
	}
	if d := p.Track.GetDuration(); d != nil {
		at = min(at, d.AsDuration().Milliseconds())
	}
	return at
}

// endOf is when a song ends by itself, if it does.
func endOf(p *singoffv1.NowPlaying) (due int64, ends bool) {
	d := p.GetTrack().GetDuration()
	if d == nil || p.State != singoffv1.NowPlaying_STATE_PLAYING {
		return 0, false
	}
	return p.StartsAt.AsTime().UnixMilli() + d.AsDuration().Milliseconds() - p.Position.AsDuration().Milliseconds(), true
}

func (b *Batch) playback(by *member, action singoffv1.Playback_Action, now *singoffv1.NowPlaying) {
	b.say(by, &singoffv1.Event{Body: &singoffv1.Event_Playback{Playback: &singoffv1.Playback{Action: action, Now: now}}})
}

func playing(p *singoffv1.NowPlaying, position, startsAt int64) *singoffv1.NowPlaying {
	return &singoffv1.NowPlaying{
		SingerMemberId: p.SingerMemberId, Track: p.Track, State: singoffv1.NowPlaying_STATE_PLAYING,
		Position: span(position), StartsAt: stamp(startsAt),
	}
}

func paused(p *singoffv1.NowPlaying, position int64) *singoffv1.NowPlaying {
	return &singoffv1.NowPlaying{SingerMemberId: p.SingerMemberId, Track: p.Track, State: singoffv1.NowPlaying_STATE_PAUSED, Position: span(position)}
}

func stopped(p *singoffv1.NowPlaying, position int64) *singoffv1.NowPlaying {
	return &singoffv1.NowPlaying{SingerMemberId: p.SingerMemberId, Track: p.Track, State: singoffv1.NowPlaying_STATE_STOPPED, Position: span(position)}
}

// steer decides what a member does to the song.
func (b *Batch) steer(m *member, p *singoffv1.Playback, gone func(trackID string) bool) *Refusal {
	const field = "playback.action"
	if p.Action < singoffv1.Playback_ACTION_START || p.Action > singoffv1.Playback_ACTION_STOP {
		return invalid(field, "the action is START, PAUSE, RESUME, SEEK or STOP")
	}
	if p.Action == singoffv1.Playback_ACTION_START {
		return b.start(m, gone)
	}
	song := b.state.playing
	if song == nil {
		return refuse(singoffv1.Rejected_REASON_NOT_PLAYING, field, "nothing plays")
	}
	stops := p.Action == singoffv1.Playback_ACTION_STOP && b.state.host == m.id
	if song.SingerMemberId != m.id && !stops {
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, field, "the song belongs to another singer")
	}
	at := positionAt(song, b.now)
	switch p.Action {
	case singoffv1.Playback_ACTION_PAUSE:
		if song.State != singoffv1.NowPlaying_STATE_PLAYING {
			return nil
		}
		b.playback(m, p.Action, paused(song, at))
	case singoffv1.Playback_ACTION_RESUME:
		if song.State != singoffv1.NowPlaying_STATE_PAUSED {
			return nil
		}
		b.playback(m, p.Action, playing(song, at, b.now+b.cfg.StartLead.Milliseconds()))
	case singoffv1.Playback_ACTION_SEEK:
		return b.seek(m, song, p)
	case singoffv1.Playback_ACTION_STOP:
		b.playback(m, p.Action, stopped(song, at))
	}
	return nil
}

func (b *Batch) start(m *member, gone func(trackID string) bool) *Refusal {
	const field = "playback.action"
	switch {
	case m.role != singoffv1.Role_ROLE_SINGER:
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, field, "only a singer starts a song")
	case b.state.playing != nil:
		return refuse(singoffv1.Rejected_REASON_ALREADY_PLAYING, field, "a song plays or is paused; it must end or be stopped first")
	case m.pick == nil:
		return refuse(singoffv1.Rejected_REASON_NO_PICK, field, "pick a track first")
	case gone != nil && gone(m.pick.TrackId):
		return refuse(singoffv1.Rejected_REASON_TRACK_GONE, field, "the track you picked was removed; pick another one")
	}
	song := &singoffv1.NowPlaying{SingerMemberId: m.id, Track: m.pick}
	b.playback(m, singoffv1.Playback_ACTION_START, playing(song, 0, b.now+b.cfg.StartLead.Milliseconds()))
	return nil
}

// seek clamps the position to the song and keeps the state; what hasn't begun begins when it was to begin.
func (b *Batch) seek(m *member, song *singoffv1.NowPlaying, p *singoffv1.Playback) *Refusal {
	if p.Position == nil || p.Position.CheckValid() != nil {
		return invalid("playback.position", "the position to seek to is missing or not a duration")
	}
	to := max(0, min(p.Position.AsDuration(), 24*time.Hour)).Milliseconds()
	if d := song.Track.GetDuration(); d != nil {
		to = min(to, d.AsDuration().Milliseconds())
	}
	after := paused(song, to)
	if song.State == singoffv1.NowPlaying_STATE_PLAYING {
		after = playing(song, to, max(b.now, song.StartsAt.AsTime().UnixMilli()))
	}
	b.playback(m, singoffv1.Playback_ACTION_SEEK, after)
	return nil
}

// pick sets a singer's track, or withdraws it.
func (b *Batch) pick(m *member, p *singoffv1.MusicSelected, track *singoffv1.Track) *Refusal {
	const field = "music_selected.track_id"
	switch {
	case m.role != singoffv1.Role_ROLE_SINGER:
		return refuse(singoffv1.Rejected_REASON_NOT_ALLOWED, "music_selected", "only a singer picks a track")
	case p.TrackId == "":
		track = nil
	case track == nil || track.TrackId != p.TrackId || len(p.TrackId) > MaxTrackField:
		return refuse(singoffv1.Rejected_REASON_NO_SUCH_TRACK, field, "the catalogue has no track of that id")
	}
	track = boundTrack(track)
	if proto.Equal(track, m.pick) {
		return nil
	}
	b.say(m, &singoffv1.Event{Body: &singoffv1.Event_MusicSelected{MusicSelected: &singoffv1.MusicSelected{TrackId: p.TrackId, Track: track}}})
	return nil
}

// boundTrack is a copy whose texts are cut to their bound; the duration is to the millisecond, and none if it makes no sense.
func boundTrack(t *singoffv1.Track) *singoffv1.Track {
	if t == nil {
		return nil
	}
	c := &singoffv1.Track{TrackId: t.TrackId, Title: cut(t.Title), Artist: cut(t.Artist)}
	if d := t.Duration.AsDuration().Milliseconds(); t.Duration.IsValid() && d > 0 {
		c.Duration = span(d)
	}
	return c
}

func cut(text string) string {
	if len(text) <= MaxTrackField {
		return text
	}
	text = text[:MaxTrackField]
	for r, n := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && n == 1; r, n = utf8.DecodeLastRuneInString(text) {
		text = text[:len(text)-1]
	}
	return text
}
