package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"
)

// unpackSQLite reads the cells of an SQLite database straight from its pages
// (sqlite.org, "Database File Format", 1.6 and 2), deleted ones included. No
// engine opens the file: a database can hold programs.
//
// Every page is looked at once, in the order of the file, whatever the tree
// says: a leaf of a table or of an index gives its rows, what is free on it the
// rows that were deleted, and then the bytes of the page are scanned as they are.
// A page of the list of free ones is as it was left.
func unpackSQLite(w *walk, p place, in Input) error {
	return w.database(p, in, func(at io.ReaderAt, n int64) (*sqlite, error) {
		var head [100]byte
		if _, err := at.ReadAt(head[:], 0); err != nil {
			return nil, err
		}
		size := int64(binary.BigEndian.Uint16(head[16:]))
		if size == 1 {
			size = 1 << 16
		}
		return &sqlite{pages: (n + max(size, 1) - 1) / max(size, 1), size: size, usable: size - int64(head[20]), encoding: binary.BigEndian.Uint32(head[56:])}, nil
	})
}

// unpackWAL reads the pages of a write-ahead log (4.1): rows that are in the
// database only after the next checkpoint, and rows that no longer are.
func unpackWAL(w *walk, p place, in Input) error {
	return w.database(p, in, func(at io.ReaderAt, n int64) (*sqlite, error) {
		const head, frame = 32, 24
		var b [head]byte
		if _, err := at.ReadAt(b[:], 0); err != nil {
			return nil, err
		}
		size := int64(binary.BigEndian.Uint32(b[8:]))
		return &sqlite{pages: (n - head) / (max(size, 1) + frame), size: size, usable: size, first: head, before: frame, apart: true}, nil
	})
}

// unpackJournal reads the pages of a rollback journal (3): rows as they were
// before a change.
func unpackJournal(w *walk, p place, in Input) error {
	return w.database(p, in, func(at io.ReaderAt, n int64) (*sqlite, error) {
		var b [28]byte
		if _, err := at.ReadAt(b[:], 0); err != nil {
			return nil, err
		}
		sector, size := int64(binary.BigEndian.Uint32(b[20:])), int64(binary.BigEndian.Uint32(b[24:]))
		if sector < int64(len(b)) || sector > 1<<16 {
			return nil, errors.New("no valid sector size")
		}
		return &sqlite{pages: (n - sector) / (max(size, 1) + 8), size: size, usable: size, first: sector, before: 4, after: 4, apart: true}, nil
	})
}

// database hands over the text of pages.
func (w *walk) database(p place, in Input, open func(io.ReaderAt, int64) (*sqlite, error)) error {
	in, done, err := w.atRandom(in)
	if err != nil {
		return err
	}
	defer done()
	db, err := open(in.At, in.Size)
	if err != nil {
		return torn(err)
	}
	if db.size < 512 || db.size > 1<<16 || db.size&(db.size-1) != 0 || db.usable < 480 {
		return torn(errors.New("no valid page size"))
	}
	db.at = in.At
	db.places = &Places{names: func(i int) string { return "page " + strconv.FormatInt(db.named[i], 10) }}
	return w.derived(p, "", &produced{step: db.page}, db.places)
}

// sqlite reads a database, or what stands beside one, page by page.
type sqlite struct {
	at           io.ReaderAt
	pages        int64
	size, usable int64  // bytes of a page, and of it those that are not reserved
	encoding     uint32 // 1: text is UTF-8; 2 and 3: UTF-16, little and big endian; 0: not known

	// Of a log, in bytes: where the first page's frame begins, and what stands
	// before and after each page. A frame begins with the page's number.
	first, before, after int64
	apart                bool
	numbers              map[int64]int64 // of a log: where a page stands last

	next   int64
	off    int64
	buf    []byte
	places *Places
	named  []int64
}

// Kinds of pages that hold records (1.6).
const (
	tableLeaf     = 0x0d
	indexLeaf     = 0x0a
	indexInterior = 0x02
)

// maxNumbers is how many pages of a log are found by their number.
const maxNumbers = 1 << 20

// page appends the text of the next page.
func (db *sqlite) page(dst []byte) ([]byte, error) {
	if db.next >= db.pages {
		return dst, io.EOF
	}
	if db.buf == nil {
		db.buf = make([]byte, db.size)
	}
	at := db.first + db.next*(db.before+db.size+db.after)
	number := db.next + 1
	if db.apart {
		var b [4]byte
		if _, err := db.at.ReadAt(b[:], at); err != nil {
			return dst, torn(err)
		}
		number = int64(binary.BigEndian.Uint32(b[:]))
	}
	n, err := db.at.ReadAt(db.buf, at+db.before)
	if err != nil && !errors.Is(err, io.EOF) {
		return dst, err
	}
	db.next++
	if db.places.add(db.off) {
		db.named = append(db.named, number)
	}
	dst = db.rows(dst, db.buf[:n], number)
	db.off += int64(len(dst))
	if errors.Is(err, io.EOF) && int64(n) < db.size && db.next < db.pages {
		return dst, torn(errors.New("a page is missing"))
	}
	return dst, nil
}

// where returns the offset of a page by its number.
func (db *sqlite) where(number int64) (int64, bool) {
	if !db.apart {
		return (number - 1) * db.size, number > 0 && number <= db.pages
	}
	if db.numbers == nil {
		db.numbers = make(map[int64]int64)
		var b [4]byte
		for i := range min(db.pages, maxNumbers) {
			at := db.first + i*(db.before+db.size+db.after)
			if _, err := db.at.ReadAt(b[:], at); err != nil {
				break
			}
			db.numbers[int64(binary.BigEndian.Uint32(b[:]))] = at + db.before
		}
	}
	at, ok := db.numbers[number]
	return at, ok
}

// rows appends the rows on a page, a line each with its cells between tabs, those
// that were deleted too, and then the bytes of the page itself.
func (db *sqlite) rows(dst, b []byte, number int64) []byte {
	h := 0
	if number == 1 {
		h = 100
		if db.encoding == 0 && len(b) > 60 {
			db.encoding = binary.BigEndian.Uint32(b[56:])
		}
	}
	if int64(len(b)) == db.size {
		live := h // where the array of cells ends
		if kind := b[h]; kind == tableLeaf || kind == indexLeaf || kind == indexInterior {
			live += 8
			if kind == indexInterior {
				live += 4
			}
			for range int(binary.BigEndian.Uint16(b[h+3:])) {
				if live+2 > len(b) {
					break
				}
				dst = db.row(dst, b, int(binary.BigEndian.Uint16(b[live:])), kind)
				live += 2
			}
			dst = db.deleted(dst, b, h, live)
		} else {
			dst = db.carve(dst, b)
		}
	}
	return append(append(dst, b...), '\n')
}

// row appends the row whose cell begins at b[i:], on a page of a kind.
func (db *sqlite) row(dst, b []byte, i int, kind byte) []byte {
	if kind == indexInterior {
		i += 4 // the page below
	}
	size, i := varint(b, i)
	most := (db.usable-12)*64/255 - 23
	if kind == tableLeaf {
		_, i = varint(b, i) // the row's number
		most = db.usable - 35
	}
	if i < 0 || size <= 0 || size > maxRow {
		return dst
	}
	// What of the row stands on this page (1.6, "B-tree Cell Format").
	local := size
	if size > most {
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
	for n := int64(0); int64(len(payload)) < size && n <= size/(db.usable-4)+1; n++ {
		at, ok := db.where(first)
		if !ok {
			break
		}
		if _, err := db.at.ReadAt(page, at); err != nil {
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
		n := min(valueSize(kind), int64(len(b)-body))
		value := b[body : body+int(n)]
		body += int(n)
		dst = append(db.value(dst, kind, value), '\t')
	}
	return append(dst, '\n')
}

// value appends a value of a serial type (2.1) as text.
func (db *sqlite) value(dst []byte, kind int64, value []byte) []byte {
	wide := func(zero int) bool {
		return len(value) >= 8 && value[zero] == 0 && value[zero+2] == 0 && value[zero+4] == 0 && value[zero+6] == 0
	}
	switch {
	case kind < 12:
		if kind >= 1 && kind <= 6 {
			dst = strconv.AppendInt(dst, integer(value), 10)
		}
		return dst
	case kind%2 == 1 && (db.encoding == 2 || db.encoding == 0 && wide(1)):
		return appendNarrow(dst, value, false)
	case kind%2 == 1 && (db.encoding == 3 || db.encoding == 0 && wide(0)):
		return appendNarrow(dst, value, true)
	}
	return append(dst, value...)
}

// valueSize is how many bytes a value of a serial type takes.
func valueSize(kind int64) int64 {
	switch {
	case kind >= 12:
		return (kind - 12) / 2
	case kind == 6, kind == 7:
		return 8
	case kind == 5:
		return 6
	case kind >= 1 && kind <= 4:
		return kind
	}
	return 0
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
