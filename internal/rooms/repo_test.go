package rooms

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "mislaid"

// source is a Go file of the repository, or another file of it with its bytes
// alone.
type source struct {
	name string // from the repository's root, with slashes
	pkg  string // import path of its directory
	text []byte
	test bool
	ast  *ast.File // nil: not Go
	fset *token.FileSet
}

// repository reads all files that git keeps or would keep. A copy without git
// is walked.
func repository(t *testing.T) []source {
	t.Helper()
	root := repositoryRoot(t)
	var files []source
	for _, name := range repositoryNames(t, root) {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			continue // removed and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		f := source{name: name, pkg: module, text: text, test: strings.HasSuffix(name, "_test.go")}
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			f.pkg += "/" + name[:i]
		}
		if strings.HasSuffix(name, ".go") && !strings.Contains("/"+name, "/testdata/") {
			f.fset = token.NewFileSet()
			f.ast, err = parser.ParseFile(f.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
		}
		files = append(files, f)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files: this is not the repository", len(files))
	}
	return files
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}

func repositoryNames(t *testing.T, root string) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil && len(out) > 0 {
		var names []string
		for name := range bytes.SplitSeq(bytes.TrimRight(out, "\x00"), []byte{0}) {
			names = append(names, string(name))
		}
		return slices.Compact(names)
	}
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "bin"):
			return fs.SkipDir
		case d.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// goFiles returns the repository's Go files; tests only if wanted.
func goFiles(t *testing.T, tests bool) []source {
	t.Helper()
	var files []source
	for _, f := range repository(t) {
		if f.ast != nil && (tests || !f.test) {
			files = append(files, f)
		}
	}
	return files
}

func (f source) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, "`\""))
	}
	return paths
}

// under reports whether a package is path or lies below it.
func under(pkg, path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }
