// Command library makes a library of songs for measuring: as many as asked for, the same for the same seed, with names and tags in Korean and
// English, covers, lyrics, and a third of a second of silence each. It is no music; `make demo-songs` makes some.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/singoff/singoff/service/catalog/audio/audiotest"
)

func main() {
	out := flag.String("out", "", "folder to make the songs in")
	songs := flag.Int("songs", 50_000, "how many")
	seed := flag.Uint64("seed", 1, "the same songs for the same seed")
	flag.Parse()
	if err := run(*out, *songs, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
}

func run(out string, songs int, seed uint64) error {
	if out == "" || songs < 1 {
		return fmt.Errorf("-out is %q and -songs %d: a folder and at least one are needed", out, songs)
	}
	m := maker{r: rand.New(rand.NewPCG(seed, 2)), audio: audiotest.MP3(12)}
	for i := range songs {
		if i%12 == 0 {
			if err := m.album(out, i/12); err != nil {
				return err
			}
		}
		if err := m.song(i%12 + 1); err != nil {
			return err
		}
	}
	return nil
}

// maker makes songs, an album after the other.
type maker struct {
	r             *rand.Rand
	audio         []byte
	dir           string
	artist, title string
}

// album begins a folder, with a picture of the whole in every second one.
func (m *maker) album(out string, n int) error {
	m.artist, m.title = m.name(2+m.r.IntN(2)), m.name(3)
	m.dir = filepath.Join(out, fmt.Sprintf("%c", 'A'+n%26), fmt.Sprintf("%s - %s %d", m.artist, m.title, n))
	if err := os.MkdirAll(m.dir, 0o755); err != nil || n%2 == 0 {
		return err
	}
	return m.write("cover.jpg", m.picture())
}

// song writes one: a third has lyrics, every fourth a cover of its own.
func (m *maker) song(number int) error {
	title := m.name(2 + m.r.IntN(4))
	base := fmt.Sprintf("%02d %s - %s", number, m.artist, title)
	tag := audiotest.ID3(audiotest.Text("TIT2", title), audiotest.Text("TPE1", m.artist), audiotest.Text("TALB", m.title),
		audiotest.Text("TRCK", fmt.Sprint(number)), audiotest.Text("TYER", fmt.Sprint(1960+m.r.IntN(66))))
	if err := m.write(base+".mp3", append(tag, m.audio...)); err != nil {
		return err
	}
	if number%3 == 0 {
		if err := m.write(base+".lrc", []byte("[00:00.50]"+title+"\n[00:01.50]"+m.name(4)+"\n")); err != nil {
			return err
		}
	}
	if number%4 == 0 {
		return m.write(base+".jpg", m.picture())
	}
	return nil
}

func (m *maker) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(m.dir, name), content, 0o644)
}

var english = []string{"Night", "Love", "Meteor", "Train", "Rain", "Heart", "Light", "Dream", "Blue", "Summer", "Paper", "Boats", "Lantern", "Row"}

// name is of so many syllables, or, in a third of cases, of English words.
func (m *maker) name(syllables int) string {
	if m.r.IntN(3) == 0 {
		return english[m.r.IntN(len(english))] + " " + english[m.r.IntN(len(english))]
	}
	text := make([]rune, syllables)
	for i := range text {
		text[i] = 0xAC00 + rune(m.r.IntN(11172))
	}
	return string(text)
}

// picture is a small one of one colour.
func (m *maker) picture() []byte {
	picture := image.NewRGBA(image.Rect(0, 0, 48, 48))
	c := color.RGBA{R: uint8(m.r.IntN(256)), G: uint8(m.r.IntN(256)), B: uint8(m.r.IntN(256)), A: 255}
	for y := range 48 {
		for x := range 48 {
			picture.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, picture, nil) // to memory
	return b.Bytes()
}
