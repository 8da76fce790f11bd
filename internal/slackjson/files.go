package slackjson

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// FileObject is a file object (docs.slack.dev, "File object", 2026) as far as an export
// needs it. The addresses carry tokens: they are shown nowhere.
type FileObject struct {
	ID, Name, Title          string
	Mimetype, Filetype, Mode string // Mode: hosted, snippet, quip, list, external, tombstone, hidden_by_limit, …
	User                     string
	Size, Created            int64
	Private, Download        string // addresses of its bytes
	Permalink                string
	Where                    string // who keeps it, where that is not Slack
	PublicURL                bool
	Channels                 []string // ids of conversations, where the object itself names them
}

// TS is the timestamp of when the file was made, "" where that is unknown.
func (f FileObject) TS() string {
	if f.Created <= 0 {
		return ""
	}
	return fmt.Sprintf("%010d.000000", f.Created)
}

// Unlikely reports whether it is a picture, sound or film: its bytes hold no text.
func (f FileObject) Unlikely() bool {
	kind, sub, _ := strings.Cut(f.Mimetype, "/")
	switch kind {
	case "image":
		return !strings.HasPrefix(sub, "svg")
	case "audio", "video", "font":
		return true
	}
	return false
}

// maxFiles and maxField bound what is kept of one message's files. Slack lets a
// message have ten.
const (
	maxFiles = 1000
	maxField = 4 << 10
)

var errFiles = fmt.Errorf("slackjson: a message with more than %d files", maxFiles)

// filesOf collects the file objects of a message, wherever they stand in it.
type filesOf struct {
	elements bool // the messages are file objects themselves

	depth int // of the object that is read; 0: none
	list  int // depth of the elements of the list that is open; 0: none
	file  FileObject
	field []byte
	all   []FileObject
}

// EachFile calls f with each file that a message of the JSON text in r shares, and
// with that message.
func EachFile(r io.Reader, f func(Message, FileObject) error) error { return eachFile(r, false, f) }

// EachFileObject calls f with each element of the JSON list in r, whose elements
// are file objects, as in the canvases.json of an export.
func EachFileObject(r io.Reader, f func(FileObject) error) error {
	return eachFile(r, true, func(_ Message, file FileObject) error { return f(file) })
}

func eachFile(r io.Reader, elements bool, f func(Message, FileObject) error) error {
	files := filesOf{elements: elements}
	return eachMessage(r, files.take, func(m Message) error {
		if elements {
			if err := files.add(); err != nil {
				return err
			}
		}
		for _, file := range files.all {
			if err := f(m, file); err != nil {
				return err
			}
		}
		files = filesOf{elements: elements, field: files.field[:0], all: files.all[:0]}
		return nil
	})
}

// eachMessage reads the JSON text in r, calls token with every token within a
// message, and ended after each. first says that no piece of the token came before.
func eachMessage(r io.Reader, token func(k *follower, tok *Token, first bool) error, ended func(Message) error) error {
	scan := buffers.Get().(*Scanner)
	scan.Reset(r)
	defer func() {
		scan.Clear()
		scan.Reset(nil)
		buffers.Put(scan)
	}()
	var k follower
	for {
		tok, err := scan.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		first := !k.mid
		over, _ := k.take(tok)
		if over {
			err = ended(k.now)
		} else if k.in {
			err = token(&k, tok, first)
		}
		if err != nil {
			return err
		}
	}
}

// take follows a token of the message that k stands in.
func (x *filesOf) take(k *follower, tok *Token, first bool) error {
	switch tok.Kind {
	case Open:
		switch c := tok.Bytes[0]; {
		case x.depth > 0:
		case c == '[' && x.list == 0 && string(k.key) == "files":
			x.list = tok.Depth + 1
		case c == '{' && (tok.Depth == x.list || string(k.key) == "file" || x.elements && tok.Depth == k.at):
			x.depth, x.file = tok.Depth, FileObject{}
		}
	case Close:
		if x.depth > 0 && tok.Depth == x.depth {
			x.depth = 0
			return x.add()
		}
		if x.list > 0 && tok.Depth == x.list-1 {
			x.list = 0
		}
	case Leaf, Bare:
		if x.depth == 0 || tok.Depth > x.depth+3 {
			break
		}
		if first {
			x.field = x.field[:0]
		}
		x.field = append(x.field, tok.Bytes[:min(len(tok.Bytes), maxField-len(x.field))]...)
		if null := tok.Kind == Bare && string(x.field) == "null"; !tok.More && !null {
			x.file.set(string(k.key), string(x.field), tok.Depth == x.depth+1)
		}
	}
	return nil
}

func (x *filesOf) add() error {
	if x.file.ID == "" {
		return nil
	}
	if len(x.all) == maxFiles {
		return errFiles
	}
	x.all = append(x.all, x.file)
	return nil
}

// set takes a member of the object. own says that it is not one of an object or
// list within.
func (f *FileObject) set(name, value string, own bool) {
	if !own {
		if (name == "channels" || name == "groups" || name == "ims" || name == "channel") && len(f.Channels) < maxFiles {
			f.Channels = append(f.Channels, value)
		}
		return
	}
	switch name {
	case "id":
		f.ID = value
	case "name":
		f.Name = value
	case "title":
		f.Title = value
	case "mimetype":
		f.Mimetype = value
	case "filetype":
		f.Filetype = value
	case "mode":
		f.Mode = value
	case "user":
		f.User = value
	case "url_private":
		f.Private = value
	case "url_private_download":
		f.Download = value
	case "permalink":
		f.Permalink = value
	case "external_type":
		f.Where = value
	case "size":
		f.Size, _ = strconv.ParseInt(value, 10, 64) // what is no number is unknown
	case "created":
		f.Created, _ = strconv.ParseInt(value, 10, 64)
	case "public_url_shared":
		f.PublicURL = value == "true"
	}
}

// Mentions calls f for each message of the JSON text in r and each string of it,
// keys left out, that known reports to be an id that is looked for.
func Mentions(r io.Reader, known func([]byte) bool, f func(Message, string) error) error {
	var ids []string
	return eachMessage(r, func(_ *follower, tok *Token, first bool) error {
		if tok.Kind == Leaf && first && !tok.More && len(tok.Bytes) <= 32 && len(ids) < maxFiles && known(tok.Bytes) {
			ids = append(ids, string(tok.Bytes))
		}
		return nil
	}, func(m Message) error {
		for _, id := range ids {
			if err := f(m, id); err != nil {
				return err
			}
		}
		ids = ids[:0]
		return nil
	})
}
