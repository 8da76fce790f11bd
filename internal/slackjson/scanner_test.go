package slackjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// leaf is a string as either scanner saw it.
type leaf struct {
	key  bool
	text string
	off  int64
}

// scanLeaves returns what our scanner says of a text.
func scanLeaves(r io.Reader) (all []leaf, err error) {
	s := NewScanner(r)
	var joined *leaf
	for {
		t, err := s.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return all, err
		}
		if t.Kind != Leaf && t.Kind != Key {
			continue
		}
		if joined == nil {
			joined = &leaf{key: t.Kind == Key, off: t.Off}
		}
		joined.text += string(t.Bytes)
		if !t.More {
			joined.text = valid(joined.text)
			all = append(all, *joined)
			joined = nil
		}
	}
}

// valid does to bytes that are no UTF-8 what encoding/json does.
func valid(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

// stdLeaves returns what encoding/json says of a text.
func stdLeaves(text []byte) (all []leaf, err error) {
	if !json.Valid(text) {
		return nil, errors.New("not valid")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	type level struct{ object, key bool }
	stack := []level{{}}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		top := &stack[len(stack)-1]
		switch v := t.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				top.key = top.object
				stack = append(stack, level{object: v == '{', key: v == '{'})
			} else {
				stack = stack[:len(stack)-1]
			}
			continue
		case string:
			end := d.InputOffset()
			all = append(all, leaf{key: top.object && top.key, text: v, off: quoteBefore(text, end)})
		}
		if top.object {
			top.key = !top.key
		}
	}
}

// quoteBefore returns where the string begins that ends at end.
func quoteBefore(text []byte, end int64) int64 {
	i := end - 2
	for ; i >= 0; i-- {
		if text[i] != '"' {
			continue
		}
		n := int64(0)
		for i-1-n >= 0 && text[i-1-n] == '\\' {
			n++
		}
		if n%2 == 0 {
			return i
		}
	}
	return i
}

// compare fails where the scanners differ over a text that is JSON; every way of
// reading it must give the same.
func compare(t interface{ Fatalf(string, ...any) }, text []byte) {
	want, err := stdLeaves(text)
	isJSON := err == nil
	first, firstErr := scanLeaves(bytes.NewReader(text))
	if isJSON {
		if firstErr != nil || !slices.Equal(first, want) {
			t.Fatalf("%+v:\n ours %+v, %v\n json %+v", text, first, firstErr, want)
		}
	}
	for name, r := range map[string]io.Reader{
		"a byte at a time": iotest.OneByteReader(bytes.NewReader(text)), "end with data": iotest.DataErrReader(bytes.NewReader(text)),
	} {
		got, err := scanLeaves(r)
		if fmt.Sprint(err) != fmt.Sprint(firstErr) || !slices.Equal(got, first) {
			t.Fatalf("%+v read %s:\n %+v, %v\n not %+v, %v", text, name, got, err, first, firstErr)
		}
	}
}

func TestScanner(t *testing.T) {
	for _, text := range []string{
		``, `""`, `"a"`, ` [ "a" , "b" ] `, `{"a":"b"}`, `{"a":{"b":["c",{"d":"e"}],"f":1},"g":null,"h":"i"}`,
		`"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20ac\ud83d\ude00"`, `"\ud800"`, `"\ud800x"`, `"\ud800\u0041"`, `"\udc00\ud800"`, `"\ud83d\ud83d\ude00"`,
		`["https:\/\/x\/y","a\\\"b"]`, `[1,-2.5e3,true,false,null,"x"]`, `{"":""}`, "\"\xff\xc3\"", "[[[[\"x\"]]]]", `[] ["a"]`,
	} {
		compare(t, []byte(text))
	}
}

func TestScannerLongStrings(t *testing.T) {
	for _, n := range []int{bufferSize - 3, bufferSize - 2, bufferSize - 1, bufferSize, bufferSize + 1, 3*bufferSize + 7} {
		for _, piece := range []string{"x", `\n`, `\u00e9`, `\ud83d\ude00`, "é"} {
			long := strings.Repeat(piece, n/len(piece))
			text := []byte(`{"a":["` + long + `"],"` + long + `":"z"}`)
			if !json.Valid(text) {
				t.Fatal("not JSON")
			}
			want, err := stdLeaves(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := scanLeaves(iotest.HalfReader(bytes.NewReader(text)))
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d × %s: %d leaves, %v", n, piece, len(got), err)
			}
		}
	}
}

// TestScannerTorn: what is cut off says so, and what came before is not lost.
func TestScannerTorn(t *testing.T) {
	for _, text := range []string{`[`, `["a"`, `{"k":"a"`, `["a","b`, `["a","b\`, `["a","b\u00`, `["a",{"x":`} {
		got, err := scanLeaves(strings.NewReader(text))
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if strings.Contains(text, `"a"`) && !slices.ContainsFunc(got, func(l leaf) bool { return l.text == "a" }) {
			t.Errorf("%s: %+v", text, got)
		}
	}
	broken := errors.New("broken")
	got, err := scanLeaves(io.MultiReader(strings.NewReader(`["a","b`), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestScannerSeesEverything: in a text that is no JSON, every byte that is not
// punctuation is in some token.
func TestScannerSeesEverything(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, text []byte) {
		if !utf8.Valid(text) || bytes.ContainsRune(text, '\\') {
			return
		}
		var got []byte
		s := NewScanner(bytes.NewReader(text))
		for {
			tok, err := s.Next()
			if err != nil {
				break
			}
			got = append(got, tok.Bytes...)
		}
		strip := func(b []byte) string {
			return strings.Map(func(r rune) rune {
				if strings.ContainsRune(" \t\r\n,:\"", r) {
					return -1
				}
				return r
			}, string(b))
		}
		if strip(got) != strip(text) {
			t.Fatalf("%q came as %q", text, got)
		}
	}
	for _, text := range []string{"<html>AKIA</html>", `{x: 'y'}`, `}]"a"`, `{"a" "b" "c"}`, "a,b\nc,d", "{\"a\":\"b\"}\n{\"c\":\"d\"}"} {
		check(t, []byte(text))
	}
	check(t, []byte(strings.Repeat("x", 3*bufferSize)+`"y"`))
	rapid.Check(t, func(t *rapid.T) {
		check(t, []byte(strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"{", "}", "[", "]", `"`, ":", ",", "x", "é", " ", "12"})).Draw(t, "text"), "")))
	})
}

func TestScannerDeep(t *testing.T) {
	const deep = 3 * maxDepth
	got, err := scanLeaves(strings.NewReader(strings.Repeat(`{"a":`, deep) + `"x"` + strings.Repeat("}", deep)))
	if err != nil || len(got) != deep+1 || got[deep].text != "x" {
		t.Errorf("%d leaves, %v", len(got), err)
	}
}

func FuzzScanner(f *testing.F) {
	for _, s := range []string{`[{"type":"message","text":"a &amp; b","ts":"1.2"}]`, `"\ud83d\ude00"`, `{"a":["b",1,null]}`, `["\u`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { compare(t, text) })
}

func BenchmarkScanner(b *testing.B) {
	text := sampleDay(2000)
	s := NewScanner(nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Reset(bytes.NewReader(text))
		for {
			if _, err := s.Next(); err != nil {
				break
			}
		}
	}
}

// sampleDay is a day of an export with n messages.
func sampleDay(n int) []byte {
	var b bytes.Buffer
	b.WriteString("[")
	for i := range n {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `    {
        "client_msg_id": "5d8e3f0e-%04d-4a1c-9a46-1b5b7e2f7c11",
        "type": "message",
        "text": "Deploy %d is out, see <https:\/\/ci.example.com\/job\/%d|the job>. Ping <@U024BE7LH> &amp; co if the migration is slow, it was \"fine\" yesterday.",
        "user": "U024BE7L%d",
        "ts": "17000%05d.000%03d",
        "team": "T024BE7LD",
        "user_team": "T024BE7LD",
        "blocks": [{"type": "rich_text", "block_id": "b%d", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "text", "text": "Deploy %d is out, see "}, {"type": "link", "url": "https:\/\/ci.example.com\/job\/%d", "text": "the job"},
            {"type": "text", "text": ". Ping "}, {"type": "user", "user_id": "U024BE7LH"}, {"type": "text", "text": " & co if the migration is slow, it was \"fine\" yesterday."}]}]}]
    }`, i%10000, i, i, i%10, i%100000, i%1000, i, i, i)
	}
	b.WriteString("]")
	return b.Bytes()
}
