package catalog_test

import (
	"bytes"
	"image"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/singoff/singoff/service/catalog"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
	"github.com/singoff/singoff/service/catalog/facts"
	"github.com/singoff/singoff/service/catalog/lyrics"
)

func TestSignedAddresses(t *testing.T) {
	t.Parallel()
	c := open(t, catalog.Config{URLs: []string{folder(t, files{"a.mp3": song, "a.jpg": jpeg, "a.lrc": lrc, "b.mp3": song})}})
	found := byFile(t, c)
	links := c.Links(found["a.mp3"], "default")
	for part, link := range map[string]string{"audio": links.Audio, "cover": links.Cover, "stage-cover": links.StageCover, "lyrics": links.Lyrics} {
		bare, query, _ := strings.Cut(link, "?")
		if !strings.HasSuffix(bare, "/"+part) {
			t.Errorf("got %s, want an address of %s", link, part)
		}
		other := "/songs/" + found["b.mp3"].ID + "/audio?" + query
		moved, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		moved.Set("ns", "elsewhere")
		for address, want := range map[string]int{link: 200, bare: 403, other: 403, bare + "?" + moved.Encode(): 403} {
			resp := serve(c.Handler(), "GET", address)
			if resp.StatusCode != want {
				t.Errorf("got %d for %s, want %d", resp.StatusCode, address, want)
			}
			if want == 200 && !strings.HasPrefix(resp.Header.Get("Cache-Control"), "private") {
				t.Errorf("got Cache-Control %q, want private", resp.Header.Get("Cache-Control"))
			}
		}
	}
	if got := c.Links(found["b.mp3"], "default"); got.Cover != "" || got.StageCover != "" || got.Lyrics != "" {
		t.Errorf("got %+v, want no addresses of what there isn't", got)
	}
}

func TestCoversAreScaled(t *testing.T) {
	t.Parallel()
	within := append(audiotest.ID3(audiotest.ID3Frame("APIC", append([]byte("\x00image/jpeg\x00\x03\x00"), jpeg...))), song...)
	c := openFiles(t, files{"beside.mp3": song, "beside.png": png, "within.mp3": within, "x/whole.mp3": song, "x/Folder.jpg": jpeg})
	for file, tr := range byFile(t, c) {
		for part, side := range map[string]int{"cover": 320, "stage-cover": 400} {
			resp := serve(c.Handler(), "GET", "/songs/"+tr.ID+"/"+part)
			picture, kind, err := image.Decode(strings.NewReader(resp.body))
			if err != nil || kind != "jpeg" || resp.Header.Get("Content-Type") != "image/jpeg" || picture.Bounds().Dx() != side {
				t.Errorf("%s: got %d, %s, %v, want a JPEG %d wide", file, resp.StatusCode, kind, err, side)
				continue
			}
			again := serve(c.Handler(), "GET", "/songs/"+tr.ID+"/"+part, "If-None-Match", resp.Header.Get("ETag"))
			if again.StatusCode != 304 {
				t.Errorf("%s: got %d for a picture that is known, want 304", file, again.StatusCode)
			}
		}
	}
}

// A picture that can't be one is reported, and a plain one stands in its place: a list of songs has no holes.
func TestBrokenCovers(t *testing.T) {
	t.Parallel()
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	within := append(audiotest.ID3(audiotest.ID3Frame("APIC", append([]byte("\x00image/svg+xml\x00\x03\x00"), svg...))), song...)
	c := openFiles(t, files{"cut.mp3": song, "cut.jpg": jpeg[:200], "svg.mp3": within, "head.mp3": song, "head.webp": webp})
	for file, tr := range byFile(t, c) {
		resp := serve(c.Handler(), "GET", "/songs/"+tr.ID+"/cover")
		_, kind, err := image.Decode(strings.NewReader(resp.body))
		if resp.StatusCode != 200 || err != nil || kind != "jpeg" || strings.Contains(resp.body, "script") {
			t.Errorf("%s: got %d, %s, %v, want a plain JPEG", file, resp.StatusCode, kind, err)
		}
	}
}

func TestLyrics(t *testing.T) {
	t.Parallel()
	star := []byte("#TITLE:별\n#ARTIST:가수\n#MP3:audio.mp3\n#BPM:300\n#GAP:1000\n: 0 4 59 Hel\n: 4 4 59 lo\n- 10\n: 12 4 59 again\nE\n")
	uslt := append(audiotest.ID3(audiotest.ID3Frame("USLT", []byte("\x03eng\x00[00:01.00]within"))), song...)
	cp949, err := korean.EUCKR.NewEncoder().Bytes([]byte("[00:01.00]가나 똠 햏 뷁")) // CP949, whatever its name
	if err != nil {
		t.Fatal(err)
	}
	c := openFiles(t, files{
		"cp949.mp3": song, "cp949.lrc": cp949, "plain.mp3": song, "plain.txt": []byte("한 줄\n두 줄"),
		"star/audio.mp3": song, "star/notes.txt": star, "within.mp3": uslt, "none.mp3": song, "cp949 (MR).mp3": song,
	})
	found := byFile(t, c)
	tests := map[string]struct {
		kind facts.Timing
		line string
	}{
		"cp949.mp3": {facts.TimedLines, "가나"}, "plain.mp3": {facts.Untimed, "한 줄"}, "star/audio.mp3": {facts.TimedWords, "Hello"},
		"within.mp3": {facts.TimedLines, "within"}, "cp949 (MR).mp3": {facts.TimedLines, "가나"},
	}
	for file, want := range tests {
		got, err := c.Lyrics(t.Context(), found[file].ID)
		if err != nil || found[file].Lyrics != want.kind || got.Kind != lyrics.Kind(want.kind) || !strings.HasPrefix(strings.TrimSpace(got.Lines[0].Text), want.line) {
			t.Errorf("%s: got %+v, %v, want %d beginning with %q", file, got, err, want.kind, want.line)
		}
	}
	if _, err := c.Lyrics(t.Context(), found["none.mp3"].ID); err == nil {
		t.Error("got lyrics of a song without any")
	}
	if tr := found["star/audio.mp3"]; tr.Title != "별" || tr.Artist != "가수" || tr.Folder != "star" {
		t.Errorf("got %+v, want title and artist of the notes", tr)
	}
	if full, bare := found["cp949.mp3"], found["cp949 (MR).mp3"]; full.InstrumentalID != bare.ID || bare.OfID != full.ID {
		t.Errorf("got %+v and %+v, want the one as the instrumental of the other", full, bare)
	}
	resp := serve(c.Handler(), "GET", "/songs/"+found["cp949.mp3"].ID+"/lyrics")
	if want := "[00:01.00]가나"; !strings.HasPrefix(resp.body, want) || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %q of %s, want it to begin with %q as UTF-8", resp.body, resp.Header.Get("Content-Type"), want)
	}
}

// Lyrics saved on Windows came out as rubbish: read as UTF-8 or Latin-1, or one East Asian code page taken for another.
func TestLyricsInAnyEncoding(t *testing.T) {
	t.Parallel()
	const korean1 = "[00:01.00]똠 햏 뷁 펩시\r\n[00:02.50]창모의 메테오를 부르자\r\n"
	in := func(e encoding.Encoding, text string) []byte {
		t.Helper()
		b, err := e.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wide := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	files, want := files{}, map[string]string{}
	for name, one := range map[string]struct {
		file []byte
		line string
	}{
		"utf-8":       {[]byte(korean1), "똠 햏 뷁 펩시"},
		"utf-8 mark":  {append([]byte("\xEF\xBB\xBF"), korean1...), "똠 햏 뷁 펩시"},
		"cp949":       {in(korean.EUCKR, korean1), "똠 햏 뷁 펩시"},
		"utf-16":      {in(wide, korean1), "똠 햏 뷁 펩시"},
		"euc-kr":      {in(korean.EUCKR, "[00:01.00]한국 노래"), "한국 노래"},
		"three lines": {[]byte("[00:01.00]é\n[00:02.00]ü\n[00:03.00]ñ\n"), "é"},
		"gbk":         {in(simplifiedchinese.GBK, "[00:01.00]月亮代表我的心\n[00:02.00]你问我爱你有多深\n"), "月亮代表我的心"},
		"ascii":       {[]byte("[00:01.00]la la\n"), "la la"},
	} {
		files[name+".mp3"], files[name+".lrc"], want[name+".mp3"] = song, one.file, one.line
	}
	c := openFiles(t, files)
	found := byFile(t, c)
	for file, line := range want {
		got, err := c.Lyrics(t.Context(), found[file].ID)
		if err != nil || got.Kind != lyrics.Lines || got.Lines[0].Text != line || got.Lines[0].Start != time.Second {
			t.Errorf("%s: got %+v, %v, want %q after a second", file, got, err, line)
		}
	}
	if p := c.Problems(); len(p) != 0 {
		t.Errorf("got %v, want no problems", p)
	}
}

// Folders of UltraStar in a legacy encoding lost the song, its cover and the letters of its title.
func TestUltraStarFolders(t *testing.T) {
	t.Parallel()
	const notes = "#TITLE:Für Élise\n#ARTIST:Ludwig\n#MP3:Ludwig - Für Élise.mp3\n#COVER:Ludwig - Für Élise [CO].jpg\n#BPM:60\n: 0 4 59 Hel\n: 4 4 60 lo\nE\n"
	files := files{}
	encodings := map[string]encoding.Encoding{
		"UTF-8": unicode.UTF8, "CP1252": charmap.Windows1252, "UTF-16": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	}
	for name, e := range encodings {
		text, err := e.NewEncoder().Bytes([]byte(notes))
		if err != nil {
			t.Fatal(err)
		}
		dir := name + "/Ludwig - Für Élise/"
		files[dir+"notes.txt"], files[dir+"Ludwig - Für Élise.mp3"], files[dir+"Ludwig - Für Élise [CO].jpg"] = text, song, jpeg
	}
	c := openFiles(t, files)
	found := byFile(t, c)
	for name := range encodings {
		got := found[name+"/Ludwig - Für Élise/Ludwig - Für Élise.mp3"]
		if got.Title != "Für Élise" || got.Artist != "Ludwig" || !got.HasCover || got.Lyrics != facts.TimedWords {
			t.Errorf("%s: got %+v, want the title, artist, cover and words of the notes", name, got)
		}
		if l, err := c.Lyrics(t.Context(), got.ID); err != nil || l.Lines[0].Text != "Hello" {
			t.Errorf("%s: got %+v, %v, want the notes' text alone", name, l, err)
		}
	}
}

// A song without a tag that says how loud it is, is measured.
func TestLoudness(t *testing.T) {
	t.Parallel()
	wav := audiotest.WAV(8000, 8000*2*4)
	at := bytes.Index(wav, []byte("data")) + 8
	for i := at; i+1 < len(wav); i += 2 { // a square wave of half the full scale
		wav[i], wav[i+1] = 0, byte(0x40-0x80*(i/16%2))
	}
	c := open(t, catalog.Config{URLs: []string{folder(t, files{"a.wav": wav})}, MeasureLoudness: true})
	id := tracks(t, c, "")[0].ID
	eventually(t, "it is measured", func() bool { tr, err := c.Track(t.Context(), id); return err == nil && tr.Gain != nil })
	if tr, err := c.Track(t.Context(), id); err != nil || *tr.Gain > 0 || *tr.Gain < -20 {
		t.Errorf("got %v, %v, want a loud wave to be made quieter", *tr.Gain, err)
	}
}
