// Package demo holds the songs of a server that was given none: four of singoff's own making, a minute each, with covers and
// timed lyrics. They are made by the program in the folder generate, words and notes alike, and free to be used as the rest
// of singoff is.
package demo

import (
	"embed"
	"io/fs"
)

//go:embed songs
var embedded embed.FS

// Songs are the files as they would lie in a bucket.
var Songs = sub()

func sub() fs.FS {
	songs, err := fs.Sub(embedded, "songs")
	if err != nil {
		panic(err) // the folder's name is a constant
	}
	return songs
}
