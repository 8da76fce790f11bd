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
	foreignLabel // it names something that is no part of a key
)

// label is the name that a value is given.
type label struct {
	name string // lower case; "" none
	kind labelKind
}

// labelOf returns the label of the value at near[i:]: the heading of its column,
// or the name that stands before it on its line or the line above.
func (r *region) labelOf(i int) label {
	if name := r.column(i); name != "" {
		switch k := kindOf(name); {
		case k != otherLabel:
			return label{name, k}
		case r.hasSecretColumn(i):
			return label{name, foreignLabel}
		}
	}
	if l, _, ok := r.transposed(i); ok {
		return l
	}
	from := max(i-lookBack, 0)
	before := r.Bytes[from:i]
	if isCLIText(before) {
		return label{"secret access key", secretLabel}
	}
	name := nameBefore(before)
	k := kindOf(name)
	if k == otherLabel || k == foreignLabel && fillers[name] {
		switch {
		case mentions(before, secretWords, true):
			k = secretLabel
			if tail := squeeze(string(before[max(0, len(before)-60):])); strings.Contains(tail, "secretaccesskey") || strings.Contains(tail, "awssecret") {
				name = "secret access key"
			} else if bytes.Contains(before, []byte("シークレットアクセスキー")) {
				name = "シークレットアクセスキー"
			}
		case k == otherLabel && mentions(before, passwordWords, false):
			k = secretLabel
		}
	}
	return label{name, k}
}

// hasSecretColumn reports whether a column of the table around near[i] is one of
// secrets.
func (r *region) hasSecretColumn(i int) bool {
	names, sep := r.headingsAbove(i)
	for n := 0; sep != 0 && n <= columnsIn(names, sep); n++ {
		if kindOf(heading(names, sep, n)) == secretLabel {
			return true
		}
	}
	return false
}

// isCLIText reports whether b ends where the CLI's text output has the secret of
// a new key: ACCESSKEY, id and date before it, with tabs between.
func isCLIText(b []byte) bool {
	i := bytes.LastIndex(b, []byte("ACCESSKEY\t"))
	return i >= 0 && bytes.Count(b[i:], []byte{'\t'}) == 3 && b[len(b)-1] == '\t' && bytes.IndexByte(b[i:], '\n') < 0
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

// secretWords speak of a secret, in lower case as far as they are ASCII.
var secretWords = [][]byte{
	[]byte("secret"), []byte("シークレット"), []byte("秘密"), []byte("비밀 "), []byte("시크릿"), []byte("보안 액세스"), []byte("私有访问"), []byte("екрет"),
	[]byte("geheim"), []byte("secr\xc3\xa8te"), []byte("segret"),
}

// passwordWords name a secret where a key id is the user name.
var passwordWords = [][]byte{
	[]byte("비밀번호"), []byte("密码"), []byte("密钥"), []byte("パスワード"), []byte("пароль"), []byte("Пароль"), []byte("mot de passe"), []byte("kennwort"), []byte("passwort"),
	[]byte("\xef\xbc\xb0\xef\xbc\xb7"), []byte("\xef\xbd\x90\xef\xbd\x97"), []byte("contrase\xc3\xb1a"), []byte("senha"),
}

// mentions reports whether the last line of b speaks of something, with no other
// value between. far allows words between.
func mentions(b []byte, words [][]byte, far bool) bool {
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
	i := -1
	for _, w := range words {
		i = max(i, bytes.LastIndex(low, w))
	}
	if i < 0 || !far && len(low)-i > 32 || isOtherSecret(squeeze(string(low[i:min(len(low), i+24)]))) {
		return false
	}
	if from := max(i-16, 0); isOtherSecret(squeeze(string(low[from:min(len(low), i+6)]))) {
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
	case strings.Contains(s, "secret"), strings.Contains(name, "シークレット"), s == "awsseckey", s == "seckey", s == "sk",
		s == "pass", s == "password", s == "passwd", s == "pw", s == "pwd", s == "passphrase":
		switch {
		case containsAny(s, foreignSecrets):
			return foreignLabel
		case containsAny(s, otherSecrets):
			return otherLabel
		}
		return secretLabel
	case strings.Contains(s, "sessiontoken"), strings.Contains(s, "securitytoken"), s == "token", s == "awstoken":
		return tokenLabel
	case strings.Contains(s, "accesskey"), strings.Contains(s, "keyid"), s == "awskey", strings.Contains(name, "アクセスキー"):
		return idLabel
	case isForeign(s):
		return foreignLabel
	}
	return otherLabel
}

// isForeign reports whether a squeezed name names a value that looks random and
// is no part of a key.
func isForeign(s string) bool { return containsAny(s, foreignNames) }

var foreignNames = []string{
	"checksum", "signature", "sha1", "sha256", "md5", "etag", "digest", "hash", "commit", "sessionid", "cookie", "csrf", "xsrf",
	"apikey", "appkey", "apitoken", "accesstoken", "refreshtoken", "idtoken", "jwt", "nonce", "salt", "uuid", "guid", "integrity", "thumbprint", "fingerprint",
	"serial", "requestid", "traceid", "hostid", "amzid2", "revision", "challenge", "hmac", "github", "gitlab", "slack", "stripe", "datadog",
	"dbpass", "databasepass", "mysql", "postgres", "redis", "mongo", "smtppass", "mailpass",
}

// isOtherSecret reports whether a squeezed name names the secret of something
// that is not an access key.
func isOtherSecret(s string) bool {
	return containsAny(s, otherSecrets) || containsAny(s, foreignSecrets)
}

// otherSecrets may stand in the name of an access key's secret, if they stand
// right beside its id; foreignSecrets never do.
var (
	otherSecrets   = []string{"client", "consumer", "appsecret", "apisecret", "tokensecret", "secretname", "secretarn", "secretid", "secretmanager", "secretsmanager", "secretversion"}
	foreignSecrets = []string{
		"webhook", "session", "cookie", "csrf", "oauth", "jwt", "slack", "github", "gitlab", "google", "facebook", "twitter", "stripe", "signingsecret", "django", "flask",
		"rails", "keybase", "encrypt", "hash", "datadog", "sendgrid", "twilio", "shopify", "azure", "paypal", "okta", "auth0",
	}
)

func containsAny(s string, words []string) bool {
	for _, w := range words {
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
	return strings.Contains(s, "secretaccesskey") || strings.Contains(name, "シークレットアクセスキー") || strings.Contains(s, "secret") &&
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
