package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
)

// Records of a workbook that hold text ([MS-XLS] 2.3).
const (
	xlsFormula    = 0x0006
	xlsEOF        = 0x000A
	xlsHeader     = 0x0014
	xlsFooter     = 0x0015
	xlsName       = 0x0018
	xlsNote       = 0x001C
	xlsFilePass   = 0x002F
	xlsContinue   = 0x003C
	xlsBoundSheet = 0x0085
	xlsMulRK      = 0x00BD
	xlsRString    = 0x00D6
	xlsSST        = 0x00FC
	xlsLabelSST   = 0x00FD
	xlsText       = 0x01B6
	xlsNumber     = 0x0203
	xlsLabel      = 0x0204
	xlsString     = 0x0207
	xlsRK         = 0x027E
	xlsBOF        = 0x0809
)

// xls reads the cells of a workbook in the format of Excel 5 to 2003.
type xls struct {
	r       *io.SectionReader
	off     int64 // of the next record
	kind    uint16
	body    []byte
	wide    bool // BIFF8: strings are UTF-16
	sheets  map[int64]string
	strings [][]byte
	used    []bool
	read    []span // records that were understood
	limit   int64
}

// xls hands over the sheets, then what cells do not show.
func (w *walk) xls(p place, stream string, r *io.SectionReader) error {
	x := &xls{r: r, sheets: make(map[int64]string), limit: w.limits.Memory - w.held}
	if !x.next() || x.kind != xlsBOF || len(x.body) < 4 {
		return errNotIt
	}
	x.wide = binary.LittleEndian.Uint16(x.body) >= 0x0600
	globals, err := x.globals()
	if errors.Is(err, ErrEncrypted) {
		return err
	}
	if err != nil {
		w.visitor.Gap(p.inner, err)
	}
	if err := w.derived(p, "workbook", &produced{step: once(globals)}, nil); err != nil {
		return err
	}
	for n := 1; ; n++ {
		at := x.off
		if !x.next() {
			break
		}
		if x.kind != xlsBOF {
			n--
			continue
		}
		name := x.sheets[at]
		if name == "" {
			name = "sheet " + strconv.Itoa(n)
		}
		places := &Places{}
		var cells [][2]int
		places.names = func(i int) string {
			switch cells[i][0] {
			case xlsInComment:
				return "comment"
			case xlsInHeader:
				return "header"
			}
			return cellName(cells[i][0]+1, cells[i][1]+1)
		}
		var off int64
		s := &xlsSheet{xls: x, mark: func(at, row, column int) {
			if places.add(off + int64(at)) {
				cells = append(cells, [2]int{row, column})
			}
		}}
		text := &produced{step: func(dst []byte) ([]byte, error) {
			dst, err := s.step(dst)
			off += int64(len(dst))
			return dst, err
		}}
		if err := w.derived(p, name, text, places); err != nil {
			return err
		}
	}
	var unused []byte
	for i, s := range x.strings {
		if !x.used[i] {
			unused = append(append(unused, s...), '\n')
		}
	}
	if err := w.derived(p, "shared strings", &produced{step: once(unused)}, nil); err != nil {
		return err
	}
	return w.derived(p, stream, outside(r, r.Size(), x.read), nil)
}

// once returns a step that gives b.
func once(b []byte) func([]byte) ([]byte, error) {
	return func(dst []byte) ([]byte, error) {
		dst = append(dst, b...)
		clear(b)
		return dst, io.EOF
	}
}

// next reads a record. It reports whether there was one.
func (x *xls) next() bool {
	var head [4]byte
	if _, err := x.r.ReadAt(head[:], x.off); err != nil {
		return false
	}
	x.kind = binary.LittleEndian.Uint16(head[:])
	n := int64(binary.LittleEndian.Uint16(head[2:]))
	x.body = make([]byte, n)
	got, err := x.r.ReadAt(x.body, x.off+4)
	if err != nil && int64(got) < n {
		return false
	}
	x.off += 4 + n
	return true
}

// peek returns the kind of the next record.
func (x *xls) peek() uint16 {
	var head [2]byte
	if _, err := x.r.ReadAt(head[:], x.off); err != nil {
		return 0
	}
	return binary.LittleEndian.Uint16(head[:])
}

// understood says that the record's text is handed over.
func (x *xls) understood() {
	from := x.off - int64(len(x.body)) - 4
	if n := len(x.read); n > 0 && x.read[n-1].to == from {
		x.read[n-1].to = x.off
		return
	}
	x.read = append(x.read, span{from, x.off})
}

// globals reads what the sheets share, and returns what of it is no cell's.
func (x *xls) globals() ([]byte, error) {
	var text []byte
	for x.next() && x.kind != xlsEOF {
		switch x.kind {
		case xlsFilePass:
			return nil, ErrEncrypted
		case xlsBoundSheet:
			if len(x.body) > 7 {
				name, _ := x.string(x.body[6:], 1)
				x.sheets[int64(binary.LittleEndian.Uint32(x.body))] = string(name)
				text = append(append(text, name...), '\n')
				x.understood()
			}
		case xlsName:
			text = x.quoted(text, x.body)
		case xlsSST:
			if err := x.shared(); err != nil {
				return text, err
			}
		}
	}
	return text, nil
}

// string reads a string whose length takes some bytes, as UTF-8, and returns
// what follows it ([MS-XLS] 2.5.293 to 2.5.296, without formatting).
func (x *xls) string(b []byte, lengthBytes int) (s, rest []byte) {
	if len(b) < lengthBytes+1 {
		return nil, nil
	}
	n := int(b[0])
	if lengthBytes == 2 {
		n = int(binary.LittleEndian.Uint16(b))
	}
	b = b[lengthBytes:]
	if !x.wide {
		n = min(n, len(b))
		return latin1(nil, b[:n]), b[n:]
	}
	flags := b[0]
	b = b[1:]
	if flags&1 == 0 {
		n = min(n, len(b))
		return latin1(nil, b[:n]), b[n:]
	}
	n = min(2*n, len(b)&^1)
	return []byte(utf16String(b[:n])), b[n:]
}

// latin1 appends bytes as the characters they number.
func latin1(dst, b []byte) []byte {
	for _, c := range b {
		if c < 0x80 {
			dst = append(dst, c)
		} else {
			dst = append(dst, 0xC0|c>>6, 0x80|c&0x3f)
		}
	}
	return dst
}

// utf16String reads UTF-16LE.
func utf16String(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// sstReader reads the strings of the table over the records that continue it:
// where one breaks a string, it begins with the string's flags anew.
type sstReader struct {
	x    *xls
	rest []byte
}

func (t *sstReader) more() bool {
	for len(t.rest) == 0 {
		if t.x.peek() != xlsContinue || !t.x.next() {
			return false
		}
		t.x.understood()
		t.rest = t.x.body
	}
	return true
}

func (t *sstReader) take(n int) []byte {
	var b []byte
	for len(b) < n && t.more() {
		k := min(n-len(b), len(t.rest))
		b = append(b, t.rest[:k]...)
		t.rest = t.rest[k:]
	}
	return b
}

// shared reads the table of strings (2.4.265).
func (x *xls) shared() error {
	if len(x.body) < 8 {
		return nil
	}
	x.understood()
	count := binary.LittleEndian.Uint32(x.body[4:])
	t := &sstReader{x: x, rest: x.body[8:]}
	held := int64(0)
	for range count {
		head := t.take(3)
		if len(head) < 3 {
			break
		}
		n, flags := int(binary.LittleEndian.Uint16(head)), head[2]
		runs, extra := 0, 0
		if flags&8 != 0 {
			if b := t.take(2); len(b) == 2 {
				runs = int(binary.LittleEndian.Uint16(b))
			}
		}
		if flags&4 != 0 {
			if b := t.take(4); len(b) == 4 {
				extra = int(min(binary.LittleEndian.Uint32(b), 1<<24))
			}
		}
		var s []byte
		for n > 0 {
			if len(t.rest) == 0 {
				if !t.more() {
					break
				}
				flags = t.rest[0]
				t.rest = t.rest[1:]
				continue
			}
			if flags&1 == 0 {
				k := min(n, len(t.rest))
				s = latin1(s, t.rest[:k])
				t.rest, n = t.rest[k:], n-k
				continue
			}
			k := min(2*n, len(t.rest)&^1)
			if k == 0 {
				t.rest = nil
				continue
			}
			s = append(s, utf16String(t.rest[:k])...)
			t.rest, n = t.rest[k:], n-k/2
		}
		t.take(4*runs + extra)
		x.strings = append(x.strings, s)
		if held += int64(len(s)) + 25; held > x.limit {
			x.used = make([]bool, len(x.strings))
			return limitf("its shared strings are more than the %d bytes that may be held; cells that show them are empty", x.limit)
		}
	}
	x.used = make([]bool, len(x.strings))
	return nil
}

// quoted appends the strings that stand in a formula: a token 0x17, their
// length, flags, and characters (2.5.198.89).
func (x *xls) quoted(dst, formula []byte) []byte {
	for i := 0; i+3 < len(formula); i++ {
		n := int(formula[i+1])
		if formula[i] != 0x17 || n < 4 || formula[i+2] > 1 {
			continue
		}
		if size := n << formula[i+2]; i+3+size <= len(formula) {
			s, _ := x.string(formula[i+1:], 1)
			dst = append(append(dst, s...), ' ')
			i += 2 + size
		}
	}
	return dst
}

// Rows that stand for places that are no cells.
const (
	xlsInComment = -1
	xlsInHeader  = -2
)

// xlsSheet reads the cells of one sheet.
type xlsSheet struct {
	*xls
	mark func(at, row, column int)
	row  int // of the line that is being written, plus one
	deep int // sheets within the sheet: charts
	last [2]int
}

// step appends what the next record says.
func (s *xlsSheet) step(dst []byte) ([]byte, error) {
	if !s.next() {
		return dst, torn(errors.New("a sheet has no end"))
	}
	b := s.body
	if len(b) >= 6 {
		s.last = [2]int{int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))}
	}
	switch s.kind {
	case xlsBOF:
		s.deep++
	case xlsEOF:
		if s.deep == 0 {
			return append(dst, '\n'), io.EOF
		}
		s.deep--
	case xlsLabelSST:
		if len(b) >= 10 {
			if i := binary.LittleEndian.Uint32(b[6:]); i < uint32(len(s.strings)) {
				s.used[i] = true
				return s.cell(dst, s.strings[i]), nil
			}
		}
	case xlsLabel, xlsRString:
		if len(b) > 8 {
			text, _ := s.string(b[6:], 2)
			return s.cell(dst, text), nil
		}
	case xlsNumber:
		if len(b) >= 14 {
			return s.cell(dst, number(math.Float64frombits(binary.LittleEndian.Uint64(b[6:])))), nil
		}
	case xlsRK:
		if len(b) >= 10 {
			return s.cell(dst, number(rk(binary.LittleEndian.Uint32(b[6:])))), nil
		}
	case xlsMulRK:
		for i := 4; i+8 <= len(b); i += 6 {
			dst = s.cell(dst, number(rk(binary.LittleEndian.Uint32(b[i+2:]))))
			s.last[1]++
		}
	case xlsFormula:
		if len(b) > 22 {
			return s.formula(dst, b), nil
		}
	case xlsString:
		if len(b) > 2 {
			text, _ := s.string(b, 2)
			s.understood()
			return append(append(dst, text...), '\t'), nil
		}
	case xlsText: // its characters are in the next record
		if s.peek() == xlsContinue && s.next() && len(s.body) > 1 {
			s.understood()
			text := latin1(nil, s.body[1:])
			if s.body[0]&1 != 0 {
				text = []byte(utf16String(s.body[1:]))
			}
			s.mark(len(dst), xlsInComment, 0)
			dst = append(append(dst, '\n'), text...)
			return append(dst, '\n'), nil
		}
	case xlsHeader, xlsFooter:
		if len(b) > 2 {
			text, _ := s.string(b, 2)
			s.understood()
			s.mark(len(dst), xlsInHeader, 0)
			return append(append(append(dst, '\n'), text...), '\n'), nil
		}
	}
	return dst, nil
}

// cell appends a cell, after the line break or the tab that parts it from the
// one before.
func (s *xlsSheet) cell(dst, text []byte) []byte {
	s.understood()
	if s.row != s.last[0]+1 {
		if s.row != 0 {
			dst = append(dst, '\n')
		}
		s.row = s.last[0] + 1
	}
	if len(text) >= minNamed {
		s.mark(len(dst), s.last[0], s.last[1])
	}
	return append(append(dst, text...), '\t')
}

// formula appends the result of a formula and the strings in it. A result that
// is a string follows in a record of its own.
func (s *xlsSheet) formula(dst, b []byte) []byte {
	value := []byte(nil)
	if binary.LittleEndian.Uint16(b[12:]) != 0xFFFF {
		value = number(math.Float64frombits(binary.LittleEndian.Uint64(b[6:])))
	}
	dst = s.cell(dst, value)
	s.mark(len(dst), s.last[0], s.last[1])
	return s.quoted(dst, b[22:])
}

func number(f float64) []byte { return strconv.AppendFloat(nil, f, 'g', -1, 64) }

// rk is a number in short form (2.5.217).
func rk(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}
