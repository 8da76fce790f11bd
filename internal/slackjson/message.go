package slackjson

import (
	"sort"
	"strconv"
	"strings"
	"time"
)

// Message names a message, or a file that was put among messages.
type Message struct {
	TS     string // seconds and microseconds: the message's name within its conversation
	Thread string // TS of the thread that it belongs to, "" if none
	Author string // id of the person or bot, or the name that a bot gave itself
	File   string // id of the file, in which case the rest is empty
}

// set takes a fact. A person before a bot before a mere name.
func (m *Message) set(f fact, value []byte) {
	switch f {
	case factTS:
		m.TS = string(value)
	case factThread:
		m.Thread = string(value)
	case factUser:
		m.Author = string(value)
	case factBot, factUsername:
		if m.Author == "" {
			m.Author = string(value)
		}
	}
}

// IsReply reports whether the message is a reply in a thread.
func (m Message) IsReply() bool { return m.Thread != "" && m.Thread != m.TS }

// ID names the message within its conversation so that it can be found again:
// its TS, behind that of its thread and a slash for a reply.
func (m Message) ID() string {
	switch {
	case m.File != "":
		return m.File
	case m.IsReply():
		return m.Thread + "/" + m.TS
	}
	return m.TS
}

// Time is when it was written; zero where TS is none.
func (m Message) Time() time.Time { return Time(m.TS) }

// Link is the permalink of the message in a conversation of the workspace at
// host, "" where the host is not known.
func (m Message) Link(host, conversation string) string {
	if host == "" || conversation == "" || !IsTS(m.TS) {
		return ""
	}
	link := "https://" + host + "/archives/" + conversation + "/p" + strings.Replace(m.TS, ".", "", 1)
	if m.IsReply() && IsTS(m.Thread) {
		link += "?thread_ts=" + m.Thread + "&cid=" + conversation
	}
	return link
}

// IsTS reports whether s is the timestamp of a message: ten digits, a dot, six
// digits. Such strings are in order of time; they are never made numbers of.
func IsTS(s string) bool {
	if len(s) != 17 || s[10] != '.' {
		return false
	}
	for i := range len(s) {
		if i != 10 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// Time is the time of a timestamp; zero where it is none.
func Time(ts string) time.Time {
	if !IsTS(ts) {
		return time.Time{}
	}
	seconds, _ := strconv.ParseInt(ts[:10], 10, 64) // both are digits
	micros, _ := strconv.ParseInt(ts[11:], 10, 64)
	return time.Unix(seconds, micros*1000).UTC()
}

// maxIndex is how many messages of one stream can be named. A list that is
// longer was made to exhaust us: it is read, and its end is named by offset.
const maxIndex = 1 << 18

// index finds messages by offset. Timestamps are kept as two numbers whose
// digits are those of the string.
type index struct {
	entries []entry
	authors []string
	known   map[string]uint32
	files   map[int]string // by entry
	end     int64          // offset from which on nothing is known; 0: none
}

type entry struct {
	off        int64
	ts, thread uint64 // 0: none
	author     uint32
}

func (x *index) add(off int64, m Message) {
	if x.end > 0 {
		return
	}
	n := len(x.entries)
	if n == maxIndex {
		x.end = off
		return
	}
	e := entry{off: off, ts: pack(m.TS), thread: pack(m.Thread)}
	switch {
	case m.File != "":
		if x.files == nil {
			x.files = map[int]string{}
		}
		x.files[n] = m.File
	case e.ts == 0:
		m = Message{} // an object without a time is no message
	}
	if m.Author != "" {
		id, ok := x.known[m.Author]
		if !ok {
			if x.known == nil {
				x.known = map[string]uint32{}
			}
			x.authors = append(x.authors, m.Author)
			id = uint32(len(x.authors))
			x.known[m.Author] = id
		}
		e.author = id
	}
	x.entries = append(x.entries, e)
}

func (x *index) at(off int64) (m Message, ok bool) {
	if x.end > 0 && off >= x.end {
		return m, false
	}
	i := sort.Search(len(x.entries), func(i int) bool { return x.entries[i].off > off }) - 1
	if i < 0 {
		return m, false
	}
	if id, file := x.files[i]; file {
		return Message{File: id}, true
	}
	e := x.entries[i]
	if e.ts == 0 {
		return m, false
	}
	m = Message{TS: unpack(e.ts), Thread: unpack(e.thread)}
	if e.author > 0 {
		m.Author = x.authors[e.author-1]
	}
	return m, true
}

// pack keeps a timestamp in a number that unpack makes the same string of.
func pack(ts string) uint64 {
	if !IsTS(ts) {
		return 0
	}
	n, _ := strconv.ParseUint(ts[:10]+ts[11:], 10, 64) // digits
	return n
}

func unpack(n uint64) string {
	if n == 0 {
		return ""
	}
	s := strconv.FormatUint(n, 10)
	s = strings.Repeat("0", max(0, 16-len(s))) + s
	return s[:10] + "." + s[10:]
}
