package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// wrappings write files into one of some kind.
var wrappings = map[string]func(w io.Writer, names []string, files [][]byte) error{
	"zip": func(w io.Writer, names []string, files [][]byte) error { return wrapZip(w, names, files, "") },
	"locked-zip": func(w io.Writer, names []string, files [][]byte) error {
		return wrapZip(w, names, files, "open sesame")
	},
	"tar":     wrapTar,
	"gz":      func(w io.Writer, _ []string, files [][]byte) error { return wrapGzip(w, files[0], 0) },
	"gz-bomb": func(w io.Writer, _ []string, files [][]byte) error { return wrapGzip(w, files[0], 64<<20) },
	"docx":    wrapDocument,
	"eml":     wrapMail,
}

// scriptWrap is wrap KIND FILE INSIDE...: it writes the files INSIDE into FILE.
func scriptWrap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || wrappings[args[0]] == nil {
		ts.Fatalf("usage: wrap KIND FILE INSIDE...")
	}
	var names []string
	var files [][]byte
	for _, name := range args[2:] {
		b, err := os.ReadFile(ts.MkAbs(name))
		ts.Check(err)
		names, files = append(names, filepath.Base(name)), append(files, b)
	}
	var b bytes.Buffer
	ts.Check(wrappings[args[0]](&b, names, files))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}

// wrapZip writes a zip, with a password in the old way of PKWARE (APPNOTE.TXT
// 6.1).
func wrapZip(w io.Writer, names []string, files [][]byte, password string) error {
	z := zip.NewWriter(w)
	for i, b := range files {
		h := &zip.FileHeader{Name: names[i], Method: zip.Store, UncompressedSize64: uint64(len(b)), CRC32: crc32.ChecksumIEEE(b)}
		if password != "" {
			h.Flags = 1
			plain := append(make([]byte, 11), byte(h.CRC32>>24))
			b = zipCrypto(password, append(plain, b...))
		}
		h.CompressedSize64 = uint64(len(b))
		f, err := z.CreateRaw(h)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func zipCrypto(password string, plain []byte) []byte {
	k := [3]uint32{0x12345678, 0x23456789, 0x34567890}
	update := func(b byte) {
		k[0] = crc32.IEEETable[byte(k[0])^b] ^ k[0]>>8
		k[1] = (k[1]+k[0]&0xff)*134775813 + 1
		k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
	}
	for i := range len(password) {
		update(password[i])
	}
	out := make([]byte, len(plain))
	for i, b := range plain {
		t := k[2]&0xffff | 2
		out[i] = b ^ byte(t*(t^1)>>8)
		update(b)
	}
	return out
}

func wrapTar(w io.Writer, names []string, files [][]byte) error {
	t := tar.NewWriter(w)
	for i, b := range files {
		err := t.WriteHeader(&tar.Header{Name: names[i], Mode: 0o600, Size: int64(len(b)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = t.Write(b)
		}
		if err != nil {
			return err
		}
	}
	return t.Close()
}

func wrapGzip(w io.Writer, b []byte, zeros int) error {
	z := gzip.NewWriter(w)
	_, err := z.Write(append(bytes.Clone(b), make([]byte, zeros)...))
	return errors.Join(err, z.Close())
}

// wrapDocument makes a Word document with a paragraph of two runs for each line.
func wrapDocument(w io.Writer, _ []string, files [][]byte) error {
	var body bytes.Buffer
	body.WriteString(`<w:document xmlns:w="w"><w:body>`)
	for _, b := range files {
		for line := range bytes.Lines(b) {
			line = bytes.TrimSpace(line)
			half := len(line) / 2
			body.WriteString(`<w:p><w:r><w:t>`)
			err := xml.EscapeText(&body, line[:half])
			body.WriteString(`</w:t></w:r><w:r><w:t>`)
			if err := errors.Join(err, xml.EscapeText(&body, line[half:])); err != nil {
				return err
			}
			body.WriteString(`</w:t></w:r></w:p>`)
		}
	}
	body.WriteString(`</w:body></w:document>`)
	return wrapZip(w, []string{"[Content_Types].xml", "word/document.xml"}, [][]byte{[]byte(`<Types/>`), body.Bytes()}, "")
}

// wrapMail makes a mail with attachments.
func wrapMail(w io.Writer, names []string, files [][]byte) error {
	_, err := fmt.Fprint(w, "From: a@example.org\nTo: b@example.org\nSubject: as promised\nDate: Mon, 2 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nSee below.\n")
	for i, b := range files {
		_, ferr := fmt.Fprintf(w, "--x\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=%q\nContent-Transfer-Encoding: base64\n\n", names[i])
		err = errors.Join(err, ferr)
		for enc := base64.StdEncoding.EncodeToString(b); len(enc) > 0; {
			n := min(76, len(enc))
			_, ferr := fmt.Fprintln(w, enc[:n])
			err, enc = errors.Join(err, ferr), enc[n:]
		}
	}
	_, ferr := fmt.Fprintln(w, "--x--")
	return errors.Join(err, ferr)
}
