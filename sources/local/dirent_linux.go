package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
)

var errDirent = errors.New("the kernel returned a malformed directory entry")

// direntHeader is the fixed part of struct linux_dirent64 before d_name:
// d_ino 8, d_off 8, d_reclen 2, d_type 1; getdents64(2).
const direntHeader = 19

// parseDirents adds the entries in a buffer that getdents64 filled to l, except
// "." and "..".
func parseDirents(buf []byte, l *listing) error {
	for len(buf) > 0 {
		if len(buf) < direntHeader {
			return errDirent
		}
		size := int(binary.NativeEndian.Uint16(buf[16:]))
		if size < direntHeader || size > len(buf) {
			return errDirent
		}
		name := buf[direntHeader:size]
		if z := bytes.IndexByte(name, 0); z >= 0 {
			name = name[:z]
		}
		k := direntKind(buf[18])
		buf = buf[size:]
		switch {
		case len(name) == 0, bytes.IndexByte(name, '/') >= 0:
			return errDirent
		case string(name) == ".", string(name) == "..":
		default:
			l.add(name, k)
		}
	}
	return nil
}

// direntKind maps d_type; readdir(3).
func direntKind(typ byte) kind {
	switch typ {
	case 0:
		return kindUnknown
	case 1:
		return kindFIFO
	case 2, 6:
		return kindDevice
	case 4:
		return kindDir
	case 8:
		return kindFile
	case 10:
		return kindLink
	case 12:
		return kindSocket
	}
	return kindOther
}

var direntBuffers = sync.Pool{New: func() any { b := make([]byte, direntBuffer); return &b }}

func getDirents() *[]byte  { return direntBuffers.Get().(*[]byte) }
func putDirents(b *[]byte) { direntBuffers.Put(b) }
