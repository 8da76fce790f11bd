package pick

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) *Names {
	t.Helper()
	n, err := Parse("list", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMatch(t *testing.T) {
	n := parse(t, "# a comment\n\ncredentials.csv\n*.tfvars\n*.auto.tf\nid_*.key\n**/.aws/credentials\nsrv/*/x\n\\#hash\n")
	if n.Len() != 7 {
		t.Errorf("%d patterns", n.Len())
	}
	for path, want := range map[string]bool{
		"credentials.csv": true, "a/b/Credentials.CSV": true, "credentials.csv.bak": false, "mycredentials.csv": false,
		"x.tfvars": true, "X.TFVARS": true, ".tfvars": true, "tfvars": false, "x.tfvars/y": false,
		"x.auto.tf": true, "x.tf": false, "id_rsa.key": true, "id.key": false,
		".aws/credentials": true, "home/ann/.aws/credentials": true, "aws/credentials": false,
		"srv/a/x": true, "srv/a/b/x": false, "#hash": true, "": false,
	} {
		if n.Match(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
	var none *Names
	if none.Match("credentials.csv") || none.Len() != 0 || none.MatchWithin("/", "x") {
		t.Error("nothing matches something")
	}
	if both := n.With(parse(t, "extra")); !both.Match("extra") || !both.Match("x.tfvars") || n.Match("extra") || n.With(nil).Len() != n.Len() {
		t.Error("joined wrongly")
	}
}

func TestMatchWithin(t *testing.T) {
	for _, test := range []struct {
		pattern, root, path string
		want                bool
	}{
		{"decoys", "/srv", "decoys", true},
		{"decoys/", "/srv", "a/decoys/deep/file", true},
		{"/srv/share/a.txt", "/srv/share", "a.txt", true},
		{"/srv/share/a.txt", "/srv/share", "b/a.txt", false},
		{"/srv/share", "/srv/share", "b/a.txt", true},
		{"/srv/*/a.txt", "/srv/share/", "A.TXT", true},
		{`\\host\share\Finance\x.xlsx`, `\\host\share`, "finance/x.xlsx", true},
		{`C:\data\x`, `C:\data`, "x/inner", true},
		{"finance/*.xlsx", "/srv", "finance/a.xlsx", true},
		{"finance/*.xlsx", "/srv", "other/finance/a.xlsx", false},
		{"**/finance/*.xlsx", "/srv", "other/finance/a.xlsx", true},
	} {
		if got := parse(t, test.pattern).MatchWithin(test.root, test.path); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"ok\n[", "{", "\n\n/"} {
		if n, err := Parse("list", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "list:") {
			t.Errorf("%q: %v, %v", text, n, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

func TestLikely(t *testing.T) {
	for path, want := range map[string]bool{
		"home/ann/.aws/credentials": true, "downloads/rootkey.csv": true, "app/.env": true, "app/.env.production": true,
		"infra/terraform.tfstate": true, "infra/prod.auto.tfvars": true, "ann/.bash_history": true, "it/AWS keys.txt": true,
		"Users/ann/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt": true, "ops/.docker/config.json": true,
		"ann_accessKeys.csv": true, "photo.jpg": false, "main.go": false, "report.docx": false, "config.json": false,
	} {
		if Likely().Match(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
}

func BenchmarkLikely(b *testing.B) {
	n := Likely()
	for b.Loop() {
		n.Match("projects/some/deep/directory/with/a/file/of/source/text.go")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a", "*.b", "**/c/d", "[", "{a,b}", `\\h\s\x`, `C:\x`, "*.a.b", "#", "\x00"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, patterns, path string) {
		n, err := Parse("list", []byte(patterns))
		if err != nil {
			return
		}
		n.Match(path)
		n.MatchWithin("/root", path)
		if strings.Trim(patterns, " \t\r\n") == "" && n.Len() != 0 {
			t.Error("patterns of nothing")
		}
	})
}
