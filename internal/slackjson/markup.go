package slackjson

import "bytes"

// maxLink is how long link markup may be to be decoded whole.
const maxLink = 4096

// entities are the three that Slack writes (docs.slack.dev, "Formatting message
// text", 2026).
var entities = []struct {
	name []byte
	char byte
}{{[]byte("&amp;"), '&'}, {[]byte("&lt;"), '<'}, {[]byte("&gt;"), '>'}}

// links are how link markup begins.
var links = [][]byte{[]byte("<http://"), []byte("<https://"), []byte("<mailto:"), []byte("<tel:"), []byte("<@"), []byte("<#"), []byte("<!")}

// schemes are what Slack puts before a word that it made a link of.
var schemes = [][]byte{[]byte("http://"), []byte("https://"), []byte("mailto:"), []byte("tel:")}

// appendPlain appends what a person sees where src stands: entities and link
// markup are decoded. A link that Slack made of a bare word becomes that word
// again. Unless final, the end of src may be left for the next piece: rest is
// what was not looked at.
func appendPlain(dst, src []byte, final bool) (out, rest []byte) {
	amp, angle := indexFrom(src, 0, '&'), indexFrom(src, 0, '<')
	for at := 0; ; {
		i := min(amp, angle)
		dst = append(dst, src[at:i]...)
		if i == len(src) {
			return dst, nil
		}
		n, wait := 0, false
		if i == amp {
			dst, n, wait = appendEntity(dst, src[i:])
		} else {
			dst, n, wait = appendLink(dst, src[i:])
		}
		if wait && !final {
			return dst, src[i:]
		}
		if n == 0 {
			dst = append(dst, src[i])
			n = 1
		}
		if at = i + n; amp < at {
			amp = indexFrom(src, at, '&')
		}
		if angle < at {
			angle = indexFrom(src, at, '<')
		}
	}
}

// indexFrom is the index of c in b at or after from, b's length if there is
// none.
func indexFrom(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// appendEntity decodes the entity that src begins with and returns its length,
// 0 if it is none. wait says that more bytes could make it one.
func appendEntity(dst, src []byte) (out []byte, n int, wait bool) {
	for _, e := range entities {
		if bytes.HasPrefix(src, e.name) {
			return append(dst, e.char), len(e.name), false
		}
		wait = wait || bytes.HasPrefix(e.name, src)
	}
	return dst, 0, wait
}

// appendLink is appendEntity for link markup.
func appendLink(dst, src []byte) (out []byte, n int, wait bool) {
	link := false
	for _, l := range links {
		link = link || bytes.HasPrefix(src, l)
		wait = wait || bytes.HasPrefix(l, src)
	}
	if !link {
		return dst, 0, wait
	}
	end := bytes.IndexByte(src[:min(len(src), maxLink)], '>')
	if end < 0 {
		return dst, 0, len(src) < maxLink
	}
	target, label, labelled := bytes.Cut(src[1:end], []byte("|"))
	switch {
	case !labelled:
		dst, _ = appendPlain(dst, target, true)
	case isBare(target, label):
		dst, _ = appendPlain(dst, label, true)
	default:
		dst, _ = appendPlain(dst, label, true)
		dst = append(dst, ' ')
		dst, _ = appendPlain(dst, target, true)
		dst = append(dst, ' ')
	}
	return dst, end + 1, false
}

// isBare reports whether a link's label is its target as somebody typed it.
func isBare(target, label []byte) bool {
	for _, s := range schemes {
		if t, ok := bytes.CutPrefix(target, s); ok && (bytes.Equal(t, label) || bytes.Equal(bytes.TrimSuffix(t, []byte("/")), label)) {
			return true
		}
	}
	return bytes.Equal(target, label)
}
