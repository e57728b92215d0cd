package tags_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/korean"

	"github.com/singoff/singoff/service/catalog/audio"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
	"github.com/singoff/singoff/service/catalog/lyrics"
	"github.com/singoff/singoff/service/catalog/tags"
	"github.com/singoff/singoff/service/catalog/tags/tagstest"
)

var mp3 = audiotest.MP3(100)

const second = 2612244897 // of those frames, in nanoseconds

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func cp949(s string) []byte {
	b, err := korean.EUCKR.NewEncoder().Bytes([]byte(s))
	if err != nil {
		panic(err)
	}
	return b
}

func text(s string) []byte { return append([]byte{3}, s...) }

func read(b []byte, name string) (tags.Song, []error) {
	return tags.Read(bytes.NewReader(b), int64(len(b)), name)
}

// compare leaves out what other tests look at.
var compare = cmpopts.IgnoreFields(tags.Song{}, "Cover", "Format", "Duration")

func gain(db float64) *float64 { return &db }

func TestRead(t *testing.T) {
	t.Parallel()
	little, big := binary.LittleEndian, binary.BigEndian
	v1 := tagstest.ID3v1("An old title", "Someone", 7)
	ilst := func(items ...[]byte) []byte {
		meta := audiotest.Box("meta", make([]byte, 4), audiotest.Box("ilst", items...))
		return cat(audiotest.MP4(1000, 2000, "soun"), audiotest.Box("moov", audiotest.Box("udta", meta)))
	}
	data := func(kind byte, content string) []byte {
		return audiotest.Box("data", []byte{0, 0, 0, kind, 0, 0, 0, 0}, []byte(content))
	}
	wav := func(chunks ...[]byte) []byte {
		w := audiotest.WAV(8000, 100)
		for _, c := range chunks {
			w = append(w, c...)
		}
		return w
	}
	chunk := func(id, content string) []byte {
		b := append(binary.LittleEndian.AppendUint32([]byte(id), uint32(len(content))), content...)
		return append(b, make([]byte, len(content)%2)...)
	}
	opus := func(comments ...string) []byte {
		head := append([]byte("OpusHead\x01\x02\x00\x00"), make([]byte, 7)...)
		packet := append([]byte("OpusTags"), tagstest.Comments(comments...)...)
		return cat(audiotest.Page(head, 0, 7), audiotest.Page([]byte("other stream"), 0, 8), audiotest.Page(packet, 0, 7), audiotest.Page(make([]byte, 100), 96000, 7))
	}
	tests := map[string]struct {
		file []byte
		name string
		want tags.Song
	}{
		"2.3": {
			cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "메테오"), audiotest.Text("TPE1", "창모"), audiotest.Text("TALB", "Boyhood"),
				audiotest.Text("TYER", "2019"), audiotest.Text("TRCK", "3/12"), audiotest.Text("TXXX", "replaygain_track_gain\x00-6.54 dB")), mp3),
			"x.mp3", tags.Song{Title: "메테오", Artist: "창모", Album: "Boyhood", Year: 2019, Track: 3, Gain: gain(-6.54)},
		},
		"2.2": {
			cat(tagstest.Tag(2, 0, tagstest.Frame22("TT2", []byte("\x00Title")), tagstest.Frame22("TP1", []byte("\x00Artist")), tagstest.Frame22("TYE", []byte("\x001999"))), mp3),
			"x.mp3", tags.Song{Title: "Title", Artist: "Artist", Year: 1999},
		},
		"2.4": {
			cat(tagstest.Tag(4, 0, tagstest.Frame24("TIT2", 0, text("Title")), tagstest.Frame24("TPE1", 0, text("One\x00Two")), tagstest.Frame24("TDRC", 0, text("2020-05-01")),
				tagstest.Frame24("RVA2", 0, []byte("x\x00\x01\xFC\x00\x00"))), mp3),
			"x.mp3", tags.Song{Title: "Title", Artist: "One, Two", Year: 2020, Gain: gain(-2)},
		},
		"2.4 with sizes as in 2.3": {
			cat(tagstest.Tag(4, 0, tagstest.Frame23("USLT", 0, 200, append([]byte("\x03kor\x00"), bytes.Repeat([]byte("가나 "), 28)...)[:200]), tagstest.Frame24("TIT2", 0, text("Title"))), mp3),
			"x.mp3", tags.Song{Title: "Title", Lyrics: lyrics.Lyrics{Kind: lyrics.Plain}},
		},
		"2.3 with an extended header": {
			cat(tagstest.Tag(3, 0x40, []byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 0}, audiotest.Text("TIT2", "Title")), mp3), "x.mp3", tags.Song{Title: "Title"},
		},
		"2.4 with data length and group": {
			cat(tagstest.Tag(4, 0, tagstest.Frame24("TIT2", 0x41, cat([]byte{9, 0, 0, 0, 6}, text("Title")))), mp3), "x.mp3", tags.Song{Title: "Title"},
		},
		"compressed": {
			cat(tagstest.Tag(3, 0, tagstest.Frame23("TIT2", 0x80, len(deflate(text("Title")))+4, cat([]byte{0, 0, 0, 6}, deflate(text("Title"))))), mp3),
			"x.mp3", tags.Song{Title: "Title"},
		},
		"two tags":           {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title")), tagstest.Tag(4, 0, tagstest.Frame24("TPE1", 0, text("Artist"))), mp3), "x.mp3", tags.Song{Title: "Title", Artist: "Artist"}},
		"an odd UTF-16":      {cat(tagstest.Tag(3, 0, audiotest.ID3Frame("TIT2", append(append([]byte("\x01\xFF\xFE"), tagstest.UTF16(little, "메테오")...), 'x')), audiotest.Text("TPE1", "창모")), mp3), "x.mp3", tags.Song{Title: "메테오", Artist: "창모"}},
		"UTF-16, no mark":    {cat(tagstest.Tag(3, 0, audiotest.ID3Frame("TIT2", append([]byte{1}, tagstest.UTF16(little, "메테오")...))), mp3), "x.mp3", tags.Song{Title: "메테오"}},
		"UTF-16BE, no mark":  {cat(tagstest.Tag(3, 0, audiotest.ID3Frame("TIT2", append([]byte{1}, tagstest.UTF16(big, "메테오")...))), mp3), "x.mp3", tags.Song{Title: "메테오"}},
		"UTF-16BE":           {cat(tagstest.Tag(4, 0, tagstest.Frame24("TIT2", 0, append([]byte{2}, tagstest.UTF16(big, "메테오")...))), mp3), "x.mp3", tags.Song{Title: "메테오"}},
		"unsynchronised 2.3": {cat(tagstest.Tag(3, 0x80, tagstest.Unsync(audiotest.ID3Frame("TIT2", append([]byte("\x01\xFF\xFE"), tagstest.UTF16(little, "ÿÿ메")...)))), mp3), "x.mp3", tags.Song{Title: "ÿÿ메"}},
		"unsynchronised 2.4": {cat(tagstest.Tag(4, 0x80, tagstest.Frame24("TIT2", 2, tagstest.Unsync(append([]byte("\x01\xFF\xFE"), tagstest.UTF16(little, "ÿÿ메")...)))), mp3), "x.mp3", tags.Song{Title: "ÿÿ메"}},
		"CP949 as Latin-1":   {cat(tagstest.Tag(3, 0, audiotest.ID3Frame("TIT2", append([]byte{0}, cp949("심장 위로")...)), audiotest.ID3Frame("TPE1", append([]byte{0}, cp949("창모")...))), mp3), "x.mp3", tags.Song{Title: "심장 위로", Artist: "창모"}},
		"CP949 as UTF-8":     {cat(tagstest.Tag(4, 0, tagstest.Frame24("TIT2", 0, append([]byte{3}, cp949("심장 위로")...))), mp3), "x.mp3", tags.Song{Title: "심장 위로"}},
		"French as Latin-1":  {cat(tagstest.Tag(3, 0, audiotest.ID3Frame("TIT2", []byte("\x00L'\xE9t\xE9 d\xE9j\xE0"))), mp3), "x.mp3", tags.Song{Title: "L'été déjà"}},
		"ID3v1 alone":        {cat(mp3, v1), "x.mp3", tags.Song{Title: "An old title", Artist: "Someone", Track: 7}},
		"ID3v1 in CP949":     {cat(mp3, tagstest.ID3v1(string(cp949("심장 위로")), string(cp949("창모")), 0)), "x.mp3", tags.Song{Title: "심장 위로", Artist: "창모"}},
		"ID3v1 beside 2.3":   {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "An old title that is longer than thirty")), mp3, v1), "x.mp3", tags.Song{Title: "An old title that is longer than thirty", Artist: "Someone", Track: 7}},
		"APE":                {cat(mp3, tagstest.APE("Title", "Title", "Artist", "Artist", "REPLAYGAIN_TRACK_GAIN", "+1,5 dB", "Track", "4")), "x.mp3", tags.Song{Title: "Title", Artist: "Artist", Gain: gain(1.5), Track: 4}},
		"APE before ID3v1":   {cat(mp3, tagstest.APE("Album", "Album"), v1), "x.mp3", tags.Song{Title: "An old title", Artist: "Someone", Album: "Album", Track: 7}},
		"FLAC": {
			tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 1, make([]byte, 100), 4, tagstest.Comments("title=Title", "ARTIST=Artist", "Album=Album", "DATE=2001", "TRACKNUMBER=2", "REPLAYGAIN_TRACK_GAIN=-3.2 dB")),
			"x.flac", tags.Song{Title: "Title", Artist: "Artist", Album: "Album", Year: 2001, Track: 2, Gain: gain(-3.2)},
		},
		"FLAC behind ID3": {
			cat(tagstest.Tag(3, 0, audiotest.Text("TALB", "Album")), tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 4, tagstest.Comments("TITLE=Title"))),
			"x.flac", tags.Song{Title: "Title", Album: "Album"},
		},
		"FLAC in CP949": {
			tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 4, tagstest.Comments("TITLE="+string(cp949("심장 위로")))), "x.flac", tags.Song{Title: "심장 위로"},
		},
		"Opus": {
			opus("TITLE=메테오", "R128_TRACK_GAIN=-512", "LYRICS=[00:01.00]a"), "x.opus",
			tags.Song{Title: "메테오", Gain: gain(3), Lyrics: lyrics.Lyrics{Kind: lyrics.Lines}},
		},
		"Opus of many pages": {opus("COMMENT="+strings.Repeat("x", 50_000), "TITLE=메테오"), "x.opus", tags.Song{Title: "메테오"}},
		"Vorbis": {
			cat(audiotest.Page(append([]byte("\x01vorbis\x00\x00\x00\x00\x02\x44\xAC\x00\x00"), make([]byte, 14)...), 0, 7),
				audiotest.Page(append([]byte("\x03vorbis"), tagstest.Comments("TITLE=Title")...), 0, 7), audiotest.Page(make([]byte, 100), 44100, 7)),
			"x.ogg", tags.Song{Title: "Title"},
		},
		"MP4": {
			ilst(audiotest.Box("\xA9nam", data(1, "메테오")), audiotest.Box("\xA9ART", data(1, "창모")), audiotest.Box("\xA9alb", data(1, "Boyhood")), audiotest.Box("\xA9day", data(1, "2019-11-29T08:00:00Z")),
				audiotest.Box("trkn", data(0, "\x00\x00\x00\x03\x00\x0C\x00\x00")), audiotest.Box("\xA9lyr", data(1, "한 줄\r두 줄")),
				audiotest.Box("----", audiotest.Box("mean", []byte("\x00\x00\x00\x00com.apple.iTunes")), audiotest.Box("name", []byte("\x00\x00\x00\x00replaygain_track_gain")), data(1, "-1.00 dB"))),
			"x.m4a", tags.Song{Title: "메테오", Artist: "창모", Album: "Boyhood", Year: 2019, Track: 3, Gain: gain(-1), Lyrics: lyrics.Lyrics{Kind: lyrics.Plain}},
		},
		"WAV":      {wav(chunk("LIST", "INFO"+string(chunk("INAM", "Title"))+string(chunk("IART", string(cp949("심장"))+"\x00")))), "x.wav", tags.Song{Title: "Title", Artist: "심장"}},
		"WAV, ID3": {wav(chunk("id3 ", string(tagstest.Tag(3, 0, audiotest.Text("TIT2", "메테오"))))), "x.wav", tags.Song{Title: "메테오"}},

		"no tag":                     {mp3, "folder/창모 - 메테오.mp3", tags.Song{Title: "메테오", Artist: "창모"}},
		"no tag, a number":           {mp3, "03. 창모 – 메테오.mp3", tags.Song{Title: "메테오", Artist: "창모", Track: 3}},
		"no tag, a number, a dash":   {mp3, "03 - 메테오.mp3", tags.Song{Title: "메테오", Track: 3}},
		"no tag, disc and number":    {mp3, "1-03 - A - B.mp3", tags.Song{Title: "B", Artist: "A", Track: 3}},
		"no tag, underscores":        {mp3, "Lantern_Row_-_Paper_Boats.mp3", tags.Song{Title: "Paper Boats", Artist: "Lantern Row"}},
		"no tag, a number as a name": {mp3, "99 Luftballons.mp3", tags.Song{Title: "99 Luftballons"}},
		"no tag, a hyphen":           {mp3, "T-ara.mp3", tags.Song{Title: "T-ara"}},
		"no tag, no name":            {mp3, ".mp3", tags.Song{Title: ".mp3"}},
		"artist of the name":         {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Meteor")), mp3), "창모 - METEOR.mp3", tags.Song{Title: "Meteor", Artist: "창모"}},
		"artist of another's name":   {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Meteor")), mp3), "a - b.mp3", tags.Song{Title: "Meteor"}},
		"album's artist":             {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Meteor"), audiotest.Text("TPE2", "창모")), mp3), "x.mp3", tags.Song{Title: "Meteor", Artist: "창모"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, errs := read(tt.file, tt.name)
			if len(errs) > 0 {
				t.Errorf("got errors %v, want none", errs)
			}
			got.Lyrics.Lines = nil
			if diff := cmp.Diff(tt.want, got, compare); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			if got.Format == "" || got.Duration == 0 {
				t.Errorf("got format %q, %v, want both", got.Format, got.Duration)
			}
		})
	}
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// One odd frame made a library refuse the whole tag, and one odd file made it refuse the folder.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file []byte
		name string
		want string // title; empty: can't be played
		err  error
		says string
	}{
		"a frame beyond the tag":    {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), tagstest.Frame23("COMM", 0, 1<<20, text("x"))), mp3), "x.mp3", "Title", tags.ErrTag, "longer than the tag"},
		"a title beyond the tag":    {cat(tagstest.Tag(3, 0, tagstest.Frame23("TIT2", 0, 1<<30, text("Title"))), mp3), "x.mp3", "Title", tags.ErrTag, "longer than the tag"},
		"no frame":                  {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), []byte("rubbish, for sure")), mp3), "x.mp3", "Title", tags.ErrTag, "isn't a frame's name"},
		"another version":           {cat(tagstest.Tag(9, 0, audiotest.Text("TIT2", "Title")), mp3), "A - B.mp3", "B", tags.ErrTag, "ID3v2.9"},
		"encrypted":                 {cat(tagstest.Tag(3, 0, tagstest.Frame23("TIT2", 0x40, 6, text("Title"))), mp3), "A - B.mp3", "B", tags.ErrTag, "encrypted"},
		"broken compression":        {cat(tagstest.Tag(3, 0, tagstest.Frame23("TIT2", 0x80, 10, make([]byte, 10))), mp3), "A - B.mp3", "B", tags.ErrTag, "TIT2"},
		"either Latin or Korean":    {cat(tagstest.Tag(3, 0, audiotest.ID3Frame("TIT2", []byte("\x00\xC3\xE3"))), mp3), "A - 춤.mp3", "춤", tags.ErrDoubtful, "Ãã"},
		"a title that says nothing": {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Track 01")), mp3), "A - B.mp3", "B", tags.ErrDoubtful, "Track 01"},
		"a gain of nothing":         {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), audiotest.Text("TXXX", "REPLAYGAIN_TRACK_GAIN\x00loud")), mp3), "x.mp3", "Title", tags.ErrTag, "loud"},
		"lyrics that are none":      {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), audiotest.ID3Frame("USLT", []byte("\x03eng\x00[ti:x]"))), mp3), "x.mp3", "Title", lyrics.ErrEmpty, "no lyrics"},
		"lyrics in MPEG frames":     {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), audiotest.ID3Frame("SYLT", []byte("\x03eng\x01\x01\x00a\x00\x00\x00\x00\x01"))), mp3), "x.mp3", "Title", tags.ErrTag, "MPEG frames"},
		"a picture of no header":    {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), audiotest.ID3Frame("APIC", []byte("\x00image/jpeg"))), mp3), "x.mp3", "Title", tags.ErrTag, "picture"},
		"comments cut":              {tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 4, tagstest.Comments("TITLE=Title", "ARTIST=Artist")[:36]), "x.flac", "Title", tags.ErrTag, "cut short"},
		"a comment of gigabytes":    {tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 4, append(tagstest.Comments("TITLE=Title", "")[:27], 0xFF, 0xFF, 0xFF, 0x7F)), "x.flac", "Title", tags.ErrTag, "cut short"},
		"APE of gigabytes":          {cat(mp3, apeOf(1<<31)), "A - B.mp3", "B", tags.ErrTag, "APE tag of 2147483648"},
		"an m4a named .mp3":         {audiotest.MP4(1000, 2000, "soun"), "A - B.mp3", "B", nil, ""},
		"no length":                 {audiotest.FLAC(44100, 0, 4096), "A - B.flac", "B", tags.ErrUnknownLength, "length"},
		"cut at 200 bytes":          {cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title")), mp3)[:200], "A - B.mp3", "", audio.ErrNotAudio, ""},
		"empty":                     {nil, "A - B.mp3", "", audio.ErrTruncated, "empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, errs := read(tt.file, tt.name)
			err := errors.Join(errs...)
			if len(errs) > 1 || !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got errors %v, want one: %v with %q", errs, tt.err, tt.says)
			}
			if playable := got.Format != ""; playable != (tt.want != "") || playable && got.Title != tt.want {
				t.Errorf("got %q (%s), want %q", got.Title, got.Format, tt.want)
			}
			if got.Title == "" {
				t.Error("got no title, want the file's name at least")
			}
		})
	}
	if got, _ := read(audiotest.MP4(1000, 2000, "soun"), "a.mp3"); got.Format != audio.MP4 || got.Duration != 2*time.Second {
		t.Errorf("got %s of %v for an m4a named .mp3", got.Format, got.Duration)
	}
	if got, _ := read(mp3, "a.mp3"); got.Duration != second {
		t.Errorf("got %v, want %v", got.Duration, time.Duration(second))
	}
}

func apeOf(size uint32) []byte {
	b := tagstest.APE("Title", "Title")
	binary.LittleEndian.PutUint32(b[len(b)-20:], size)
	return b
}

func TestLyrics(t *testing.T) {
	t.Parallel()
	sylt := func(encoding byte, parts ...[]byte) []byte {
		return audiotest.ID3Frame("SYLT", append(append([]byte{encoding}, "kor\x02\x01"...), cat(parts...)...))
	}
	at := func(ms uint32) []byte { return binary.BigEndian.AppendUint32(nil, ms) }
	utf16 := func(s string) []byte { return append(tagstest.UTF16(binary.LittleEndian, s), 0, 0) }
	mark := []byte{0xFF, 0xFE}
	uslt := audiotest.ID3Frame("USLT", append([]byte("\x03kor"), "about\x00첫 줄\r\n둘째 줄"...))
	lrc := audiotest.ID3Frame("USLT", append([]byte{0}, append([]byte("kor\x00"), cp949("[00:01.50]첫 줄\r\n")...)...))
	utf8 := sylt(3, []byte("\x00"), []byte("첫 줄\x00"), at(1500), []byte("둘째 줄\x00"), at(2500))
	tests := map[string]struct {
		frames []byte
		kind   lyrics.Kind
		first  lyrics.Line
	}{
		"unsynced":                   {uslt, lyrics.Plain, lyrics.Line{Text: "첫 줄"}},
		"LRC in CP949":               {lrc, lyrics.Lines, lyrics.Line{Text: "첫 줄", Start: 1500 * time.Millisecond}},
		"synced":                     {utf8, lyrics.Lines, lyrics.Line{Text: "첫 줄", Start: 1500 * time.Millisecond}},
		"the finest of several":      {cat(uslt, utf8), lyrics.Lines, lyrics.Line{Text: "첫 줄", Start: 1500 * time.Millisecond}},
		"synced in UTF-16":           {sylt(1, mark, utf16(""), mark, utf16("첫 줄"), at(1500), mark, utf16("둘째"), at(2500)), lyrics.Lines, lyrics.Line{Text: "첫 줄", Start: 1500 * time.Millisecond}},
		"synced, marked once, UTF16": {sylt(1, mark, utf16(""), utf16("첫 줄"), at(1500), utf16("둘째"), at(2500)), lyrics.Lines, lyrics.Line{Text: "첫 줄", Start: 1500 * time.Millisecond}},
		"synced, cut":                {sylt(3, []byte("\x00첫 줄\x00"), at(1500), []byte("둘째\x00\x00")), lyrics.Lines, lyrics.Line{Text: "첫 줄", Start: 1500 * time.Millisecond}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, errs := read(cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title"), tt.frames), mp3), "x.mp3")
			if len(errs) > 0 || got.Lyrics.Kind != tt.kind {
				t.Fatalf("got %v, errors %v, want %v", got.Lyrics.Kind, errs, tt.kind)
			}
			if diff := cmp.Diff(tt.first, got.Lyrics.Lines[0]); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	picture := append([]byte("\xFF\xD8\xFF\xE0\x00\xFF\x00\xFF\xFF"), bytes.Repeat([]byte("pixels\xFF\x00"), 20_000)...)
	apic := func(kind byte, content []byte) []byte {
		return append(append([]byte("\x00image/JPEG\x00"), kind, 'x', 0), content...)
	}
	wide := append(append([]byte("\x01image/jpeg\x00\x03\xFF\xFE"), tagstest.UTF16(binary.LittleEndian, "앞")...), 0, 0)
	back := audiotest.ID3Frame("APIC", apic(4, []byte("the back")))
	block := tagstest.Picture(3, "image/jpeg", picture)
	oggHead := append([]byte("OpusHead\x01\x02\x00\x00"), make([]byte, 7)...)
	long := append([]byte("OpusTags"), tagstest.Comments("TITLE=Title", tagstest.Base64(block), "ARTIST=Artist")...)
	tests := map[string][]byte{
		"2.3":                      cat(tagstest.Tag(3, 0, audiotest.ID3Frame("APIC", apic(3, picture))), mp3),
		"the front, not the first": cat(tagstest.Tag(3, 0, back, audiotest.ID3Frame("APIC", apic(3, picture)), back), mp3),
		"described in UTF-16":      cat(tagstest.Tag(3, 0, audiotest.ID3Frame("APIC", append(wide, picture...))), mp3),
		"2.2":                      cat(tagstest.Tag(2, 0, tagstest.Frame22("PIC", append([]byte("\x00JPG\x03\x00"), picture...))), mp3),
		"unsynchronised 2.3":       cat(tagstest.Tag(3, 0x80, tagstest.Unsync(cat(audiotest.Text("TIT2", "Title"), audiotest.ID3Frame("APIC", apic(3, picture))))), mp3),
		"unsynchronised 2.4":       cat(tagstest.Tag(4, 0, tagstest.Frame24("APIC", 2, tagstest.Unsync(apic(3, picture)))), mp3),
		"compressed":               cat(tagstest.Tag(3, 0, tagstest.Frame23("APIC", 0x80, len(deflate(apic(3, picture)))+4, cat(make([]byte, 4), deflate(apic(3, picture))))), mp3),
		"FLAC":                     tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 4, tagstest.Comments(), 6, block),
		"FLAC behind ID3":          cat(tagstest.Tag(3, 0), tagstest.WithBlocks(audiotest.FLAC(44100, 44100, 44100), 6, block)),
		"APE":                      cat(mp3, tagstest.APE("Title", "Title", "Cover Art (Front)", "front.jpg\x00"+string(picture))),
		"Ogg of many pages":        cat(audiotest.Page(oggHead, 0, 7), pages(long), audiotest.Page(make([]byte, 100), 96000, 7)),
		"MP4": cat(audiotest.MP4(1000, 2000, "soun"), audiotest.Box("moov", audiotest.Box("udta", audiotest.Box("meta", make([]byte, 4), audiotest.Box("ilst",
			audiotest.Box("covr", audiotest.Box("data", []byte{0, 0, 0, 13, 0, 0, 0, 0}, picture))))))),
	}
	for name, file := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, errs := read(file, "x.mp3")
			if len(errs) > 0 || got.Cover == nil {
				t.Fatalf("got %+v, errors %v, want a cover", got, errs)
			}
			r, err := got.Cover.Open(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(content, picture) {
				t.Errorf("got %d bytes, %v, want the %d of the picture", len(content), err, len(picture))
			}
			if got.Cover.MediaType != "image/jpeg" || got.Cover.Size < int64(len(picture)) {
				t.Errorf("got %q of %d, want image/jpeg of %d", got.Cover.MediaType, got.Cover.Size, len(picture))
			}
			if name == "Ogg of many pages" && got.Artist != "Artist" {
				t.Errorf("got artist %q, want what stands behind the picture", got.Artist)
			}
		})
	}
}

// pages spreads a packet over pages of the greatest size.
func pages(packet []byte) []byte {
	const most = 255 * 255
	var out []byte
	for len(packet) > most {
		h := append(append([]byte("OggS\x00\x00"), bytes.Repeat([]byte{0xFF}, 8)...), 7, 0, 0, 0)
		h = append(append(h, make([]byte, 8)...), 255)
		out = append(append(append(out, h...), bytes.Repeat([]byte{255}, 255)...), packet[:most]...)
		packet = packet[most:]
	}
	return append(out, audiotest.Page(packet, 0, 7)...)
}

// The disk's own errors are told, not mistaken for a broken file.
func TestReadErrors(t *testing.T) {
	t.Parallel()
	file := cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "Title")), mp3)
	_, errs := tags.Read(broken{}, int64(len(file)), "x.mp3")
	if !errors.Is(errors.Join(errs...), errDisk) {
		t.Errorf("got %v, want %v", errs, errDisk)
	}
}

type broken struct{}

var errDisk = errors.New("disk on fire")

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func FuzzRead(f *testing.F) {
	f.Add(cat(tagstest.Tag(3, 0, audiotest.Text("TIT2", "x"), audiotest.ID3Frame("APIC", []byte("\x00image/png\x00\x03\x00abc"))), audiotest.MP3(4)), "a - b.mp3")
	f.Add(cat(tagstest.Tag(4, 0x80, tagstest.Frame24("TIT2", 2, []byte("\x01\xFF\xFEa")), tagstest.Frame24("SYLT", 0, []byte("\x01eng\x02\x01\xFF\xFE\x00\x00a\x00\x00\x00\x00\x00\x00\x01"))), audiotest.MP3(4)), "01. x")
	f.Add(cat(tagstest.Tag(2, 0x80, tagstest.Frame22("PIC", []byte("\x00JPG\x03\x00abc"))), audiotest.MP3(4)), "")
	f.Add(cat(audiotest.MP3(4), tagstest.APE("Title", "x", "Cover Art (Front)", "a\x00b"), tagstest.ID3v1("a", "b", 1)), "x")
	f.Add(tagstest.WithBlocks(audiotest.FLAC(44100, 4096, 4096), 4, tagstest.Comments("TITLE=x", "LYRICS=[00:01]a"), 6, tagstest.Picture(3, "image/png", []byte("abc"))), "x.flac")
	f.Add(cat(audiotest.Page(append([]byte("OpusHead\x01\x02\x00\x00"), make([]byte, 7)...), 0, 7),
		audiotest.Page(append([]byte("OpusTags"), tagstest.Comments(tagstest.Base64(tagstest.Picture(3, "x", []byte("abc"))))...), 0, 7), audiotest.Page(make([]byte, 100), 96000, 7)), "x.opus")
	f.Add(cat(audiotest.MP4(1000, 2000, "soun"), audiotest.Box("moov", audiotest.Box("udta", audiotest.Box("meta", make([]byte, 4), audiotest.Box("ilst",
		audiotest.Box("covr", audiotest.Box("data", make([]byte, 8), []byte("abc"))), audiotest.Box("trkn", audiotest.Box("data", make([]byte, 14)))))))), "x.m4a")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		got, errs := read(b, name)
		if got.Title == "" || got.Format == "" && len(errs) == 0 {
			t.Errorf("got %+v, errors %v", got, errs)
		}
		if got.Cover != nil {
			if r, err := got.Cover.Open(bytes.NewReader(b)); err == nil {
				_, _ = io.Copy(io.Discard, r)
			}
		}
	})
}
