package rooms

import (
	"go/ast"
	"regexp"
	"testing"
)

// TestReveal: only where a secret is found and where it is used may its bytes
// be seen. Tests may look at the secrets that they made.
func TestReveal(t *testing.T) {
	calls := 0
	for _, f := range goFiles(t, true) {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Reveal" {
				return true
			}
			calls++
			// The last two hold credentials of our own, on their way to a server.
			if !f.test && !under(f.pkg, module+"/internal/secret") && !under(f.pkg, module+"/detectors") && !under(f.pkg, module+"/verify") &&
				!under(f.pkg, module+"/sources/smb") && f.pkg != module+"/cmd/mislaid" {
				t.Errorf("%s: Reveal", f.fset.Position(sel.Pos()))
			}
			return true
		})
	}
	if calls == 0 {
		t.Error("nobody calls Reveal: this test looks for the wrong name")
	}
}

// looksLikeKey matches what our own detectors take for a credential, more
// loosely than they do.
var looksLikeKey = regexp.MustCompile(`A[KS]IA[A-Z2-7]{16}|(?i:secret[a-z_ ]{0,20}["' ]*[:=]["' ]*)[A-Za-z0-9+/]{40}(?:[^A-Za-z0-9+/=]|$)`)

// TestNoKeys: keys for tests are made at run time, so that nobody's scanner
// cries wolf over this repository.
func TestNoKeys(t *testing.T) {
	for _, f := range repository(t) {
		if at := looksLikeKey.FindIndex(f.text); at != nil {
			t.Errorf("%s: offset %d looks like a credential; make it at run time", f.name, at[0])
		}
	}
	if !looksLikeKey.MatchString("x AKIA" + "ABCDEFGHIJKLMNOP") {
		t.Error("the pattern matches nothing")
	}
}
