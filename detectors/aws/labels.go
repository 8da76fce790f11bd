package aws

import (
	"bytes"
	"strings"
)

// labelKind says which part of a credential a label names.
type labelKind uint8

const (
	otherLabel labelKind = iota
	idLabel
	secretLabel
	tokenLabel
)

// label is the name that a value is given.
type label struct {
	name string // lower case; "" none
	kind labelKind
}

// labelOf returns the label of the value at near[i:]: the heading of its CSV
// column, or the name that stands before it on its line or the line above.
func (r *region) labelOf(i int) label {
	if name := r.column(i); name != "" {
		if k := kindOf(name); k != otherLabel {
			return label{name, k}
		}
	}
	from := max(i-lookBack, 0)
	before := r.Bytes[from:i]
	name := nameBefore(before)
	k := kindOf(name)
	if k == otherLabel && mentionsSecret(before) {
		k = secretLabel
	}
	return label{name, k}
}

// fillers stand between a name and its value and name nothing themselves.
var fillers = map[string]bool{
	"value": true, "name": true, "key": true, "string": true, "val": true, "default": true, "text": true, "data": true,
	"outputvalue": true, "outputkey": true, "parametervalue": true, "parameterkey": true, "is": true, "v": true, "n": true, "s": true,
	"e": true, "td": true, "th": true, "tr": true, "code": true, "u003d": true, "quot": true, "amp": true, "nbsp": true, "gt": true, "lt": true,
}

// words end a name that is written with spaces: "secret access key".
var words = map[string]bool{"key": true, "id": true, "token": true, "secret": true, "keyid": true, "keys": true}

// nameBefore returns the name nearest to the end of b, lower case: "" if there
// is none before another value or more than two line ends.
func nameBefore(b []byte) string {
	lines := 0
	for range 5 {
		end := len(b)
		for end > 0 && !isNameByte(b[end-1]) {
			if b[end-1] == '\n' {
				if lines++; lines > 2 {
					return ""
				}
			}
			end--
		}
		from := end
		for from > 0 && isNameByte(b[from-1]) {
			from--
		}
		name := strings.ToLower(strings.Trim(string(b[from:end]), "-._$"))
		if len(name) > 64 || len(name) >= idLen && isValue(b[from:end]) {
			return ""
		}
		separated := end < len(b) && bytes.ContainsAny(b[end:], ":=|\n>\t")
		if words[name] && separated {
			if whole := phraseBefore(b, end); whole != name {
				return whole
			}
		}
		if name != "" && !fillers[name] {
			return name
		}
		if from == 0 {
			return name
		}
		b = b[:from]
	}
	return ""
}

// phraseBefore returns up to four words with single spaces between that end at
// b[:end], lower case.
func phraseBefore(b []byte, end int) string {
	from := end
	for n := range 4 {
		w := from
		if n > 0 {
			if w < 2 || b[w-1] != ' ' || !isAlnum(b[w-2]) {
				break
			}
			w--
		}
		for w > 0 && isAlnum(b[w-1]) {
			w--
		}
		if w == from {
			break
		}
		from = w
	}
	return strings.ToLower(string(b[from:end]))
}

func isNameByte(c byte) bool { return isAlnum(c) || c == '_' || c == '.' || c == '-' || c == '$' }

// isValue reports whether b holds an id, so that it is a value and no name.
func isValue(b []byte) bool {
	for _, p := range idPrefixes {
		if i := bytes.Index(b, []byte(p)); i >= 0 && i+idLen <= len(b) && isAll(b[i:i+idLen], isUpperOrDigit) {
			return true
		}
	}
	return false
}

// mentionsSecret reports whether the last line of b speaks of a secret, with no
// other value between.
func mentionsSecret(b []byte) bool {
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		b = b[i+1:]
	}
	var buf [lookBack]byte
	low := buf[:copy(buf[:], b)] // bytes.ToLower may change the length
	for i, c := range low {
		if isUpper(c) {
			low[i] = c + 'a' - 'A'
		}
	}
	i := max(bytes.LastIndex(low, []byte("secret")), bytes.LastIndex(low, []byte("シークレット")))
	if i < 0 || isOtherSecret(squeeze(string(low[i:min(len(low), i+24)]))) {
		return false
	}
	if from := max(i-16, 0); isOtherSecret(squeeze(string(low[from : i+6]))) {
		return false
	}
	run := 0
	for _, c := range low[i:] {
		if !isBase64(c) {
			run = 0
		} else if run++; run >= idLen {
			return false
		}
	}
	return true
}

// kindOf says what a name names, however it is spelt.
func kindOf(name string) labelKind {
	if name == "" {
		return otherLabel
	}
	s := squeeze(name)
	switch {
	case strings.Contains(s, "secret"), strings.Contains(name, "シークレット"):
		if isOtherSecret(s) {
			return otherLabel
		}
		return secretLabel
	case strings.Contains(s, "sessiontoken"), strings.Contains(s, "securitytoken"), s == "token", s == "awstoken":
		return tokenLabel
	case strings.Contains(s, "accesskey"), strings.Contains(s, "keyid"), s == "awskey", strings.Contains(name, "アクセスキー"):
		return idLabel
	}
	return otherLabel
}

// isOtherSecret reports whether a squeezed name names the secret of something
// that is not an access key.
func isOtherSecret(s string) bool {
	for _, w := range []string{"client", "consumer", "webhook", "oauth", "jwt", "appsecret", "apisecret", "tokensecret", "slack", "github",
		"gitlab", "google", "facebook", "twitter", "stripe", "signingsecret", "cookie", "secretname", "secretarn", "secretid", "secretmanager", "secretsmanager", "secretversion"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// namesAWS reports whether a secret's name says that it is AWS's: enough to
// report a secret without its id.
func namesAWS(name string) bool {
	s := squeeze(name)
	return strings.Contains(s, "secretaccesskey") || strings.Contains(s, "secret") &&
		(strings.Contains(s, "aws") || strings.Contains(s, "amazon") || strings.HasPrefix(s, "ec2") || strings.HasPrefix(s, "s3") || strings.Contains(s, "fss3"))
}

// squeeze returns the letters and digits of s, lower case.
func squeeze(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		}
		return -1
	}, s)
}

// stemOf returns what is left of a name without the words that every such name
// has: "prod" of PROD_AWS_SECRET_ACCESS_KEY.
func stemOf(name string) string { return stemmer.Replace(squeeze(name)) }

var stemmer = strings.NewReplacer("access", "", "secret", "", "keyid", "", "key", "", "session", "", "security", "", "token", "", "aws", "", "id", "")
