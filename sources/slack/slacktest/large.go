package slacktest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// Large writes the ZIP of an export whose messages are at least size bytes of
// JSON, spread over channels and days as in a company. plant is asked for the
// text of every 100,000th message; nil: none is special. It returns how many
// bytes of JSON and messages there are.
func Large(dst io.Writer, size int64, seed uint64, plant func(n int) string) (written int64, messages int, err error) {
	r := rand.New(rand.NewPCG(seed, seed))
	z := zip.NewWriter(dst)
	put := func(name string, data []byte) {
		if err != nil {
			return
		}
		var fw io.Writer
		if fw, err = z.Create(name); err == nil {
			_, err = fw.Write(data)
			written += int64(len(data))
		}
	}
	const people, channels = 400, 40
	users, list := []any{}, []any{}
	w := NewWorkspace()
	for i := range people {
		users = append(users, w.user(&User{ID: fmt.Sprintf("U%08d", i), Name: fmt.Sprintf("user%d", i)}))
	}
	for i := range channels {
		c := &Conversation{ID: fmt.Sprintf("C%08d", i), Name: fmt.Sprintf("team-%d", i), Form: "public_channel"}
		for u := range people {
			if r.IntN(4) == 0 {
				c.Members = append(c.Members, fmt.Sprintf("U%08d", u))
			}
		}
		list = append(list, c.exported())
	}
	for name, v := range map[string][]any{"users.json": users, "channels.json": list} {
		data, jerr := exportJSON(v)
		if jerr != nil {
			return 0, 0, jerr
		}
		put(name, data)
	}
	var b bytes.Buffer
	for day := time.Date(2021, 1, 1, 8, 0, 0, 0, time.UTC); written < size && err == nil; day = day.AddDate(0, 0, 1) {
		for c := range channels {
			if c > 0 && r.IntN(3) == 0 || written >= size {
				continue
			}
			b.Reset()
			b.WriteString("[\n")
			at := day
			for i := range 20 + r.IntN(300) {
				if i > 0 {
					b.WriteString(",\n")
				}
				at = at.Add(time.Duration(r.IntN(90))*time.Second + time.Duration(r.IntN(1e6))*time.Microsecond)
				text := sentence(r)
				if plant != nil && messages%100_000 == 50_000 {
					text = plant(messages)
				}
				messages++
				writeMessage(&b, r, TS(at), fmt.Sprintf("U%08d", r.IntN(people)), text)
			}
			b.WriteString("\n]")
			put(fmt.Sprintf("team-%d/%s.json", c, day.Format("2006-01-02")), b.Bytes())
		}
	}
	if cerr := z.Close(); err == nil {
		err = cerr
	}
	return written, messages, err
}

// lexicon is what the people of a large workspace say.
var lexicon = strings.Fields(`the a build deploy staging production release tomorrow please review this that when is we should
	look at logs error timeout again after lunch customer ticket migration database index slow query fixed thanks great ok will do
	check dashboard alert pager rotate certificate expired who can help merged reverted branch test flaky rerun pipeline green red`)

func sentence(r *rand.Rand) string {
	var b strings.Builder
	for i := range 4 + r.IntN(30) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(lexicon[r.IntN(len(lexicon))])
	}
	switch r.IntN(12) {
	case 0:
		fmt.Fprintf(&b, ` <https:\/\/ci.example.com\/job\/%d|build %d>`, r.Uint32(), r.IntN(1000))
	case 1:
		fmt.Fprintf(&b, ` &lt;%x&gt; &amp; <@U%08d>`, r.Uint64(), r.IntN(400))
	case 2:
		b.WriteString(` \u00fcber \ud83d\ude80 \"quoted\"\nsecond line`)
	}
	return b.String()
}

// writeMessage writes a message as an export has it. text is JSON already.
func writeMessage(b *bytes.Buffer, r *rand.Rand, ts, user, text string) {
	fmt.Fprintf(b, `    {
        "user": "%s",
        "type": "message",
        "ts": "%s",
        "client_msg_id": "%08x-%04x-4%03x-a%03x-%012x",
        "text": "%s",
        "team": "T00000001",
        "user_team": "T00000001",
        "source_team": "T00000001",
        "user_profile": {
            "avatar_hash": "g%011x",
            "image_72": "https:\/\/secure.gravatar.com\/avatar\/%016x.jpg?s=72&d=https%%3A%%2F%%2Fa.slack-edge.com%%2Fdf10d%%2Fimg%%2Favatars%%2Fava_0004-72.png",
            "first_name": "User",
            "real_name": "User Name",
            "display_name": "user",
            "team": "T00000001",
            "name": "user",
            "is_restricted": false,
            "is_ultra_restricted": false
        },
        "blocks": [
            {
                "type": "rich_text",
                "block_id": "%05x",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {
                                "type": "text",
                                "text": "%s"
                            }
                        ]
                    }
                ]
            }
        ]
    }`, user, ts, r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()>>16, text, r.Uint64()>>20, r.Uint64(), r.IntN(1<<20), text)
}
