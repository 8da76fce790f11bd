package detectors

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// encodedForms returns what is in every text that holds a literal in base64,
// at each of the three ways to fall on its groups of four, and what is in one
// that holds its last two characters as escapes.
func encodedForms(literal string) []string {
	var out []string
	for shift := range 3 {
		coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + literal))
		// Only characters whose six bits are all of the literal.
		from, to := (8*shift+5)/6, 8*(shift+len(literal))/6
		out = append(out, coded[from:to])
	}
	for _, escape := range []string{`\u00%02x`, `\u00%02X`, "%%%02X", "%%%02x", "=%02X", "&#%d;", "&#x%02X;", "&#x%02x;", `\x%02x`, `\x%02X`} {
		var s string
		for _, c := range []byte(literal[len(literal)-2:]) {
			s += fmt.Sprintf(escape, c)
		}
		out = append(out, s)
	}
	return out
}
