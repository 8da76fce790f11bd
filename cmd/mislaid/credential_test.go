package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCredential reads our own credentials from where the user keeps them.
func TestCredential(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := &app{env: environment{"TOKEN": "abc"}, stdin: strings.NewReader("typed\n"), stderr: io.Discard}
	for _, c := range []struct{ from, want, err string }{
		{"env:TOKEN", "abc", ""},
		{"env:NOBODY", "", "NOBODY is not set"},
		{"file:" + write("own", "abc\r\n", 0o600), "abc", ""},
		{"file:" + write("empty", "\n", 0o600), "", "empty"},
		{"file:" + write("long", strings.Repeat("x", maxCredential+1), 0o600), "", "longer than"},
		{"file:" + filepath.Join(dir, "none"), "", "no such file"},
		{"prompt", "", "no terminal"},
	} {
		var cred credential
		if err := cred.Set(c.from); err != nil {
			t.Fatal(err)
		}
		v, err := cred.read(a, "token")
		if got := string(v.Reveal()); got != c.want {
			t.Errorf("%s: read %d bytes, want %d", c.from, len(got), len(c.want))
		}
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.from, err)
		}
	}
	for _, from := range []string{"", "abc", "env:", "file:", "keyring:x", "keyring:/x", "env"} {
		if err := new(credential).Set(from); err == nil {
			t.Errorf("%q is accepted", from)
		}
	}
}
