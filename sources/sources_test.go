package sources

import (
	"testing"

	"pgregory.net/rapid"
)

func anyReach(t *rapid.T, name string) Reach {
	set := rapid.Uint8().Draw(t, name)
	r := Reach{Set: set}
	for _, l := range r.Levels() {
		r.AtLeast = max(r.AtLeast, l)
	}
	r.AtMost = max(r.AtLeast, Level(rapid.IntRange(0, 7).Draw(t, name+" at most")))
	return r
}

func TestUnionOnlyWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Audience{Now: anyReach(t, "a"), Heads: Heads{rapid.IntRange(0, 9).Draw(t, "min"), rapid.IntRange(-1, 20).Draw(t, "max")}}
		b := Audience{Now: anyReach(t, "b"), Heads: Heads{2, 5}, Unresolved: []string{"x"}}
		u := a.Union(b)
		if u.Now != b.Union(a).Now {
			t.Fatal("not symmetric")
		}
		if u.Now.Set != a.Now.Set|b.Now.Set || u.Now.AtLeast < a.Now.AtLeast || u.Now.AtMost < a.Now.AtMost || u.Now.AtMost < b.Now.AtMost {
			t.Fatalf("%+v ∪ %+v = %+v", a.Now, b.Now, u.Now)
		}
		if a.Heads.Max < 0 && u.Heads.Max >= 0 {
			t.Fatal("an unknown head count became known")
		}
		if len(u.Unresolved) != 1 {
			t.Fatal("lost what was unresolved")
		}
	})
}

func TestLevelNames(t *testing.T) {
	for l := OwnerOnly; l <= Public; l++ {
		if l.String() == "" || l.String() == "unknown" {
			t.Errorf("level %d has no name", l)
		}
	}
}
