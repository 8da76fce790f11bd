package slacktest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
)

// exportDump writes what "slackdump dump" does: a file for each conversation, with
// the replies in their thread's first message, and the files beside it.
func (w *Workspace) exportDump(put func(string, []byte) error) error {
	for _, c := range w.Conversations {
		messages := []any{}
		for _, m := range c.Messages {
			if m.Thread != "" && m.Thread != m.TS {
				continue
			}
			replies := []any{}
			for _, r := range c.replies(m.TS) {
				replies = append(replies, w.message(c, r, w.filesHost()))
			}
			// The replies come last, as Go's encoder puts them there.
			raw, err := json.Marshal(w.message(c, m, w.filesHost()))
			if err != nil {
				return err
			}
			if len(replies) > 0 {
				within, err := json.Marshal(replies)
				if err != nil {
					return err
				}
				raw = fmt.Appendf(raw[:len(raw)-1], `,"slackdump_thread_replies":%s}`, within)
			}
			messages = append(messages, json.RawMessage(raw))
		}
		list, err := json.Marshal(messages)
		if err != nil {
			return err
		}
		if err := put(c.ID+".json", fmt.Appendf(nil, `{"name":%q,"messages":%s,"channel_id":%q}`, c.Name, list, c.ID)); err != nil {
			return err
		}
		for _, m := range c.Messages {
			for _, f := range m.Files {
				if err := put(c.ID+"/"+f.ID+"-"+f.Name, f.Bytes); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// exportChunks writes what "slackdump archive" does: the answers of the API as
// compressed lines.
func (w *Workspace) exportChunks(put func(string, []byte) error) error {
	users, channels := []any{}, []any{}
	for _, u := range w.Users {
		users = append(users, w.user(u))
	}
	for _, c := range w.Conversations {
		info := w.conversation(c, "U0ANN")
		channels = append(channels, info)
		lines := []object{{"t": 5, "ts": 1, "id": c.ID, "ci": info}, {"t": 7, "ts": 2, "id": c.ID, "cu": c.Members}}
		top := []any{}
		for _, m := range c.Messages {
			if m.Thread == "" || m.Thread == m.TS {
				top = append(top, w.message(c, m, w.filesHost()))
			}
			if m.Thread == m.TS && m.Thread != "" {
				replies := []any{}
				for _, r := range c.replies(m.TS) {
					replies = append(replies, w.message(c, r, w.filesHost()))
				}
				lines = append(lines, object{"t": 1, "ts": 3, "id": c.ID, "r": m.TS, "p": w.message(c, m, w.filesHost()), "m": replies, "l": true})
			}
			for _, f := range m.Files {
				if err := put("__uploads/"+f.ID+"/"+f.Name, f.Bytes); err != nil {
					return err
				}
			}
		}
		lines = append(lines, object{"t": 0, "ts": 4, "id": c.ID, "m": top, "l": true})
		if err := putChunks(c.ID, lines, put); err != nil {
			return err
		}
	}
	for name, line := range map[string]object{
		"users": {"t": 3, "ts": 1, "u": users}, "channels": {"t": 4, "ts": 1, "ch": channels},
		"workspace": {"t": 6, "ts": 1, "w": object{"url": "https://" + w.Domain + ".slack.com/", "team": w.Name, "team_id": w.Team}},
	} {
		if err := putChunks(name, []object{line}, put); err != nil {
			return err
		}
	}
	return nil
}

func putChunks(name string, lines []object, put func(string, []byte) error) error {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	e := json.NewEncoder(z)
	for _, line := range lines {
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return put(name+".json.gz", b.Bytes())
}

// exportText writes an export of one person's conversations: text, and files.
func (w *Workspace) exportText(put func(string, []byte) error) error {
	for _, c := range w.Conversations {
		dir, name := "channels", c.Name
		if c.Form == "im" || c.Form == "mpim" {
			dir = "dms"
		}
		if name == "" {
			name = strings.Join(c.Members, "-")
		}
		var b bytes.Buffer
		for _, m := range c.Messages {
			fmt.Fprintf(&b, "[%s] %s: %s\n", m.TS, m.User, unescaped(m.Text))
			for _, f := range m.Files {
				if err := put("files/"+f.ID+"-"+f.Name, f.Bytes); err != nil {
					return err
				}
			}
		}
		if err := put(dir+"/"+name+".txt", b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
