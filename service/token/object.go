package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// object is a JSON object whose names are exact and come once each; encoding/json alone would take `SUB` for `sub`, and the last of two.
type object map[string]json.RawMessage

// errNoObject is what isn't one JSON object and nothing else, in UTF-8.
var errNoObject = errors.New("isn't one JSON object in UTF-8")

// duplicateError is a name that comes twice.
type duplicateError struct{ name string }

func (e duplicateError) Error() string { return "is there twice" }

func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errNoObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return nil, errNoObject
	}
	found := object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errNoObject
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, errNoObject
		}
		key := name.(string)
		if _, twice := found[key]; twice {
			return nil, duplicateError{key}
		}
		found[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errNoObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	return found, nil
}

// text gives a string; there is none with false. A value that isn't a string, or whose escapes aren't Unicode, is an error that says so.
func (o object) text(name string) (value string, there bool, err error) {
	raw, there := o[name]
	if !there {
		return "", false, nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", true, errors.New("isn't a string")
	}
	for _, c := range value {
		if c == utf8.RuneError { // an escaped half of a surrogate pair becomes one too
			return "", true, errors.New("holds a character that isn't Unicode")
		}
	}
	return value, true, nil
}
