package singoff

import (
	"encoding/json"
	"os"
	"testing"
)

// vectors reads a table that both SDKs are tested by.
func vectors[T any](t *testing.T, name string) (table []T) {
	t.Helper()
	raw, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	if len(table) == 0 {
		t.Fatal("the table is empty")
	}
	return table
}
