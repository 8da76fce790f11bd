package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// What can be wrong with a document. Errors wrap one of them, or come from
// Config.Charge or from reading the file.
var (
	ErrTorn      = errors.New("damaged or cut off")
	ErrEncrypted = errors.New("protected by a password")
	ErrLimit     = errors.New("larger than is read")
)

// Config says how a document is read. Its zero value works.
type Config struct {
	// Passwords are tried on an encrypted document, after the empty one.
	Passwords [][]byte

	// Charge is told how many bytes were produced by decoding, as they are; its
	// error ends what is being done. It must not be nil when limits are to hold.
	Charge func(n int) error
}

// Document is an open PDF. It belongs to one goroutine.
type Document struct {
	file    *blocks
	size    int64
	base    int64 // where the header stands: offsets count from it
	charge  func(n int) error
	objects map[uint32]entry
	trailer dict
	crypt   *crypt

	cache    map[uint32]object // of objects that were read
	packs    map[uint32]*pack
	packed   int // bytes held in packs
	fonts    map[uint32]*font
	repaired bool  // the tables were made from the objects
	reading  int   // objects that are being read for one another
	stopped  error // what Charge said
	Torn     bool  // the end of the file is missing
}

// entry says where an object stands.
type entry struct {
	off  int64  // in the file; in a pack: its index there
	pack uint32 // the object stream that holds it; 0: none
	gen  uint16
	free bool
}

// Bounds of what is held of a document.
const (
	maxObjects = 2 << 20 // entries in its tables
	maxCached  = 4096    // objects
	maxPacked  = 32 << 20
	maxChain   = 32 // references that lead to one another
)

// Open reads what leads to a document's objects.
func Open(r io.ReaderAt, size int64, cfg Config) (*Document, error) {
	d := &Document{
		file: &blocks{r: r, size: size}, size: size,
		cache: make(map[uint32]object), packs: make(map[uint32]*pack), fonts: make(map[uint32]*font),
	}
	d.charge = func(n int) error {
		if cfg.Charge != nil && d.stopped == nil {
			d.stopped = cfg.Charge(n)
		}
		return d.stopped
	}
	head := d.file.read(0, 1024)
	if i := bytes.Index(head, []byte("%PDF-")); i > 0 {
		d.base = int64(i)
	}
	if err := d.readTables(); err != nil || d.root() == nil {
		if err := d.repair(); err != nil {
			return nil, err
		}
	}
	if err := d.unlock(cfg.Passwords); err != nil {
		return nil, err
	}
	if d.root() == nil && !d.repaired {
		if err := d.repair(); err != nil {
			return nil, err
		}
	}
	if err := d.file.err; err != nil {
		return nil, err
	}
	return d, nil
}

// Close forgets what is held of the document.
func (d *Document) Close() {
	d.file.free()
	for _, p := range d.packs {
		clear(p.body)
	}
	clear(d.packs)
	clear(d.cache)
	clear(d.fonts)
}

// root returns the catalogue, nil if there is none.
func (d *Document) root() dict {
	root := d.dict(d.trailer["Root"])
	if root["Pages"] == nil {
		return nil
	}
	return root
}

// unlock makes ready to read an encrypted document.
func (d *Document) unlock(passwords [][]byte) error {
	enc := d.dict(d.trailer["Encrypt"])
	if enc == nil {
		return nil
	}
	ids, _ := d.resolve(d.trailer["ID"]).(array)
	var id text
	if len(ids) > 0 {
		id, _ = d.resolve(ids[0]).(text)
	}
	c, err := newCrypt(d, enc, []byte(id), append([][]byte{nil}, passwords...))
	if err != nil {
		return err
	}
	c.own, _ = d.trailer["Encrypt"].(ref)
	d.crypt = c
	clear(d.cache) // strings in them are still encrypted
	clear(d.packs)
	d.packed = 0
	return nil
}

// resolve follows references to an object. What cannot be read is nil.
func (d *Document) resolve(o object) object {
	for range maxChain {
		r, ok := o.(ref)
		if !ok {
			return o
		}
		o = d.load(r)
	}
	return nil
}

// dict resolves to a dictionary, a stream's own included; nil for anything
// else.
func (d *Document) dict(o object) dict {
	switch o := d.resolve(o).(type) {
	case dict:
		return o
	case *stream:
		return o.dict
	}
	return nil
}

func (d *Document) array(o object) array {
	a, _ := d.resolve(o).(array)
	return a
}

func (d *Document) stream(o object) *stream {
	s, _ := d.resolve(o).(*stream)
	return s
}

func (d *Document) number(o object) float64 { return number(d.resolve(o)) }

func (d *Document) name(o object) name {
	n, _ := d.resolve(o).(name)
	return n
}

// load returns an object by its number.
func (d *Document) load(r ref) object {
	if o, ok := d.cache[r.num]; ok {
		return o
	}
	e, ok := d.objects[r.num]
	if !ok || e.free || d.reading > maxChain {
		return nil
	}
	d.reading++
	defer func() { d.reading-- }()
	var o object
	if e.pack != 0 {
		o = d.unpack(e, r.num)
	} else {
		var err error
		o, err = d.objectAt(d.base+e.off, r.num)
		if errors.Is(err, errMisplaced) && !d.repaired {
			if d.repair() == nil {
				if e, ok = d.objects[r.num]; ok && e.pack == 0 {
					o, _ = d.objectAt(d.base+e.off, r.num)
				} else if ok {
					o = d.unpack(e, r.num)
				}
			}
		}
	}
	if len(d.cache) >= maxCached {
		clear(d.cache)
	}
	d.cache[r.num] = o
	return o
}

var errMisplaced = errors.New("another object stands there")

// objectAt reads the object at an offset of the file, which must have a number.
func (d *Document) objectAt(off int64, num uint32) (object, error) {
	got, o, err := d.anyObjectAt(off)
	if err == nil && got.num != num {
		return nil, errMisplaced
	}
	return o, err
}

// anyObjectAt reads the object at an offset of the file.
func (d *Document) anyObjectAt(off int64) (ref, object, error) {
	if off < 0 || off >= d.size {
		return ref{}, nil, errMisplaced
	}
	l := newLexer(d.file.section(off, d.size-off), 1<<10)
	var head [3]object
	for i := range head {
		var err error
		if head[i], err = l.value(); err != nil {
			return ref{}, nil, errMisplaced
		}
	}
	num, ok := head[0].(float64)
	gen, ok2 := head[1].(float64)
	if !ok || !ok2 || num < 0 || num > 1<<31 || gen < 0 || gen > 1<<16 || head[2] != keyword("obj") {
		return ref{}, nil, errMisplaced
	}
	id := ref{uint32(num), uint32(gen)}
	o, err := l.value()
	if err != nil && !errors.Is(err, io.EOF) {
		return id, nil, err
	}
	if k, ok := o.(keyword); ok {
		o = nil
		if k == "endobj" {
			return id, nil, nil
		}
	}
	dd, isDict := o.(dict)
	next, err := l.value()
	if n, ok := next.(float64); ok && err == nil { // a reference to another object
		if third, err := l.value(); err == nil && third == keyword("R") {
			a := joinRef(array{o, n})
			return id, a[0], nil
		}
	}
	if isDict && next == keyword("stream") {
		at := off + l.at()
		lead := d.file.read(at, 2)
		switch {
		case len(lead) > 1 && lead[0] == '\r' && lead[1] == '\n':
			at += 2
		case len(lead) > 0 && (lead[0] == '\n' || lead[0] == '\r'):
			at++
		}
		if d.crypt != nil && dd["Type"] != name("XRef") {
			dd = d.crypt.strings(dd, id).(dict)
		}
		return id, &stream{dict: dd, off: at, id: id}, nil
	}
	if d.crypt != nil && id != d.crypt.own {
		o = d.crypt.strings(o, id)
	}
	return id, o, nil
}

// raw returns the bytes of a stream as they stand in the file.
func (d *Document) raw(s *stream) io.Reader {
	n := int64(-1)
	if length, ok := d.resolve(s.dict["Length"]).(float64); ok && length >= 0 && float64(s.off)+length <= float64(d.size) {
		n = int64(length)
		tail := d.file.read(s.off+n, 16)
		if !bytes.HasPrefix(bytes.TrimLeft(tail, "\r\n\t \x00"), []byte("endstream")) && !bytes.HasPrefix(bytes.TrimLeft(tail, "\r\n\t \x00"), []byte("endobj")) {
			n = -1
		}
	}
	if n < 0 {
		n = d.file.find(s.off, []byte("endstream"))
		if n < 0 {
			n = d.size - s.off
		}
	}
	return d.file.section(s.off, n)
}

// pack is an object stream (7.5.7).
type pack struct {
	body  []byte
	index map[uint32]int // where objects stand in body, by number
}

// unpack reads an object that stands in an object stream.
func (d *Document) unpack(e entry, num uint32) object {
	p := d.pack(e.pack)
	if p == nil {
		return nil
	}
	at, ok := p.index[num]
	if !ok {
		return nil
	}
	o, err := newLexer(bytes.NewReader(p.body[at:]), 1<<10).value()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	if k, ok := o.(keyword); ok && k != "" {
		return nil
	}
	return o
}

// pack returns an object stream, nil if it cannot be read.
func (d *Document) pack(num uint32) *pack {
	if p, ok := d.packs[num]; ok {
		return p
	}
	e := d.objects[num]
	if e.pack != 0 {
		return nil
	}
	s, _ := d.load(ref{num, 0}).(*stream)
	if s == nil {
		return nil
	}
	body, err := d.all(s, maxPacked)
	if err != nil && len(body) == 0 {
		return nil
	}
	p := &pack{index: make(map[uint32]int)}
	first := integer(d.resolve(s.dict["First"]))
	if first < 0 || first > int64(len(body)) {
		return nil
	}
	p.body = body[first:]
	l := newLexer(bytes.NewReader(body[:first]), 4<<10)
	for range min(integer(d.resolve(s.dict["N"])), maxObjects) {
		n, err := l.value()
		off, err2 := l.value()
		if err != nil || err2 != nil {
			break
		}
		if at := integer(off); at >= 0 && at < int64(len(p.body)) {
			p.index[uint32(integer(n))] = int(at)
		}
	}
	if d.packed += len(body) + 32*len(p.index); d.packed > maxPacked {
		for _, old := range d.packs {
			clear(old.body)
		}
		clear(d.packs)
		d.packed = len(body)
	}
	d.packs[num] = p
	return p
}

// tornf says that the document is damaged.
func tornf(format string, args ...any) error {
	return fmt.Errorf("%w (%s)", ErrTorn, fmt.Sprintf(format, args...))
}
