package aws

import (
	"mislaid/detectors"
	"mislaid/internal/secret"
)

const (
	atAccount  = "-at-" // and the account
	accountLen = 12     // digits
)

// codeCommit appends the Git passwords of CodeCommit: the user name ends in
// "-at-" and the account (IAM user guide, "Using IAM with CodeCommit"), and the
// password is 44 characters of base64.
func (r *region) codeCommit(dst []detectors.Atom) []detectors.Atom {
	const between = 160 // from the user name to the password
	b := r.Bytes
	inUser := func(c byte) bool {
		return isAlnum(c) || c == '+' || c == '=' || c == '.' || c == '@' || c == '-' || c == '_'
	}
	r.each(atAccount, func(i int) {
		end := i + len(atAccount) + accountLen
		if end > len(b) || !isAll(b[i+4:end], isDigit) || end < len(b) && isAlnum(b[end]) {
			return
		}
		from := i
		for from > 0 && i-from < 64 && inUser(b[from-1]) {
			from--
		}
		if from == i {
			return
		}
		for at := end; at < min(end+between, len(b)); at++ {
			if !isBase64(b[at]) {
				continue
			}
			stop := runAt(b, at, 64, isBase64)
			pad := runAt(b, stop, 2, func(c byte) bool { return c == '=' })
			if n := pad - at; n >= 43 && n <= 46 && detectors.Entropy(b[at:stop]) >= minEntropy && longest(b[at:stop], isLowerHex) < 16 {
				a := r.wholeAtom(secret.CodeCommit, span{at, pad}, b[at:pad])
				a.ID, a.Account = cleanHint(string(b[from:end])), string(b[i+4:end])
				a.Hints.Profile = cleanHint(string(b[from:i]))
				a.Placeholder = isSampleAccount(a.Account)
				dst = append(dst, a)
				return
			}
			at = stop
		}
	})
	return dst
}
