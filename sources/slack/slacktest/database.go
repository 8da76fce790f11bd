package slacktest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// exportDatabase writes what "slackdump archive" does since its fourth version: a
// database of the API's answers, and the files in __uploads.
func (w *Workspace) exportDatabase(put func(string, []byte) error) error {
	var messages, channels, users [][]any
	for _, c := range w.Conversations {
		info, err := json.Marshal(w.conversation(c, "U0ANN"))
		if err != nil {
			return err
		}
		channels = append(channels, []any{c.ID, 1, c.Name, 0, info})
		for i, m := range c.Messages {
			raw, err := json.Marshal(w.message(c, m, w.filesHost()))
			if err != nil {
				return err
			}
			messages = append(messages, []any{1, c.ID, m.TS, i, m.Text, raw})
			for _, f := range m.Files {
				if err := put("__uploads/"+f.ID+"/"+f.Name, f.Bytes); err != nil {
					return err
				}
			}
		}
	}
	for i, u := range w.Users {
		raw, err := json.Marshal(w.user(u))
		if err != nil {
			return err
		}
		users = append(users, []any{u.ID, 1, i, u.Name, raw})
	}
	db, err := sqlite(
		table{"MESSAGE", "CHUNK_ID INTEGER, CHANNEL_ID TEXT, TS TEXT, IDX INTEGER, TXT TEXT, DATA BLOB", messages},
		table{"CHANNEL", "ID TEXT, CHUNK_ID INTEGER, NAME TEXT, IDX INTEGER, DATA BLOB", channels},
		table{"S_USER", "ID TEXT, CHUNK_ID INTEGER, IDX INTEGER, USERNAME TEXT, DATA BLOB", users},
	)
	if err != nil {
		return err
	}
	return put("slackdump.sqlite", db)
}

// table is a table of a database. Values are ints, strings and bytes.
type table struct {
	name, columns string
	rows          [][]any
}

// pageSize is the largest that SQLite knows: rows need no overflow pages.
const pageSize = 1 << 16

// sqlite writes a database (sqlite.org, "Database File Format", 1.3, 1.6 and 2.1).
func sqlite(tables ...table) ([]byte, error) {
	pages := [][]byte{nil} // the first is written last
	var schema [][]byte
	for i, t := range tables {
		var leaves, last []int // pages, and the last rows on them
		var cells [][]byte
		size, rows := 0, 0
		flush := func() {
			pages = append(pages, leaf(0, cells))
			rows += len(cells)
			leaves, last, cells, size = append(leaves, len(pages)), append(last, rows), nil, 0
		}
		for n, row := range t.rows {
			cell := cellOf(int64(n+1), row)
			if len(cell) > pageSize/2 {
				return nil, fmt.Errorf("a row of %d bytes", len(cell))
			}
			if size += len(cell) + 2; size > pageSize-100 {
				flush()
				size = len(cell) + 2
			}
			cells = append(cells, cell)
		}
		flush()
		root := leaves[0]
		if len(leaves) > 1 {
			pages = append(pages, interior(leaves, last))
			root = len(pages)
		}
		schema = append(schema, cellOf(int64(i+1), []any{"table", t.name, t.name, root, "CREATE TABLE " + t.name + "(" + t.columns + ")"}))
	}
	pages[0] = leaf(100, schema)
	head := pages[0]
	copy(head, "SQLite format 3\x00")
	copy(head[16:], []byte{0, 1, 1, 1, 0, 64, 32, 32}) // 1: 65536
	binary.BigEndian.PutUint32(head[24:], 1)
	binary.BigEndian.PutUint32(head[28:], uint32(len(pages)))
	binary.BigEndian.PutUint32(head[44:], 4) // format of the schema
	binary.BigEndian.PutUint32(head[56:], 1) // UTF-8
	binary.BigEndian.PutUint32(head[92:], 1)
	var out []byte
	for _, p := range pages {
		out = append(out, p...)
	}
	return out, nil
}

// leaf is a page of rows, whose header stands at from.
func leaf(from int, cells [][]byte) []byte {
	p := make([]byte, pageSize)
	p[from] = 0x0d
	binary.BigEndian.PutUint16(p[from+3:], uint16(len(cells)))
	at := pageSize
	for i, cell := range cells {
		at -= len(cell)
		copy(p[at:], cell)
		binary.BigEndian.PutUint16(p[from+8+2*i:], uint16(at))
	}
	binary.BigEndian.PutUint16(p[from+5:], uint16(at)) // 0 stands for 65536
	return p
}

// interior is a page that leads to leaves.
func interior(leaves, last []int) []byte {
	p := make([]byte, pageSize)
	p[0] = 0x05
	binary.BigEndian.PutUint16(p[3:], uint16(len(leaves)-1))
	binary.BigEndian.PutUint32(p[8:], uint32(leaves[len(leaves)-1]))
	at := pageSize
	for i, leaf := range leaves[:len(leaves)-1] {
		cell := appendVarint(binary.BigEndian.AppendUint32(nil, uint32(leaf)), uint64(last[i]))
		at -= len(cell)
		copy(p[at:], cell)
		binary.BigEndian.PutUint16(p[12+2*i:], uint16(at))
	}
	binary.BigEndian.PutUint16(p[5:], uint16(at))
	return p
}

// cellOf is a row in a leaf.
func cellOf(id int64, row []any) []byte {
	var types, body []byte
	for _, v := range row {
		switch v := v.(type) {
		case int:
			types = appendVarint(types, 6)
			body = binary.BigEndian.AppendUint64(body, uint64(v))
		case string:
			types = appendVarint(types, 13+2*uint64(len(v)))
			body = append(body, v...)
		case []byte:
			types = appendVarint(types, 12+2*uint64(len(v)))
			body = append(body, v...)
		}
	}
	head := appendVarint(nil, uint64(len(types)+1)) // all are short
	payload := append(append(head, types...), body...)
	return append(appendVarint(appendVarint(nil, uint64(len(payload))), uint64(id)), payload...)
}

// appendVarint appends an integer in SQLite's way.
func appendVarint(b []byte, n uint64) []byte {
	var groups []byte
	for {
		groups = append(groups, byte(n&0x7f))
		if n >>= 7; n == 0 {
			break
		}
	}
	for i := len(groups) - 1; i >= 0; i-- {
		c := groups[i]
		if i > 0 {
			c |= 0x80
		}
		b = append(b, c)
	}
	return b
}
