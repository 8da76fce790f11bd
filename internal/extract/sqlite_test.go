package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSQLite finds rows wherever SQLite left them; python's sqlite3 wrote the
// files.
func TestSQLite(t *testing.T) {
	row := func(n string) string {
		return "owner" + strings.TrimLeft(n[:2], "0") + n[2:] + "\tfirst-" + n + "-abcdefghij\tsecond-" + n + "-klmnopqrstuvwxyz\t"
	}
	for name, want := range map[string][]string{
		"utf16le.db":      {row("000"), row("002")},
		"utf16be.db":      {row("000"), row("002")},
		"deleted.db":      {row("000"), row("001"), row("005"), row("006"), row("011")},
		"dropped.db":      {row("000"), row("011")},
		"overflow.db":     {"xacross-the-pages-of-one-rowy", "y\tbehind-the-overflow\t"},
		"norowid.db":      {"first-000-abcdefghij\t\towner0\tsecond-000-klmnopqrstuvwxyz\t", "first-039-abcdefghij\t39\towner39\tsecond-039-klmnopqrstuvwxyz\t"},
		"log.db-wal":      {row("000"), row("002"), "xacross-the-pages-of-one-row\tbehind-the-overflow\t"},
		"undo.db-journal": {row("000"), row("002")},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", "sqlite", name))
			if err != nil {
				t.Fatal(err)
			}
			v := walkBytes(t, Limits{}, b)
			if len(v.gaps) > 0 {
				t.Errorf("gaps: %v", v.gaps)
			}
			for _, w := range want {
				i := strings.Index(v.texts[""], w)
				if i < 0 {
					t.Errorf("%q is not there", w)
					continue
				}
				if at := v.at[""].At(int64(i)); !strings.HasPrefix(at, "page ") {
					t.Errorf("it stands at %q", at)
				}
			}
		})
	}
}
