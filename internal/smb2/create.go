package smb2

import (
	"time"
)

// Info is what a server says of a file or directory. Times and sizes are those
// of the open or the listing that gave it.
type Info struct {
	Size       int64
	Written    uint64 // FILETIME
	Changed    uint64 // FILETIME: content, name or attributes
	Attributes Attributes
	Tag        uint32 // what kind of reparse point; 0 unknown, or none
	Index      uint64 // the server's number of the file; 0 unknown
}

// ModTime is when the content was last written.
func (i Info) ModTime() time.Time { return fileTime(i.Written) }

// ChangeTime is when content, name or attributes last changed.
func (i Info) ChangeTime() time.Time { return fileTime(i.Changed) }

// Attributes are those of [MS-FSCC] 2.6.
type Attributes uint32

// The attributes that somebody asks for.
const (
	AttrReadOnly     Attributes = 0x1
	AttrHidden       Attributes = 0x2
	AttrSystem       Attributes = 0x4
	AttrDirectory    Attributes = 0x10
	AttrSparse       Attributes = 0x200
	AttrReparse      Attributes = 0x400
	AttrOffline      Attributes = 0x1000
	AttrRecallOpen   Attributes = 0x40000
	AttrRecallAccess Attributes = 0x400000
)

// Tags of reparse points ([MS-FSCC] 2.1.2.1).
const (
	TagMountPoint = 0xA0000003 // a junction or a volume mounted there
	TagSymlink    = 0xA000000C
	TagDFS        = 0x8000000A
	TagDFSR       = 0x80000012
	TagNFS        = 0x80000014
	TagLXSymlink  = 0xA000001D
	TagFIFO       = 0x80000024
	TagCharDevice = 0x80000025
	TagBlkDevice  = 0x80000026
	TagSocket     = 0x80000023
)

// Access rights that we ask for.
const (
	accessReadData    = 0x1
	accessReadAttr    = 0x80
	accessReadControl = 0x20000
	accessSync        = 0x100000
	accessPipe        = 0x12019F
)

const shareAll = 7 // others may read, write and delete

// Create options.
const (
	optDirectory    = 0x1
	optNotDirectory = 0x40
	optReparsePoint = 0x200000
	optNoRecall     = 0x400000
)

// create is a request to open something that exists ([MS-SMB2] 2.2.13).
type create struct {
	path     string // separated by slashes
	access   uint32
	options  uint32
	snapshot Snapshot
}

// Snapshot is a previous version, as a FILETIME; 0 is the present.
type Snapshot uint64

func (c create) body() []byte {
	b := make([]byte, 56, 120+2*len(c.path))
	le.PutUint16(b[0:], 57)
	le.PutUint32(b[4:], 2) // impersonation
	le.PutUint32(b[24:], c.access)
	le.PutUint32(b[32:], shareAll)
	le.PutUint32(b[36:], 1) // open what exists
	le.PutUint32(b[40:], c.options)
	le.PutUint16(b[44:], headerSize+56)
	at := len(b)
	b = appendUTF16(b, c.path)
	for i := at; i < len(b); i += 2 {
		if b[i] == '/' && b[i+1] == 0 {
			b[i] = '\\'
		}
	}
	le.PutUint16(b[46:], uint16(len(b)-at))
	b = append(b, make([]byte, align8(headerSize+len(b))-headerSize-len(b))...)
	at = len(b)
	if c.snapshot != 0 {
		b = appendCreateContext(b, "TWrp", le.AppendUint64(nil, uint64(c.snapshot)), true)
	}
	b = appendCreateContext(b, "QFid", nil, false)
	le.PutUint32(b[48:], uint32(headerSize+at))
	le.PutUint32(b[52:], uint32(len(b)-at))
	return b
}

// appendCreateContext is [MS-SMB2] 2.2.13.2.
func appendCreateContext(b []byte, name string, data []byte, more bool) []byte {
	at := len(b)
	b = append(b, make([]byte, 24)...)
	h := b[at:]
	le.PutUint16(h[4:], 16)
	le.PutUint16(h[6:], 4)
	copy(h[16:], name)
	if len(data) > 0 {
		le.PutUint16(h[10:], 24)
		le.PutUint32(h[12:], uint32(len(data)))
	}
	b = append(b, data...)
	if more {
		b = append(b, make([]byte, align8(len(b)-at)-(len(b)-at))...)
		le.PutUint32(b[at:], uint32(len(b)-at))
	}
	return b
}

// fileID is a server's handle of an open file.
type fileID [16]byte

// related stands for the file that the request before in a compound opened.
var related = fileID{
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
}

type created struct {
	id   fileID
	info Info
}

func parseCreate(msg header) (c created, err error) {
	r, err := checked(msg, 89)
	if err != nil {
		return c, err
	}
	c.info = Info{
		Written: r.u64(24), Changed: r.u64(32), Size: int64(r.u64(48)), Attributes: Attributes(r.u32(56)),
	}
	copy(c.id[:], r.bytes(64, 16))
	contexts := r.variable(r.u32(80), r.u32(84))
	if r.err != nil {
		return c, r.err
	}
	if c.info.Size < 0 {
		return c, &ProtocolError{"a file of negative size"}
	}
	for len(contexts) >= 16 {
		x := &body{b: contexts}
		if string(x.bytes(uint32(x.u16(4)), uint32(x.u16(6)))) == "QFid" {
			id := &body{b: x.bytes(uint32(x.u16(10)), x.u32(12))}
			c.info.Index = id.u64(0)
		}
		next := x.u32(0)
		if x.err != nil || next == 0 || next > uint32(len(contexts)) {
			break
		}
		contexts = contexts[next:]
	}
	return c, nil
}

func closeBody(id fileID) []byte {
	b := make([]byte, 24)
	le.PutUint16(b, 24)
	copy(b[8:], id[:])
	return b
}
