package slackjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func partOf(text string) Part {
	return Part{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func textOf(t testing.TB, parts ...Part) (string, *Text) {
	t.Helper()
	x := NewText(parts...)
	out, err := io.ReadAll(iotest.HalfReader(x))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return string(out), x
}

func TestTextLines(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"written before identifiers", `[{"type":"message","user":"U1","text":"hello","ts":"1700000000.000100"}]`, "hello\nmessage U1 1700000000.000100 \n"},
		{"a strange name is shown", `[{"text":"a","event_payload":{"aws_key":"v","n":7}}]`, "a\naws_key: v\n"},
		{"entities", `[{"text":"a &amp; b &lt;c&gt; &amp;amp;"}]`, "a & b <c> &amp;\n"},
		{"a link of a bare word", `[{"text":"x=<http://foo.com|foo.com>;<mailto:a@b.c|a@b.c>"}]`, "x=foo.com;a@b.c\n"},
		{"a typed address", `[{"text":"x=<https://foo.com/a?b=c&amp;d>"}]`, "x=https://foo.com/a?b=c&d\n"},
		{"a labelled link", `[{"text":"<https://foo.com|here> and <@U1|ann>"}]`, "here https://foo.com  and ann @U1 \n"},
		{"not markup", `[{"text":"a < b <c> & d"}]`, "a < b <c> & d\n"},
		{"escapes", `[{"text":"a\/b\u0041\n\u003chttp:\/\/x.y|x.y\u003e"}]`, "a/bA\nx.y\n"},
		{"outside of lists", `{"ok":true,"error":"no","messages":[{"text":"t","ts":"1700000000.000100"}],"cursor":"abc"}`, "error: no\nt\n1700000000.000100 \ncursor: abc\n"},
		{"no JSON", `<html>a</html>`, "<html>a</html>\n"},
		{"numbers are no text", `[1,2.5e7,{"a":-1,"b":"1"}]`, "b: 1\n"},
	} {
		if got, _ := textOf(t, partOf(c.in)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestTextMessages(t *testing.T) {
	got, x := textOf(t, partOf(`[
		{"user":"U1","ts":"1700000000.000100","text":"first"},
		{"bot_id":"B1","username":"deploy","ts":"1700000001.000100","thread_ts":"1700000000.000100","text":"second","edited":{"user":"U9","ts":"1700000009.000000"}},
		{"text":"no time"},
		{"ts":"0000000002.000100","text":"third","files":[{"permalink":"https:\/\/acme.slack.com\/files\/x"}]}]`))
	at := func(s string) Message {
		t.Helper()
		m, ok := x.Message(int64(strings.Index(got, s)))
		if !ok {
			t.Fatalf("%s stands in no message of %q", s, got)
		}
		return m
	}
	if m := at("first"); m != (Message{TS: "1700000000.000100", Author: "U1"}) || m.ID() != "1700000000.000100" {
		t.Errorf("%+v", m)
	}
	m := at("second")
	if m != (Message{TS: "1700000001.000100", Thread: "1700000000.000100", Author: "B1"}) || m.ID() != "1700000000.000100/1700000001.000100" {
		t.Errorf("%+v", m)
	}
	if want := "https://acme.slack.com/archives/C1/p1700000001000100?thread_ts=1700000000.000100&cid=C1"; m.Link(x.Host(), "C1") != want {
		t.Errorf("link %s", m.Link(x.Host(), "C1"))
	}
	if m, ok := x.Message(int64(strings.Index(got, "no time"))); ok {
		t.Errorf("no time: %+v", m)
	}
	if m := at("third"); m.TS != "0000000002.000100" {
		t.Errorf("%+v", m)
	}
}

func TestTextParts(t *testing.T) {
	next := partOf(`[{"ts":"1700000005.000100","text":"e"},{"ts":"1700000006.000100","text":"f"},{"ts":"1700000007.000100","text":"g"}]`)
	next.Most = 2
	thread := partOf(`[{"text":"x","ts":"1700000001.000100"},{"text":"y","ts":"1700000002.000100"}]`)
	thread.Keep = func(m Message) bool { return m.TS == "1700000002.000100" }
	lost := Part{Open: func() (io.ReadCloser, error) { return nil, errors.New("lost") }, Context: true}
	file := partOf(`{"raw": "bytes"}`)
	file.Raw, file.Of = true, Message{File: "F1"}
	got, x := textOf(t, partOf(`[{"ts":"1700000004.000100","text":"d"}]`), next, lost, thread, file)
	want := "d\n1700000004.000100 \ne\n1700000005.000100 \nf\n1700000006.000100 \ny\n1700000002.000100 \n{\"raw\": \"bytes\"}\n" + afterFile
	if got != want {
		t.Errorf("got %q", got)
	}
	if m, ok := x.Message(int64(strings.Index(got, "raw"))); !ok || m.ID() != "F1" {
		t.Errorf("%+v", m)
	}
	if m, ok := x.Message(int64(strings.Index(got, "y\n"))); !ok || m.TS != "1700000002.000100" {
		t.Errorf("%+v", m)
	}
}

// TestTextTorn: what a broken text holds comes before its error.
func TestTextTorn(t *testing.T) {
	x := NewText(partOf(`[{"ts":"1700000004.000100","text":"d"},{"text":"half`))
	got, err := io.ReadAll(x)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(got), "d\n") || !strings.Contains(string(got), "half") {
		t.Errorf("%q, %v", got, err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if _, err := x.Read(make([]byte, 1)); err == nil {
		t.Error("reads when closed")
	}
}

// TestTextBounded: neither a long string nor a long list makes a Text grow.
func TestTextBounded(t *testing.T) {
	long := io.MultiReader(strings.NewReader(`[{"ts":"1700000004.000100","user":"U1","text":"`), io.LimitReader(repeat("a&"), 64<<20), strings.NewReader(`"},`),
		io.LimitReader(repeat(`{"ts":"1700000004.000100","text":"b"},`), 38*2*maxIndex), strings.NewReader(`0]`))
	x := NewText(Part{Open: func() (io.ReadCloser, error) { return io.NopCloser(long), nil }, Keep: func(Message) bool { return true }})
	n, most := int64(0), 0
	buf := make([]byte, 4096)
	for {
		m, err := x.Read(buf)
		n += int64(m)
		most = max(most, cap(x.out)+cap(x.meta)+cap(x.rest))
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
	}
	if n < 64<<20 || most > 4*keepSize || len(x.index.entries) != maxIndex {
		t.Errorf("%d bytes, buffers of %d, %d messages", n, most, len(x.index.entries))
	}
	if _, ok := x.Message(n - 1); ok {
		t.Error("a message beyond the index has a name")
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

// TestTextLong: a message that is too long to be kept is left out unless it is known
// to be wanted, and memory stays bounded whatever it is long of.
func TestTextLong(t *testing.T) {
	const size = 3 << 20
	keep := func(m Message) bool { return m.Author == "U1" }
	for _, c := range []struct {
		name, front, back string
		keep              func(Message) bool
		want              bool
		err               error
	}{
		{"wanted", `"ts":"1700000004.000100","user":"U1","text":"`, `"`, keep, true, nil},
		{"not wanted", `"ts":"1700000004.000100","user":"U2","text":"`, `"`, keep, false, nil},
		{"not told", `"text":"`, `","ts":"1700000004.000100","user":"U1"`, keep, false, errLong},
		{"long of ids", `"ts":"1700000004.000100","user":"U2","team":"`, `"`, keep, false, nil},
		{"long of ids and not told", `"team":"`, `","ts":"1700000004.000100","user":"U2"`, keep, false, errLong},
		{"all wanted", `"team":"`, `"`, nil, true, nil},
	} {
		long := io.MultiReader(strings.NewReader(`[{`+c.front), io.LimitReader(repeat("ab"), size), strings.NewReader(c.back+`},{"ts":"1700000005.000100","user":"U1","text":"next"}]`))
		x := NewText(Part{Open: func() (io.ReadCloser, error) { return io.NopCloser(long), nil }, Keep: c.keep})
		n, most := 0, 0
		var tail []byte
		buf := make([]byte, 4096)
		var err error
		for err == nil {
			var m int
			m, err = x.Read(buf)
			n += m
			tail = append(tail[:0:0], append(tail, buf[:m]...)[max(0, len(tail)+m-200):]...)
			most = max(most, cap(x.out)+cap(x.meta)+cap(x.rest))
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if (n > size) != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) || !strings.Contains(string(tail), "next") || most > 6*keepSize {
			t.Errorf("%s: %d bytes, buffers of %d, %v", c.name, n, most, err)
		}
		_ = x.Close()
	}
}

// repeat reads s without end.
type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	if n == 0 {
		return 0, io.ErrShortBuffer
	}
	return n, nil
}

// FuzzText: of a text that is JSON, every string is in the stream, and reading
// in other pieces gives the same.
func FuzzText(f *testing.F) {
	f.Add([]byte(`[{"type":"message","text":"a &amp; b <https://x.y|z>","ts":"1700000000.000100","odd":["v"]}]`))
	f.Add([]byte(`{"messages":[{"text":"&l`))
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func(wrap func(io.Reader) io.Reader) (string, error) {
			x := NewText(Part{Open: func() (io.ReadCloser, error) { return io.NopCloser(wrap(bytes.NewReader(text))), nil }})
			defer func() { _ = x.Close() }()
			out, err := io.ReadAll(x)
			return string(out), err
		}
		whole, err := read(func(r io.Reader) io.Reader { return r })
		pieces, perr := read(iotest.OneByteReader)
		if whole != pieces || (err == nil) != (perr == nil) {
			t.Fatalf("%q, %v\n%q, %v", whole, err, pieces, perr)
		}
		if !json.Valid(text) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		leaves, _ := scanLeaves(bytes.NewReader(text))
		for _, l := range leaves {
			if !l.key && !strings.ContainsAny(l.text, "&<\ufffd") && !strings.Contains(valid(whole), l.text) {
				t.Fatalf("%q is not in %q", l.text, whole)
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	text := sampleDay(2000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		x := NewText(Part{Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }})
		if _, err := io.Copy(io.Discard, x); err != nil {
			b.Fatal(err)
		}
		_ = x.Close()
	}
}

// TestTextLoose: replies that may hold a credential are read again behind what
// the caller finds for them.
func TestTextLoose(t *testing.T) {
	x := NewText(partOf(`[{"ts":"1700000000.000100","thread_ts":"1700000000.000100","text":"abcdefgh1234567890 a parent"},
		{"ts":"1700000001.000100","thread_ts":"1600000000.000100","text":"only words here","client_msg_id":"5d8e3f0e-0001-4a1c-9a46-1b5b7e2f7c11"},
		{"ts":"1700000002.000100","thread_ts":"1600000000.000100","text":"abcdefgh1234567890 a reply"}]`))
	x.WatchLoose(func(x *Text) []Part {
		var parts []Part
		for _, r := range x.Loose() {
			parent := partOf(`[{"ts":"` + r.Thread + `","text":"its parent"}]`)
			parent.Context = true
			parts = append(parts, parent, Part{Raw: true, Of: r.Message, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Text)), nil }})
		}
		return parts
	})
	got, err := io.ReadAll(x)
	if err != nil {
		t.Fatal(err)
	}
	const tail = "its parent\n1600000000.000100 \nabcdefgh1234567890 a reply\n1700000002.000100 1600000000.000100 \n\n"
	if !strings.HasSuffix(string(got), tail) || strings.Count(string(got), "its parent") != 1 {
		t.Fatalf("%q", got)
	}
	if m, ok := x.Message(int64(len(got) - 40)); !ok || m.ID() != "1600000000.000100/1700000002.000100" {
		t.Errorf("%+v", m)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}
