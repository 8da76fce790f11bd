package stricttoml

import (
	"fmt"
	"strings"
	"testing"
)

type list struct {
	Title string `toml:"title"`
	Rows  []struct {
		Name string            `toml:"name"`
		Size int               `toml:"size"`
		Sub  map[string]string `toml:"sub"`
	} `toml:"rows"`
}

func unknown(key []string) string { return fmt.Sprintf("no %s", strings.Join(key, ".")) }

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"title = 'x'\n": "", "titel = 'x'\n": "f:1:1: no titel", "[[rows]]\nname='a'\n nam='b'\n": "f:3:2: no rows.nam",
		"title = 1\n": "f:1:9: ", "title = \n": "f:1:", "title = 'secret\n": "f:1:", "[[rows]]\nsize = 'secret'\n": "f:2:8: ",
	} {
		var v list
		_, err := Decode("f", []byte(text), &v, unknown)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(got, want) || strings.Contains(got, "secret")) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestPositions(t *testing.T) {
	text := "# comment\ntitle = '''\n[[rows]]\n'''\n\n[[rows]]\n  name = 'a'\n[rows.sub]\nx = 'y'\n[[rows]]\nsize = 2\n"
	var v list
	at, err := Decode("f", []byte(text), &v, unknown)
	if err != nil || len(v.Rows) != 2 {
		t.Fatal(err)
	}
	for _, c := range []struct {
		i     int
		field string
		want  int
	}{{0, "", 6}, {0, "name", 7}, {0, "sub", 8}, {0, "size", 6}, {1, "", 10}, {1, "size", 11}, {2, "", 6}} {
		if got := at.Row("rows", c.i, c.field); got != c.want {
			t.Errorf("row %d %q: line %d, want %d", c.i, c.field, got, c.want)
		}
	}
	if at.Top("title") != 2 || at.Top("none") != 1 {
		t.Errorf("title at %d, none at %d", at.Top("title"), at.Top("none"))
	}
	at, err = Decode("f", []byte("\nrows = [{name = 'a'}, {name = 'b'}]\n"), &v, unknown)
	if err != nil || at.Row("rows", 1, "name") != 2 {
		t.Errorf("in one line: %v, line %d", err, at.Row("rows", 1, "name"))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("[[rows]]\nname='a'\n[rows.sub]\nx='y'\n"))
	f.Add([]byte("\"a.b\".c = 1\n[a]\n[[a.b]]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v list
		at, err := Decode("f", text, &v, unknown)
		if err != nil {
			return
		}
		for i := range v.Rows {
			if line := at.Row("rows", i, "name"); line < 1 || line > 1+strings.Count(string(text), "\n") {
				t.Fatalf("row %d at line %d", i, line)
			}
		}
	})
}
