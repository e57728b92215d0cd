package cli

import (
	"errors"
	"os"
	"path/filepath"
)

// writeWhole makes a file that appears under its name only when it is whole and on the disk. Whatever is there under that name is replaced.
func writeWhole(path string, write func(*os.File) error) (err error) {
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	if err = write(part); err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}
