package singoff_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	singoff "github.com/singoff/singoff/clients/go"
)

func TestRoomID(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ title, want string }{
		{"Friday", "friday"},
		{" friday\n", "friday"},
		{"Friday battle", "r-sgrnf7hucm"},
		{"friday BATTLE ", "r-sgrnf7hucm"},
		{"금요일 배틀", "r-njky5rtrrk"},
		{"\u1100\u1173\u11b7\u110b\u116d\u110b\u1175\u11af \u1107\u1162\u1110\u1173\u11af", "r-njky5rtrrk"},
		{"  ㅋㅋ ", "r-veuivfcg4a"},
		{"🎤🔥", "r-f2t3nxvtf2"},
		{"café", "r-quhx3rbzcd"},
		{"cafe\u0301", "r-quhx3rbzcd"},
		{"ÄRGER", "r-kx5qdhio3d"},
		{"ÀÉ", "r-lvgoio6gck"},
		{"ΑΣ", "r-vi6zrlr5ud"}, // the sigma at the end is another one
		{"İstanbul", "r-jjg7cihx2h"},
		{strings.Repeat("a", 65), "r-mnjwdrelxh"},
		{"r-abc", "r-abc"},
		{"", "r-4oymiquy7q"},
	} {
		if got := singoff.RoomID(v.title); got != v.want {
			t.Errorf("RoomID(%q): got %s, want %s", v.title, got, v.want)
		}
	}
}

func FuzzRoomID(f *testing.F) {
	f.Add("금요일 배틀")
	f.Add("\xff a")
	f.Fuzz(func(t *testing.T, title string) {
		id := singoff.RoomID(title)
		if len(id) == 0 || len(id) > 64 {
			t.Errorf("RoomID(%q) is %q, 1 to 64 characters are needed", title, id)
		}
		for _, c := range id {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
				t.Errorf("RoomID(%q) is %q, which isn't a lower-case id", title, id)
			}
		}
		if again := singoff.RoomID(id); again != id {
			t.Errorf("RoomID(%q) is %q, whose own id is %q", title, id, again)
		}
		if utf8.ValidString(title) && singoff.RoomID(" "+title+"\t") != id {
			t.Errorf("RoomID(%q) changes with white space around it", title)
		}
	})
}
