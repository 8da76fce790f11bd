package smb2

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Pipe is a named pipe that carries remote procedure calls. It belongs to one
// goroutine.
type Pipe struct {
	ctx  context.Context
	file *File
	rest []byte // of a message that the reader's buffer did not hold
}

// OpenPipe opens a named pipe such as "srvsvc" on the server. The pipe's reads
// and writes end with ctx.
func (c *Conn) OpenPipe(ctx context.Context, name string) (*Pipe, error) {
	t, err := c.Tree(ctx, "IPC$")
	if err != nil {
		return nil, err
	}
	if t.Kind != SharePipe {
		return nil, &ProtocolError{"IPC$ has no pipes"} // what is written must never end in a file
	}
	a, err := c.do(ctx, request{cmd: cmdCreate, tree: t, body: create{path: name, access: accessPipe}.body()})
	if err != nil {
		return nil, err
	}
	defer a.release()
	r, err := parseCreate(a.msg)
	if err != nil {
		return nil, err
	}
	return &Pipe{ctx: ctx, file: &File{tree: t, id: r.id, open: true}}, nil
}

// Write sends one message.
func (p *Pipe) Write(msg []byte) (int, error) {
	if len(msg) > 1<<16 {
		return 0, errors.New("smb2: a message of more than 64 KiB")
	}
	b := make([]byte, 48, 48+len(msg))
	le.PutUint16(b, 49)
	le.PutUint16(b[2:], headerSize+48)
	le.PutUint32(b[4:], uint32(len(msg)))
	copy(b[16:], p.file.id[:])
	a, err := p.file.tree.conn.do(p.ctx, request{cmd: cmdWrite, tree: p.file.tree, body: append(b, msg...)})
	a.release()
	if err != nil {
		return 0, err
	}
	return len(msg), nil
}

// Read receives one message, or what is left of it.
func (p *Pipe) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		buf := make([]byte, 1<<16)
		n, err := p.file.ReadAt(p.ctx, buf, 0)
		if err != nil {
			return 0, err
		}
		p.rest = buf[:n]
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Close closes the pipe.
func (p *Pipe) Close() error {
	if !p.file.open {
		return fs.ErrClosed
	}
	err := p.file.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.file.tree.Disconnect(ctx)
	return err
}
