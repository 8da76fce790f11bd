package aws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// smtpLen is the length of an SMTP password: base64 of a version byte and a MAC.
const smtpLen = 44

// smtp appends the SMTP passwords of SES near key ids, which are their user
// names.
func (r *region) smtp(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	for n, id := range r.ids {
		from, to := max(id.from-hintReach, 0), min(id.to+hintReach, len(b))
		if n > 0 {
			from = max(from, r.ids[n-1].to) // it is the other's
		}
		if n+1 < len(r.ids) && r.recordOf(id.from) != r.recordOf(r.ids[n+1].from) {
			to = min(to, r.ids[n+1].from)
		}
		for i := from; i < to; i++ {
			if !isBase64(b[i]) {
				continue
			}
			end := runAt(b, i, smtpLen+1, isBase64)
			s := span{i, end}
			if end-i != smtpLen || i > 0 && isBase64(b[i-1]) || end < len(b) && b[end] == '=' || !isSMTPPassword(b[i:end]) {
				i = max(i, end)
				continue
			}
			i = end
			if l := r.labelOf(s.from); !r.speaksOfMail(s) && !containsFold([]byte(l.name), "pass") {
				r.Drop(detectors.PartWhole, s.from, s.to, smtpLen, "no label", "of the form of an SMTP password, but nothing near speaks of mail")
				continue
			}
			a := r.wholeAtom(secret.SMTPPassword, s, b[s.from:s.to])
			a.ID = string(b[id.from:id.to])
			a.Account, _ = accountOf(a.ID)
			a.Placeholder = a.Placeholder || isSampleID(a.ID)
			dst = append(dst, a)
			break
		}
	}
	return dst
}

// isSMTPPassword reports whether 44 base64 characters begin as a password does:
// with the version byte 0x04, or 0x02 before 2019, and look random.
func isSMTPPassword(b []byte) bool {
	ok := b[0] == 'B' && b[1] >= 'A' && b[1] <= 'P' || b[0] == 'A' && b[1] >= 'g' && b[1] <= 'v'
	return ok && detectors.Entropy(b) >= minEntropy && longest(b, isLowerHex) < 16
}

// speaksOfMail reports whether the text around s does.
func (r *region) speaksOfMail(s span) bool {
	near := r.Bytes[max(0, s.from-hintReach):min(len(r.Bytes), s.to+hintReach)]
	for _, w := range []string{"smtp", "mail", "ses_", "ses-"} {
		if indexFold(near, w) >= 0 {
			return true
		}
	}
	head, sep := r.headings()
	return sep != 0 && containsFold(head, "smtp")
}

// smtpPassword derives the SMTP password of a secret for a region (SES
// developer guide, "Obtaining Amazon SES SMTP credentials by converting").
func smtpPassword(secretKey []byte, region string) string {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	key := mac(append([]byte("AWS4"), secretKey...), "11111111")
	for _, text := range []string{region, "ses", "aws4_request", "SendRawEmail"} {
		key = mac(key, text)
	}
	return base64.StdEncoding.EncodeToString(append([]byte{4}, key...))
}

// mailRegions are the regions in which SES speaks SMTP (AWS general reference,
// "Amazon SES endpoints and quotas", 2026).
var mailRegions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1",
	"ap-south-1", "ap-south-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ca-central-1",
	"sa-east-1", "me-south-1", "me-central-1", "af-south-1", "il-central-1", "us-gov-west-1", "us-gov-east-1",
}

// derivedFrom returns the region for which an SMTP password was derived from a
// secret, "" if it was for none.
func derivedFrom(password, secretKey secret.Value) string {
	for _, region := range mailRegions {
		if smtpPassword(secretKey.Reveal(), region) == string(password.Reveal()) {
			return region
		}
	}
	return ""
}
