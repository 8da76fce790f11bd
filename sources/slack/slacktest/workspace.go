package slacktest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Workspace is a Slack workspace. Its maps and slices may be changed as long as
// nobody reads it.
type Workspace struct {
	Team, Name, Domain string // T…, what people call it, the part of its address before .slack.com
	Enterprise         string // E… of the organisation, "" if it belongs to none
	Users              []*User
	Conversations      []*Conversation
	Files              map[string]*File
	Lists              map[string][]string // what a message of a list's rows says, by the list's file id
	HiddenBefore       string              // TS: older messages are hidden, because of the workspace's plan

	FilesAt string // where the addresses of files in exports lead; "": FilesHost

	clock time.Time
	files int
}

// User is an account.
type User struct {
	ID, Name string
	More     map[string]any // further members of the user object
}

// Conversation is a channel or direct message.
type Conversation struct {
	ID, Name       string
	Form           string // public_channel, private_channel, mpim, im
	Members        []string
	Topic, Purpose string
	More           map[string]any // further members of the conversation object
	Messages       []*Message     // replies too, in order of TS
	Bookmarks      []map[string]any
	Pins           []string // TS

	frozen *frozen
}

// Message is a message or a reply.
type Message struct {
	TS, Thread string // Thread is the TS of the thread that it is in, its own for a parent
	User, Text string
	Files      []*File
	More       map[string]any // further members of the message
	Broadcast  bool           // a reply that the channel was told of as well
}

// File is a file that was shared.
type File struct {
	ID, Name, Filetype, Mimetype, Mode string
	User                               string
	Bytes                              []byte
	Created                            int64 // seconds
	Public                             bool
	More                               map[string]any // further members of the file object
	Deny                               bool           // whoever downloads it is sent to the page for signing in
	Shares                             []string       // ids of conversations, of a canvas or list that no message shows
}

// NewWorkspace returns a workspace without conversations: two people, a guest, a
// bot, and one who left.
func NewWorkspace() *Workspace {
	w := &Workspace{
		Team: "T00000001", Name: "Acme", Domain: "acme", Files: map[string]*File{}, Lists: map[string][]string{},
		clock: time.Date(2024, 5, 1, 9, 0, 0, 0, time.UTC),
	}
	w.AddUser("U0ANN", "ann", nil)
	w.AddUser("U0BEN", "ben", nil)
	w.AddUser("U0GUEST", "gus", map[string]any{"is_restricted": true})
	w.AddUser("U0BOT", "deploybot", map[string]any{"is_bot": true, "profile": map[string]any{"bot_id": "B0BOT", "real_name": "deploybot"}})
	w.AddUser("U0GONE", "gone", map[string]any{"deleted": true})
	return w
}

// AddUser adds an account.
func (w *Workspace) AddUser(id, name string, more map[string]any) *User {
	u := &User{ID: id, Name: name, More: more}
	w.Users = append(w.Users, u)
	return u
}

// AddConversation adds a conversation.
func (w *Workspace) AddConversation(form, id, name string, members ...string) *Conversation {
	c := &Conversation{ID: id, Name: name, Form: form, Members: members}
	w.Conversations = append(w.Conversations, c)
	return c
}

// Find returns the conversation with an id.
func (w *Workspace) Find(id string) *Conversation {
	for _, c := range w.Conversations {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// TS is the timestamp of a time, with microseconds that tell messages apart.
func TS(at time.Time) string { return fmt.Sprintf("%010d.%06d", at.Unix(), at.Nanosecond()/1000) }

// Tick moves the workspace's clock on and returns the new time.
func (w *Workspace) Tick(d time.Duration) time.Time {
	w.clock = w.clock.Add(d + time.Microsecond)
	return w.clock
}

// Say posts a message a minute after the last one.
func (w *Workspace) Say(c *Conversation, user, text string) *Message {
	return c.Add(&Message{TS: TS(w.Tick(time.Minute)), User: user, Text: text})
}

// Reply answers in the thread of a message.
func (w *Workspace) Reply(c *Conversation, to *Message, user, text string) *Message {
	to.Thread = to.TS
	return c.Add(&Message{TS: TS(w.Tick(time.Minute)), Thread: to.TS, User: user, Text: text})
}

// Share posts a message with a file.
func (w *Workspace) Share(c *Conversation, user, name string, data []byte) (*Message, *File) {
	f := w.NewFile(user, name, data)
	m := c.Add(&Message{TS: TS(w.Tick(time.Minute)), User: user, Files: []*File{f}})
	return m, f
}

// NewFile makes a file that no message shares yet.
func (w *Workspace) NewFile(user, name string, data []byte) *File {
	w.files++
	f := &File{ID: fmt.Sprintf("F%08d", w.files), Name: name, Filetype: "text", Mimetype: "text/plain", Mode: "hosted", User: user, Bytes: data, Created: 1714550000 + int64(w.files/3)}
	w.Files[f.ID] = f
	return f
}

// Add puts a message in its place among the others.
func (c *Conversation) Add(m *Message) *Message {
	i, _ := slices.BinarySearchFunc(c.Messages, m.TS, func(m *Message, ts string) int { return strings.Compare(m.TS, ts) })
	c.Messages = slices.Insert(c.Messages, i, m)
	return m
}

// Remove deletes a message.
func (c *Conversation) Remove(ts string) {
	c.Messages = slices.DeleteFunc(c.Messages, func(m *Message) bool { return m.TS == ts })
}

// frozen is an index of messages that no longer change.
type frozen struct {
	history []*Message // without replies, the newest first
	threads map[string][]*Message
	byTS    map[string]*Message
}

// Freeze makes the conversation answer fast: its messages may not change any
// more.
func (c *Conversation) Freeze() {
	f := &frozen{threads: map[string][]*Message{}, byTS: map[string]*Message{}}
	for _, m := range c.Messages {
		f.byTS[m.TS] = m
		if m.Thread != "" && m.Thread != m.TS {
			f.threads[m.Thread] = append(f.threads[m.Thread], m)
		}
	}
	f.history = c.history()
	c.frozen = f
}

// history returns what the channel shows, the newest first.
func (c *Conversation) history() []*Message {
	if c.frozen != nil {
		return c.frozen.history
	}
	var all []*Message
	for _, m := range slices.Backward(c.Messages) {
		if m.Thread == "" || m.Thread == m.TS || m.Broadcast {
			all = append(all, m)
		}
	}
	return all
}

// message returns the one with a timestamp, nil if there is none.
func (c *Conversation) message(ts string) *Message {
	if c.frozen != nil {
		return c.frozen.byTS[ts]
	}
	for _, m := range c.Messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// replies returns those in the thread of a parent.
func (c *Conversation) replies(ts string) []*Message {
	if c.frozen != nil {
		return c.frozen.threads[ts]
	}
	var list []*Message
	for _, m := range c.Messages {
		if m.Thread == ts && m.TS != ts {
			list = append(list, m)
		}
	}
	return list
}
