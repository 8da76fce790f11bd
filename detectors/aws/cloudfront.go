package aws

import (
	"bytes"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

const (
	rsaKey           = "BEGIN RSA PRIVATE"
	cloudFrontPrefix = "APKA"
)

// cloudFront appends the private keys of CloudFront key pairs: a private key in
// a file that is named for an APKA id, or near one.
func (r *region) cloudFront(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	r.each(rsaKey, func(i int) {
		from := i + bytes.IndexByte(b[i:], '\n') + 1
		end := bytes.Index(b[i:], []byte("-----END"))
		if from <= i || end < 0 || i+end-from < 300 {
			return
		}
		id := cloudFrontID([]byte(r.Name))
		if id == "" {
			id = cloudFrontID(b[max(0, i-hintReach):i])
		}
		if id == "" {
			r.Drop(detectors.PartWhole, i, i+end, end, "no label", "a private key, but neither the file's name nor the text before it names a CloudFront key pair")
			return
		}
		a := r.wholeAtom(secret.CloudFrontKey, span{from, i + end}, b[from:i+end])
		a.ID = id
		a.Account, _ = accountOf(id)
		dst = append(dst, a)
	})
	return dst
}

// cloudFrontID returns the last id of a CloudFront public key in b, "" if there
// is none.
func cloudFrontID(b []byte) string {
	i := bytes.LastIndex(b, []byte(cloudFrontPrefix))
	if i < 0 || i+idLen > len(b) || !isAll(b[i:i+idLen], isUpperOrDigit) {
		return ""
	}
	return string(b[i : i+idLen])
}
