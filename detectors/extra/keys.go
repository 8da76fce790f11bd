package extra

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"

	"mislaid/detectors/rules"
)

// pemKey checks a block from its first line to its last: the same label on
// both, and a body that is whole. Line ends, indentation and the escapes of a
// JSON string are not part of the key.
func pemKey(near []byte, match, _ rules.Span) rules.Checked {
	block := near[match.From:match.To]
	label := func(line []byte, word string) string {
		line = bytes.TrimPrefix(line, []byte("-----"+word+" "))
		line, _, _ = bytes.Cut(line, []byte("-----"))
		return string(line)
	}
	first := label(block, "BEGIN")
	last := bytes.LastIndex(block, []byte("-----END "))
	if first != label(block[last:], "END") {
		return rules.Checked{Why: "its last line does not belong to its first"}
	}
	if inServiceAccount(near, match) {
		return rules.Checked{Why: "it is the key of a service account, which is reported as that"}
	}
	body := block[len("-----BEGIN -----")+len(first) : last]
	key, encrypted := pemBody(body)
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) < 32 {
		return rules.Checked{Why: "its body is not whole base64: it was cut or is an example"}
	}
	whole := true
	switch {
	case first == "OPENSSH PRIVATE KEY":
		whole = bytes.HasPrefix(raw, []byte("openssh-key-v1\x00"))
	case strings.HasPrefix(first, "PGP"):
		whole = raw[0]&0x80 != 0
	case !encrypted:
		whole = isSequence(raw)
	}
	if !whole {
		return rules.Checked{Why: "its body is no private key"}
	}
	return rules.Checked{Secret: []byte(key)}
}

// pemBody returns the base64 of a body, without headers and the checksum of
// PGP, and whether the headers say that it is encrypted.
func pemBody(body []byte) (key string, encrypted bool) {
	text := strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", `\r`, "\n", `\t`, "", "\r", "\n").Replace(string(body))
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(strings.TrimSpace(line), " +") // lines of a string that is put together
		line = strings.Trim(line, " \t\"'`,;\\#*>|")
		if strings.Contains(line, ": ") || strings.HasPrefix(line, "=") {
			encrypted = encrypted || strings.Contains(line, "ENCRYPTED")
			continue
		}
		b.WriteString(strings.ReplaceAll(line, " ", ""))
	}
	return b.String(), encrypted
}

// isSequence reports whether raw is one DER sequence that fills it: what every
// key in PKCS #1, PKCS #8 and SEC 1 is.
func isSequence(raw []byte) bool {
	if len(raw) < 4 || raw[0] != 0x30 {
		return false
	}
	n, head := int(raw[1]), 2
	if n >= 0x80 {
		head += n & 0x7f
		if head > 5 || head > len(raw) {
			return false
		}
		n = 0
		for _, c := range raw[2:head] {
			n = n<<8 | int(c)
		}
	}
	return head+n == len(raw)
}

var puttyLines = regexp.MustCompile(`Private-Lines: [0-9]{1,3}\s+([A-Za-z0-9+/=\s]+?)Private-`)

// puttyKey checks the private part of a PuTTY key file.
func puttyKey(near []byte, match, _ rules.Span) rules.Checked {
	m := puttyLines.FindSubmatch(near[match.From:match.To])
	if m == nil {
		return rules.Checked{Why: "it has no private part"}
	}
	key := string(bytes.Join(bytes.Fields(m[1]), nil))
	if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) < 16 {
		return rules.Checked{Why: "its private part is not whole base64"}
	}
	return rules.Checked{Secret: []byte(key)}
}

const accountReach = 3 << 10 // how far from the key the other fields of a key file may stand

var (
	accountType  = regexp.MustCompile(`"type"\s{0,8}:\s{0,8}"service_account"`)
	accountMail  = regexp.MustCompile(`"client_email"\s{0,8}:\s{0,8}"([a-z0-9.-]{1,64}@[a-z0-9.-]{1,64})"`)
	accountField = []byte(`"private_key"`)
)

// serviceAccount checks that a key stands in a service account's key file.
func serviceAccount(near []byte, match, group rules.Span) rules.Checked {
	if !inServiceAccount(near, group) {
		return rules.Checked{Why: "the fields of a service account do not stand beside it"}
	}
	body := near[group.From:group.To]
	body = bytes.TrimPrefix(body, []byte("-----BEGIN PRIVATE KEY-----"))
	body, _, _ = bytes.Cut(body, []byte("-----END"))
	key, _ := pemBody(body)
	if raw, err := base64.StdEncoding.DecodeString(key); err != nil || !isSequence(raw) {
		return rules.Checked{Why: "its body is not a whole private key: it was cut or is an example"}
	}
	mail := accountMail.FindSubmatch(around(near, match, accountReach))[1]
	if len(mail) > 64 {
		mail = mail[:bytes.IndexByte(mail, '@')]
	}
	return rules.Checked{Secret: []byte(key), Profile: string(mail)}
}

// inServiceAccount reports whether a key is the value of the field private_key
// beside the fields of a service account.
func inServiceAccount(near []byte, key rules.Span) bool {
	before := bytes.TrimRight(near[max(0, key.From-40):key.From], " \t\r\n\":")
	scope := around(near, key, accountReach)
	return bytes.HasSuffix(before, accountField[:len(accountField)-1]) && accountType.Match(scope) && accountMail.Match(scope)
}
