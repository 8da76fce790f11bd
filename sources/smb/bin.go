package smb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// binNames are the directories at the top of a share in which servers keep what
// was deleted, in lower case: vfs_recycle(8) of Samba, Synology, QNAP, Windows.
var binNames = map[string]bool{".recycle": true, "#recycle": true, "@recycle": true, "$recycle.bin": true, "recycler": true}

// mostThrown is how many entries of the bins of a share are looked at.
const mostThrown = 50_000

// thrown is a file in a recycle bin.
type thrown struct {
	path string // in its share
	name string // that it had
	at   time.Time
	info smb2.Info
}

// bin is what lies in the recycle bins of one share, looked for once.
type bin struct {
	once  sync.Once
	files []thrown
}

// bin returns what lies in the recycle bins of a share. An error comes with what
// was found in spite of it, and comes once.
func (s *server) bin(ctx context.Context, src *Source, share string) (files []thrown, err error) {
	s.mu.Lock()
	b := s.bins[strings.ToLower(share)]
	if b == nil {
		b = new(bin)
		s.bins[strings.ToLower(share)] = b
	}
	s.mu.Unlock()
	b.once.Do(func() { b.files, err = src.readBins(ctx, share) })
	return b.files, err
}

// readBins lists the recycle bins of a share.
func (s *Source) readBins(ctx context.Context, share string) ([]thrown, error) {
	top, err := s.list(ctx, share, "")
	if err != nil {
		return nil, fmt.Errorf("smb: recycle bin: %w", sentinel(err))
	}
	var files []thrown
	var errs []error
	var left []string // directories
	for _, e := range top {
		if e.info.Attributes&smb2.AttrDirectory != 0 && binNames[strings.ToLower(e.name)] {
			left = append(left, e.name)
		}
	}
	for looked := 0; len(left) > 0; {
		dir := left[len(left)-1]
		left = left[:len(left)-1]
		entries, err := s.list(ctx, share, dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("smb: %s: %w", paths.Legible(dir), sentinel(err)))
		}
		if looked += len(entries); looked > mostThrown {
			return files, errors.Join(append(errs, fmt.Errorf("smb: %s: more than %d entries: %w", paths.Legible(dir), mostThrown, sources.ErrUnsupported))...)
		}
		for _, e := range entries {
			switch full := dir + "/" + e.name; {
			case e.info.Attributes&smb2.AttrReparse != 0, strings.Contains(e.name, ":"):
			case e.info.Attributes&smb2.AttrDirectory != 0:
				left = append(left, full)
			default:
				files = append(files, thrown{path: full, name: nameInBin(e.name), at: e.info.ChangeTime(), info: e.info})
			}
		}
		s.nameThrown(ctx, share, files[len(files)-min(len(files), len(entries)):])
	}
	return files, errors.Join(errs...)
}

// nameInBin is the name that a file had: Samba numbers those that were thrown
// away more than once.
func nameInBin(name string) string {
	if rest, ok := strings.CutPrefix(name, "Copy #"); ok {
		if n, was, ok := strings.Cut(rest, " of "); ok && n != "" && strings.Trim(n, "0123456789") == "" {
			return was
		}
	}
	return name
}

// nameThrown gives files of a bin of Windows the names that they had: of $Rxyz
// it stands in $Ixyz.
func (s *Source) nameThrown(ctx context.Context, share string, files []thrown) {
	byPath := make(map[string]*thrown, len(files))
	for i := range files {
		byPath[files[i].path] = &files[i]
	}
	for i := range files {
		dir, base := path.Split(files[i].path)
		tail, ok := strings.CutPrefix(base, "$I")
		content := byPath[dir+"$R"+tail]
		if !ok || content == nil {
			continue
		}
		record := make([]byte, 4096)
		n := 0
		err := s.at(ctx, share, files[i].path, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
			_, n, err = t.Open(ctx, path, 0, record, 0, false, false)
			return err
		})
		if err != nil {
			continue // it keeps the name that nobody knows it by, and is crawled under that
		}
		if was, at, ok := parseDeletion(record[:n]); ok {
			content.name, content.at = was, at
		}
	}
}

// parseDeletion reads a $I file of a recycle bin, which nobody documents but
// everybody reads: version 1 (Vista) or 2 (Windows 10), size, time of deletion
// as a FILETIME, and the path.
func parseDeletion(b []byte) (name string, at time.Time, ok bool) {
	const header = 24
	if len(b) < header {
		return "", at, false
	}
	text := b[header:]
	switch binary.LittleEndian.Uint64(b) {
	case 1:
	case 2:
		if len(text) < 4 {
			return "", at, false
		}
		text = text[4:]
	default:
		return "", at, false
	}
	var units []uint16
	for ; len(text) >= 2; text = text[2:] {
		u := binary.LittleEndian.Uint16(text)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	full := string(utf16.Decode(units))
	name = full[strings.LastIndexByte(full, '\\')+1:]
	return name, smb2.Snapshot(binary.LittleEndian.Uint64(b[16:])).Time(), name != ""
}
