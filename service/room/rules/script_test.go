package rules_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into testdata/*.txt instead of comparing")

// TestScripts runs testdata/*.txt. A line at the margin is something that somebody does (scriptVerbs has all of them); the indented
// lines below it are what comes of it. `#4 ...` is an event of the room with its seq, `told ...` is said to one connection
// alone, `- ...` is a step that nobody sees. After every step the room is checked as in the property test.
// To write a script, write its lines at the margin and run `go test -run TestScripts -rewrite`; then read what came of it.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: got %d files and error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(data))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("%s, run with -rewrite to take what happens:\n%s", file, difference(got, string(data)))
			}
		})
	}
}

const margin = "  "

// runScript gives the script as it would be if what happens was expected.
func runScript(t *testing.T, text string) string {
	s := newScript(t)
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, margin) {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		happens, err := s.run(line)
		if err != nil {
			t.Fatalf("line %d: %s: %v", i+1, line, err)
		}
		for _, h := range happens {
			out.WriteString(margin + h + "\n")
		}
	}
	return out.String()
}

// difference shows where two texts part.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			from := max(0, i-3)
			return fmt.Sprintf("line %d, got:\n%s\nwant:\n%s", i+1, strings.Join(g[from:min(len(g), i+3)], "\n"), strings.Join(w[from:min(len(w), i+3)], "\n"))
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

var word = regexp.MustCompile(`(?:[a-z-]+=)?"(?:[^"\\]|\\.)*"|\S+`)

// arguments are a line's words after the verb: those in order, and those with a name.
type arguments struct {
	words   []string
	options map[string]string
}

func parse(line string) (verb string, a arguments, err error) {
	a.options = map[string]string{}
	for i, w := range word.FindAllString(line, -1) {
		name, value, named := strings.Cut(w, "=")
		if !named || strings.HasPrefix(w, `"`) {
			name, value = "", w
		}
		if strings.HasPrefix(value, `"`) {
			if value, err = strconv.Unquote(value); err != nil {
				return "", a, fmt.Errorf("%s: %w", w, err)
			}
		}
		switch {
		case i == 0:
			verb = value
		case name != "":
			a.options[name] = value
		default:
			a.words = append(a.words, value)
		}
	}
	return verb, a, nil
}

// has says whether a word stands alone on the line, and takes it away.
func (a *arguments) has(flag string) bool {
	for i, w := range a.words {
		if w == flag {
			a.words = append(a.words[:i:i], a.words[i+1:]...)
			return true
		}
	}
	return false
}

// word is the i-th word, or nothing.
func (a *arguments) word(i int) string {
	if i < len(a.words) {
		return a.words[i]
	}
	return ""
}
