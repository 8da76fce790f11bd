package slackjson

import (
	"strings"
	"testing"
)

func TestHasToken(t *testing.T) {
	for text, want := range map[string]bool{
		"the id is " + strings.Repeat("AKZQ", 5): true, "abcdefgh12345678": true, strings.Repeat("aBcDeFgH", 4): true, "x=" + strings.Repeat("AB+/", 8) + "1": true,
		"only words of a language": false, "characteristically": false, "1714550000.000100": false, "PLEASE DO NOT DEPLOY": false, "": false, "abcdefgh 12345678": false,
		"some-very-long-name-of-words-with-dashes": false,
	} {
		if hasToken([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
