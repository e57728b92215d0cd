package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// configVariable names a configuration file in the environment.
const configVariable = "SINGOFF_CONFIG"

// file resolves flags by a configuration file: a JSON object of flags by their names. A flag's environment variable counts before it.
type file struct {
	values map[string]any
}

// byteOrderMark is what editors of Windows put before a text.
const byteOrderMark = "\ufeff"

// readFile reads a configuration file. An error names it, if it has a name.
func readFile(r io.Reader) (kong.Resolver, error) {
	resolver, err := decodeFile(r)
	if named, ok := r.(*os.File); ok && err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", named.Name(), err)
	}
	return resolver, err
}

func decodeFile(r io.Reader) (kong.Resolver, error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = text.Discard(len(mark)) // it was peeked at
	}
	decoder := json.NewDecoder(text)
	decoder.UseNumber() // or 2.5 singers become 2
	var f file
	if err := decoder.Decode(&f.values); err != nil {
		return nil, fmt.Errorf("isn't a JSON object of flags by their names: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has something after its JSON object")
	}
	return f, nil
}

// fromEnvironment reads the file that the environment names.
func fromEnvironment() ([]kong.Resolver, error) {
	path := os.Getenv(configVariable)
	if path == "" {
		return nil, nil
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configVariable, err)
	}
	resolver, err := readFile(r)
	err = errors.Join(err, r.Close())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configVariable, err)
	}
	return []kong.Resolver{resolver}, nil
}

// Validate implements kong.Resolver: a name that is no flag is an error.
func (f file) Validate(app *kong.Application) error {
	var known []string
	for _, flag := range app.Flags {
		if flag.Name != "help" && flag.Name != "config" && flag.Name != "version" {
			known = append(known, flag.Name)
		}
	}
	for name := range f.values {
		if !slices.Contains(known, name) {
			return fmt.Errorf("configuration file: %q is unknown; there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (f file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	switch value := f.values[flag.Name].(type) {
	case json.Number:
		return value.String(), nil
	default:
		return value, nil
	}
}
