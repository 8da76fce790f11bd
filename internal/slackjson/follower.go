package slackjson

// follower tells which message a token stands in. Messages are the elements of a
// list that is the whole text, or that stands in an object that is, under a name
// that Slack or slackdump gives to such lists.
type follower struct {
	key   []byte // name of the member that is read
	fact  fact
	value []byte // what has been read of the fact
	mid   bool   // the last token had More set

	list  bool // the elements of the list that is open are messages
	at    int  // depth of those elements
	outer int  // that of the elements of the list around it; 0: there is none
	in    bool // a message
	now   Message
}

// isMessages reports whether a member holds a list of messages: of the API and
// of slackdump's dumps, of its chunks, and of what its searches found.
func isMessages(name []byte) bool {
	switch string(name) {
	case "messages", "m", "sm":
		return true
	}
	return false
}

// The members under which slackdump puts the replies of a thread into its first
// message, and that message into a chunk of replies.
const (
	repliesWithin = "slackdump_thread_replies"
	parentOf      = "p"
)

// reset makes the follower ready for another text.
func (f *follower) reset() {
	*f = follower{key: f.key[:0], value: f.value[:0]}
}

// take follows a token. ended says that a message ended with it or before it:
// now is still that message. began says that one begins with it.
func (f *follower) take(tok *Token) (ended, began bool) {
	switch tok.Kind {
	case Key:
		if !f.mid {
			f.key = f.key[:0]
		}
		if len(f.key) < 64 {
			f.key = append(f.key, tok.Bytes[:min(len(tok.Bytes), 64)]...)
		}
		f.mid = tok.More
		if !tok.More {
			f.fact = noFact
			if f.in && tok.Depth == f.at+1 {
				f.fact = factOf(f.key)
			}
		}
	case Leaf:
		if f.fact != noFact {
			f.learn(tok)
		}
		f.mid = tok.More
	case Open:
		return f.open(tok)
	case Close:
		ended = f.in && tok.Depth == f.at
		if ended {
			f.in = false
		}
		if f.list && tok.Depth == f.at-1 {
			if f.at, f.outer = f.outer, 0; f.at == 0 {
				f.list = false
			}
		}
	}
	return ended, false
}

func (f *follower) learn(tok *Token) {
	if !f.mid {
		f.value = f.value[:0]
	}
	if len(f.value) < 128 {
		f.value = append(f.value, tok.Bytes[:min(len(tok.Bytes), 128)]...)
	}
	if !tok.More {
		f.now.set(f.fact, f.value)
	}
}

func (f *follower) open(tok *Token) (ended, began bool) {
	switch c := tok.Bytes[0]; {
	case c == '[' && !f.list && (tok.Depth == 0 || tok.Depth == 1 && isMessages(f.key)):
		f.list, f.at = true, tok.Depth+1
	case c == '[' && f.in && f.list && f.outer == 0 && tok.Depth == f.at+1 && string(f.key) == repliesWithin:
		f.outer, f.at, f.in = f.at, tok.Depth+1, false
		return true, false
	case c == '{' && f.list && tok.Depth == f.at, c == '{' && !f.list && tok.Depth == 1 && string(f.key) == parentOf:
		f.at, f.in, f.now, f.fact, f.key = tok.Depth, true, Message{}, noFact, f.key[:0]
		return false, true
	}
	return false, false
}
