package extra

import (
	"bytes"
	"encoding/base64"
	"hash/crc32"
	"strings"

	"mislaid/detectors/rules"
)

// gitHub checks the last six characters of a token: the CRC-32 of the thirty
// before them, in base 62 (GitHub blog, "Behind GitHub's new authentication
// token formats", 2021-04-05).
func gitHub(near []byte, _, group rules.Span) rules.Checked {
	token := near[group.From:group.To]
	body := token[len("ghp_"):]
	random, sum := body[:len(body)-6], body[len(body)-6:]
	n := crc32.ChecksumIEEE(random)
	for i := len(sum) - 1; i >= 0; i-- {
		if sum[i] != base62[n%62] {
			return rules.Checked{Why: "its checksum is wrong: GitHub never issued it"}
		}
		n /= 62
	}
	return rules.Checked{}
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// varied refuses what a person typed in place of a token.
func varied(near []byte, _, group rules.Span) rules.Checked {
	if why := typed(near[group.From:group.To]); why != "" {
		return rules.Checked{Why: why}
	}
	return rules.Checked{}
}

// typed says why a value was written by a person rather than made at random.
// The last part of a token is the random one.
func typed(value []byte) string {
	low := strings.ToLower(string(value))
	for _, word := range []string{"example", "placeholder", "redacted", "changeme", "your", "xxxx", "0000000", "1234567", "abcdefg", "dummy"} {
		if strings.Contains(low, word) {
			return "it is a placeholder"
		}
	}
	random := value[max(0, len(value)-24):]
	var seen [256]bool
	n := 0
	for _, c := range random {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	if n < 9 {
		return "it has too few different characters to be random"
	}
	return ""
}

// azuriteKey is how the published key of the storage emulator begins (Microsoft
// Learn, "Use the Azurite emulator", 2025).
const azuriteKey = "Eby8vdM02xNOcqFlqUwJPLlm"

// azureKey checks that a key is 64 bytes and not the emulator's.
func azureKey(near []byte, match, group rules.Span) rules.Checked {
	key := near[group.From:group.To]
	raw, err := base64.StdEncoding.DecodeString(string(key))
	switch {
	case err != nil || len(raw) != 64:
		return rules.Checked{Why: "it is not 64 bytes in base64"}
	case bytes.HasPrefix(key, []byte(azuriteKey)):
		return rules.Checked{Why: "it is the published key of the storage emulator"}
	}
	if why := typed(key[:64]); why != "" && len(bytes.Trim(key, "A=")) < 40 {
		return rules.Checked{Why: why}
	}
	return rules.Checked{Profile: valueOf(around(near, match, 200), "AccountName=", 24)}
}

// around returns what stands within n bytes of a match.
func around(near []byte, match rules.Span, n int) []byte {
	return near[max(0, match.From-n):min(len(near), match.To+n)]
}

// valueOf returns the lower-case name or address that follows a word, at most
// limit bytes; "" there is none.
func valueOf(b []byte, word string, limit int) string {
	_, rest, ok := bytes.Cut(b, []byte(word))
	if !ok {
		return ""
	}
	n := 0
	for n < len(rest) && n <= limit && (isName(rest[n])) {
		n++
	}
	if n == 0 || n > limit {
		return ""
	}
	return string(rest[:n])
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '@' || c == '_'
}

// databaseURL refuses passwords that are none, and addresses that are examples.
func databaseURL(near []byte, match, group rules.Span) rules.Checked {
	url, password := string(near[match.From:match.To]), string(near[group.From:group.To])
	low := strings.ToLower(password)
	_, rest, _ := strings.Cut(url, "://")
	user, _, _ := strings.Cut(rest, ":")
	host := url[strings.LastIndexByte(url, '@')+1:]
	name, _, _ := strings.Cut(host, ":")
	name = strings.ToLower(strings.TrimRight(name, `.)];\`))
	switch {
	case strings.ContainsAny(password, "${}[]()%*…") && !escaped(password), strings.HasPrefix(password, ":"):
		return rules.Checked{Why: "its password is to be filled in"}
	case strings.EqualFold(password, user):
		return rules.Checked{Why: "its password is the user's name, as in every example"}
	case strings.Trim(low, "x.") == "", strings.HasPrefix(low, "pass"), strings.HasPrefix(low, "pwd"), strings.HasPrefix(low, "secret"),
		strings.HasPrefix(low, "my"), strings.HasPrefix(low, "your"), strings.HasPrefix(low, "changeme"), strings.HasPrefix(low, "example"),
		strings.Contains(low, "redacted"), strings.Contains(low, "placeholder"), low == "user", low == "guest", low == "root", low == "test", low == "foo", low == "bar", low == "admin":
		return rules.Checked{Why: "its password is a placeholder"}
	case name == "" || strings.HasPrefix(name, "example.") || strings.Contains(name, ".example") || strings.HasPrefix(name, "host") || strings.HasPrefix(name, "your") || strings.ContainsAny(name, "${}[]%"):
		return rules.Checked{Why: "its host is an example"}
	}
	return rules.Checked{Profile: valueOf([]byte(strings.ToLower(user)+"@"+name), "", 64)}
}

// escaped reports whether every % of s begins a percent escape and nothing else
// in it asks to be filled in.
func escaped(s string) bool {
	if strings.ContainsAny(s, "${}[]()*…") {
		return false
	}
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
