package smb2

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection to a server with one session on it. It is safe for
// concurrent use.
type Conn struct {
	nc    net.Conn
	facts Facts
	host  string

	mode            byte // of security
	dialect         uint16
	offered         offered
	signing, cipher uint16
	hash            preauth
	largeMTU        bool
	maxRead         int
	maxTransact     int

	session  uint64
	keys     keys
	signed   bool // every message of the session bears a signature
	sealed   atomic.Bool
	received atomic.Int64 // when the last message came, Unix nanoseconds

	mu      sync.Mutex
	nextID  uint64
	credits int
	more    chan struct{} // closed when credits came and somebody waits for them
	waiters int
	calls   map[uint64]*call
	err     error // why the connection is dead
	out     []byte
	dead    chan struct{} // closed with err
}

// The most bytes of a frame that we take. It bounds what a hostile server can
// make us hold.
const maxFrame = 1<<20 + 1<<16

// wantCredits is how many credits we hold at most: each is a request in flight
// or 64 KiB of an answer.
const wantCredits = 256

// writeTimeout bounds how long a request may take to leave.
const writeTimeout = 10 * time.Second

// request is one message to send.
type request struct {
	cmd    command
	tree   *Tree
	body   []byte
	charge int // credits; 0 means 1
}

// call waits for the answer to one request.
type call struct {
	cmd    command
	answer chan answer // capacity 1
	left   bool        // nobody waits any more; guarded by Conn.mu
	tree   *Tree
}

type answer struct {
	msg header // headerSize bytes at least
	f   *frame
	err error
}

// frame is a buffer that the answers of one compound share.
type frame struct {
	buf    []byte
	users  atomic.Int32
	sealed bool
}

var frames = sync.Pool{New: func() any { return new(frame) }}

func newFrame(n int) *frame {
	f, _ := frames.Get().(*frame)
	if cap(f.buf) < n {
		f.buf = make([]byte, n, max(n, 4096)+16) // 16: the tag while it is decrypted
	}
	f.buf = f.buf[:n]
	f.sealed = false
	f.users.Store(1)
	return f
}

func (f *frame) release() {
	if f != nil && f.users.Add(-1) == 0 {
		frames.Put(f)
	}
}

// release gives the answer's buffer back; msg must not be used any more.
func (a answer) release() { a.f.release() }

func newConn(nc net.Conn, host string) *Conn {
	c := &Conn{
		nc: nc, host: host, mode: signingEnabled | signingRequired, credits: 1, more: make(chan struct{}), calls: make(map[uint64]*call), dead: make(chan struct{}),
		maxRead: 1 << 16, maxTransact: 1 << 16,
	}
	c.received.Store(time.Now().UnixNano())
	return c
}

// exchange sends the requests in one frame, related if there are several, and
// returns their answers in order. Answers with an error status are answers. An
// error means that there are none.
func (c *Conn) exchange(ctx context.Context, reqs ...request) ([]answer, error) {
	calls, err := c.send(ctx, reqs)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(calls))
	for i, cl := range calls {
		select {
		case answers[i] = <-cl.answer:
			if answers[i].err == nil {
				answers[i].err = c.authentic(answers[i])
			}
			err = answers[i].err
		case <-ctx.Done():
			err = ctx.Err()
		case <-c.dead:
			select { // the answer may have come before the end
			case answers[i] = <-cl.answer:
				if err = answers[i].err; err == nil {
					err = c.authentic(answers[i])
				}
			default:
				err = c.deadErr()
			}
		}
		if err != nil {
			c.abandon(calls, answers[:i])
			answers[i].release()
			return nil, err
		}
	}
	return answers, nil
}

// do exchanges one request. An error status is an error.
func (c *Conn) do(ctx context.Context, r request) (answer, error) {
	answers, err := c.exchange(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if s := answers[0].msg.status(); s != StatusOK {
		answers[0].release()
		return answer{}, s
	}
	return answers[0], nil
}

func (c *Conn) send(ctx context.Context, reqs []request) ([]*call, error) {
	charge := 0
	for i := range reqs {
		reqs[i].charge = max(1, reqs[i].charge)
		charge += reqs[i].charge
	}
	if err := c.borrow(ctx, charge); err != nil { // locks c.mu
		return nil, err
	}
	defer c.mu.Unlock()
	calls := make([]*call, len(reqs))
	out := append(c.out[:0], 0, 0, 0, 0)
	sealed := c.sealed.Load()
	for i, r := range reqs {
		at := len(out)
		out = append(out, make([]byte, headerSize)...)
		out = append(out, r.body...)
		h := header(out[at:])
		copy(h, magic[:])
		le.PutUint16(h[4:], headerSize)
		le.PutUint16(h[6:], uint16(r.charge))
		le.PutUint16(h[12:], uint16(r.cmd))
		le.PutUint16(h[14:], uint16(r.charge+max(0, wantCredits-c.credits)))
		le.PutUint64(h[24:], c.nextID)
		h.setSession(c.session)
		if r.tree != nil {
			le.PutUint32(h[36:], r.tree.id)
			sealed = sealed || r.tree.sealed
		}
		if i > 0 {
			h.setFlags(flagRelated)
		}
		if i < len(reqs)-1 {
			out = append(out, make([]byte, align8(len(out)-at)-(len(out)-at))...)
			h = header(out[at:])
			h.setNext(len(out) - at)
		}
		calls[i] = &call{cmd: r.cmd, answer: make(chan answer, 1), tree: r.tree}
		c.calls[c.nextID] = calls[i]
		c.nextID += uint64(r.charge)
		switch {
		case c.session == 0 || r.cmd == cmdSessionSetup:
		case c.signed && !sealed:
			c.keys.signMessage(h)
		}
		if r.cmd <= cmdSessionSetup {
			sealed = false
			if c.keys.sign == nil {
				c.hash.add(h)
			}
		}
	}
	c.out = out
	if sealed {
		out = c.keys.encrypt(append(make([]byte, 0, len(out)+transformSize+32), 0, 0, 0, 0), out[4:], c.session)
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	_ = c.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.nc.Write(out); err != nil {
		c.fail(fmt.Errorf("send: %w", err))
		return nil, c.err
	}
	return calls, nil
}

// borrow waits for credits and returns with c.mu locked, unless it returns an
// error.
func (c *Conn) borrow(ctx context.Context, n int) error {
	for {
		c.mu.Lock()
		if c.err != nil {
			defer c.mu.Unlock()
			return c.err
		}
		if err := ctx.Err(); err != nil {
			c.mu.Unlock()
			return err
		}
		if c.credits >= n {
			c.credits -= n
			return nil
		}
		more := c.more
		c.waiters++
		c.mu.Unlock()
		var err error
		select {
		case <-more:
		case <-ctx.Done():
			err = ctx.Err()
		case <-c.dead:
			err = c.deadErr()
		}
		c.mu.Lock()
		c.waiters--
		c.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// abandon says that nobody waits for the calls any more. What they open will be
// closed.
func (c *Conn) abandon(calls []*call, have []answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	closes := calls[len(calls)-1].cmd == cmdClose
	for _, cl := range calls {
		if closes {
			cl.cmd = cmdEcho // what it opens, the same frame closes
		}
		cl.left = true
	}
	for i, cl := range calls {
		var a answer
		if i < len(have) {
			a = have[i]
		} else {
			select {
			case a = <-cl.answer: // it came meanwhile
			default:
				continue
			}
		}
		c.closeOrphan(cl, a.msg)
		a.release()
	}
}

// closeOrphan closes a file whose opener has gone. c.mu is held.
func (c *Conn) closeOrphan(cl *call, msg header) {
	if cl.cmd != cmdCreate || len(msg) < headerSize || msg.status() != StatusOK {
		return
	}
	if r, err := parseCreate(msg); err == nil {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
			defer cancel()
			if a, err := c.do(ctx, request{cmd: cmdClose, tree: cl.tree, body: closeBody(r.id)}); err == nil {
				a.release()
			}
		}()
	}
}

// authentic checks the signature of an answer.
func (c *Conn) authentic(a answer) error {
	if c.session == 0 || !c.signed || a.f == nil || a.f.sealed || a.msg.command() == cmdSessionSetup {
		return nil
	}
	if a.msg.flags()&flagSigned != 0 && c.keys.verify(a.msg) {
		return nil
	}
	switch a.msg.status() {
	case StatusUserSessionDeleted, StatusNetworkSessionExpired:
		// A server that forgot the session has no key to sign with. That is as
		// good as a lost connection and no worse.
		err := fmt.Errorf("the session ended: %w", a.msg.status())
		c.kill(err)
		return err
	}
	err := &ProtocolError{"an answer bears no valid signature"}
	c.kill(err)
	return err
}

// receiveBuffer takes a small answer in with the length that stands before it, or
// several of them. Bytes of larger ones go past it.
const receiveBuffer = 16 << 10

// receive takes answers until the connection ends.
func (c *Conn) receive() {
	var prefix [4]byte
	in := bufio.NewReaderSize(c.nc, receiveBuffer)
	for {
		if _, err := io.ReadFull(in, prefix[:]); err != nil {
			c.kill(fmt.Errorf("receive: %w", err))
			return
		}
		n := binary.BigEndian.Uint32(prefix[:])
		if n < headerSize || n > maxFrame {
			c.kill(&ProtocolError{fmt.Sprintf("a frame of %d bytes", n)})
			return
		}
		f := newFrame(int(n))
		if _, err := io.ReadFull(in, f.buf); err != nil {
			c.kill(fmt.Errorf("receive: %w", err))
			return
		}
		c.received.Store(time.Now().UnixNano())
		err := c.accept(f)
		f.release()
		if err != nil {
			c.kill(err)
			return
		}
	}
}

// accept hands out the answers in a frame.
func (c *Conn) accept(f *frame) error {
	msgs := f.buf
	c.mu.Lock()
	keys, session := c.keys, c.session
	c.mu.Unlock()
	if [4]byte(msgs) == sealedMagic {
		plain, err := keys.decrypt(f.buf, session)
		if err != nil {
			return err
		}
		f.buf, f.sealed, msgs = plain, true, plain
	} else if c.sealed.Load() {
		return &ProtocolError{"an answer is not encrypted"}
	}
	for len(msgs) > 0 {
		if len(msgs) < headerSize || [4]byte(msgs) != magic {
			return &ProtocolError{"not a message of SMB 2"}
		}
		msg := header(msgs)
		if next := msg.next(); next != 0 {
			if next < headerSize || next > len(msgs) {
				return errShort
			}
			msg, msgs = header(msgs[:next]), msgs[next:]
		} else {
			msgs = nil
		}
		if msg.flags()&flagResponse == 0 {
			return &ProtocolError{"it sends a request"}
		}
		if err := c.deliver(msg, f); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) deliver(msg header, f *frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := msg.credits(); n > 0 {
		c.credits = min(c.credits+n, 1<<13)
		if c.waiters > 0 {
			close(c.more)
			c.more = make(chan struct{})
		}
	}
	id := msg.messageID()
	if id == 1<<64-1 {
		return nil // a break of an oplock; we hold none
	}
	cl := c.calls[id]
	if cl == nil {
		return &ProtocolError{"an answer that nobody asked for"}
	}
	if msg.status() == StatusPending && msg.flags()&flagAsync != 0 {
		return nil // the answer will come
	}
	if cl.cmd != cmdEcho && msg.command() != cl.cmd {
		return &ProtocolError{"the answer to another request"}
	}
	delete(c.calls, id)
	if cl.left {
		c.closeOrphan(cl, msg)
		return nil
	}
	if cl.tree != nil && cl.tree.sealed && !f.sealed {
		return &ProtocolError{"an answer is not encrypted"}
	}
	f.users.Add(1)
	cl.answer <- answer{msg: msg, f: f}
	return nil
}

// kill ends the connection; all calls end with err.
func (c *Conn) kill(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(err)
}

func (c *Conn) fail(err error) {
	if c.err != nil {
		return
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the server closed the connection: %w", err)
	}
	c.err = &LostError{err}
	close(c.dead)
	_ = c.nc.Close()
}

func (c *Conn) deadErr() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Dead is closed when the connection has ended.
func (c *Conn) Dead() <-chan struct{} { return c.dead }

// Silent returns how long the server has sent nothing.
func (c *Conn) Silent() time.Duration { return time.Since(time.Unix(0, c.received.Load())) }

// Close ends the connection at once. What is open on it the server closes.
func (c *Conn) Close() error {
	c.kill(errClosed)
	return nil
}

// Logoff ends the session and the connection.
func (c *Conn) Logoff(ctx context.Context) error {
	a, err := c.do(ctx, request{cmd: cmdLogoff, body: []byte{4, 0, 0, 0}})
	a.release()
	_ = c.Close()
	return err
}

// Echo asks the server whether it is there.
func (c *Conn) Echo(ctx context.Context) error {
	a, err := c.do(ctx, request{cmd: cmdEcho, body: []byte{4, 0, 0, 0}})
	a.release()
	return err
}
