package parity

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The page and the tests name each other.
func TestTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/parity.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\|.*\| (Test\w+) \|$`).FindAllSubmatch(page, -1) {
		rows[string(row[1])] = true
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\) \{\n\toverEachWay`).FindAllSubmatch(source, -1) {
			tests[string(test[1])] = true
		}
	}
	for row := range rows {
		if !tests[row] {
			t.Errorf("docs/parity.md names %s, which isn't run over each way", row)
		}
	}
	for test := range tests {
		if !rows[test] {
			t.Errorf("%s has no row in docs/parity.md", test)
		}
	}
	if len(rows) < 20 {
		t.Errorf("got %d tests in docs/parity.md, want the whole table", len(rows))
	}
}
