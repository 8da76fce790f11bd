package slackjson

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Part is a stretch of what a Text reads.
type Part struct {
	// Open opens it. The Text closes what it returns.
	Open func() (io.ReadCloser, error)

	// Keep says which messages are wanted; nil: all, and whatever stands
	// outside of messages.
	Keep func(Message) bool

	// KeepFile says which elements of a list of file objects are wanted; nil: all.
	KeepFile func(FileObject) bool

	Most int // messages that are read; 0: all

	// Context is read for the sake of its neighbours: that it cannot be read is
	// no error here.
	Context bool

	// Raw makes it bytes as they are, instead of JSON. Of says what they stand
	// in: a file, or a message.
	Raw bool
	Of  Message
}

// outSize is how many bytes a Text makes ahead; keepSize is how long a message
// may be whose Keep is asked before any of it is given out.
const (
	outSize  = 32 << 10
	keepSize = 1 << 20
)

// Text reads the strings of JSON texts, one after the other, as lines. It
// belongs to one goroutine, but for Message, which may be called when reading
// has ended.
type Text struct {
	parts []Part
	part  Part
	src   io.ReadCloser // of part
	scan  *Scanner
	err   error // after out

	out  []byte
	from int   // what of out has been read
	base int64 // offset in the stream of out[0]

	follower
	spare *spare
	class class
	rest  []byte // of a leaf, not yet decoded
	meta  []byte // the message's identifiers

	begin    int // of the message, in out; it moves with out
	object   filesOf
	overlong bool // the message is wanted, and some of it was given out already
	dropped  bool // it is not, or nobody knows
	lost     bool // of some message in this part nobody knew
	count    int  // messages of this part
	index    index
	after    func(*Text) []Part
	files    bool // the message shares some
	loose    []Loose
	kept     int    // bytes of them
	host     string // that the permalinks name, "" until one was seen
}

// buffers are those of Scanners that nobody needs, spares those of Texts.
var (
	buffers = sync.Pool{New: func() any { return NewScanner(nil) }}
	spares  = sync.Pool{New: func() any { return new(spare) }}
)

// spare is the buffers of a Text. They hold nothing when nobody needs them.
type spare struct{ out, meta, rest, value []byte }

// NewText returns a reader of parts.
func NewText(parts ...Part) *Text {
	t := &Text{parts: parts, scan: buffers.Get().(*Scanner), spare: spares.Get().(*spare)}
	t.out, t.meta, t.rest, t.value = t.spare.out, t.spare.meta, t.spare.rest, t.spare.value
	return t
}

// Read implements io.Reader. An error is that of a part that is not Context:
// what was read before it has been returned.
func (t *Text) Read(p []byte) (int, error) {
	for {
		if ready := t.ready(); ready > 0 {
			n := copy(p, t.out[t.from:t.from+ready])
			t.from += n
			return n, nil
		}
		if t.err != nil {
			return 0, t.err
		}
		t.err = t.advance()
	}
}

// ready is how many bytes may be given out.
func (t *Text) ready() int {
	end := len(t.out)
	if t.undecided() {
		end = t.begin
	}
	return end - t.from
}

// undecided reports whether the message that is read may yet be thrown away.
func (t *Text) undecided() bool {
	return t.in && (t.part.Keep != nil || t.part.KeepFile != nil) && !t.overlong
}

// advance makes more of out. io.EOF means that all is made.
func (t *Text) advance() error {
	t.base += int64(t.from)
	n := copy(t.out, t.out[t.from:])
	t.out, t.begin, t.from = t.out[:n], t.begin-t.from, 0
	for len(t.out) < outSize || t.undecided() {
		if t.src == nil {
			if err := t.next(); err != nil {
				return err
			}
			continue
		}
		if t.part.Raw {
			if err := t.copyFile(); err != nil {
				return err
			}
			continue
		}
		tok, err := t.scan.Next()
		if err != nil {
			if err := t.endPart(err); err != nil {
				return err
			}
			continue
		}
		t.take(tok)
		if t.undecided() && len(t.out)-t.begin+len(t.meta) > keepSize {
			t.long()
		} else if len(t.meta) > keepSize {
			t.flushMeta()
		}
		if t.part.Most > 0 && t.count >= t.part.Most {
			if err := t.endPart(io.EOF); err != nil {
				return err
			}
		}
	}
	return nil
}

var errLong = fmt.Errorf("a message of more than %d bytes, whose author and time do not stand in front, was left out: only some messages are wanted, and whether it is one could not be told", keepSize)

// long decides on a message that is too long to be kept until it has been read.
func (t *Text) long() {
	if !t.dropped {
		known := t.now.TS != "" && t.now.Author != "" && t.part.KeepFile == nil
		if t.overlong = known && t.wanted(); t.overlong {
			t.flushMeta()
			return
		}
		t.dropped, t.lost = true, t.lost || !known
	}
	t.out, t.meta = t.out[:t.begin], t.meta[:0]
}

// next opens the next part.
func (t *Text) next() error {
	if len(t.parts) == 0 && t.after != nil {
		then := t.after
		t.after = nil
		t.parts = then(t)
	}
	if len(t.parts) == 0 {
		return io.EOF
	}
	t.part, t.parts = t.parts[0], t.parts[1:]
	src, err := t.part.Open()
	if err != nil {
		if t.part.Context {
			return nil
		}
		return err
	}
	t.reset()
	t.src, t.count, t.lost, t.rest, t.class = src, 0, false, t.rest[:0], written
	if t.part.Raw {
		t.index.add(t.base+int64(len(t.out)), t.part.Of)
		return nil
	}
	t.scan.Reset(src)
	return nil
}

// endPart closes the part that is read. err says why it ended.
func (t *Text) endPart(err error) error {
	if t.mid {
		t.leaf(nil, false, false) // the rest of a string that was cut off
		t.mid = false
	}
	if t.in {
		t.in = false
		t.endMessage()
	}
	t.flushMeta()
	cerr := t.src.Close()
	t.src = nil
	if errors.Is(err, io.EOF) {
		if err = cerr; err == nil && t.lost {
			err = errLong
		}
	}
	if t.part.Context {
		return nil
	}
	return err
}

// afterFile keeps what is said behind a file from standing within a few lines of
// its end: it belongs to the message before it.
const afterFile = "\n\n\n\n\n"

func (t *Text) copyFile() error {
	n := len(t.out)
	if cap(t.out)-n < outSize {
		t.out = append(t.out, make([]byte, outSize)...)[:n]
	}
	m, err := t.src.Read(t.out[n : n+outSize])
	t.out = t.out[:n+m]
	if err != nil {
		t.out = append(t.out, '\n')
		if t.part.Of.File != "" {
			t.out = append(t.out, afterFile...)
		}
		return t.endPart(err)
	}
	return nil
}

// take deals with one token.
func (t *Text) take(tok *Token) {
	first := !t.mid
	ended, began := t.follower.take(tok)
	if ended {
		t.endMessage()
	}
	if began {
		t.object = filesOf{elements: true, field: t.object.field[:0]}
	}
	if t.part.KeepFile != nil && t.in {
		_ = t.object.take(&t.follower, tok, first) // nothing is collected, so nothing is too much
	}
	switch tok.Kind {
	case Key:
		if !tok.More {
			t.class = classOf(t.key)
			t.files = t.files || t.in && tok.Depth == t.at+1 && string(t.key) == "files"
		}
	case Leaf:
		t.leaf(tok.Bytes, first, tok.More)
	case Bare:
		if !plainBare(tok.Bytes) {
			t.out = append(t.out, tok.Bytes...)
			if !tok.More {
				t.out = append(t.out, '\n')
			}
		}
	case Open:
		if began {
			t.begin, t.overlong, t.dropped, t.files, t.class = len(t.out), false, false, false, written
		}
	}
}

// plainBare reports whether b is one of JSON's literals or can be a number.
func plainBare(b []byte) bool {
	switch string(b) {
	case "true", "false", "null":
		return true
	}
	for _, c := range b {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return false
		}
	}
	return len(b) <= 32
}

// leaf takes a string value, or a piece of it.
func (t *Text) leaf(b []byte, first, more bool) {
	if first && t.class == unknown {
		t.out = append(append(t.out, t.key...), ':', ' ')
	}
	dst := &t.out
	if t.class == identifier {
		dst = &t.meta
		t.seeHost(b)
	}
	if len(t.rest) > 0 {
		t.rest = append(t.rest, b...)
		b = t.rest
	}
	out, rest := appendPlain(*dst, b, !more)
	*dst = out
	t.rest = append(t.rest[:0], rest...)
	if more {
		return
	}
	if t.class == identifier {
		t.meta = append(t.meta, ' ')
		if len(t.meta) > outSize && !t.in {
			t.flushMeta()
		}
		return
	}
	t.out = append(t.out, '\n')
}

// seeHost learns the workspace's host from the first address of one of its
// files or messages.
func (t *Text) seeHost(b []byte) {
	const scheme, domain = "https://", ".slack.com/"
	if t.host != "" || len(b) < len(scheme)+len(domain) || string(b[:len(scheme)]) != scheme {
		return
	}
	b = b[len(scheme):]
	for i, c := range b[:min(len(b), 80)] {
		if c == '.' {
			if name := string(b[:i]); len(b)-i >= len(domain) && string(b[i:i+len(domain)]) == domain && name != "files" {
				t.host = name + ".slack.com"
			}
			return
		}
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return
		}
	}
}

// endMessage decides on the message that has been read.
func (t *Text) endMessage() {
	if t.dropped || !t.overlong && !t.wanted() {
		t.out, t.meta = t.out[:t.begin], t.meta[:0]
		return
	}
	watched := t.after != nil && !t.part.Context && (t.now.IsReply() || t.files) && hasToken(t.out[max(t.begin, 0):])
	t.flushMeta()
	t.count++
	t.index.add(t.base+int64(t.begin), t.now)
	if watched {
		t.keepLoose(t.out[max(t.begin, 0):])
	}
}

// wanted reports whether the message that was read is.
func (t *Text) wanted() bool {
	return (t.part.Keep == nil || t.part.Keep(t.now)) && (t.part.KeepFile == nil || t.part.KeepFile(t.object.file))
}

func (t *Text) flushMeta() {
	if len(t.meta) > 0 {
		t.out = append(append(t.out, t.meta...), '\n')
		t.meta = t.meta[:0]
	}
}

// Message returns the message in which the byte at off of the stream stands. ok
// is false where it stands in none, or in one too far down a list of a size that
// no workspace has.
func (t *Text) Message(off int64) (m Message, ok bool) { return t.index.at(off) }

// Host is the workspace's host as the addresses in the text name it, "" if they
// do not.
func (t *Text) Host() string { return t.host }

// Close closes what is open and forgets the bytes.
func (t *Text) Close() error {
	var err error
	if t.src != nil {
		err = t.src.Close()
		t.src = nil
	}
	if t.scan != nil {
		t.scan.Clear()
		t.scan.Reset(nil)
		buffers.Put(t.scan)
		t.scan = nil
	}
	if t.spare != nil {
		*t.spare = spare{wiped(t.out), wiped(t.meta), wiped(t.rest), wiped(t.value)}
		spares.Put(t.spare)
		t.spare = nil
	}
	for _, r := range t.loose {
		clear(r.Text)
	}
	t.loose = nil
	t.out, t.meta, t.rest, t.value, t.from, t.parts, t.err = nil, nil, nil, nil, 0, nil, errClosed
	return err
}

// wiped is a buffer without its bytes; none where it is too large to be kept.
func wiped(b []byte) []byte {
	clear(b[:cap(b)])
	if cap(b) > 4*outSize {
		return nil
	}
	return b[:0]
}

var errClosed = errors.New("slackjson: closed")
