package detectors

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// base64Forms returns what is in every text that holds a literal in base64, at
// each of the three ways to fall on its groups of four.
func base64Forms(literal string) []string {
	var out []string
	for shift := range 3 {
		coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + literal))
		// Only characters whose six bits are all of the literal.
		from, to := (8*shift+5)/6, 8*(shift+len(literal))/6
		out = append(out, coded[from:to])
	}
	return out
}

// escapedForms returns what is in a text that holds the last two letters of a
// literal as escapes, or a short one broken by quoted-printable; nothing if it does not end in letters.
func escapedForms(literal string) []string {
	last := literal[len(literal)-2:]
	if strings.Trim(last, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		return nil
	}
	var out []string
	for k := 1; k < len(literal) && len(literal) <= 4; k++ { // a soft line break in a short one
		out = append(out, literal[:k]+"=\r\n"+literal[k:], literal[:k]+"=\n"+literal[k:])
	}
	for _, escape := range []string{`\u00%02x`, `\u00%02X`, "%%%02X", "%%%02x", "=%02X", "&#%d;", "&#x%02X;", "&#x%02x;", `\x%02x`, `\x%02X`} {
		var s string
		for _, c := range []byte(last) {
			s += fmt.Sprintf(escape, c)
		}
		out = append(out, s)
	}
	return out
}
