package rooms

import (
	"bytes"
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// TestPackageDocs: every package says once what it is, and in its last
// paragraph what it knows and does not know.
func TestPackageDocs(t *testing.T) {
	docs := make(map[string][]string)
	for _, f := range goFiles(t, false) {
		docs[f.pkg] = append(docs[f.pkg], "")
		if f.ast.Doc != nil {
			docs[f.pkg] = append(docs[f.pkg], f.ast.Doc.Text())
		}
	}
	for pkg, texts := range docs {
		var doc []string
		for _, text := range texts {
			if text != "" {
				doc = append(doc, text)
			}
		}
		if len(doc) != 1 {
			t.Errorf("%s has %d package docs", pkg, len(doc))
			continue
		}
		paragraphs := strings.Split(strings.TrimSpace(doc[0]), "\n\n")
		last := strings.ReplaceAll(paragraphs[len(paragraphs)-1], "\n", " ")
		if !strings.HasPrefix(last, "This package knows ") || !strings.Contains(last, "It does not know ") {
			t.Errorf("%s: the last paragraph of its doc must say: This package knows … It does not know …", pkg)
		}
	}
}

func TestNoInit(t *testing.T) {
	for _, f := range goFiles(t, true) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init()", f.fset.Position(fn.Pos()))
			}
		}
	}
}

// maxLines is where a file is split. Tests may be longer.
const maxLines = 500

func TestFilesAreShort(t *testing.T) {
	for _, f := range goFiles(t, false) {
		if n := bytes.Count(f.text, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines", f.name, n)
		}
	}
}

// drawers are names that say nothing about what is inside.
var drawers = regexp.MustCompile(`(^|/)(utils?|common|helpers?|misc|manager|base)(\.go|/)`)

func TestNames(t *testing.T) {
	for _, f := range repository(t) {
		if drawers.MatchString(f.name) {
			t.Errorf("%s: its name says nothing", f.name)
		}
	}
}

// unfinished are words that promise work instead of doing it.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func TestNothingIsPutOff(t *testing.T) {
	for _, f := range repository(t) {
		if f.name == "go.sum" || f.name == "LICENSE" {
			continue
		}
		if at := unfinished.FindIndex(f.text); at != nil {
			line := 1 + bytes.Count(f.text[:at[0]], []byte("\n"))
			t.Errorf("%s:%d: %s", f.name, line, f.text[at[0]:at[1]])
		}
	}
}

// TestNoPrinting: only the program talks to the terminal.
func TestNoPrinting(t *testing.T) {
	for _, f := range goFiles(t, false) {
		if under(f.pkg, module+"/cmd") || under(f.pkg, module+"/internal/bench") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch name := pkg.Name + "." + sel.Sel.Name; name {
			case "fmt.Print", "fmt.Printf", "fmt.Println", "os.Stdout", "os.Stderr", "os.Exit", "log.Fatal", "log.Printf", "slog.Default":
				t.Errorf("%s: %s", f.fset.Position(sel.Pos()), name)
			}
			return true
		})
	}
}
