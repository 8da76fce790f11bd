package extract

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// mailHeaders begin a mail's first lines (RFC 5322, 3.6; RFC 2045, 3), and
// those of a page that a browser saved as MHTML.
var mailHeaders = words("from to cc bcc subject date message-id mime-version received content-type return-path delivered-to reply-to sender " +
	"in-reply-to references content-transfer-encoding snapshot-content-location x-mailer user-agent dkim-signature authentication-results " +
	"x-originating-ip x-priority thread-topic thread-index importance x-received arc-seal list-id")

// isMail reports whether head begins with a header of a mail, or of the first
// mail in an mbox: three known fields or more, and among them who or what and
// how or when.
func isMail(head []byte) bool {
	if bytes.HasPrefix(head, []byte("From ")) {
		_, rest, ok := bytes.Cut(head, []byte{'\n'})
		return ok && isMail(rest)
	}
	known, who, how, other := 0, false, false, 0
	var low [maxHeaderName]byte
	for len(head) > 0 {
		line, rest, whole := bytes.Cut(head, []byte{'\n'})
		head = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 || !whole {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		name, _, ok := bytes.Cut(line, []byte{':'})
		if !ok || len(name) > maxHeaderName || bytes.ContainsAny(name, " \t") {
			return false
		}
		n := lower(name, low[:])
		if !mailHeaders[string(n)] {
			if other++; known == 0 && other > 8 {
				return false
			}
			continue
		}
		known++
		switch string(n) {
		case "from", "subject", "to", "return-path":
			who = true
		case "mime-version", "date", "message-id", "content-type":
			how = true
		case "received":
			who, how = true, true
		}
	}
	return known >= 3 && who && how
}

// maxHeaderName is the longest name of a header, in bytes, that counts as one.
const maxHeaderName = 64

// lower puts the lower case of name into dst, where there is room for it.
func lower(name, dst []byte) []byte {
	dst = dst[:len(name)]
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst[i] = c
	}
	return dst
}

// unpackMail unwraps a mail, a page saved as MHTML, or an mbox of mails.
func unpackMail(w *walk, p place, in Input) error {
	r := bufio.NewReaderSize(in.Reader, 64<<10)
	if head, _ := r.Peek(5); string(head) != "From " {
		return w.mail(p, r)
	}
	for n := 1; ; n++ {
		m := &mboxMail{r: r}
		if !m.begin() {
			return nil
		}
		if err := w.child(p, fmt.Sprintf("message %d", n), m, nil); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, m); err != nil {
			return err
		}
	}
}

// mboxMail reads one mail of an mbox: up to the next line that begins with
// "From " after an empty one (RFC 4155, appendix A).
type mboxMail struct {
	r       *bufio.Reader
	line    []byte // what is left of the line that was read
	partial bool   // and the line goes on
	empty   bool   // the line before was empty
	done    bool
}

// begin skips the line that begins a mail. It reports whether there is one.
func (m *mboxMail) begin() bool {
	for {
		_, err := m.r.ReadSlice('\n')
		if err == nil {
			return true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return false
		}
	}
}

// Read implements io.Reader.
func (m *mboxMail) Read(p []byte) (int, error) {
	if len(m.line) == 0 {
		if m.done {
			return 0, io.EOF
		}
		if !m.partial && m.empty {
			if head, _ := m.r.Peek(5); string(head) == "From " {
				m.done = true
				return 0, io.EOF
			}
		}
		line, err := m.r.ReadSlice('\n')
		m.empty = !m.partial && len(bytes.TrimRight(line, "\r\n")) == 0 && len(line) > 0
		m.partial = errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !m.partial {
			m.done = true
			if !errors.Is(err, io.EOF) {
				return 0, err
			}
		}
		m.line = line
		if len(line) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, m.line)
	m.line = m.line[n:]
	return n, nil
}

// mail unwraps one mail: its header and the texts that a reader sees are one
// text, and every attachment is a thing of its own.
func (w *walk) mail(p place, r io.Reader) error {
	held, done, err := w.atRandom(Input{Reader: r, Size: -1}) // the library holds a mail in memory
	if errors.Is(err, ErrLimit) {
		w.visitor.Gap(p.inner, err)
		return w.text(p, held.Reader, nil)
	}
	if err != nil {
		return err
	}
	defer done()
	parser := enmime.NewParser(enmime.DisableTextConversion(true), enmime.SkipMalformedParts(true))
	root, err := parser.ReadParts(held.Reader)
	if err != nil {
		if _, again := held.Reader.(io.Seeker).Seek(0, io.SeekStart); again != nil {
			return torn(err)
		}
		w.visitor.Gap(p.inner, torn(err))
		return w.text(p, held.Reader, nil)
	}
	var seen bytes.Buffer
	var apart []*enmime.Part
	defer func() { clear(seen.Bytes()) }()
	for part := range mailParts(root) {
		if part == root {
			writeHeader(&seen, part)
		}
		switch {
		case len(part.Content) == 0:
		case isBody(part):
			seen.WriteByte('\n')
			seen.Write(part.Content)
			seen.WriteByte('\n')
		default:
			apart = append(apart, part)
		}
		for _, problem := range part.Errors {
			if problem.Severe {
				w.visitor.Gap(p.inner, fmt.Errorf("mail: %w (%s)", ErrTorn, problem.Name))
			}
		}
	}
	if err := w.derived(p, "", bytes.NewReader(seen.Bytes()), nil); err != nil {
		return err
	}
	for i, part := range apart {
		name := part.FileName
		if name == "" {
			name = fmt.Sprintf("%d (%s)", i+1, part.ContentType)
		}
		err := w.child(p, "attachment "+entryName(name), bytes.NewReader(part.Content), nil)
		clear(part.Content)
		if err != nil {
			return err
		}
	}
	return nil
}

// isBody reports whether a reader of mail shows a part as text.
func isBody(part *enmime.Part) bool {
	return strings.HasPrefix(part.ContentType, "text/") && part.FileName == "" || part.ContentType == ""
}

// mailParts yields the parts depth first.
func mailParts(root *enmime.Part) func(func(*enmime.Part) bool) {
	return func(yield func(*enmime.Part) bool) {
		var visit func(*enmime.Part) bool
		visit = func(part *enmime.Part) bool {
			for ; part != nil; part = part.NextSibling {
				if !yield(part) || !visit(part.FirstChild) {
					return false
				}
			}
			return true
		}
		visit(root)
	}
}

// writeHeader writes a mail's header with its encoded words decoded.
func writeHeader(b *bytes.Buffer, part *enmime.Part) {
	var words mime.WordDecoder
	for _, name := range slices.Sorted(maps.Keys(part.Header)) {
		for _, v := range part.Header[name] {
			if plain, err := words.DecodeHeader(v); err == nil {
				v = plain
			}
			fmt.Fprintf(b, "%s: %s\n", name, v)
		}
	}
}
