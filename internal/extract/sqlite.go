package extract

import (
	"encoding/binary"
	"errors"

	"io"
	"strconv"
)

// unpackSQLite reads the cells of an SQLite database straight from its pages
// (sqlite.org, "Database File Format", 1.6 and 2), deleted ones on free pages
// included. No engine opens the file: a database can hold programs.
//
// Every page is looked at once, in the order of the file, whatever the tree
// says: a leaf of a table gives its rows, and of any other page the text that
// stands in it is scanned as bytes.
func unpackSQLite(w *walk, p place, in Input) error {
	in, done, err := w.atRandom(in)
	if err != nil {
		return err
	}
	defer done()
	var head [100]byte
	if _, err := in.At.ReadAt(head[:], 0); err != nil {
		return torn(err)
	}
	size := int64(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 1 << 16
	}
	usable := size - int64(head[20])
	if size < 512 || size&(size-1) != 0 || usable < 480 {
		return torn(errors.New("no valid page size"))
	}
	db := &sqlite{at: in.At, pages: (in.Size + size - 1) / size, size: size, usable: usable, encoding: binary.BigEndian.Uint32(head[56:])}
	places := &Places{}
	places.names = func(i int) string { return "page " + strconv.FormatInt(db.named[i], 10) }
	db.places = places
	return w.derived(p, "", &produced{step: db.page}, places)
}

// sqlite reads a database page by page.
type sqlite struct {
	at           io.ReaderAt
	pages        int64
	size, usable int64  // bytes of a page, and of it those that are not reserved
	encoding     uint32 // 2 and 3: text is UTF-16, little and big endian
	next         int64
	off          int64
	buf          []byte
	places       *Places
	named        []int64
}

// tableLeaf is the kind of a page that holds rows of a table.
const tableLeaf = 0x0d

// page appends the text of the next page.
func (db *sqlite) page(dst []byte) ([]byte, error) {
	if db.next == db.pages {
		return dst, io.EOF
	}
	if db.buf == nil {
		db.buf = make([]byte, db.size)
	}
	n, err := db.at.ReadAt(db.buf, db.next*db.size)
	if err != nil && !errors.Is(err, io.EOF) {
		return dst, err
	}
	db.next++
	if db.places.add(db.off) {
		db.named = append(db.named, db.next)
	}
	dst = db.rows(dst, db.buf[:n])
	db.off += int64(len(dst))
	if err != nil && db.next < db.pages {
		return dst, torn(errors.New("a page is missing"))
	}
	return dst, nil
}

// rows appends the rows on a page, a line each with its cells between tabs, and
// then the bytes of the page itself, where rows that were deleted still stand.
func (db *sqlite) rows(dst, b []byte) []byte {
	h := 0
	if db.next == 1 {
		h = 100
	}
	if int64(len(b)) == db.size && b[h] == tableLeaf {
		count := int(binary.BigEndian.Uint16(b[h+3:]))
		for i := range count {
			at := h + 8 + 2*i
			if at+2 > len(b) {
				break
			}
			dst = db.row(dst, b, int(binary.BigEndian.Uint16(b[at:])))
		}
	}
	return append(append(dst, b...), '\n')
}

// row appends the row whose cell begins at b[i:].
func (db *sqlite) row(dst, b []byte, i int) []byte {
	size, i := varint(b, i)
	_, i = varint(b, i) // the row's number
	if i < 0 || size <= 0 || size > maxRow {
		return dst
	}
	// What of the row stands on this page (1.6, "B-tree Cell Format").
	local := size
	if most := db.usable - 35; size > most {
		least := (db.usable-12)*32/255 - 23
		if local = least + (size-least)%(db.usable-4); local > most {
			local = least
		}
	}
	if int64(i)+local > int64(len(b)) {
		return dst
	}
	payload := b[i : i+int(local)]
	if local < size && i+int(local)+4 <= len(b) {
		payload = db.overflow(append(make([]byte, 0, size), payload...), size, int64(binary.BigEndian.Uint32(b[i+int(local):])))
	}
	return db.record(dst, payload)
}

// maxRow is the longest row, in bytes, that is put together.
const maxRow = 16 << 20

// overflow appends what of a row stands on the pages from first on.
func (db *sqlite) overflow(payload []byte, size, first int64) []byte {
	page := make([]byte, db.size)
	for n := int64(0); first > 0 && first <= db.pages && int64(len(payload)) < size && n <= size/(db.usable-4)+1; n++ {
		if _, err := db.at.ReadAt(page, (first-1)*db.size); err != nil {
			break
		}
		first = int64(binary.BigEndian.Uint32(page))
		payload = append(payload, page[4:4+min(db.usable-4, size-int64(len(payload)))]...)
	}
	return payload
}

// record appends the values of a record (2.1) as text, and a line break.
func (db *sqlite) record(dst, b []byte) []byte {
	size, i := varint(b, 0)
	if i < 0 || size < 1 || size > int64(len(b)) {
		return dst
	}
	body := int(size)
	for i < int(size) {
		var kind int64
		if kind, i = varint(b, i); i < 0 {
			break
		}
		n := int64(0)
		switch {
		case kind >= 12:
			n = (kind - 12) / 2
		case kind == 7, kind == 6:
			n = 8
		case kind == 5:
			n = 6
		case kind >= 1 && kind <= 4:
			n = kind
		}
		if n > int64(len(b)-body) {
			n = int64(len(b) - body)
		}
		value := b[body : body+int(n)]
		body += int(n)
		switch {
		case kind >= 12 && kind%2 == 1 && db.encoding >= 2:
			dst = appendNarrow(dst, value, db.encoding == 3)
		case kind >= 12:
			dst = append(dst, value...)
		case kind >= 1 && kind <= 6:
			dst = strconv.AppendInt(dst, integer(value), 10)
		}
		dst = append(dst, '\t')
	}
	return append(dst, '\n')
}

// appendNarrow appends UTF-16 as Narrow reads it.
func appendNarrow(dst, b []byte, big bool) []byte {
	for ; len(b) >= 2; b = b[2:] {
		low, high := b[0], b[1]
		if big {
			low, high = high, low
		}
		if high != 0 || low >= 0x80 {
			low = 0xFF
		}
		dst = append(dst, low)
	}
	return dst
}

// integer reads a big-endian integer of up to 8 bytes.
func integer(b []byte) int64 {
	var v int64
	for i, c := range b {
		if i == 0 {
			v = int64(int8(c))
			continue
		}
		v = v<<8 | int64(c)
	}
	return v
}

// varint reads a variable-length integer (1.6) and returns where it ends, -1 if
// it does not.
func varint(b []byte, i int) (int64, int) {
	var v uint64
	for n := range 9 {
		if i < 0 || i >= len(b) {
			return 0, -1
		}
		c := b[i]
		i++
		if n == 8 {
			return int64(v<<8 | uint64(c)), i
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			break
		}
	}
	return int64(v), i
}
