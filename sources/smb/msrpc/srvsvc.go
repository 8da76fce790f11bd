package msrpc

import (
	"context"
	"errors"
	"fmt"

	"mislaid/sources"
	"mislaid/sources/ntacl"
)

// Share is a share as its server announces it.
type Share struct {
	Name    string
	Comment string
	Path    string // on the server; "" where we may not know
	Type    uint32 // MS-SRVS 2.2.2.4: the kind in the low bits, ShareSpecial and ShareTemporary above

	// Descriptor is the list that guards the share. It is nil where it could
	// not be read, and DescriptorErr says why: that never means that nobody
	// may use the share.
	Descriptor    *ntacl.Descriptor
	DescriptorErr error
}

// errNotTold is for a server that answers and leaves the list out, as Samba does
// to everybody but administrators. It does not say that there is none.
var errNotTold = fmt.Errorf("%w: only administrators are told", sources.ErrDenied)

// Kinds of shares and marks on them; MS-SRVS 2.2.2.4.
const (
	ShareDisk  uint32 = 0
	SharePrint uint32 = 1
	ShareIPC   uint32 = 3

	ShareKinds     uint32 = 0x0FFFFFFF
	ShareTemporary uint32 = 0x40000000
	ShareSpecial   uint32 = 0x80000000
)

// Operations of the interface; MS-SRVS 3.1.4.
const (
	opNetrShareEnum     = 15
	opNetrShareGetInfo  = 16
	opNetrServerGetInfo = 21
)

// Levels of detail; MS-SRVS 2.2.4.
const (
	level1   = 1
	level101 = 101
	level502 = 502
)

// ListShares lists the shares of the server, with their lists where we may read
// them (administrators, on Windows), else by name, kind and comment.
func ListShares(ctx context.Context, open Opener, host string) ([]Share, error) {
	list, err := enumerate(ctx, open, host, level502)
	var refused *StatusError
	if errors.As(err, &refused) {
		why := err
		if list, err = enumerate(ctx, open, host, level1); err == nil {
			for i := range list {
				list[i].DescriptorErr = why
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list the shares of %s: %w", host, err)
	}
	return list, nil
}

func enumerate(ctx context.Context, open Opener, host string, level uint32) ([]Share, error) {
	c, err := dial(ctx, open, "srvsvc", srvsvc)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var all []Share
	resume := uint32(0)
	for {
		var e encoder
		e.pointer()
		e.text(`\\` + host)
		e.u32(level)
		e.u32(level)
		e.pointer()
		e.u32(0) // entries
		e.u32(0)
		e.u32(1<<32 - 1) // as long as it takes
		e.pointer()
		e.u32(resume)
		d, err := c.ask(opNetrShareEnum, &e)
		if err != nil {
			return nil, err
		}
		list, next, more, err := decodeShares(d, level)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if !more || len(list) == 0 || next == resume {
			return all, nil
		}
		resume = next
	}
}

// decodeShares reads the answer to NetrShareEnum; MS-SRVS 3.1.4.8.
func decodeShares(d *decoder, level uint32) (list []Share, resume uint32, more bool, err error) {
	if got, tag := d.u32(), d.u32(); d.err == nil && (got != level || tag != level) {
		return nil, 0, false, errWire
	}
	if d.pointer() {
		d.u32() // entries
		if d.pointer() {
			list = decodeShareArray(d, level)
		}
	}
	d.u32() // total
	if d.pointer() {
		resume = d.u32()
	}
	code := d.u32()
	switch {
	case d.err != nil:
		return nil, 0, false, d.err
	case code != 0 && code != win32MoreData:
		return nil, 0, false, &StatusError{Code: code}
	}
	return list, resume, code == win32MoreData, nil
}

func decodeShareArray(d *decoder, level uint32) []Share {
	size := 12
	if level == level502 {
		size = 40
	}
	n := d.count(size)
	heads := make([]shareHead, n)
	for i := range heads {
		heads[i].read(d, level)
	}
	list := make([]Share, 0, n)
	for _, h := range heads {
		list = append(list, h.share(d))
		if d.err != nil {
			return nil
		}
	}
	return list
}

// shareHead is the fixed part of a SHARE_INFO_1 or SHARE_INFO_502_I; MS-SRVS
// 2.2.4.23 and 2.2.4.26.
type shareHead struct {
	name, comment, path, password, guarded bool
	level, kind, size                      uint32
}

func (h *shareHead) read(d *decoder, level uint32) {
	h.level = level
	h.name = d.pointer()
	h.kind = d.u32()
	h.comment = d.pointer()
	if level != level502 {
		return
	}
	d.skip(12) // permissions, which mean nothing here, and numbers of users
	h.path = d.pointer()
	h.password = d.pointer()
	h.size = d.u32()
	h.guarded = d.pointer()
}

// share reads what the fixed part points to.
func (h *shareHead) share(d *decoder) Share {
	s := Share{Type: h.kind}
	if h.name {
		s.Name = d.text()
	}
	if h.comment {
		s.Comment = d.text()
	}
	if h.path {
		s.Path = d.text()
	}
	if h.password {
		d.text() // of Windows 95; not kept
	}
	if h.level != level502 {
		return s
	}
	if !h.guarded {
		s.DescriptorErr = errNotTold
		return s
	}
	raw := d.take(d.count(1))
	if d.err != nil {
		return s
	}
	if len(raw) > int(h.size) {
		raw = raw[:h.size]
	}
	s.Descriptor, s.DescriptorErr = ntacl.Parse(raw)
	return s
}

// ShareDescriptor reads the list that guards one share. Where we may not, the
// error wraps sources.ErrDenied.
func ShareDescriptor(ctx context.Context, open Opener, host, share string) (*ntacl.Descriptor, error) {
	c, err := dial(ctx, open, "srvsvc", srvsvc)
	if err != nil {
		return nil, fmt.Errorf("list of the share %s: %w", share, err)
	}
	defer c.close()
	var e encoder
	e.pointer()
	e.text(`\\` + host)
	e.text(share)
	e.u32(level502)
	d, err := c.ask(opNetrShareGetInfo, &e)
	if err == nil {
		var s Share
		if s, err = decodeShareInfo(d); err == nil && s.DescriptorErr == nil {
			return s.Descriptor, nil
		}
		err = errors.Join(err, s.DescriptorErr)
	}
	return nil, fmt.Errorf("list of the share %s: %w", share, err)
}

// decodeShareInfo reads the answer to NetrShareGetInfo; MS-SRVS 3.1.4.10.
func decodeShareInfo(d *decoder) (Share, error) {
	var s Share
	if tag := d.u32(); d.err == nil && tag != level502 {
		return s, errWire
	}
	found := d.pointer()
	if found {
		var h shareHead
		h.read(d, level502)
		s = h.share(d)
	}
	d.align(4)
	switch code := d.u32(); {
	case d.err != nil:
		return s, d.err
	case code == win32UnknownLevel, code == win32NotSupported:
		return s, fmt.Errorf("%w: the server does not tell", sources.ErrUnsupported)
	case code != 0:
		return s, &StatusError{Code: code}
	case !found:
		return s, errWire
	}
	return s, nil
}

// Software is what a server says of itself.
type Software struct {
	Major, Minor uint32 // of the version of Windows that it is or behaves like
	Comment      string
	Unix         bool // it is Samba, whose smb.conf may keep out people whom every list lets in
}

// AskSoftware asks a server what it is.
func AskSoftware(ctx context.Context, open Opener, host string) (Software, error) {
	c, err := dial(ctx, open, "srvsvc", srvsvc)
	if err != nil {
		return Software{}, fmt.Errorf("version of %s: %w", host, err)
	}
	defer c.close()
	var e encoder
	e.pointer()
	e.text(`\\` + host)
	e.u32(level101)
	d, err := c.ask(opNetrServerGetInfo, &e)
	if err != nil {
		return Software{}, fmt.Errorf("version of %s: %w", host, err)
	}
	s, err := decodeSoftware(d)
	if err != nil {
		return Software{}, fmt.Errorf("version of %s: %w", host, err)
	}
	return s, nil
}

// serverUnix marks a server that runs on Unix; SV_TYPE_SERVER_UNIX of MS-SRVS
// 2.2.2.7.
const serverUnix = 0x800

// decodeSoftware reads the answer to NetrServerGetInfo; MS-SRVS 3.1.4.17 and
// 2.2.4.41.
func decodeSoftware(d *decoder) (s Software, err error) {
	if tag := d.u32(); d.err == nil && tag != level101 {
		return s, errWire
	}
	found := d.pointer()
	if found {
		d.u32() // platform
		name := d.pointer()
		s.Major, s.Minor = d.u32()&0xF, d.u32()
		s.Unix = d.u32()&serverUnix != 0
		comment := d.pointer()
		if name {
			d.text()
		}
		if comment {
			s.Comment = d.text()
		}
	}
	d.align(4)
	if err := d.status(); err != nil {
		return Software{}, err
	}
	if !found {
		return s, errWire
	}
	return s, nil
}
