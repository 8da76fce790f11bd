package smb2

import (
	"context"
	"fmt"
)

// Entry is one thing in a directory.
type Entry struct {
	Name []byte // as decodeUTF16 gives it; valid until the next one
	Info
}

// dirMost is how many bytes of entries an answer carries at most, if the server
// sends as many; dirBuffer is what each server sends. Credits are not free.
const (
	dirMost   = 1 << 19
	dirBuffer = 1 << 16
)

const idFullDirectoryInformation = 38

// ReadDir calls visit for each entry of the directory at path but "." and "..".
// It ends early with the error that visit returns. A directory of a few thousand
// entries costs one round trip.
func (t *Tree) ReadDir(ctx context.Context, path string, at Snapshot, visit func(Entry) error) error {
	open := request{cmd: cmdCreate, tree: t, body: create{
		path: path, access: accessReadData | accessReadAttr | accessSync, options: optDirectory, snapshot: at,
	}.body()}
	// What there is comes with the first answer, that there is no more with the
	// second.
	most := min(dirMost, max(dirBuffer, t.conn.maxTransact))
	answers, err := t.conn.exchange(ctx, open, t.dirRequest(related, most), t.dirRequest(related, dirBuffer),
		request{cmd: cmdClose, tree: t, body: closeBody(related)})
	if err != nil {
		return err
	}
	if s := answers[0].msg.status(); s != StatusOK {
		release(answers)
		return s
	}
	if answers[2].msg.status() != StatusOK { // that was all of it
		defer release(answers)
		_, err := visitAll(answers[1:3], visit)
		return err
	}
	release(answers)
	return t.readLargeDir(ctx, open, most, visit)
}

// readLargeDir is ReadDir for directories that do not fit into one answer.
func (t *Tree) readLargeDir(ctx context.Context, open request, most int, visit func(Entry) error) error {
	answers, err := t.conn.exchange(ctx, open, t.dirRequest(related, most))
	if err != nil {
		return err
	}
	defer func() { release(answers) }()
	if s := answers[0].msg.status(); s != StatusOK {
		return s
	}
	c, err := parseCreate(answers[0].msg)
	if err != nil {
		return err
	}
	d := &File{tree: t, id: c.id, open: true}
	defer func() { _ = d.Close() }()
	for more := answers[1:]; ; more = answers {
		if done, err := visitAll(more, visit); done || err != nil {
			return err
		}
		release(answers)
		answers = nil
		if answers, err = t.conn.exchange(ctx, t.dirRequest(d.id, most)); err != nil {
			return err
		}
	}
}

// visitAll visits the entries in answers. done says that they are the last.
func visitAll(answers []answer, visit func(Entry) error) (done bool, err error) {
	for _, a := range answers {
		if done, err = entries(a.msg, visit); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

func (t *Tree) dirRequest(id fileID, n int) request {
	return request{cmd: cmdQueryDirectory, tree: t, body: dirBody(id, n), charge: t.conn.charge(n)}
}

// dirBody is [MS-SMB2] 2.2.33.
func dirBody(id fileID, n int) []byte {
	b := make([]byte, 32, 34)
	le.PutUint16(b, 33)
	b[2] = idFullDirectoryInformation
	copy(b[8:], id[:])
	le.PutUint16(b[24:], headerSize+32)
	le.PutUint16(b[26:], 2)
	le.PutUint32(b[28:], uint32(n))
	return append(b, '*', 0)
}

// entries visits the entries in one answer. done says that it was the last.
func entries(msg header, visit func(Entry) error) (done bool, err error) {
	switch s := msg.status(); s {
	case StatusOK:
	case StatusNoMoreFiles, StatusNoSuchFile:
		return true, nil
	default:
		return true, s
	}
	r, err := checked(msg, 9)
	if err != nil {
		return true, err
	}
	data := r.variable(uint32(r.u16(2)), r.u32(4))
	if r.err != nil {
		return true, r.err
	}
	return false, parseEntries(data, visit)
}

// parseEntries reads FileIdFullDirectoryInformation ([MS-FSCC] 2.4.22).
func parseEntries(data []byte, visit func(Entry) error) error {
	var name []byte
	for {
		e := &body{b: data}
		next := e.u32(0)
		entry := Entry{Info: Info{
			Written: e.u64(24), Changed: e.u64(32), Size: int64(e.u64(40)), Attributes: Attributes(e.u32(56)), Index: e.u64(72),
		}}
		if entry.Attributes&AttrReparse != 0 {
			entry.Tag = e.u32(64) // where other files have the size of their extended attributes
		}
		raw := e.bytes(80, e.u32(60))
		if e.err != nil {
			return e.err
		}
		name = decodeUTF16(name[:0], raw)
		entry.Name = name
		if s := string(name); s != "." && s != ".." {
			if err := checkName(name); err != nil {
				return err
			}
			if entry.Size < 0 {
				return &ProtocolError{"a file of negative size"}
			}
			if err := visit(entry); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		if next > uint32(len(data)) {
			return errShort
		}
		data = data[next:]
	}
}

// checkName refuses names that would leave their directory.
func checkName(name []byte) error {
	if len(name) == 0 {
		return &ProtocolError{"an entry without a name"}
	}
	for _, c := range name {
		if c == '/' || c == '\\' || c == 0 {
			return &ProtocolError{fmt.Sprintf("a name with a byte 0x%02X in it", c)}
		}
	}
	return nil
}
