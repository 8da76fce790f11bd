package smb2

import (
	"context"
	"io"
)

// File is a file that is open for reading. Several goroutines may read it.
type File struct {
	Info Info // when it was opened

	// Streams are the alternate data streams, if Open was asked for them;
	// StreamsErr says why they are not known.
	Streams    []Stream
	StreamsErr error

	tree *Tree
	id   fileID
	open bool
}

// Open opens the file at path, which is separated by slashes, and reads its
// beginning into p, all in one round trip. keep says whether it stays open:
// without, the server closes it in the same round trip and only what p holds
// can be had. An error of the reading alone comes with the file, which then has
// to be closed if it was to be kept. streams says whether the alternate streams
// are to be told as well.
func (t *Tree) Open(ctx context.Context, path string, at Snapshot, p []byte, off int64, keep, streams bool) (f *File, n int, err error) {
	n = min(len(p), t.conn.maxRead)
	reqs := make([]request, 1, 4)
	reqs[0] = request{cmd: cmdCreate, tree: t, body: create{
		path: path, access: accessReadData | accessReadAttr | accessSync, options: optNotDirectory | optNoRecall, snapshot: at,
	}.body()}
	if n > 0 {
		reqs = append(reqs, request{cmd: cmdRead, tree: t, body: readBody(related, n, off), charge: t.conn.charge(n)})
	}
	if streams { // last: what is read is worth more
		reqs = append(reqs, t.infoRequest(infoFile, fileStream, 0, streamBuffer))
	}
	if !keep {
		reqs = append(reqs, request{cmd: cmdClose, tree: t, body: closeBody(related)})
	}
	answers, err := t.conn.exchange(ctx, reqs...)
	if err != nil {
		return nil, 0, err
	}
	defer release(answers)
	if s := answers[0].msg.status(); s != StatusOK {
		return nil, 0, s
	}
	c, err := parseCreate(answers[0].msg)
	if err != nil {
		return nil, 0, err
	}
	f = &File{Info: c.info, tree: t, id: c.id, open: keep}
	rest := answers[1:]
	if n > 0 {
		rest = answers[2:]
	}
	if streams {
		f.Streams, f.StreamsErr = streamsAnswer(rest[0].msg)
	}
	if n == 0 {
		return f, 0, nil
	}
	n, err = readInto(p[:n], answers[1].msg)
	return f, n, err
}

func release(answers []answer) {
	for _, a := range answers {
		a.release()
	}
}

// charge is how many credits an answer of n bytes costs.
func (c *Conn) charge(n int) int {
	if !c.largeMTU || n <= 0 {
		return 1
	}
	return (n-1)>>16 + 1
}

// ReadAt reads up to len(p) bytes, but at most what fits into one answer. io.EOF
// says that the file ends before off.
func (f *File) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	n := min(len(p), f.tree.conn.maxRead)
	answers, err := f.tree.conn.exchange(ctx, request{
		cmd: cmdRead, tree: f.tree, body: readBody(f.id, n, off), charge: f.tree.conn.charge(n),
	})
	if err != nil {
		return 0, err
	}
	defer release(answers)
	return readInto(p[:n], answers[0].msg)
}

// MostRead is how many bytes one answer can carry.
func (t *Tree) MostRead() int { return t.conn.maxRead }

// Close gives the file back. It does not wait for the server.
func (f *File) Close() error {
	if !f.open {
		return nil
	}
	f.open = false
	return f.tree.conn.forget(request{cmd: cmdClose, tree: f.tree, body: closeBody(f.id)})
}

// forget sends a request whose answer nobody waits for.
func (c *Conn) forget(r request) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	calls, err := c.send(ctx, []request{r})
	if err == nil {
		c.abandon(calls, nil)
	}
	return err
}

// readBody is [MS-SMB2] 2.2.19.
func readBody(id fileID, n int, off int64) []byte {
	b := make([]byte, 49)
	le.PutUint16(b, 49)
	b[2] = headerSize + 16
	le.PutUint32(b[4:], uint32(n))
	le.PutUint64(b[8:], uint64(off))
	copy(b[16:], id[:])
	return b
}

// readInto copies what a read gave.
func readInto(p []byte, msg header) (int, error) {
	switch s := msg.status(); s {
	case StatusOK, StatusBufferOverflow:
	case StatusEndOfFile:
		return 0, io.EOF
	default:
		return 0, s
	}
	r, err := checked(msg, 17)
	if err != nil {
		return 0, err
	}
	data := r.variable(uint32(r.u16(2)&0xFF), r.u32(4))
	if r.err != nil {
		return 0, r.err
	}
	if len(data) > len(p) {
		return 0, &ProtocolError{"it sends more than was asked for"}
	}
	return copy(p, data), nil
}
