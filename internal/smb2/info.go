package smb2

import (
	"context"
	"strings"
)

// Classes of information that we ask for ([MS-FSCC] 2.4).
const (
	infoFile     = 1
	infoSecurity = 3

	infoFileSystem = 2
	fsAttribute    = 5
	fsNamedStreams = 0x40000

	fileInternal     = 6
	fileStream       = 22
	fileAttributeTag = 35
)

// query is an exchange of one open, some questions and the close.
func (t *Tree) query(ctx context.Context, c create, ask ...request) ([]answer, error) {
	reqs := append([]request{{cmd: cmdCreate, tree: t, body: c.body()}}, ask...)
	reqs = append(reqs, request{cmd: cmdClose, tree: t, body: closeBody(related)})
	answers, err := t.conn.exchange(ctx, reqs...)
	if err != nil {
		return nil, err
	}
	if s := answers[0].msg.status(); s != StatusOK {
		release(answers)
		return nil, s
	}
	return answers, nil
}

// infoRequest is [MS-SMB2] 2.2.37.
func (t *Tree) infoRequest(kind, class byte, extra uint32, n int) request {
	b := make([]byte, 41)
	le.PutUint16(b, 41)
	b[2], b[3] = kind, class
	le.PutUint32(b[4:], uint32(n))
	le.PutUint32(b[16:], extra)
	copy(b[24:], related[:])
	return request{cmd: cmdQueryInfo, tree: t, body: b, charge: t.conn.charge(n)}
}

func infoAnswer(msg header) ([]byte, error) {
	if s := msg.status(); s != StatusOK {
		return nil, s
	}
	r, err := checked(msg, 9)
	if err != nil {
		return nil, err
	}
	data := r.variable(uint32(r.u16(2)), r.u32(4))
	return data, r.err
}

// Stat returns what the server says of a file or directory. It follows nothing.
func (t *Tree) Stat(ctx context.Context, path string, at Snapshot) (Info, error) {
	answers, err := t.query(ctx, create{path: path, access: accessReadAttr, options: optReparsePoint, snapshot: at},
		t.infoRequest(infoFile, fileAttributeTag, 0, 8), t.infoRequest(infoFile, fileInternal, 0, 8))
	if err != nil {
		return Info{}, err
	}
	defer release(answers)
	c, err := parseCreate(answers[0].msg)
	if err != nil {
		return Info{}, err
	}
	if tag, err := infoAnswer(answers[1].msg); err == nil && len(tag) == 8 && c.info.Attributes&AttrReparse != 0 {
		c.info.Tag = le.Uint32(tag[4:])
	}
	if id, err := infoAnswer(answers[2].msg); err == nil && len(id) == 8 {
		c.info.Index = le.Uint64(id)
	}
	return c.info, nil
}

// Security returns the security descriptor of a file or directory, without its
// SACL: owner, group and DACL, self-relative ([MS-DTYP] 2.4.6).
func (t *Tree) Security(ctx context.Context, path string) ([]byte, error) {
	answers, err := t.query(ctx, create{path: path, access: accessReadControl, options: optReparsePoint},
		t.infoRequest(infoSecurity, 0, 7, 1<<16))
	if err != nil {
		return nil, err
	}
	defer release(answers)
	sd, err := infoAnswer(answers[1].msg)
	return append([]byte(nil), sd...), err
}

// Stream is an alternate data stream of a file.
type Stream struct {
	Name string // without the colons
	Size int64
}

// streamBuffer is how many bytes of the names of streams are asked for.
const streamBuffer = 1 << 16

// Streams lists the alternate data streams of a file or directory.
func (t *Tree) Streams(ctx context.Context, path string, at Snapshot) ([]Stream, error) {
	answers, err := t.query(ctx, create{path: path, access: accessReadAttr, snapshot: at}, t.infoRequest(infoFile, fileStream, 0, streamBuffer))
	if err != nil {
		return nil, err
	}
	defer release(answers)
	return streamsAnswer(answers[1].msg)
}

// streamsAnswer reads the answer to a question for streams. A file system that
// does not know the question has none.
func streamsAnswer(msg header) ([]Stream, error) {
	data, err := infoAnswer(msg)
	switch status, _ := StatusOf(err); status {
	case StatusInvalidParameter, StatusNotSupported, StatusInvalidInfoClass, StatusNotImplemented:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseStreams(data)
}

// keepsStreams reports whether the file system of a share knows alternate
// streams ([MS-FSCC] 2.5.1). Where it does not say so it may.
func (t *Tree) keepsStreams(ctx context.Context) (bool, error) {
	answers, err := t.query(ctx, create{access: accessReadAttr}, t.infoRequest(infoFileSystem, fsAttribute, 0, 1024))
	if status, ok := StatusOf(err); ok {
		return status != StatusNotSupported, nil
	}
	if err != nil {
		return true, err
	}
	defer release(answers)
	data, err := infoAnswer(answers[1].msg)
	if err != nil || len(data) < 4 {
		return true, nil
	}
	return le.Uint32(data)&fsNamedStreams != 0, nil
}

// parseStreams reads FileStreamInformation ([MS-FSCC] 2.4.48).
func parseStreams(data []byte) ([]Stream, error) {
	var list []Stream
	for len(data) > 0 {
		e := &body{b: data}
		next, size := e.u32(0), int64(e.u64(8))
		name := string(decodeUTF16(nil, e.bytes(24, e.u32(4))))
		if e.err != nil {
			return nil, e.err
		}
		if bare, ok := strings.CutSuffix(strings.TrimPrefix(name, ":"), ":$DATA"); ok && bare != "" {
			if size < 0 || strings.ContainsAny(bare, ":/\\\x00") {
				return nil, &ProtocolError{"a stream that no file can have"}
			}
			list = append(list, Stream{bare, size})
		}
		if next == 0 {
			break
		}
		if next > uint32(len(data)) {
			return nil, errShort
		}
		data = data[next:]
	}
	return list, nil
}
