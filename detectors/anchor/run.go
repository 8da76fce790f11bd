package anchor

// base64Bit is 1 for the bytes that runs are made of, and 0 for all others.
var base64Bit = func() (bit [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		bit[c] = 1
	}
	return bit
}()

// runAt inserts the run b[p:p+run], whose length and neighbours of its class
// are known to be right, unless what follows or what it consists of rules it
// out.
func (s *Set) runAt(hits []Hit, from int, b []byte, p int) []Hit {
	end := p + s.run
	if end < len(b) && b[end] == '=' || isDigest(b[p:end]) {
		return hits
	}
	return insert(hits, from, Hit{Off: p, ID: int32(len(s.literals))})
}

// longID is the ID of the hits of long runs.
func (s *Set) longID() int32 { return int32(len(s.literals)) + 1 }

// isLong reports whether the run b[p:], of which size characters are known and
// more if size is s.long, is long enough, and no digest.
func (s *Set) isLong(b []byte, p, size int) bool {
	if size < s.long && (size != s.long-1 || p+size >= len(b) || b[p+size] != '=') {
		return false
	}
	return !isDigest(b[p : p+s.long-1])
}

// hexKind is 0 for digits, and a bit each for the letters a to f, A to F, and
// all other bytes.
var hexKind = func() (kind [256]uint8) {
	for c := range kind {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f':
			kind[c] = 1
		case c >= 'A' && c <= 'F':
			kind[c] = 2
		default:
			kind[c] = 4
		}
	}
	return kind
}()

// isDigest reports whether run is hexadecimal with letters of one case. It does
// not stop early: a jump that is guessed wrong costs more than the rest.
func isDigest(run []byte) bool {
	var kind uint8
	for _, c := range run {
		kind |= hexKind[c]
	}
	return kind <= 2
}
