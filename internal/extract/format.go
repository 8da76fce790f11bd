package extract

import "bytes"

// format is a way of wrapping streams.
type format struct {
	name  string
	magic func(head []byte) bool

	// isolated formats are read in a process of their own: their libraries may
	// panic, hang or take any amount of memory.
	isolated bool
	heavy    func(head []byte) bool // and so are those that this says it of; may be nil
}

// apart reports whether a thing that begins with head is read in a process of
// its own.
func (f *format) apart(head []byte) bool { return f.isolated || f.heavy != nil && f.heavy(head) }

// formats is the registry: adding one is a line here and one in unpack. The
// first whose magic fits reads a stream.
var formats = []format{
	{name: "zip", magic: begins("PK\x03\x04", "PK\x05\x06")},
	{name: "gzip", magic: begins("\x1f\x8b\x08")},
	{name: "zstd", magic: begins("\x28\xb5\x2f\xfd"), heavy: wideZstd},
	{name: "bzip2", magic: isBzip2, isolated: true},
	{name: "xz", magic: begins("\xfd7zXZ\x00"), isolated: true},
	{name: "tar", magic: at(257, "ustar"), isolated: true},
	{name: "7z", magic: begins("7z\xbc\xaf\x27\x1c"), isolated: true},
	{name: "rar", magic: begins("Rar!\x1a\x07"), isolated: true},
	{name: "ole", magic: begins("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), isolated: true},
	{name: "sqlite", magic: begins("SQLite format 3\x00"), isolated: true},
	{name: "sqlite log", magic: begins("\x37\x7f\x06\x82", "\x37\x7f\x06\x83"), isolated: true},
	{name: "sqlite journal", magic: begins("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"), isolated: true},
	{name: "mail", magic: isMail, isolated: true},
}

// unpack hands what lies in the thing at p to w. Its error is about the thing,
// or ends the walk.
func (f *format) unpack(w *walk, p place, in Input) error {
	switch f.name {
	case "zip":
		return unpackZip(w, p, in)
	case "gzip":
		return unpackGzip(w, p, in)
	case "zstd":
		return unpackZstd(w, p, in)
	case "bzip2":
		return unpackBzip2(w, p, in)
	case "xz":
		return unpackXZ(w, p, in)
	case "tar":
		return unpackTar(w, p, in)
	case "7z":
		return unpack7z(w, p, in)
	case "rar":
		return unpackRar(w, p, in)
	case "ole":
		return unpackOLE(w, p, in)
	case "sqlite":
		return unpackSQLite(w, p, in)
	case "sqlite log":
		return unpackWAL(w, p, in)
	case "sqlite journal":
		return unpackJournal(w, p, in)
	case "mail":
		return unpackMail(w, p, in)
	}
	return ErrUnsupported
}

// formatOf returns what reads a stream that begins with head, nil if nothing
// does.
func formatOf(head []byte) *format {
	for i := range formats {
		if formats[i].magic(head) {
			return &formats[i]
		}
	}
	return nil
}

// begins returns a magic that is one of some openings.
func begins(openings ...string) func([]byte) bool {
	return func(head []byte) bool {
		for _, o := range openings {
			if len(head) >= len(o) && string(head[:len(o)]) == o {
				return true
			}
		}
		return false
	}
}

// at returns a magic that stands at an offset.
func at(off int, magic string) func([]byte) bool {
	return func(head []byte) bool {
		return len(head) >= off+len(magic) && bytes.Equal(head[off:off+len(magic)], []byte(magic))
	}
}

func isBzip2(head []byte) bool {
	return len(head) > 9 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90")
}
