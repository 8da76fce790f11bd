package pdf

import "bytes"

// Bounds of what is joined: a word of fewer bytes is no key, and one of more is
// something else.
const (
	minJoined = 20
	maxJoined = 200
	maxLabel  = 80 // bytes of the line that a word begins on
	maxLines  = 64 // that one word goes over
	maxExtra  = 64 << 10
)

// appendRejoined appends, a line each, the words of dst[from:] that go over
// several lines as they would stand on one, with what stands before them: in a
// narrow column the lines of a key end wherever the column does. The lines
// themselves stay as they are, because whether two are one word cannot be told.
func appendRejoined(dst []byte, from int) []byte {
	page := bytes.TrimRight(dst[from:], "\n")
	var extra []byte
	for len(page) > 0 && len(extra) < maxExtra {
		line, rest, ok := bytes.Cut(page, []byte{'\n'})
		page = rest
		if !ok {
			break
		}
		tail := lastWord(line)
		if len(tail) < 4 {
			continue
		}
		joined := len(tail)
		opaque := isOpaque(tail)
		label := line[max(0, len(line)-len(tail)-maxLabel):]
		var more [][]byte
		for previous := len(tail); len(more) < maxLines; {
			next, after, _ := bytes.Cut(rest, []byte{'\n'})
			head := firstWord(next)
			if len(head) == 0 || len(head) == previous && len(head) >= 16 || joined+len(head) > maxJoined {
				break
			}
			more = append(more, head)
			joined += len(head)
			opaque = opaque || isOpaque(head)
			if len(head) < len(bytes.TrimRight(next, " \t")) {
				break
			}
			previous, rest = len(head), after
		}
		if len(more) == 0 || joined < minJoined || !opaque {
			continue
		}
		extra = append(extra, label...)
		for _, m := range more {
			extra = append(extra, m...)
		}
		extra = append(extra, '\n')
	}
	return append(dst, extra...)
}

// lastWord returns the characters of keys that a line ends with.
func lastWord(line []byte) []byte {
	i := len(line)
	for i > 0 && inKey(line[i-1]) {
		i--
	}
	return line[i:]
}

// firstWord returns the word that a line begins with, nil if not all of it can
// be part of a key.
func firstWord(line []byte) []byte {
	i := 0
	for i < len(line) && inKey(line[i]) {
		i++
	}
	if i < len(line) && line[i] != ' ' && line[i] != '\t' {
		return nil
	}
	return line[:i]
}

func inKey(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '+' || c == '='
}

// isOpaque reports whether a word looks like none of a language: it has digits
// and letters, or a capital after a small letter.
func isOpaque(word []byte) bool {
	digit, letter, small := false, false, false
	for _, c := range word {
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'A' && c <= 'Z':
			if small {
				return true
			}
			letter = true
		case c >= 'a' && c <= 'z':
			small, letter = true, true
		}
	}
	return digit && letter
}
