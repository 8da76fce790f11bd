package aws

import (
	"bytes"
	"strings"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

const signinHost = "signin.aws.amazon.com"

// console appends the passwords of the console's CSV files, which have the
// address to sign in at in the same row.
func (r *region) console(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	r.each(signinHost, func(i int) {
		isPassword := func(name string) bool { n := squeeze(name); return n == "password" || name == "パスワード" }
		cell, ok := r.cellSpan(i, isPassword)
		if !ok {
			return
		}
		value := b[cell.from:cell.to]
		if len(value) < 6 || len(value) > 128 || bytes.HasPrefix(value, []byte("http")) || !isAll(value, isPasswordByte) {
			return
		}
		a := r.wholeAtom(secret.ConsolePassword, cell, value)
		host := i
		for host > 0 && (isAlnum(b[host-1]) || b[host-1] == '-' || b[host-1] == '.') {
			host--
		}
		account := strings.Trim(string(b[host:i]), ".")
		if len(account) == 12 && isAll([]byte(account), isDigit) {
			a.Account = account
		}
		user := r.userOf(cell)
		if user != "" || account != "" {
			a.ID = cleanHint(user + "@" + account)
		}
		a.Hints.Profile = user
		a.Hints.Label = ""
		dst = append(dst, a)
	})
	return dst
}

// isPasswordByte reports whether IAM allows c in a password: the printable
// characters of ASCII (IAM user guide, "IAM user passwords"). Others are marks of
// templates.
func isPasswordByte(c byte) bool { return c > ' ' && c < 0x7f }

// userOf returns the user of the row around s, or of the file.
func (r *region) userOf(s span) string {
	if name := r.cell(s.from, isUserName); name != "" {
		return cleanHint(name)
	}
	return r.userOfFile()
}

func isUserName(name string) bool {
	switch n := squeeze(name); n {
	case "username", "iamusername", "user", "iamuserarn":
		return true
	}
	return strings.HasPrefix(name, "ユーザー") || strings.HasPrefix(name, "iam ユーザー")
}

// userOfFile returns the user that the console names a CSV file for.
func (r *region) userOfFile() string {
	for _, tail := range []string{"_accessKeys.csv", "_credentials.csv", "_codecommit_credentials.csv"} {
		if user, ok := strings.CutSuffix(r.Name, tail); ok && user != "" && user != "new_user" {
			return cleanHint(strings.TrimSuffix(user, "_codecommit"))
		}
	}
	return ""
}
