package slackjson

import (
	"encoding/json"
	"errors"
	"io"
)

// Chunk is what a line of slackdump's chunk files says beside messages: each is
// the answer to one call of the API (github.com/rusq/slackdump, "help chunk", read
// 2026-11).
type Chunk struct {
	Channel       string            `json:"id"`
	Users         []json.RawMessage `json:"u"`
	Conversations []json.RawMessage `json:"ch"`
	Info          json.RawMessage   `json:"ci"` // a conversation object
	Members       []string          `json:"cu"` // of Channel
	Workspace     struct {
		URL string `json:"url"`
	} `json:"w"`
}

// maxElement bounds the bytes of one element of a list, and of one chunk.
const maxElement = 64 << 20

var errElement = errors.New("slackjson: an element of a size that no workspace has")

// budget is a reader of elements that are read one at a time.
type budget struct {
	r    io.Reader
	left int // bytes that may be read before the next element
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errElement
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// EachChunk calls f with every chunk of the text in r.
func EachChunk(r io.Reader, f func(Chunk) error) error {
	b := &budget{r, maxElement}
	d := json.NewDecoder(b)
	for {
		var c Chunk
		err := d.Decode(&c)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return plainError(err)
		}
		if err := f(c); err != nil {
			return err
		}
		b.left = maxElement
	}
}

// NameOf is the name that a dump of slackdump gives to the conversation that it
// holds, "" where it gives none before the messages.
func NameOf(r io.Reader) string {
	s := NewScanner(r)
	defer s.Clear()
	key := ""
	for {
		tok, err := s.Next()
		if err != nil || tok.Depth > 1 || tok.More {
			return ""
		}
		switch {
		case tok.Kind == Key:
			key = string(tok.Bytes)
		case tok.Kind == Leaf && key == "name":
			return string(tok.Bytes)
		}
	}
}
