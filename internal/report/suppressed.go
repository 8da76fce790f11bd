package report

import (
	"fmt"

	"mislaid/internal/ignore"
	"mislaid/internal/journal"
)

// suppressed counts what the operator knows and lists it if he asks.
func (t *page) suppressed(s *journal.Summary) {
	if len(s.Suppressed) == 0 && len(s.ExpiredIgnores) == 0 {
		return
	}
	t.raw("")
	if n := len(s.Suppressed); n > 0 && !t.o.ShowSuppressed {
		t.line(0, bold, suppressedWords(n)+"; --show-suppressed lists them")
	} else if n > 0 {
		t.line(0, bold, suppressedWords(n)+":")
		for i := range s.Suppressed {
			t.leak(&s.Suppressed[i])
		}
	}
	for _, e := range s.ExpiredIgnores {
		t.line(0, yellow, expiredWords(e))
	}
}

func suppressedWords(n int) string {
	return plural(n, "find is", "finds are") + " suppressed and not counted as leaks"
}

func expiredWords(e ignore.Entry) string {
	return fmt.Sprintf("The entry of %s:%d (%s) expired on %s and suppresses nothing any more", e.List, e.Line, e.Reason, e.Expires)
}

func untilWords(expires string) string {
	if expires == "" {
		return ""
	}
	return ", until " + expires
}
