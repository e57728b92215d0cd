package e2e_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

// flat makes a JPEG of one colour, whatever its size, in a bit for each component of a block: of as many components as levels, which are those
// of a printer (inverted, as Adobe does) if there are four.
func flat(side int, levels ...int) []byte {
	components := byte(len(levels))
	b := []byte{0xFF, 0xD8}
	if components == 4 {
		b = append(append(b, 0xFF, 0xEE, 0, 14), "Adobe\x00\x64\x00\x00\x00\x00\x00"...)
	}
	b = append(append(b, 0xFF, 0xDB, 0, 67, 0), bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xFF, 0xC0, 0, 8+3*components, 8)
	b = append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, uint16(side)), uint16(side)), components)
	for i := range components {
		b = append(b, i+1, 0x11, 0)
	}
	// Two codes for what a block's level differs by from the one before: 0 for nothing, 10 for a number of 10 bits, which is that of levels 1 to 64 and
	// 192 to 255; 0 ends a block.
	b = append(append(append(b, 0xFF, 0xC4, 0, 21, 0x00, 1, 1), make([]byte, 14)...), 0, 10)
	b = append(append(append(b, 0xFF, 0xC4, 0, 20, 0x10, 1), make([]byte, 15)...), 0)
	b = append(b, 0xFF, 0xDA, 0, 6+2*components, components)
	for i := range components {
		b = append(b, i+1, 0)
	}
	b = append(b, 0, 63, 0)
	bits := ""
	for _, level := range levels {
		code := 8 * (level - 128)
		if code < 0 {
			code += 1<<10 - 1
		}
		bits += fmt.Sprintf("10%010b0", code)
	}
	blocks := (side + 7) / 8 * ((side + 7) / 8)
	bits += strings.Repeat("0", (blocks*len(levels)-len(levels))*2)
	bits += strings.Repeat("1", (8-len(bits)%8)%8)
	for ; bits != ""; bits = bits[8:] {
		n, _ := strconv.ParseUint(bits[:8], 2, 8)
		if b = append(b, byte(n)); n == 0xFF {
			b = append(b, 0)
		}
	}
	return append(b, 0xFF, 0xD9)
}

// largePNG is a picture of 40 MB.
func largePNG(t *testing.T) []byte {
	t.Helper()
	const side = 3660
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = byte(i/side) | 0xFF*byte(i&3/3) // opaque
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Very large covers broke the scan, or never showed; others were handed to browsers as they were. Among 2,000 songs none of them may cost more than
// 200 MB, and what is served is always a small JPEG.
func TestHostileCovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name string, parts ...[]byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Join(parts, nil), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	song := audiotest.MP3(12)
	for i := range 2000 {
		put(fmt.Sprintf("song %d.mp3", i), song)
	}
	d := start(t, "--songs", dir, "--log", "memory", "--no-songs-loudness")
	songs := music(t, d)
	eventuallyListed(t, songs, "song", 2000)
	needed := mostMemory(t, d)

	embedded := func(mediaType string, picture []byte) []byte {
		return audiotest.ID3(audiotest.ID3Frame("APIC", append([]byte("\x00"+mediaType+"\x00\x03\x00"), picture...)))
	}
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	var banner bytes.Buffer
	if err := jpeg.Encode(&banner, image.NewGray(image.Rect(0, 0, 2400, 600)), nil); err != nil {
		t.Fatal(err)
	}
	put("odd huge.jpg", flat(12_000, 200))
	put("odd cmyk.jpg", flat(1000, 255, 1, 1, 255))
	put("odd banner.jpg", banner.Bytes())
	put("odd drawing.jpg", svg)
	put("odd text.jpg", []byte("a .jpg that is text"))
	for name, tag := range map[string][]byte{
		"huge": nil, "cmyk": nil, "banner": nil, "drawing": nil, "text": nil, "embedded": embedded("image/png", largePNG(t)), "within": embedded("image/svg+xml", svg),
	} {
		put("odd "+name+".mp3", tag, song)
	}
	type shown struct{ wide, high int } // in the picker; 0: no picture, and the scan has said so
	want := map[string]shown{
		"odd huge": {64, 64}, "odd cmyk": {320, 320}, "odd banner": {320, 80}, "odd embedded": {320, 320}, "odd within": {64, 64}, "odd drawing": {}, "odd text": {},
	}
	var all errgroup.Group
	for _, track := range eventuallyListed(t, songs, "odd", len(want)) {
		title := track.GetTrack().GetTitle()
		if (track.GetCoverUrl() == "") != (want[title] == shown{}) {
			t.Errorf("%s: got cover %q, want %v", title, track.GetCoverUrl(), want[title])
		}
		if track.GetCoverUrl() == "" {
			continue
		}
		all.Go(func() error {
			picker, err := fetch("http://"+d.http+track.GetCoverUrl(), 100_000)
			if err != nil {
				return fmt.Errorf("%s: %w", title, err)
			}
			if got := (shown{picker.Bounds().Dx(), picker.Bounds().Dy()}); got != want[title] {
				t.Errorf("%s: got %v, want %v", title, got, want[title])
			}
			if r, g, _, _ := picker.At(9, 9).RGBA(); title == "odd cmyk" && (r < 0xC000 || g > 0x4000) {
				t.Errorf("got %v, want the printer's red", picker.At(9, 9))
			}
			_, err = fetch("http://"+d.http+track.GetStageCoverUrl(), 400_000)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	more := mostMemory(t, d) - needed
	t.Logf("2,000 songs took %d MiB, their covers %d more", needed>>20, more>>20)
	if more > 200<<20 {
		t.Errorf("got %d MiB more memory than the %d for 2,000 songs, want at most 200", more>>20, needed>>20)
	}
	for _, file := range []string{"odd huge.jpg", "odd within.mp3", "odd drawing.jpg", "odd text.jpg"} {
		if !d.warnedOf(file) {
			t.Errorf("got no warning that names %s", file)
		}
	}
}

func music(t *testing.T, d *daemon) singoffv1.MusicServiceClient {
	t.Helper()
	return singoffv1.NewMusicServiceClient(dial(t, d.grpc))
}

// eventuallyListed asks until so many tracks are found and all is read.
func eventuallyListed(t *testing.T, songs singoffv1.MusicServiceClient, query string, n int) []*singoffv1.TrackInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		found, err := songs.ListTracks(ctx, &singoffv1.ListTracksRequest{Query: query, PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		if s := found.GetScan(); int(found.GetTotalSize()) == n && s.GetComplete() && s.GetReadFiles() == s.GetFoundFiles() {
			return found.GetTracks()
		}
		<-tick.C
	}
}

// fetch gets a JPEG of at most so many bytes.
func fetch(url string, most int) (image.Image, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch kind := resp.Header.Get("Content-Type"); {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK || kind != "image/jpeg" || len(body) > most:
		return nil, fmt.Errorf("got %s, %s of %d bytes, want a JPEG of at most %d", resp.Status, kind, len(body), most)
	}
	return jpeg.Decode(bytes.NewReader(body))
}

// mostMemory is the most a server has had in memory, in bytes.
func mostMemory(t *testing.T, d *daemon) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, behind, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(behind)
	kb, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// warnedOf says whether the log warns of a file.
func (d *daemon) warnedOf(file string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, line := range d.lines {
		if line["level"] == "warn" && line["file"] == file {
			return true
		}
	}
	return false
}
