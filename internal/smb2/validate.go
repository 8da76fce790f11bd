package smb2

import (
	"bytes"
	"context"
	"sync/atomic"
)

const fsctlValidate = 0x00140204 // FSCTL_VALIDATE_NEGOTIATE_INFO

// offered is what both sides said before anything was signed.
type offered struct {
	client    []byte // our capabilities and GUID
	dialects  []uint16
	answer    []byte // as a server that saw our offer confirms it
	confirmed atomic.Bool
}

// serverOffer is VALIDATE_NEGOTIATE_INFO_RESPONSE ([MS-SMB2] 2.2.32.6).
func serverOffer(caps uint32, guid [16]byte, mode, dialect uint16) []byte {
	b := le.AppendUint32(nil, caps)
	b = append(b, guid[:]...)
	return le.AppendUint16(le.AppendUint16(b, mode), dialect)
}

// validate asks the server, signed, what was negotiated unsigned: whoever sits
// between could have made it an older dialect ([MS-SMB2] 3.2.5.5). With 3.1.1 the
// keys themselves hang on the negotiation, and without a key nothing can be
// proven. A server that is too old to know the question says so under its
// signature, which is as good. Only the first tree of a connection asks.
func (c *Conn) validate(ctx context.Context, t *Tree) error {
	if c.dialect == dialect311 || !c.signed || c.offered.confirmed.Load() {
		return nil
	}
	in := append([]byte(nil), c.offered.client...)
	in = le.AppendUint16(in, uint16(c.mode))
	in = le.AppendUint16(in, uint16(len(c.offered.dialects)))
	for _, d := range c.offered.dialects {
		in = le.AppendUint16(in, d)
	}
	a, err := c.do(ctx, ioctlRequest(t, fsctlValidate, related, in, len(c.offered.answer)))
	defer a.release()
	if _, answered := StatusOf(err); err != nil && !answered {
		return err
	}
	if err == nil {
		data, err := ioctlAnswer(a.msg)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, c.offered.answer) {
			err := &ProtocolError{"it did not negotiate what we saw it negotiate: somebody between changes it"}
			c.kill(err)
			return err
		}
	}
	c.offered.confirmed.Store(true)
	return nil
}
