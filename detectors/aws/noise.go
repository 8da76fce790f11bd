package aws

import (
	"bytes"
	"strings"

	"mislaid/detectors"
)

// sampleWord is in every key that AWS prints in its documentation.
var sampleWord = []byte("EXAMPLE")

// isSampleID reports whether id is one of the published samples.
func isSampleID(id string) bool { return strings.HasSuffix(id, string(sampleWord)) }

// isSampleAccount reports whether an account is one of those that AWS's
// documentation is written with.
func isSampleAccount(account string) bool {
	switch account {
	case "123456789012", "111122223333", "444455556666", "000000000000":
		return true
	}
	return false
}

// isSampleSecret reports whether b, a secret or a token, is a published sample.
func isSampleSecret(b []byte) bool {
	return bytes.Contains(b, sampleWord)
}

// minEntropy, in bits per character, loses 1 of 10,000 secrets and passes no
// hexadecimal hash.
const minEntropy = 4.25

// minLabelledEntropy is for what a name calls a secret: it loses 1 of 100,000 and
// passes no hexadecimal hash either.
const minLabelledEntropy = 4.0

// minIDEntropy loses 2 of 10,000 ids.
const minIDEntropy = 3.0

// isMadeUp reports whether an id was typed by a person: one letter repeated, an
// alphabet, a row of the keyboard, a word.
func isMadeUp(id []byte) bool {
	if isAll(id[5:9], func(c byte) bool { return c == 'A' }) && id[4] == 'Q' {
		// An account with leading zeros, as test servers have.
		return longest(id[12:], func(c byte) bool { return c == id[12] }) >= 4
	}
	if detectors.Entropy(id) < minIDEntropy {
		return true
	}
	same, steps := 1, 0
	for i := 5; i < len(id); i++ {
		if id[i] == id[i-1] {
			if same++; same == 5 {
				return true
			}
		} else {
			same = 1
		}
		if id[i] == id[i-1]+1 {
			steps++
		}
	}
	if steps >= 7 {
		return true
	}
	for _, w := range fakeWords {
		if bytes.Contains(id, w) {
			return true
		}
	}
	return false
}

// fakeWords do not occur in random ids: seven letters at one place in 2^35.
var fakeWords = [][]byte{
	[]byte("EXAMPLE"), []byte("QWERTY"), []byte("ASDFGH"), []byte("ACCESSKEY"), []byte("FAKEFAKE"), []byte("TESTTEST"),
	[]byte("DUMMYKEY"), []byte("YOURKEY"), []byte("YOURACCESS"), []byte("SAMPLE"), []byte("PLACEHOLDER"), []byte("TESTKEY"), []byte("FAKEKEY"),
}

// isIrregular reports whether 40 base64 characters could be a secret at all: not a
// hash, not an alphabet.
func isIrregular(b []byte) bool {
	steps := 0
	for i := 1; i < len(b); i++ {
		if b[i] == b[i-1]+1 {
			steps++
		}
	}
	return steps < 12 && longest(b, isLowerHex) < 16 && longest(b, isUpperHex) < 16
}

func isLowerHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }
func isUpperHex(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'F' }

// looksLikeText reports whether 40 base64 characters read like a path, an
// identifier or a link. It rejects fewer than 1 of 100 secrets, and is asked
// only about those that no label names; beside is for one right beside an id, which
// may look a little more like text.
func looksLikeText(b []byte, beside bool) bool {
	var lower, upper, digit bool
	changes := 0
	for i, c := range b {
		lower = lower || isLower(c)
		upper = upper || c >= 'A' && c <= 'Z'
		digit = digit || isDigit(c)
		if i > 0 && class(c) != class(b[i-1]) && (class(c) != 'a' || class(b[i-1]) != 'A') {
			changes++
		}
	}
	words, number := 10, 8 // letters of one case, and digits, in a row
	if beside {
		words, number = 13, 11
	}
	switch {
	case !lower || !upper || !digit && !beside:
		return true
	case changes < 9: // words: random bytes change their class 19 times
		return true
	case longest(b, isDigit) >= number, longest(b, isLower) >= words, longest(b, isUpper) >= words:
		return true
	case beside:
		return false
	case b[0] == '/' && b[1] == '/':
		return true
	}
	return hasPathWord(b)
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// class maps a character to one of its kind.
func class(c byte) byte {
	switch {
	case isLower(c):
		return 'a'
	case isUpper(c):
		return 'A'
	case isDigit(c):
		return '0'
	}
	return '/'
}

// hasPathWord reports whether a part between slashes is a word: four or more
// lower-case letters, with a vowel.
func hasPathWord(b []byte) bool {
	for part := range bytes.SplitSeq(b, []byte{'/'}) {
		if len(part) < len(b) && len(part) >= 4 && isAll(part, isLower) && bytes.ContainsAny(part, "aeiou") {
			return true
		}
	}
	return false
}

// longest returns the length of the longest run of a class.
func longest(b []byte, in func(byte) bool) int {
	best, n := 0, 0
	for _, c := range b {
		if !in(c) {
			n = 0
			continue
		}
		n++
		best = max(best, n)
	}
	return best
}
