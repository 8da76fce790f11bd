// Package msrpc asks a Windows or Samba server, over its named pipes, what SMB
// itself does not tell: the shares with the lists that guard them (MS-SRVS), the
// names of SIDs (MS-LSAT), and the server's own accounts and groups (MS-SAMR).
// It only asks questions; it calls nothing that changes a server.
//
// Every call opens a pipe, binds to one interface (C706 chapter 12 and MS-RPCE)
// and closes the pipe again: connections come and go under it, and what is asked
// is asked once per server.
//
// This package knows DCE/RPC as far as these interfaces need it. It does not
// know SMB: a pipe is whatever an Opener opens.
package msrpc

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"mislaid/sources"
	"mislaid/sources/ntacl"
)

// Opener opens a named pipe of a server by its name without a path, such as
// "srvsvc". One Write sends one message. What is read from the pipe must end
// with ctx.
type Opener func(ctx context.Context, pipe string) (io.ReadWriteCloser, error)

// syntax is an interface or a way of encoding, with its version.
type syntax struct {
	uuid    [16]byte // as on the wire
	version uint32   // major in the low half
}

// The interfaces that are asked, and NDR; MS-SRVS 1.9, MS-LSAT 1.9, MS-SAMR 1.9,
// C706 appendix I.
var (
	srvsvc  = syntax{[16]byte{0xC8, 0x4F, 0x32, 0x4B, 0x70, 0x16, 0xD3, 0x01, 0x12, 0x78, 0x5A, 0x47, 0xBF, 0x6E, 0xE1, 0x88}, 3}
	lsarpc  = syntax{[16]byte{0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xCD, 0xAB, 0xEF, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB}, 0}
	samr    = syntax{[16]byte{0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xCD, 0xAB, 0xEF, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAC}, 1}
	ndr32   = syntax{[16]byte{0x04, 0x5D, 0x88, 0x8A, 0xEB, 0x1C, 0xC9, 0x11, 0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}, 2}
	errWire = errors.New("malformed answer")
)

// Sizes in bytes.
const (
	headerSize = 16
	maxFrag    = 4280     // what we offer to take and to send; as Windows does
	maxStub    = 16 << 20 // of a whole answer
)

// Types of messages; C706 12.6.4.
const (
	ptRequest  = 0
	ptResponse = 2
	ptFault    = 3
	ptBind     = 11
	ptBindAck  = 12
	ptBindNak  = 13
)

// conn is one pipe, bound to one interface. It belongs to one goroutine.
type conn struct {
	pipe io.ReadWriteCloser
	r    *bufio.Reader
	call uint32
}

func dial(ctx context.Context, open Opener, pipe string, iface syntax) (*conn, error) {
	p, err := open(ctx, pipe)
	if err != nil {
		return nil, fmt.Errorf("open the pipe %s: %w", pipe, err)
	}
	// A buffer larger than any message takes each in one Read.
	c := &conn{pipe: p, r: bufio.NewReaderSize(p, 1<<16)}
	if err := c.bind(iface); err != nil {
		p.Close()
		return nil, fmt.Errorf("bind to %s: %w", pipe, err)
	}
	return c, nil
}

func (c *conn) close() { c.pipe.Close() }

func (c *conn) bind(iface syntax) error {
	body := binary.LittleEndian.AppendUint16(nil, maxFrag)
	body = binary.LittleEndian.AppendUint16(body, maxFrag)
	body = append(body, 0, 0, 0, 0, // a new association
		1, 0, 0, 0, // one context
		0, 0, 1, 0) // number 0, with one transfer syntax
	for _, s := range []syntax{iface, ndr32} {
		body = append(body, s.uuid[:]...)
		body = binary.LittleEndian.AppendUint32(body, s.version)
	}
	if err := c.send(ptBind, body); err != nil {
		return err
	}
	m, err := c.receive()
	if err != nil {
		return err
	}
	if m.kind != ptBindAck {
		return errors.New("the server refused")
	}
	return bindAccepted(m.body)
}

// bindAccepted reads the part of bind_ack after the header; C706 12.6.4.4.
func bindAccepted(b []byte) error {
	d := decoder{b: b}
	d.skip(8) // sizes and the association
	d.skip(int(d.u16()))
	d.align(4)
	n := d.u8()
	d.align(4)
	result := d.u16()
	if d.err != nil || n == 0 {
		return errWire
	}
	if result != 0 {
		return errors.New("the server refused the interface")
	}
	return nil
}

func (c *conn) send(kind byte, body []byte) error {
	c.call++
	if headerSize+len(body) > maxFrag {
		return errors.New("the question is too long for one message")
	}
	m := make([]byte, headerSize, headerSize+len(body))
	m[0], m[2], m[3], m[4] = 5, kind, 3, 0x10 // version 5.0, first and last, little-endian
	binary.LittleEndian.PutUint16(m[8:], uint16(headerSize+len(body)))
	binary.LittleEndian.PutUint32(m[12:], c.call)
	_, err := c.pipe.Write(append(m, body...))
	return err
}

type message struct {
	kind byte
	last bool
	call uint32
	body []byte
}

func (c *conn) receive() (message, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return message{}, err
	}
	size, auth := int(binary.LittleEndian.Uint16(head[8:])), binary.LittleEndian.Uint16(head[10:])
	if head[0] != 5 || head[4]&0xF0 != 0x10 || size < headerSize || auth != 0 {
		return message{}, errWire
	}
	m := message{kind: head[2], last: head[3]&2 != 0, call: binary.LittleEndian.Uint32(head[12:]), body: make([]byte, size-headerSize)}
	if _, err := io.ReadFull(c.r, m.body); err != nil {
		return message{}, err
	}
	return m, nil
}

// ask calls an operation and returns what it answered, all fragments joined.
func (c *conn) ask(opnum uint16, stub *encoder) (*decoder, error) {
	if stub.err != nil {
		return nil, stub.err
	}
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(stub.b)))
	head = append(head, 0, 0)
	head = binary.LittleEndian.AppendUint16(head, opnum)
	if err := c.send(ptRequest, append(head, stub.b...)); err != nil {
		return nil, err
	}
	var all []byte
	for {
		m, err := c.receive()
		if err != nil {
			return nil, err
		}
		const header = 8
		if m.call != c.call || len(m.body) < header {
			return nil, errWire
		}
		switch m.kind {
		case ptResponse:
		case ptFault:
			if len(m.body) < header+4 {
				return nil, errWire
			}
			return nil, &StatusError{Code: binary.LittleEndian.Uint32(m.body[header:])}
		default:
			return nil, errWire
		}
		if len(all)+len(m.body)-header > maxStub {
			return nil, errors.New("the answer is too long")
		}
		all = append(all, m.body[header:]...)
		if m.last {
			return &decoder{b: all}, nil
		}
	}
}

// StatusError is an answer that says no: an NTSTATUS, a Win32 error or an RPC
// fault. It wraps sources.ErrDenied or ntacl.ErrNoSuchSID where it means that.
type StatusError struct{ Code uint32 }

// Codes that mean something here; MS-ERREF 2.2 and 2.3, C706 appendix E.
const (
	statusSomeNotMapped = 0x00000107
	statusMoreEntries   = 0x00000105
	statusNoneMapped    = 0xC0000073
	win32AccessDenied   = 5
	win32UnknownLevel   = 124
	win32NotSupported   = 50
	win32MoreData       = 234
)

func (e *StatusError) Error() string {
	if why := e.Unwrap(); why != nil {
		return fmt.Sprintf("%v (%#x)", why, e.Code)
	}
	return fmt.Sprintf("the server answered %#x", e.Code)
}

// Unwrap returns what the code means to a Source, nil if it has no word for it.
func (e *StatusError) Unwrap() error {
	switch e.Code {
	case 0xC0000022, win32AccessDenied, 0x1C010009, 0xC0000061:
		return sources.ErrDenied
	case statusNoneMapped, 0xC0000064, 0xC0000066, 0xC00000DF, 0xC0000151:
		return ntacl.ErrNoSuchSID // no such mapping, user, group, domain, alias
	}
	return nil
}

// status ends an answer: its last four bytes, and that there was no other error.
func (d *decoder) status(fine ...uint32) error {
	code := d.u32()
	if d.err != nil {
		return d.err
	}
	if code == 0 {
		return nil
	}
	for _, f := range fine {
		if code == f {
			return nil
		}
	}
	return &StatusError{Code: code}
}
