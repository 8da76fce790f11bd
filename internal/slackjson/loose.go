package slackjson

// maxLoose bounds the bytes of messages that are kept to be read again beside what
// belongs to them.
const maxLoose = 256 << 10

// Loose is a message that may hold one part of a credential while another stands
// elsewhere: a reply in a thread, or a message with files.
type Loose struct {
	Message
	Files bool   // it shares some
	Text  []byte // as it stands in the stream
}

// WatchLoose makes the Text keep the loose messages that hold a word as only
// machines write them, up to a bound, and call then when its parts are read: the
// parts that it returns are read behind them.
func (t *Text) WatchLoose(then func(*Text) []Part) { t.after = then }

// Loose are those that were kept. They are the Text's own.
func (t *Text) Loose() []Loose { return t.loose }

func (t *Text) keepLoose(text []byte) {
	if t.kept+len(text) <= maxLoose {
		t.kept += len(text)
		t.loose = append(t.loose, Loose{t.now, t.files, append([]byte(nil), text...)})
	}
}

// tokenSize is how long a word must be to be no word. It is shorter than any
// part of a credential.
const tokenSize = 16

// longSize is how long a word of letters alone must be to be none.
const longSize = 32

// hasToken reports whether b holds a run of letters and digits that is no word of a
// language: one with both, one of capitals, or a long one of both cases. It decides
// about effort only: what it says no to is read all the same, but not beside what
// belongs to it.
func hasToken(b []byte) bool {
	run, digits, small, capitals := 0, 0, 0, 0
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z':
			small++
		case 'A' <= c && c <= 'Z':
			capitals++
		case c == '+' || c == '/' || c == '=' || c == '_' || c == '-':
		default:
			run, digits, small, capitals = 0, 0, 0, 0
			continue
		}
		run++
		if run >= tokenSize && (digits > 0 && small+capitals > 0 || capitals >= tokenSize && small == 0) || run >= longSize && small > 0 && capitals > 0 {
			return true
		}
	}
	return false
}
