package aws

import (
	"bytes"
	"slices"

	"mislaid/detectors"
)

// idLen is the length of a key id: the prefix and 16 characters of base32.
const idLen = 20

// idPrefixes begin ids that sign requests: long-term and temporary keys. The
// other prefixes (AIDA, AROA, …) name users and roles and are no credentials
// (IAM user guide, "IAM identifiers").
var idPrefixes = []string{"AKIA", "ASIA"}

// appendIDs appends the ids in near, in order.
func appendIDs(dst []span, n *detectors.Near) []span {
	near := n.Bytes
	for _, prefix := range idPrefixes {
		p := []byte(prefix)
		for i := 0; ; {
			k := bytes.Index(near[i:], p)
			if k < 0 {
				break
			}
			i += k
			switch {
			case !isID(near, i):
			case isMadeUp(near[i:i+idLen]) && !isSampleID(string(near[i:i+idLen])):
				n.Drop(detectors.PartID, i, i+idLen, idLen, "made up", "typed by a person: a repeated letter, an alphabet or a word")
			default:
				dst = append(dst, span{i, i + idLen})
			}
			i++
		}
	}
	slices.SortFunc(dst, func(a, b span) int { return a.from - b.from })
	return dst
}

// isID reports whether near[i:], which begins with a prefix, has the form of an id.
func isID(near []byte, i int) bool {
	end := i + idLen
	if end > len(near) || end < len(near) && isUpperOrDigit(near[end]) || !beginsHere(near, i) {
		return false
	}
	id := near[i:end]
	if bytes.HasSuffix(id, sampleWord) {
		return isAll(id, isUpperOrDigit)
	}
	return isAll(id[4:], isBase32)
}

// id appends the atom of an id.
func (r *region) id(dst []detectors.Atom, s span) []detectors.Atom {
	a := r.atom(detectors.PartID, s, r.labelOf(s.from).name)
	a.ID = string(r.Bytes[s.from:s.to])
	a.Placeholder = isSampleID(a.ID)
	return append(dst, a)
}

// beginsHere reports whether a word of capitals and digits may begin at
// near[i:]. Lower case, digits and '_' before it are allowed: a label is often
// glued to its value, as in the cells of a database. What belongs to an escape
// or to a character of two bytes is not seen here: the engine undoes it.
func beginsHere(near []byte, i int) bool { return i == 0 || !isUpper(near[i-1]) }

func isUpperOrDigit(c byte) bool { return c >= 'A' && c <= 'Z' || isDigit(c) }
func isLower(c byte) bool        { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool        { return c >= '0' && c <= '9' }
func isBase32(c byte) bool       { return c >= 'A' && c <= 'Z' || c >= '2' && c <= '7' }
func isAlnum(c byte) bool        { return isLower(c) || isUpperOrDigit(c) }
func isBase64(c byte) bool       { return isAlnum(c) || c == '+' || c == '/' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isAll(b []byte, in func(byte) bool) bool {
	for _, c := range b {
		if !in(c) {
			return false
		}
	}
	return true
}
