package extract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestPasswordsPrint: no way of printing shows one.
func TestPasswordsPrint(t *testing.T) {
	p := NewPasswords([]string{"hunter2"})
	b, err := json.Marshal(map[string]any{"p": p, "w": struct{ P Passwords }{p}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %s %q %x", p, p, p, p, p, p), fmt.Sprintf("%+v", Walker{Passwords: p}), string(b)} {
		if strings.Contains(s, "hunter2") || strings.Contains(s, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("it prints %s", s)
		}
	}
}

// TestOpen tries what fitted last first, and every password once.
func TestOpen(t *testing.T) {
	w := &walk{ctx: t.Context(), limits: Limits{}.withDefaults(), keys: &keys{passwords: []string{"a", "b", "c"}}}
	for _, c := range []struct{ fits, tried string }{{"b", "ab"}, {"b", "b"}, {"c", "bac"}, {"x", "cab"}, {"a", "ca"}} {
		tried := ""
		ok, err := w.open(func(p string) (bool, error) {
			tried += p
			return p == c.fits, nil
		})
		if err != nil || ok != (c.fits != "x") || tried != c.tried {
			t.Errorf("%s: %v, tried %s, want %s, %v", c.fits, ok, tried, c.tried, err)
		}
	}
}
