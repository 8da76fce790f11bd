package smb

import (
	"fmt"
	"strings"

	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// own is what an Item carries that is no ordinary file.
type own struct {
	at     smb2.Snapshot // of the volume; 0: as it is now
	stream bool          // it is a stream of a file, and has none itself
}

// stream is the Item of an alternate data stream of a file or directory. Its ID is that of the
// file, a colon, and the name of the stream: no listing gives a name with a
// colon.
func (s *Source) stream(of sources.Item, stream smb2.Stream) sources.Item {
	o, _ := of.Own.(own)
	o.stream = true
	return sources.Item{
		Container: of.Container, ID: of.ID + ":" + paths.Legible(stream.Name), Path: of.Path + ":" + paths.Legible(stream.Name),
		Attr: sources.Attr{Size: stream.Size}, Ranges: true, Own: o,
	}
}

// splitStream cuts the name of a stream off an ID.
func splitStream(id string) (file, stream string, ok bool, err error) {
	file, stream, ok = strings.Cut(id, ":")
	if ok && (stream == "" || strings.ContainsAny(stream, ":/\\\x00")) {
		return "", "", false, fmt.Errorf("smb: no listing gives the ID %q: %w", id, sources.ErrGone)
	}
	return file, stream, ok, nil
}
