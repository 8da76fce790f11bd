package slackexport

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// aboutID is the item that holds a conversation's own text.
const aboutID = ":about"

// legible is a raw name as it can be shown and kept: itself, or quoted as Go does
// where it holds what cannot be printed or would be taken for something else.
func legible(raw string) string {
	if utf8.ValidString(raw) && !strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsControl(r) }) &&
		!strings.HasPrefix(raw, `"`) && !strings.HasPrefix(raw, ":") {
		return raw
	}
	return strconv.Quote(raw)
}

// rawName undoes legible. ok is false for what legible never returns.
func rawName(id string) (raw string, ok bool) {
	raw = id
	if strings.HasPrefix(id, `"`) {
		var err error
		if raw, err = strconv.Unquote(id); err != nil {
			return "", false
		}
	}
	return raw, legible(raw) == id
}
