package scan

import (
	"testing"
)

// TestExplain: explaining judges as scanning does, and says where things stand.
func TestExplain(t *testing.T) {
	src := newList("list://a", "x\n <kid:one> <sec:s1>\n")
	var found bool
	for c, err := range src.Containers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for it, err := range src.Items(t.Context(), c, "") {
			if err != nil {
				t.Fatal(err)
			}
			e, err := Explain(t.Context(), src, it, Options{Set: testSet(t)})
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Trace.Atoms) != 2 || len(e.Trace.Candidates) != 1 {
				t.Fatalf("%d atoms, %d candidates", len(e.Trace.Atoms), len(e.Trace.Candidates))
			}
			if p := e.Place(e.Trace.Atoms[0]); p.Line != 2 || p.Column != 2 {
				t.Errorf("at %d:%d", p.Line, p.Column)
			}
			if !e.Trace.Atoms[1].Value.IsZero() {
				t.Error("a secret outlived the explanation")
			}
			found = true
		}
	}
	if !found {
		t.Error("nothing was explained")
	}
}
