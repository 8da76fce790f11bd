package local

import "strings"

// gitObjects is the directory in which git keeps compressed objects, and
// gitPack the one in it that holds packs; gitrepository-layout(5).
const (
	gitObjects = "objects"
	gitPack    = "pack"
)

// isGitDir reports whether a listing looks like the inside of a repository: a
// .git directory, a bare repository or a submodule's.
func isGitDir(l *listing) bool {
	if k, ok := l.find(gitObjects); !ok || k == kindFile {
		return false
	}
	if _, ok := l.find("HEAD"); !ok {
		return false
	}
	_, config := l.find("config")
	_, refs := l.find("refs")
	return config || refs
}

// gitObjects measures the object store d in bytes. found is false when it holds
// no objects.
func (w *walk) gitObjects(d *dir) (size int64, found bool, err error) {
	var top, sub listing
	if err := d.list(&top); err != nil {
		return 0, false, err
	}
	for _, e := range top.ents {
		name := string(top.name(e))
		if name != gitPack && !isFanOut(name) {
			continue
		}
		n, some, err := w.sizeOf(d, name, &sub)
		if err != nil {
			return 0, false, err
		}
		size, found = size+n, found || some
	}
	return size, found, nil
}

// sizeOf sums the files in the directory name of d. A file that vanishes
// meanwhile, as git's housekeeping makes them, counts nothing.
func (w *walk) sizeOf(d *dir, name string, l *listing) (size int64, some bool, err error) {
	h, err := w.src.dirs.openDir(d, name)
	if isGone(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer closeDir(h)
	l.reset()
	if err := readDir(h, l, false); err != nil {
		return 0, false, err
	}
	for _, e := range l.ents {
		if err := w.ctx.Err(); err != nil {
			return 0, false, err
		}
		k, n, err := statAt(h, string(l.name(e)), false)
		switch {
		case isGone(err):
		case err != nil:
			return 0, false, err
		case k == kindFile:
			size, some = size+n, true
		}
	}
	return size, some, nil
}

// isFanOut reports whether name is one of the 256 directories of loose objects.
func isFanOut(name string) bool {
	return len(name) == 2 && strings.Trim(name, "0123456789abcdef") == ""
}
