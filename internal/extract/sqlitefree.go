package extract

import "encoding/binary"

// validKind reports whether a serial type (2.1) can be that of a value on a page.
func validKind(kind int64) bool { return kind >= 0 && kind < 1<<20 && kind != 10 && kind != 11 }

// minCarved is the shortest text, in bytes, for which a row that was deleted is
// put together: nothing shorter is looked for.
const minCarved = 12

// maxColumns is how many columns a row that was deleted may have.
const maxColumns = 64

// maxGuesses is how many numbers of columns are tried for one such row.
const maxGuesses = 8

// deleted appends the rows that stand in what is free on a page of rows: between
// the array of cells, which ends at b[live:], and the cells, and in the list of
// free blocks (1.6).
func (db *sqlite) deleted(dst, b []byte, h, live int) []byte {
	be := binary.BigEndian
	content := int(be.Uint16(b[h+5:]))
	if content == 0 {
		content = 1 << 16
	}
	if content = min(content, len(b)); live < content {
		dst = db.headless(db.carve(dst, b[live:content]), b[live:content])
	}
	next := int(be.Uint16(b[h+1:]))
	for next >= live && next+4 <= len(b) {
		at, size := next, int(be.Uint16(b[next+2:]))
		if size < 4 || at+size > len(b) {
			break
		}
		dst = db.beheaded(dst, b[at:at+size])
		dst = db.carve(dst, b[at+4:at+size])
		if next = int(be.Uint16(b[at:])); next <= at {
			break // they ascend
		}
	}
	return dst
}

// carve appends the rows that stand whole in bytes that belong to none.
func (db *sqlite) carve(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		if b[i] < minCarved {
			continue
		}
		size, at := varint(b, i)
		if at < 0 || size < minCarved || size > int64(len(b)-at) {
			continue
		}
		if _, at = varint(b, at); at < 0 || size > int64(len(b)-at) {
			continue
		}
		payload := b[at : at+int(size)]
		if n := int(payload[0]); n < 2 || n > maxColumns || n > len(payload) || !db.plausible(payload[1:n], payload[n:]) {
			continue
		}
		dst = db.record(dst, payload)
		i = at + int(size) - 1
	}
	return dst
}

// plausible reports whether types are those of the values in body, to the byte,
// and one of them is a text worth showing.
func (db *sqlite) plausible(types, body []byte) bool {
	sum, worth := int64(0), false
	for at := 0; at < len(types); {
		var kind int64
		if kind, at = varint(types, at); at < 0 || !validKind(kind) {
			return false
		}
		n := valueSize(kind)
		if sum += n; sum > int64(len(body)) {
			return false
		}
		worth = worth || isText(kind) && n >= minCarved
	}
	if !worth || sum != int64(len(body)) {
		return false
	}
	for at := 0; at < len(types); {
		var kind int64
		kind, at = varint(types, at)
		n := valueSize(kind)
		if isText(kind) && !printable(body[:n]) {
			return false
		}
		body = body[n:]
	}
	return true
}

func isText(kind int64) bool { return kind >= 13 && kind%2 == 1 }

// beheaded appends the row whose cell became a free block: its first four bytes
// are lost, which are those of its size, number and header, and perhaps of its
// first types. What types are left belong to the last values of the block.
func (db *sqlite) beheaded(dst, block []byte) []byte {
	var ends []int // where the first types end, one more each
	var sums []int64
	for at, sum := 4, int64(0); len(ends) < maxColumns; {
		kind, next := varint(block, at)
		if next < 0 || !validKind(kind) {
			break
		}
		if at, sum = next, sum+valueSize(kind); sum > int64(len(block)-at) {
			break
		}
		ends, sums = append(ends, at), append(sums, sum)
	}
	best, from := 0, 0
	for i := len(ends) - 1; i >= max(0, len(ends)-maxGuesses) && best == 0; i-- {
		if rest := len(block) - int(sums[i]); db.plausible(block[4:ends[i]], block[rest:]) {
			best, from = ends[i], rest
		}
	}
	if best == 0 {
		return dst
	}
	if lost := block[best:from]; printable(lost) && len(lost) > 0 {
		dst = append(append(dst, lost...), '\t')
	}
	body := block[from:]
	for at := 4; at < best; {
		var kind int64
		kind, at = varint(block, at)
		n := valueSize(kind)
		dst = append(db.value(dst, kind, body[:n]), '\t')
		body = body[n:]
	}
	return append(dst, '\n')
}

// maxTried is how many places of a page are tried for a row without a head.
const maxTried = 512

// headless appends the rows whose cells were free blocks before they became part
// of the space between the array of cells and the cells: their size still stands
// in them.
func (db *sqlite) headless(dst, b []byte) []byte {
	tried := 0
	for i := 0; i+4 <= len(b) && tried < maxTried; i++ {
		size := int(binary.BigEndian.Uint16(b[i+2:]))
		if size < minCarved+5 || size > len(b)-i {
			continue
		}
		tried++
		before := len(dst)
		if dst = db.beheaded(dst, b[i:i+size]); len(dst) > before {
			i += size - 1
		}
	}
	return dst
}

// printable reports whether bytes can be a text, of one byte or two per
// character.
func printable(b []byte) bool {
	for i, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && (c != 0 || len(b)%2 != 0 || i > 1 && b[i-2] != 0) || c == 0x7f {
			return false
		}
	}
	return true
}
