package slacktest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Layout is how an export is laid out.
type Layout string

// The layouts of exports.
const (
	Standard   Layout = "standard"             // by an admin: public channels only
	Corporate  Layout = "corporate"            // of all conversations
	Enterprise Layout = "enterprise"           // of an organisation: org_users.json
	Person     Layout = "person"               // of one person's conversations, as text
	Dumped     Layout = "slackdump"            // slackdump's, with files in CHANNEL/attachments
	DumpedMost Layout = "slackdump-mattermost" // slackdump's, with files in __uploads
	Dump       Layout = "slackdump-dump"       // its own, a file for each conversation
	Chunks     Layout = "slackdump-chunk"      // its archive of compressed chunks
	Database   Layout = "slackdump-database"   // its archive as a database
)

// Layouts are all of them.
var Layouts = []Layout{Standard, Corporate, Enterprise, Person, Dumped, DumpedMost, Dump, Chunks, Database}

// exportToken is what stands behind ?t= in the addresses of an export's files.
// Nothing in it is of a real token but its beginning.
func exportToken() string { return "xo" + "xe-" + strings.Repeat("0", 40) }

// ExportToken is the token in the addresses of every export. It must be shown
// nowhere.
func ExportToken() string { return exportToken() }

// Export gives every file of an export to put, in no promised order.
func (w *Workspace) Export(l Layout, put func(name string, data []byte) error) error {
	switch l {
	case Person:
		return w.exportText(put)
	case Dump:
		return w.exportDump(put)
	case Chunks:
		return w.exportChunks(put)
	case Database:
		return w.exportDatabase(put)
	}
	all := map[string]any{}
	users := make([]any, len(w.Users))
	for i, u := range w.Users {
		users[i] = w.user(u)
	}
	all["users.json"] = users
	if l == Enterprise {
		delete(all, "users.json")
		all["org_users.json"] = users
	}
	all["integration_logs.json"] = []any{object{"user_id": "U0ANN", "service_type": "Deploys", "change_type": "added", "date": "1714550000"}}
	if l != Dumped && l != DumpedMost {
		w.exportFileLists(l, all)
	}
	lists := map[string]string{"public_channel": "channels.json", "private_channel": "groups.json", "mpim": "mpims.json", "im": "dms.json"}
	for form, name := range lists {
		if l == Standard && form != "public_channel" {
			continue
		}
		entries := []any{}
		for _, c := range w.Conversations {
			if c.Form == form {
				entries = append(entries, c.exported())
			}
		}
		all[name] = entries
	}
	for _, c := range w.Conversations {
		if l == Standard && c.Form != "public_channel" {
			continue
		}
		if err := w.exportConversation(l, c, all, put); err != nil {
			return err
		}
	}
	return putJSON(all, put)
}

func putJSON(all map[string]any, put func(string, []byte) error) error {
	for name, v := range all {
		data, err := exportJSON(v)
		if err != nil {
			return err
		}
		if err := put(name, data); err != nil {
			return err
		}
	}
	return nil
}

// exportFileLists adds what an export lists of canvases, lists and transcripts,
// the conversations about them, and what it says of itself.
func (w *Workspace) exportFileLists(l Layout, all map[string]any) {
	lists := map[string]string{"quip": "canvases.json", "list": "lists.json", "huddle_transcript": "huddle_transcripts.json"}
	for _, name := range lists {
		all[name] = []any{}
	}
	about := []any{}
	var ids []string
	for id := range w.Files {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		f := w.Files[id]
		name, ok := lists[f.Mode]
		if !ok || f.Shares == nil {
			continue
		}
		o := w.file(f, w.filesHost())
		w.sign(o)
		shares := []any{}
		for _, c := range f.Shares {
			if l != Standard || w.Find(c).Form == "public_channel" {
				shares = append(shares, object{"team": w.Team, "channel": c})
			}
		}
		if len(shares) == 0 {
			continue
		}
		o["shares"] = shares
		all[name] = append(all[name].([]any), o)
		dir := "FC:" + f.ID + ":" + f.Name
		about = append(about, object{"id": "C" + f.ID, "name": dir, "created": 1700000000, "creator": "USLACKBOT", "members": []string{f.User}})
		all[dir+"/2024-05-03.json"] = []any{object{"type": "message", "user": f.User, "ts": "1714730400.000100", "text": "a comment on " + f.Name}}
	}
	all["file_conversations.json"] = about
	if l != Standard {
		all[".slack-manifest.json"] = object{"version": 2, "metadata": object{"export_type": "MANUAL_COMPLIANCE", "exporter": "slack"}}
	}
}

// FilesHost is where the addresses of files in exports lead, unless the workspace
// says otherwise.
const FilesHost = "https://files.slack.com"

func (w *Workspace) filesHost() string {
	if w.FilesAt != "" {
		return w.FilesAt
	}
	return FilesHost
}

// sign puts the export's token behind the addresses of a file object's bytes.
func (w *Workspace) sign(file object) {
	for _, key := range []string{"url_private", "url_private_download"} {
		if s, ok := file[key].(string); ok {
			file[key] = s + "?t=" + exportToken()
		}
	}
}

func (w *Workspace) exportConversation(l Layout, c *Conversation, all map[string]any, put func(string, []byte) error) error {
	dir := c.Name
	if c.Form == "im" || dir == "" {
		dir = c.ID
	}
	days := map[string][]any{}
	for _, m := range c.Messages {
		seconds, err := strconv.ParseInt(m.TS[:10], 10, 64)
		if err != nil {
			return err
		}
		at := time.Unix(seconds, 0).UTC()
		o := w.message(c, m, w.filesHost())
		if m.Thread == m.TS && m.Thread != "" {
			var replies []any
			for _, r := range c.replies(m.TS) {
				replies = append(replies, object{"user": r.User, "ts": r.TS})
			}
			o["replies"] = replies
		}
		for i, f := range m.Files {
			if fo, ok := o["files"].([]any)[i].(object); ok && f.Mode != "tombstone" {
				w.sign(fo)
			}
			var name string
			switch l {
			case Dumped:
				name = dir + "/attachments/" + f.ID + "-" + f.Name
			case DumpedMost:
				name = "__uploads/" + f.ID + "/" + f.Name
			}
			if name != "" && f.Bytes != nil {
				if err := put(name, f.Bytes); err != nil {
					return err
				}
			}
		}
		day := at.Format("2006-01-02")
		days[day] = append(days[day], o)
	}
	for day, messages := range days {
		all[dir+"/"+day+".json"] = messages
	}
	return nil
}

// exportJSON writes JSON as Slack's exports have it: indented by four, slashes
// escaped, everything beyond ASCII as \u.
func exportJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	out := bytes.ReplaceAll(bytes.TrimSpace(b.Bytes()), []byte("/"), []byte(`\/`))
	return out, nil
}

// WriteZip writes an export as a ZIP file.
func (w *Workspace) WriteZip(l Layout, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := w.Zip(l, f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// Zip writes an export as a ZIP.
func (w *Workspace) Zip(l Layout, dst io.Writer) error {
	files := map[string][]byte{}
	if err := w.Export(l, func(name string, data []byte) error { files[name] = data; return nil }); err != nil {
		return err
	}
	z := zip.NewWriter(dst)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fw, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return err
		}
		if _, err := fw.Write(files[name]); err != nil {
			return err
		}
	}
	return z.Close()
}

// WriteFolder writes an export as a folder.
func (w *Workspace) WriteFolder(l Layout, dir string) error {
	return w.Export(l, func(name string, data []byte) error {
		p := filepath.Join(dir, filepath.FromSlash(path.Clean("/"+name)))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		return os.WriteFile(p, data, 0o644)
	})
}
