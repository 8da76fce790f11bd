package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mislaid/internal/report"
)

// shellQuoted returns words as one line to paste into a POSIX shell.
func shellQuoted(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellWord(w)
	}
	return strings.Join(quoted, " ")
}

func shellWord(w string) string {
	plain := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./=:,@%+", r))
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	if report.Clean(w) == w {
		return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	// A name that must not reach the terminal raw: bash, zsh and ksh read $'…'.
	var b strings.Builder
	for _, c := range []byte(w) {
		if c < ' ' || c >= 0x7f || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}
