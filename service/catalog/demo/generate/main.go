// Command generate makes the demo songs: it sings and plays the scores of this folder, has `lame` make MP3s of them, paints
// the covers and writes the timed lyrics. What it writes is committed; it is run after a change to a score, a sound or a
// painting: `go run ./service/catalog/demo/generate -out service/catalog/demo/songs`.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	out := flag.String("out", "service/catalog/demo/songs", "the folder to write to")
	wav := flag.Bool("wav", false, "write WAV files instead of MP3s; needs no lame")
	flag.Parse()
	for _, s := range songs {
		if err := write(s, *out, *wav); err != nil {
			fmt.Fprintf(os.Stderr, "generate: %s: %v\n", s.title, err)
			os.Exit(1)
		}
	}
}

func write(s song, dir string, wav bool) error {
	text, err := lyrics(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, s.fileName(".lrc")), []byte(text), 0o644); err != nil {
		return err
	}
	var cover bytes.Buffer
	if err := writeCover(&cover, s.paint); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, s.fileName(".jpg")), cover.Bytes(), 0o644); err != nil {
		return err
	}
	sound, err := play(s)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := sound.writeWAV(&b); err != nil {
		return err
	}
	if wav {
		return os.WriteFile(filepath.Join(dir, s.fileName(".wav")), b.Bytes(), 0o644)
	}
	return encode(s, &b, filepath.Join(dir, s.fileName(".mp3")))
}

// encode has lame read the WAV from its standard input. Tags are UTF-16, which every reader of ID3 knows.
func encode(s song, wav *bytes.Buffer, path string) error {
	cmd := exec.Command("lame", "--quiet", "-b", "64", "-q", "0", "--resample", "32", "--id3v2-only", "--id3v2-utf16",
		"--tt", s.title, "--ta", s.artist, "--tl", s.album, "-", path)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stderr = wav, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("lame (Debian's package of that name): %w", err)
	}
	return nil
}
