package anchor

// base64Chars is the class of bytes that runs are made of.
var base64Chars = func() (in [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		in[c] = true
	}
	return in
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

// isDigest reports whether run is hexadecimal with letters of one case.
func isDigest(run []byte) bool {
	var lower, upper bool
	for _, c := range run {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f':
			lower = true
		case c >= 'A' && c <= 'F':
			upper = true
		default:
			return false
		}
	}
	return !lower || !upper
}
