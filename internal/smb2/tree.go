package smb2

import (
	"context"
	"fmt"
)

// Tree is a share that a session is connected to.
type Tree struct {
	Share  string
	Kind   ShareKind
	Access uint32 // the most that the share lets this session do, as an access mask
	DFS    bool   // the share is the root of a DFS name space, or part of one

	conn   *Conn
	id     uint32
	sealed bool // the server wants everything about it encrypted
}

// ShareKind is what a share shares.
type ShareKind uint8

// The kinds of shares.
const (
	ShareDisk  ShareKind = 1
	SharePipe  ShareKind = 2
	SharePrint ShareKind = 3
)

const (
	shareFlagDFS     = 0x3 // part of DFS, root of DFS
	shareFlagEncrypt = 0x8000
	shareCapDFS      = 0x8
)

// Tree connects to a share ([MS-SMB2] 2.2.9).
func (c *Conn) Tree(ctx context.Context, share string) (*Tree, error) {
	path := encodeUTF16(`\\` + c.host + `\` + share)
	b := make([]byte, 8, 8+len(path))
	le.PutUint16(b[0:], 9)
	le.PutUint16(b[4:], headerSize+8)
	le.PutUint16(b[6:], uint16(len(path)))
	a, err := c.do(ctx, request{cmd: cmdTreeConnect, body: append(b, path...)})
	if err != nil {
		return nil, fmt.Errorf("share %s: %w", share, err)
	}
	defer a.release()
	r, err := checked(a.msg, 16)
	if err != nil {
		return nil, err
	}
	flags, caps := r.u32(4), r.u32(8)
	t := &Tree{
		Share: share, conn: c, id: a.msg.treeID(), Kind: ShareKind(r.u16(2) & 0xFF), Access: r.u32(12),
		DFS: flags&shareFlagDFS != 0 || caps&shareCapDFS != 0,
	}
	if r.err != nil {
		return nil, r.err
	}
	if flags&shareFlagEncrypt != 0 && !c.sealed.Load() {
		if c.keys.seal == nil {
			return nil, fmt.Errorf("share %s wants encryption: %w", share, ErrNoEncryption)
		}
		t.sealed = true
	}
	if err := c.validate(ctx, t); err != nil {
		return nil, fmt.Errorf("share %s: %w", share, err)
	}
	return t, nil
}

// Conn returns the connection that the tree is on.
func (t *Tree) Conn() *Conn { return t.conn }

// Disconnect ends the connection to the share.
func (t *Tree) Disconnect(ctx context.Context) error {
	a, err := t.conn.do(ctx, request{cmd: cmdTreeDisconnect, tree: t, body: []byte{4, 0, 0, 0}})
	a.release()
	return err
}
