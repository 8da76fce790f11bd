package smb2

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

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
