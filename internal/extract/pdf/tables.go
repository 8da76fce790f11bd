package pdf

import (
	"bytes"
	"errors"
	"io"
)

// readTables reads the cross-reference tables and streams, newest first
// (7.5.4, 7.5.8).
func (d *Document) readTables() error {
	d.objects, d.trailer = make(map[uint32]entry), nil
	tail := d.file.read(max(0, d.size-64<<10), 64<<10)
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		d.Torn = true
		return tornf("no startxref")
	}
	at, err := newLexer(bytes.NewReader(tail[i+len("startxref"):]), 64).value()
	if err != nil {
		return tornf("no startxref")
	}
	next := []int64{integer(at)}
	seen := make(map[int64]bool)
	for len(next) > 0 {
		off := next[0]
		next = next[1:]
		if seen[off] || len(seen) > 4096 {
			continue
		}
		seen[off] = true
		t, err := d.readTable(d.base + off)
		if err != nil {
			return err
		}
		if d.trailer == nil {
			d.trailer = t
		}
		if o, ok := t["XRefStm"]; ok {
			next = append(next, integer(o))
		}
		if o, ok := t["Prev"]; ok {
			next = append(next, integer(d.resolve(o)))
		}
	}
	return nil
}

// readTable reads one table or stream and returns its trailer.
func (d *Document) readTable(off int64) (dict, error) {
	if off < 0 || off >= d.size {
		return nil, tornf("a table beyond the end")
	}
	l := newLexer(d.file.section(off, d.size-off), 4<<10)
	if first, err := l.value(); err != nil || first != keyword("xref") {
		return d.readTableStream(off)
	}
	for {
		o, err := l.value()
		if err != nil {
			return nil, tornf("a table ends early")
		}
		if o == keyword("trailer") {
			break
		}
		count, err := l.value()
		if err != nil {
			return nil, tornf("a table ends early")
		}
		from := integer(o)
		for i := range integer(count) {
			var e [3]object
			for k := range e {
				if e[k], err = l.value(); err != nil {
					return nil, tornf("a table ends early")
				}
			}
			if e[2] != keyword("n") && e[2] != keyword("f") {
				return nil, tornf("a table is not one")
			}
			if i == 0 && from == 1 && e[2] == keyword("f") && integer(e[1]) == 65535 {
				from = 0 // some count from 1
			}
			d.add(from+i, entry{off: integer(e[0]), gen: uint16(integer(e[1])), free: e[2] == keyword("f")})
		}
	}
	o, err := l.value()
	t, ok := o.(dict)
	if !ok || err != nil && !errors.Is(err, io.EOF) {
		return nil, tornf("no trailer")
	}
	return t, nil
}

// add remembers where an object stands, unless a newer table told.
func (d *Document) add(num int64, e entry) {
	if num < 0 || num > 1<<31 || len(d.objects) >= maxObjects {
		return
	}
	if _, known := d.objects[uint32(num)]; !known {
		d.objects[uint32(num)] = e
	}
}

func (d *Document) readTableStream(off int64) (dict, error) {
	_, o, err := d.anyObjectAt(off)
	s, ok := o.(*stream)
	if err != nil || !ok {
		return nil, tornf("no table")
	}
	return s.dict, d.tableStream(s)
}

func (d *Document) tableStream(s *stream) error {
	if s.dict["Type"] != name("XRef") {
		return tornf("no table")
	}
	var width [3]int
	w := d.array(s.dict["W"])
	if len(w) < 3 {
		return tornf("a table without widths")
	}
	for i := range width {
		width[i] = int(integer(w[i]))
		if width[i] < 0 || width[i] > 8 {
			return tornf("a table without widths")
		}
	}
	index := d.array(s.dict["Index"])
	if len(index) < 2 {
		index = array{0.0, s.dict["Size"]}
	}
	r, _, err := d.decode(s)
	if err != nil {
		return err
	}
	row := make([]byte, width[0]+width[1]+width[2])
	if len(row) == 0 {
		return tornf("a table without widths")
	}
	for k := 0; k+1 < len(index); k += 2 {
		from := integer(index[k])
		for i := range integer(d.resolve(index[k+1])) {
			if _, err := io.ReadFull(r, row); err != nil {
				return nil // what is missing shows when it is needed
			}
			kind := int64(1)
			if width[0] > 0 {
				kind = bigEndian(row[:width[0]])
			}
			second, third := bigEndian(row[width[0]:width[0]+width[1]]), bigEndian(row[width[0]+width[1]:])
			switch kind {
			case 0:
				d.add(from+i, entry{free: true})
			case 1:
				d.add(from+i, entry{off: second, gen: uint16(third)})
			case 2:
				d.add(from+i, entry{off: third, pack: uint32(second)})
			}
		}
	}
	return nil
}

func bigEndian(b []byte) int64 {
	var n int64
	for _, c := range b {
		n = n<<8 | int64(c)
	}
	return n
}

// repair makes the tables from the objects that stand in the file: the last one
// of each number counts.
func (d *Document) repair() error {
	d.repaired = true
	d.objects = make(map[uint32]entry)
	clear(d.cache)
	clear(d.packs)
	d.packed = 0
	old := d.trailer
	d.trailer = dict{}
	var order []uint32 // the objects, as they stand
	d.eachHeader(func(off int64, num uint32) {
		if len(d.objects) < maxObjects {
			d.objects[num] = entry{off: off - d.base}
			order = append(order, num)
		}
	}, func(off int64) {
		l := newLexer(d.file.section(off, d.size-off), 1<<10)
		if o, err := l.value(); err == nil {
			if t, ok := o.(dict); ok {
				d.adopt(t)
			}
		}
	})
	if d.file.err != nil {
		return d.file.err
	}
	if len(order) == 0 {
		return tornf("no objects")
	}
	crypt := d.crypt
	for _, num := range order {
		o, _ := d.objectAt(d.base+d.objects[num].off, num)
		t := d.plainDict(o)
		switch t["Type"] {
		case name("XRef"):
			d.adopt(t)
		case name("Catalog"):
			if d.trailer["Root"] == nil {
				d.trailer["Root"] = ref{num, 0}
			}
		case name("ObjStm"):
			if crypt != nil || d.trailer["Encrypt"] == nil {
				d.index(num)
			}
		}
	}
	for k, v := range old { // what tables told that nothing else does
		if d.trailer[k] == nil {
			d.trailer[k] = v
		}
	}
	return nil
}

// index adds the objects of an object stream where no other has their number.
func (d *Document) index(num uint32) {
	p := d.pack(num)
	if p == nil {
		return
	}
	for n := range p.index {
		if _, known := d.objects[n]; known {
			continue
		}
		d.add(int64(n), entry{pack: num})
		if d.trailer["Root"] == nil {
			if t, ok := d.load(ref{n, 0}).(dict); ok && t["Type"] == name("Catalog") {
				d.trailer["Root"] = ref{n, 0}
			}
		}
	}
}

func (d *Document) plainDict(o object) dict {
	switch o := o.(type) {
	case dict:
		return o
	case *stream:
		return o.dict
	}
	return nil
}

// adopt takes over what a trailer tells: the last one counts.
func (d *Document) adopt(t dict) {
	for _, k := range []name{"Root", "Info", "Encrypt", "ID"} {
		if v, ok := t[k]; ok {
			d.trailer[k] = v
		}
	}
}

// eachHeader calls object for every "12 0 obj" and trailer for every "trailer"
// in the file, with the offset of the first digit and of what follows.
func (d *Document) eachHeader(object func(off int64, num uint32), trailer func(off int64)) {
	const overlap = 32
	var window []byte
	for at := int64(0); at < d.size; {
		b := d.file.block(at / blockSize)
		if len(b) == 0 {
			return
		}
		keep := min(len(window), overlap)
		base := at - int64(keep)
		window = append(append(make([]byte, 0, keep+len(b)), window[len(window)-keep:]...), b...)
		at += int64(len(b))
		for i := 0; ; {
			k := bytes.Index(window[i:], []byte("obj"))
			if k < 0 {
				break
			}
			i += k + 3
			if end := i - 3; i > keep && end > 0 {
				if start, num, ok := headerBefore(window[:end]); ok {
					object(base+int64(start), num)
				}
			}
		}
		for i := 0; ; {
			k := bytes.Index(window[i:], []byte("trailer"))
			if k < 0 {
				break
			}
			if i += k + 7; i > keep {
				trailer(base + int64(i))
			}
		}
		if len(b) < blockSize {
			return
		}
	}
}

// headerBefore reads "12 0 " at the end of b.
func headerBefore(b []byte) (start int, num uint32, ok bool) {
	i := len(b)
	word := func() (from, to int) {
		for i > 0 && classes[b[i-1]] == space {
			i--
		}
		to = i
		for i > 0 && b[i-1] >= '0' && b[i-1] <= '9' && to-i < 10 {
			i--
		}
		return i, to
	}
	from, to := word()
	if from == to || from == 0 || classes[b[from-1]] != space {
		return 0, 0, false
	}
	from, to = word()
	if from == to {
		return 0, 0, false
	}
	var n uint64
	for _, c := range b[from:to] {
		n = n*10 + uint64(c-'0')
	}
	return from, uint32(n), n < 1<<31
}
