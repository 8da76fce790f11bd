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
	for len(src) > 0 {
		i := bytes.IndexAny(src, "&<")
		if i < 0 {
			return append(dst, src...), nil
		}
		dst = append(dst, src[:i]...)
		src = src[i:]
		n, wait := 0, false
		if src[0] == '&' {
			dst, n, wait = appendEntity(dst, src)
		} else {
			dst, n, wait = appendLink(dst, src)
		}
		if wait && !final {
			return dst, src
		}
		if n == 0 {
			dst = append(dst, src[0])
			n = 1
		}
		src = src[n:]
	}
	return dst, nil
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
