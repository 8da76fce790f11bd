package slackjson

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestEachFile(t *testing.T) {
	const day = `[
		{"files":[{"id":"F1","name":"a.txt","title":null,"mode":"hosted","size":17,"created":1714550000,"url_private":"https:\/\/files.slack.com\/a?t=x",
			"url_private_download":"https:\/\/files.slack.com\/d?t=x","channels":["C1","C2"],"initial_comment":{"id":"Fc1","comment":"c"}},
			{"id":"F2","mode":"tombstone"}],"user":"U1","ts":"1700000000.000100"},
		{"ts":"1700000001.000100","text":"none"},
		{"ts":"1700000002.000100","attachments":[{"id":1,"files":[{"id":"F3","user":"U2"}]}],"file":{"id":"F4","public_url_shared":true}},
		{"ts":"1700000003.000100","user":"U1","slackdump_thread_replies":[{"ts":"1700000004.000100","user":"U9","files":[{"id":"F5"}]}]}]`
	var got []string
	err := EachFile(strings.NewReader(day), func(m Message, f FileObject) error {
		got = append(got, fmt.Sprintf("%s %s %s %s %s %d %d %s %s %v %v", m.TS, m.Author, f.ID, f.Name, f.Mode, f.Size, f.Created, f.Private, f.Download, f.Channels, f.PublicURL))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1700000000.000100 U1 F1 a.txt hosted 17 1714550000 https://files.slack.com/a?t=x https://files.slack.com/d?t=x [C1 C2] false",
		"1700000000.000100 U1 F2  tombstone 0 0   [] false",
		"1700000002.000100  F3   0 0   [] false",
		"1700000002.000100  F4   0 0   [] true",
		"1700000004.000100 U9 F5   0 0   [] false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestEachFileObject(t *testing.T) {
	var got []string
	err := EachFileObject(strings.NewReader(`[{"id":"F1","name":"Canvas","mode":"quip","url_private_download":"https://x","shares":[{"team":"T1","channel":"C9"}]},{"id":"F2","files":[{"id":"F3"}]}]`),
		func(f FileObject) error {
			got = append(got, f.ID, f.Mode, f.Download, fmt.Sprint(f.Channels))
			return nil
		})
	if err != nil || strings.Join(got, " ") != "F1 quip https://x [C9] F2   []" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFilesBounded(t *testing.T) {
	many := `[{"ts":"1700000000.000100","files":[` + strings.Repeat(`{"id":"F1"},`, maxFiles) + `{"id":"F1"}]}]`
	if err := EachFile(strings.NewReader(many), func(Message, FileObject) error { return nil }); !errors.Is(err, errFiles) {
		t.Errorf("%v", err)
	}
	long := `[{"ts":"1700000000.000100","files":[{"id":"F1","name":"` + strings.Repeat("x", 1<<20) + `"}]}]`
	err := EachFile(strings.NewReader(long), func(_ Message, f FileObject) error {
		if len(f.Name) != maxField {
			t.Errorf("a name of %d bytes", len(f.Name))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMentions(t *testing.T) {
	var got []string
	err := Mentions(strings.NewReader(`{"messages":[{"user":"U1","ts":"1700000000.000100","text":"see F2","files":[{"id":"F1"}]},{"ts":"1700000001.000100","x":["F2","F3"]}]}`),
		func(b []byte) bool { return string(b) == "F1" || string(b) == "F2" }, func(m Message, id string) error { got = append(got, m.TS+" "+id); return nil })
	if err != nil || strings.Join(got, ", ") != "1700000000.000100 F1, 1700000001.000100 F2" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTextOfSlackdump: messages are named in slackdump's dumps, with their replies
// within, and in its chunks.
func TestTextOfSlackdump(t *testing.T) {
	for _, in := range []string{
		`{"name":"general","messages":[{"user":"U1","text":"parent","ts":"1700000000.000100","thread_ts":"1700000000.000100","slackdump_thread_replies":[
			{"user":"U2","text":"child","ts":"1700000001.000100","thread_ts":"1700000000.000100"}]},{"ts":"1700000002.000100","text":"later"}],"channel_id":"C1"}`,
		`{"t":5,"ts":1683022288506765000,"id":"C1","ci":{"id":"C1","name":"general"}}
		 {"t":0,"ts":1683022288506765001,"id":"C1","m":[{"user":"U1","text":"parent","ts":"1700000000.000100"},{"ts":"1700000002.000100","text":"later"}]}
		 {"t":1,"ts":1683022288506765002,"id":"C1","p":{"user":"U1","text":"parent","ts":"1700000000.000100"},"m":[{"user":"U2","text":"child","ts":"1700000001.000100","thread_ts":"1700000000.000100"}]}`,
	} {
		got, x := textOf(t, partOf(in))
		for text, want := range map[string]Message{
			"parent": {TS: "1700000000.000100", Author: "U1"}, "later": {TS: "1700000002.000100"},
			"child": {TS: "1700000001.000100", Thread: "1700000000.000100", Author: "U2"},
		} {
			m, ok := x.Message(int64(strings.Index(got, text)))
			if m.Thread == m.TS {
				m.Thread = ""
			}
			if !ok || m != want {
				t.Errorf("%s: %+v in %q", text, m, got)
			}
		}
	}
}

func FuzzEachFile(f *testing.F) {
	f.Add([]byte(`[{"ts":"1700000000.000100","files":[{"id":"F1","channels":["C1"]}],"slackdump_thread_replies":[{"file":{"id":"F2"}}]}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, each := range []func() error{
			func() error {
				return EachFile(strings.NewReader(string(text)), func(_ Message, f FileObject) error { return bounded(f) })
			},
			func() error { return EachFileObject(strings.NewReader(string(text)), bounded) },
		} {
			if err := each(); errors.Is(err, errBound) {
				t.Fatal(err)
			}
		}
	})
}

var errBound = errors.New("beyond its bound")

func bounded(f FileObject) error {
	if f.ID == "" || len(f.ID) > maxField || len(f.Download) > maxField || len(f.Channels) > maxFiles {
		return errBound
	}
	return nil
}
