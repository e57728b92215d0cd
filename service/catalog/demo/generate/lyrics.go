package main

import (
	"fmt"
	"strings"
)

// lyrics are the timed words as an .lrc file: each line at its first note.
func lyrics(s song) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[ti:%s]\n[ar:%s]\n[al:%s]\n[length:%s]\n", s.title, s.artist, s.album, stamp(s.seconds(s.bars()*stepsOfBar) + tail)[:5])
	for _, l := range s.lines {
		notes, err := s.sung(l)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "[%s]%s\n", stamp(notes[0].at), strings.ReplaceAll(l.words, "-", ""))
	}
	return b.String(), nil
}

// stamp is mm:ss.xx.
func stamp(seconds float64) string {
	hundredths := int(seconds*100 + 0.5)
	return fmt.Sprintf("%02d:%02d.%02d", hundredths/6000, hundredths/100%60, hundredths%100)
}
