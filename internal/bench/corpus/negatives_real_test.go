//go:build real

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNegatives scans files that hold no key of anybody's: what the package
// managers of four ecosystems install, and what tools that make keys, hashes,
// bundles and logs write. Nothing may be reported but what is explained here.
func TestNegatives(t *testing.T) {
	dir := t.TempDir()
	tree := filepath.Join(dir, treeName)
	for _, from := range []struct {
		name string
		make func(*testing.T, kitchen)
	}{
		{"npm", npmFiles}, {"go", goFiles}, {"pypi", pypiFiles}, {"cargo", cargoFiles},
		{"openssl", opensslFiles}, {"ssh", sshFiles}, {"git", gitFiles},
	} {
		k := kitchen{filepath.Join(tree, from.name)}
		if err := os.MkdirAll(k.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		from.make(t, k)
	}
	findings, err := scanWith("", dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, len(explained))
	examples := 0
	for _, f := range findings {
		if f.Placeholder {
			examples++
			continue
		}
		i := slices.IndexFunc(explained, func(e explanation) bool { return strings.HasSuffix(f.Path, e.file) })
		if i < 0 {
			t.Errorf("%s: %s is reported as a leak", f.Path, f.Kind)
			continue
		}
		seen[i] = true
	}
	for i, e := range explained {
		if !seen[i] {
			t.Errorf("%s (%s) was not found: is it still there?", e.file, e.why)
		}
	}
	if examples == 0 {
		t.Error("botocore's examples hold AWS's sample keys, and none was seen: was anything scanned?")
	}
}

// explanation is why a file that was installed is rightly reported.
type explanation struct{ file, why string }

// explained is every such file. One that is no longer found has to go.
var explained = []explanation{
	{"awscli/examples/ecr/get-download-url-for-layer.rst", "the id of a real temporary key in an expired presigned URL"},
	{"awscli/examples/ssm/get-deployable-patch-snapshot-for-instance.rst", "the id of a real key in an expired presigned URL"},
	{"awscli/examples/devicefarm/create-upload.rst", "a presigned URL as AWS once gave it, expired"},
	{"google/externalaccount/aws_test.go", "a temporary key, with its secret and token, that signatures were once made with"},
}

// kitchen is a directory in which tools are run.
type kitchen struct{ dir string }

// run runs a program in the kitchen and keeps what it prints in a log there. A
// program that is not there fails the test: make deps installs it.
func (k kitchen) run(t *testing.T, log string, argv ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = k.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "CARGO_TERM_COLOR=never")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, tail(out))
	}
	if log != "" {
		k.write(t, log, string(out))
	}
}

func (k kitchen) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tail is the end of a program's output.
func tail(out []byte) []byte { return out[max(0, len(out)-2000):] }

// npmFiles: lock files with integrity hashes, minified bundles, source maps,
// fonts, and a bundle of esbuild's with all of that inside as data: URLs.
func npmFiles(t *testing.T, k kitchen) {
	k.write(t, "package.json", `{"name":"negatives","version":"1.0.0","private":true}`)
	k.run(t, "npm-silly.log", "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=silly", "--cache="+filepath.Join(k.dir, "cache"),
		"bootstrap@5.3.3", "jquery@3.7.1", "chart.js@4.4.7", "lodash@4.17.21", "@fontsource/inter@5.1.0", "esbuild@0.24.2")
	k.write(t, "app.js", "import 'bootstrap'; import $ from 'jquery'; import {Chart} from 'chart.js'; import _ from 'lodash'; import './app.css';\n"+
		"const secretKey = _.uniqueId('secret'), accessKey = $('#accessKey').val(); new Chart(accessKey, secretKey);\n")
	k.write(t, "app.css", "@import 'bootstrap/dist/css/bootstrap.css'; @import '@fontsource/inter/index.css';\n")
	esbuild := filepath.Join(k.dir, "node_modules", ".bin", "esbuild")
	k.run(t, "", esbuild, "app.js", "--bundle", "--minify", "--sourcemap=inline", "--loader:.woff=dataurl", "--loader:.woff2=dataurl", "--outdir=inline")
	k.run(t, "", esbuild, "app.js", "--bundle", "--minify", "--sourcemap", "--loader:.woff=dataurl", "--loader:.woff2=dataurl", "--outdir=outside", "--metafile=meta.json")
	k.run(t, "audit.json", "npm", "ls", "--all", "--json", "--long")
}

// goFiles: the modules that this program is built of, their sums, and what the
// compiler says when it tells everything.
func goFiles(t *testing.T, k kitchen) {
	root, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "./cmd/mislaid")
	list.Dir = strings.TrimSpace(string(root))
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			modules[name] = dir
		}
	}
	if len(modules) < 5 {
		t.Fatalf("the program is built of %d modules", len(modules))
	}
	for name, dir := range modules {
		to := filepath.Join(k.dir, "mod", strings.ReplaceAll(name, "/", "_"))
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	sums, err := os.ReadFile(filepath.Join(list.Dir, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	k.write(t, "go.sum", string(sums))
	k.write(t, "main.go", "package main\n\nfunc main() { println(1) }\n")
	k.run(t, "build.log", "go", "build", "-x", "-a", "-o", "main", "main.go")
	k.run(t, "list.json", "go", "list", "-json", "-deps", "net/http")
}

// pypiFiles: AWS's own library with its examples, a library of test vectors, and
// a report full of hashes.
func pypiFiles(t *testing.T, k kitchen) {
	k.run(t, "pip.log", "python3", "-m", "pip", "install", "-v", "--disable-pip-version-check", "--no-deps", "--no-compile", "--target", "site", "--report", "report.json",
		"botocore==1.35.90", "awscli==1.36.31", "certifi==2024.12.14", "rsa==4.9", "python-jose==3.3.0")
}

// cargoFiles: a lock file with checksums, and crates with hashes and
// certificates in them.
func cargoFiles(t *testing.T, k kitchen) {
	k.run(t, "", "cargo", "init", "--quiet", "--name", "negatives", "--vcs", "none")
	k.run(t, "add.log", "cargo", "add", "serde_json@1.0.134", "regex@1.11.1", "sha2@0.10.8", "webpki-roots@0.26.7", "base64@0.22.1", "pem@3.0.4")
	k.run(t, "vendor.log", "cargo", "vendor", "--verbose")
}

// opensslFiles: certificates, requests and keys of several kinds in PEM, DER,
// text and PKCS #12, digests, and random bytes in base64.
func opensslFiles(t *testing.T, k kitchen) {
	for _, key := range [][]string{
		{"rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}, {"ec", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}, {"ed", "-algorithm", "ED25519"},
	} {
		name := key[0]
		k.run(t, "", slices.Concat([]string{"openssl", "genpkey", "-out", name + ".key"}, key[1:])...)
		k.run(t, "", "openssl", "req", "-new", "-x509", "-days", "365", "-subj", "/O=Secret Access Key Ltd/CN=access.example.org", "-key", name+".key", "-out", name+".crt")
		k.run(t, "", "openssl", "req", "-new", "-subj", "/CN=secret.example.org", "-key", name+".key", "-out", name+".csr")
		k.run(t, name+".txt", "openssl", "x509", "-in", name+".crt", "-text", "-fingerprint")
		k.run(t, "", "openssl", "x509", "-in", name+".crt", "-outform", "DER", "-out", name+".der")
		k.run(t, "", "openssl", "pkcs12", "-export", "-passout", "pass:secret", "-inkey", name+".key", "-in", name+".crt", "-out", name+".p12")
		k.run(t, "", "openssl", "base64", "-in", name+".p12", "-out", name+".p12.b64")
		k.run(t, "", "openssl", "base64", "-A", "-in", name+".der", "-out", name+".der.b64")
	}
	k.run(t, "sums.txt", "openssl", "dgst", "-sha1", "rsa.crt", "ec.crt", "ed.crt")
	k.run(t, "sums256.txt", "openssl", "dgst", "-sha256", "-hmac", "secret", "rsa.crt", "ec.crt", "ed.crt")
	k.run(t, "random.b64", "openssl", "rand", "-base64", "200000")
	k.run(t, "random.hex", "openssl", "rand", "-hex", "100000")
	var passwords strings.Builder
	for i := range 20 {
		out, err := exec.CommandContext(t.Context(), "openssl", "passwd", "-6", fmt.Sprintf("secret%d", i)).Output()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&passwords, "user%d:%s:19000:0:99999:7:::\n", i, strings.TrimSpace(string(out)))
	}
	k.write(t, "shadow", passwords.String())
}

// sshFiles: keys, their fingerprints and pictures, and known hosts by hash.
func sshFiles(t *testing.T, k kitchen) {
	var known strings.Builder
	for _, kind := range []string{"rsa", "ed25519", "ecdsa"} {
		k.run(t, kind+".log", "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "secret access key of ci", "-f", "id_"+kind)
		k.run(t, kind+".fingerprint", "ssh-keygen", "-l", "-v", "-f", "id_"+kind+".pub")
		k.run(t, kind+".rfc4716", "ssh-keygen", "-e", "-f", "id_"+kind+".pub")
		pub, err := os.ReadFile(filepath.Join(k.dir, "id_"+kind+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&known, "host-%s.example.org %s", kind, pub)
	}
	k.write(t, "known_hosts", known.String())
	k.run(t, "", "ssh-keygen", "-q", "-H", "-f", "known_hosts")
}

// gitFiles: a history with its hashes, patches of lock files, and a bundle.
func gitFiles(t *testing.T, k kitchen) {
	k.run(t, "", "git", "init", "-q", "repo")
	in := kitchen{filepath.Join(k.dir, "repo")}
	commit := []string{"git", "-c", "user.name=Alice", "-c", "user.email=alice@example.org", "commit", "-q"}
	for i := range 40 {
		in.write(t, fmt.Sprintf("file%d.txt", i), fmt.Sprintf("secret access key policy, line %d\n", i))
		in.run(t, "", "git", "add", ".")
		in.run(t, "", slices.Concat(commit, []string{"-m", fmt.Sprintf("Rotate secret key %d", i)})...)
	}
	lock, err := os.ReadFile(filepath.Join(k.dir, "..", "npm", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	in.write(t, "package-lock.json", string(lock))
	in.run(t, "", "git", "add", ".")
	in.run(t, "", slices.Concat(commit, []string{"-m", "Lock"})...)
	in.run(t, "../history.log", "git", "log", "--format=raw", "--patch", "--full-index", "--parents")
	in.run(t, "../refs.txt", "git", "rev-list", "--objects", "--all")
	in.run(t, "../mail.mbox", "git", "format-patch", "--stdout", "--root", "--full-index", "--binary")
}
