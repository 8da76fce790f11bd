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

	raw   []byte // scratch: a block of base64 without its line breaks,
	lines []line // where its lines stand,
	out   []byte // and what it decodes to,
	phase int    // from this character on
	dead  int    // no block of several lines that is wanted begins before

	joined int // where the words end that '-' and '_' join
	starts int // how many beginnings were tried in them

	from  int  // where the reading begins in the source
	begun bool // something reads differently: until then nothing is written
}

// line is a stretch of characters of base64: [from, to) of the source.
type line struct{ from, to int }

// reset empties t for a source, and clears what it held.
func (t *Text) reset() {
	clear(t.Bytes)
	t.Bytes, t.At, t.dead, t.joined, t.starts = t.Bytes[:0], t.At[:0], 0, 0, 0
}

// Clear forgets everything that t has read.
func (t *Text) Clear() {
	clear(t.Bytes)
	clear(t.raw)
	clear(t.out)
	t.Bytes, t.At, t.raw, t.out = t.Bytes[:0], t.At[:0], t.raw[:0], t.out[:0]
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

// farBack is how far before a reading the run is followed that it cuts: a run
// that is longer is taken to end in padding.
const farBack = 4 << 10

// Reading is what Layer does with what it reads.
type Reading struct {
	// Wanted says of each decoded block of base64 whether to take it; a block
	// that is not wanted stays as it is.
	Wanted func(decoded []byte) bool

	Cut  bool // the source begins in the middle of a longer text
	Form bool // '+' stands for a space where link escapes stand near it, as in the body of a form
}

// Layer makes t the reading of src[from:to) with one layer undone, and reports
// whether that differs from what is written: if not, t is empty. form says that it may be worth
// reading again as a form. Time grows with the number of bytes.
func (t *Text) Layer(src []byte, from, to int, how Reading) (changed, form bool) {
	t.reset()
	t.from, t.begun = from, false
	percents, pluses := false, false
	quotedTo := -1 // where an escape of quoted-printable ended
	for i := from; i < to; {
		c := src[i]
		switch {
		case plain[c]:
			t.keep(c, i)
			i++
		case c == '+' && how.Form && escapeNear(src, i):
			t.begin(src, i)
			t.put(' ', i)
			i++
		case isBase64(c):
			n := shortRun(src[i:to])
			if n == 0 || i <= from && i > 0 && isBase64(src[i-1]) || c == '+' && how.Form {
				if n = t.run(src, i, to, how); n < 0 {
					i -= n // a block was decoded
					continue
				}
			}
			for range n {
				pluses = pluses || src[i] == '+'
				t.keep(src[i], i)
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
				t.keep(c, i)
				i++
				continue
			}
			percents = percents || c == '%'
			t.rune(src, r, i, n)
			i += n
			if c == '=' && n == 3 {
				quotedTo = i
			}
		}
	}
	if !t.begun {
		return false, percents && pluses && !how.Form
	}
	t.At = append(t.At, int32(to))
	return true, percents && pluses && !how.Form
}

// run reads the run at src[i:]. It returns minus the length of a block that it
// decoded, or the number of characters that stand as they are, padding included.
func (t *Text) run(src []byte, i, to int, how Reading) int {
	form := func(at int) bool { return src[at] == '+' && how.Form && escapeNear(src, at) }
	if i == 0 || !isBase64(src[i-1]) || i > t.from && src[i-1] == '+' && how.Form {
		if n := t.block(src[:to], i, how.Cut && atStart(src, i), how.Wanted); n > 0 {
			return -n
		}
	}
	begin, end := i, i
	for begin > 0 && i-begin < farBack && isBase64(src[begin-1]) {
		begin-- // only where from cuts a run
	}
	for end < to && isBase64(src[end]) && !form(end) {
		end++
	}
	end += padding(src[:to], begin, end, how.Cut && begin == 0 || end-begin >= farBack)
	return end - i
}

// keep appends a byte that reads as it is written.
func (t *Text) keep(c byte, at int) {
	if t.begun {
		t.put(c, at)
	}
}

// begin says that src[i:] reads differently: what stands before it is written
// out, if it is not yet.
func (t *Text) begin(src []byte, i int) {
	if t.begun {
		return
	}
	t.begun = true
	t.Bytes = append(t.Bytes, src[t.from:i]...)
	for at := t.from; at < i; at++ {
		t.At = append(t.At, int32(at))
	}
}

// shortRun returns the length of the run that b begins with, if it is a word of
// letters and digits that is too short to be a block or to have padding.
func shortRun(b []byte) int {
	n := 0
	for n < len(b) && n < minBlock && isAlnum(b[n]) {
		n++
	}
	if n == 0 || n >= minBlock || n == len(b) || isBase64(b[n]) || b[n] == '-' || b[n] == '_' || b[n] == '=' {
		return 0
	}
	return n
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
