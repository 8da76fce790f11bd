package slackexport

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mislaid/sources"
)

// entry is a file of an export.
type entry struct {
	name    string // slash path as the export has it, raw
	size    int64  // unpacked; -1 unknown
	mod     time.Time
	version string
	file    *zip.File // of a ZIP; nil in a folder
}

// tree is where an export's files lie: a ZIP or a folder.
type tree interface {
	// under lists the files below a folder of the export ("" is its root, and
	// lists only what is directly in it), in order of their names. An error
	// with an entry is about that entry.
	under(ctx context.Context, dir string, yield func(entry, error) bool)
	// dirs are the folders in the root, in order.
	dirs() ([]string, error)
	// find returns the file of a name as it is now, or ErrGone.
	find(name string) (entry, error)
	// open opens a file for reading from its start. What it returns is an
	// io.ReadSeeker in a folder.
	open(e entry) (io.ReadCloser, error)
	close() error
	// torn is why files that the export had may be missing; nil if none are.
	torn() error
}

// zipTree is an export in a ZIP. When the file at path is replaced, it is read
// anew.
type zipTree struct {
	path string

	mu    sync.RWMutex
	file  *os.File
	info  fs.FileInfo
	lost  error // why files may be missing
	old   []*os.File
	names []string // sorted
	files map[string]entry
	root  []string
}

// Limits on what a ZIP may claim. Exports of the largest workspaces have a few
// hundred thousand files, and their text packs to a tenth or a twentieth.
const (
	maxDirectory = 512 << 20 // bytes of the ZIP's directory
	maxRatio     = 300       // unpacked to packed
	freeSize     = 64 << 20  // what may unpack whatever the ratio
)

func openZip(path string) (*zipTree, error) {
	z := &zipTree{path: path}
	if err := z.load(); err != nil {
		return nil, err
	}
	return z, nil
}

// load reads the directory of the ZIP. mu is held, or nobody else knows z.
func (z *zipTree) load() error {
	f, err := openRegular(os.OpenFile, z.path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return err
	}
	files, torn, err := readFiles(f, info.Size())
	if err != nil {
		_ = f.Close()
		return err
	}
	if z.file != nil {
		z.old = append(z.old, z.file)
	}
	z.file, z.info, z.lost, z.files = f, info, torn, make(map[string]entry, len(files))
	z.names, z.root = nil, nil
	prefix := commonRoot(files)
	for _, zf := range files {
		name := strings.TrimPrefix(zf.Name, prefix)
		if strings.HasSuffix(name, "/") || name == "" {
			continue
		}
		for n := 2; ; n++ { // two files of one name are two files
			if _, taken := z.files[name]; !taken {
				break
			}
			name = strings.TrimPrefix(zf.Name, prefix) + " (" + strconv.Itoa(n) + ")"
		}
		size := int64(-1)
		if zf.UncompressedSize64 < 1<<62 {
			size = int64(zf.UncompressedSize64)
		}
		z.files[name] = entry{
			name: name, size: size, mod: zf.Modified, file: zf,
			version: fmt.Sprintf("%08x-%d", zf.CRC32, zf.UncompressedSize64),
		}
		z.names = append(z.names, name)
	}
	slices.Sort(z.names)
	for _, name := range z.names {
		if dir, _, ok := strings.Cut(name, "/"); ok && !slices.Contains(z.root[max(0, len(z.root)-1):], dir) {
			z.root = append(z.root, dir)
		}
	}
	slices.Sort(z.root)
	z.root = slices.Compact(z.root)
	return nil
}

// readFiles reads the list of a ZIP's files, or finds them where it has none. torn
// is why some may be missing then.
func readFiles(r io.ReaderAt, size int64) (files []*zip.File, torn, err error) {
	files, err = readDirectory(r, size)
	if err == nil || errors.Is(err, sources.ErrUnsupported) {
		return files, nil, err
	}
	m, whole, merr := mend(r, size)
	if merr != nil {
		return nil, nil, err
	}
	if files, merr = readDirectory(m, m.length()); merr != nil {
		return nil, nil, errors.Join(err, merr)
	}
	return files, errTorn(len(files), whole), nil
}

// readDirectory reads the list of a ZIP's files, if it is of a size that a ZIP
// of this length can honestly have.
func readDirectory(r io.ReaderAt, size int64) ([]*zip.File, error) {
	length, err := directorySize(r, size)
	if err != nil {
		return nil, err
	}
	if length > maxDirectory {
		return nil, fmt.Errorf("its directory has %d MB, which no export has: %w", length>>20, sources.ErrUnsupported)
	}
	zr, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are no paths here
		return nil, fmt.Errorf("not a ZIP that can be read: %w", err)
	}
	zr.RegisterDecompressor(zip.Deflate, inflate)
	packed := uint64(0)
	for _, f := range zr.File {
		if packed += f.CompressedSize64; packed > uint64(size) || f.CompressedSize64 > uint64(size) {
			return nil, fmt.Errorf("its files lie on top of each other, as in a ZIP made to exhaust its reader: %w", sources.ErrUnsupported)
		}
	}
	return zr.File, nil
}

const sqliteMagic = "SQLite format 3\x00"

var errDatabase = fmt.Errorf("it is a database, not a ZIP: name the folder that slackdump made, which holds the files too: %w", sources.ErrUnsupported)

// directorySize reads how long a ZIP says that its directory is (APPNOTE.TXT
// 6.3.10, sections 4.3.14 and 4.3.16).
func directorySize(r io.ReaderAt, size int64) (int64, error) {
	const endSize, end64Size, locatorSize = 22, 56, 20
	tail := make([]byte, min(size, endSize+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	head := make([]byte, len(sqliteMagic))
	if n, _ := r.ReadAt(head, 0); string(head[:n]) == sqliteMagic {
		return 0, errDatabase
	}
	at := strings.LastIndex(string(tail), "PK\x05\x06")
	if at < 0 || at+endSize > len(tail) {
		return 0, errors.New("not a ZIP: it has no end of the directory; the download may be incomplete")
	}
	length := int64(binary.LittleEndian.Uint32(tail[at+12:]))
	if length != 0xffffffff || at < locatorSize {
		return length, nil
	}
	end := make([]byte, end64Size)
	off := int64(binary.LittleEndian.Uint64(tail[at-locatorSize+8:]))
	if _, err := r.ReadAt(end, off); err != nil {
		return 0, errors.New("not a ZIP: its 64-bit end of the directory is missing")
	}
	return int64(min(binary.LittleEndian.Uint64(end[40:]), 1<<62)), nil
}

// commonRoot is the folder that everything lies in, "" if there is none: people
// pack the unpacked folder again.
func commonRoot(files []*zip.File) string {
	root := ""
	for i, f := range files {
		dir, _, ok := strings.Cut(f.Name, "/")
		if i == 0 {
			root = dir
		}
		if !ok || dir != root || root == "" {
			return ""
		}
	}
	for _, f := range files {
		if n := strings.TrimPrefix(f.Name, root+"/"); isList(n) {
			return root + "/"
		}
	}
	return ""
}

// refresh reads the ZIP anew if another file is at its path.
func (z *zipTree) refresh() error {
	now, err := os.Stat(z.path)
	if err != nil {
		return fmt.Errorf("the export is gone: %w", typed(err))
	}
	z.mu.RLock()
	same := os.SameFile(now, z.info) && now.Size() == z.info.Size() && now.ModTime().Equal(z.info.ModTime())
	z.mu.RUnlock()
	if same {
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if os.SameFile(now, z.info) && now.Size() == z.info.Size() && now.ModTime().Equal(z.info.ModTime()) {
		return nil
	}
	return z.load()
}

func (z *zipTree) dirs() ([]string, error) {
	if err := z.refresh(); err != nil {
		return nil, err
	}
	z.mu.RLock()
	defer z.mu.RUnlock()
	return z.root, nil
}

func (z *zipTree) under(ctx context.Context, dir string, yield func(entry, error) bool) {
	if err := z.refresh(); err != nil {
		yield(entry{}, err)
		return
	}
	z.mu.RLock()
	names, files := z.names, z.files
	z.mu.RUnlock()
	prefix := ""
	if dir != "" {
		prefix = dir + "/"
	}
	i, _ := slices.BinarySearch(names, prefix)
	for ; i < len(names) && strings.HasPrefix(names[i], prefix); i++ {
		if dir == "" && strings.Contains(names[i], "/") {
			continue
		}
		if err := ctx.Err(); err != nil {
			yield(entry{}, err)
			return
		}
		if !yield(files[names[i]], nil) {
			return
		}
	}
}

func (z *zipTree) torn() error {
	z.mu.RLock()
	defer z.mu.RUnlock()
	return z.lost
}

func (z *zipTree) find(name string) (entry, error) {
	if err := z.refresh(); err != nil {
		return entry{}, err
	}
	z.mu.RLock()
	defer z.mu.RUnlock()
	e, ok := z.files[name]
	if !ok {
		return entry{}, fmt.Errorf("not in the export: %w", sources.ErrGone)
	}
	return e, nil
}

func (z *zipTree) open(e entry) (io.ReadCloser, error) {
	if e.file.Flags&1 != 0 {
		return nil, fmt.Errorf("it is encrypted; unpack the ZIP with its password and scan the folder: %w", sources.ErrDenied)
	}
	r, err := e.file.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sources.ErrUnsupported, err)
	}
	return &bounded{ReadCloser: r, left: max(int64(min(e.file.CompressedSize64, 1<<50))*maxRatio, freeSize)}, nil
}

func (z *zipTree) close() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	err := z.file.Close()
	for _, f := range z.old {
		err = errors.Join(err, f.Close())
	}
	return err
}

// bounded ends what unpacks to more than it can honestly be.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("it unpacks to more than %d times its size: %w", maxRatio, sources.ErrUnsupported)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// typed adds the sentinel of package sources to an error of package os.
func typed(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", sources.ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", sources.ErrGone, err)
	}
	return err
}
