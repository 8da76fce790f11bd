// Package unwrap undoes one layer of the ways in which text is written inside
// other text: the escapes of JSON, shells, links, markup and quoted-printable,
// base64, what word processors put between letters, and the double bytes of
// Japanese and Chinese text.
//
// A layer is undone without knowing the document: whatever reads as an escape
// is taken for one. So its answer is one more reading of a text, beside the
// text as it stands, and never instead of it. Readings can be nested.
//
// This package knows how characters are written. It does not know what a
// credential is, and it never decompresses anything.
package unwrap

import "bytes"

// Text is a reading of some bytes, and where each byte of it came from.
type Text struct {
	Bytes []byte

	// At has one more entry than Bytes: At[i] is the index in the source at
	// which what Bytes[i] is written with begins, and the last is where the
	// source ended.
	At []int32

	raw  []byte // scratch: a block of base64 without its line breaks
	at   []int32
	out  []byte
	dead int // no block of several lines that is wanted begins before
}

// reset empties t for a source, and clears what it held.
func (t *Text) reset() {
	clear(t.Bytes)
	t.Bytes, t.At, t.dead = t.Bytes[:0], t.At[:0], 0
}

// Clear forgets everything that t has read.
func (t *Text) Clear() {
	for _, b := range [][]byte{t.Bytes[:cap(t.Bytes)], t.raw[:cap(t.raw)], t.out[:cap(t.out)]} {
		clear(b)
	}
	t.Bytes, t.At = t.Bytes[:0], t.At[:0]
}

// plain says which bytes begin nothing that a layer undoes.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c < 0x80
	}
	for _, c := range []byte("\\%&=<\x1b") {
		t[c] = false
	}
	for c := range t {
		t[c] = t[c] && !isBase64(byte(c))
	}
	return t
}()

// farBack is how far before a reading the run is followed that it cuts.
const farBack = 16 << 10

// Reading is what Layer does with what it reads.
type Reading struct {
	// Wanted says of each decoded block of base64 whether to take it; a block
	// that is not wanted stays as it is.
	Wanted func(decoded []byte) bool

	Cut  bool // the source begins in the middle of a longer text
	Form bool // '+' stands for a space where link escapes stand near it, as in the body of a form
}

// Layer makes t the reading of src[from:to) with one layer undone, and reports
// whether that differs from what is written; form says that it may be worth
// reading again as a form. Time grows with the number of bytes.
func (t *Text) Layer(src []byte, from, to int, how Reading) (changed, form bool) {
	t.reset()
	percents, pluses := false, false
	quotedTo := -1 // where an escape of quoted-printable ended
	for i := from; i < to; {
		c := src[i]
		switch {
		case plain[c]:
			t.put(c, i)
			i++
		case c == '+' && how.Form && escapeNear(src, i):
			changed = true
			t.put(' ', i)
			i++
		case isBase64(c):
			if i == 0 || !isBase64(src[i-1]) || i > from && src[i-1] == '+' && how.Form {
				if n := t.block(src[:to], i, how.Cut && atStart(src, i), how.Wanted); n > 0 {
					changed = true
					i += n
					continue
				}
			}
			run := i
			for run > 0 && i-run < farBack && isBase64(src[run-1]) {
				run-- // only where from cuts a run
			}
			for i < to && isBase64(src[i]) && (src[i] != '+' || !how.Form || !escapeNear(src, i)) {
				pluses = pluses || src[i] == '+'
				t.put(src[i], i)
				i++
			}
			for n := padding(src[:to], run, i, how.Cut && run == 0); n > 0; n-- {
				t.put('=', i)
				i++
			}
		default:
			r, n := Escape(src[i:to])
			if c == '=' {
				if r, n = quoted(src[i:to], i == quotedTo); afterKey(src, i) && n == 3 && r != '=' {
					n = 0
				}
			}
			if n == 0 {
				t.put(c, i)
				i++
				continue
			}
			percents = percents || c == '%'
			changed = t.rune(r, src[i:i+n], i) || changed
			i += n
			if c == '=' && n == 3 {
				quotedTo = i
			}
		}
	}
	t.At = append(t.At, int32(to))
	return changed, percents && pluses && !how.Form
}

// escapeNear reports whether an escape of a link stands near src[i], as it does
// in the body of a form.
func escapeNear(src []byte, i int) bool {
	const near = 200
	b := src[max(0, i-near):min(len(src), i+near)]
	for {
		n := bytes.IndexByte(b, '%')
		if n < 0 {
			return false
		}
		if _, ok := hex(b[n:], 1, 2); ok {
			return true
		}
		b = b[n+1:]
	}
}

// afterKey reports whether the '=' at src[i] stands behind the name of a key.
func afterKey(src []byte, i int) bool {
	if i < 3 {
		return false
	}
	switch string(src[i-3 : i]) {
	case "KEY", "key", "Key", "RET", "ret", "KEN", "ken", "Ken":
		return true
	}
	return false
}

func (t *Text) put(c byte, at int) {
	t.Bytes = append(t.Bytes, c)
	t.At = append(t.At, int32(at))
}
