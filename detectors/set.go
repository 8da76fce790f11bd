package detectors

// Set is detectors compiled together. Safe for concurrent use.
type Set struct{}

// NewSet compiles detectors. It fails on an anchor that is too short or a
// detector without anchors.
func NewSet(ds ...Detector) (*Set, error) { panic("stub") }

// Name names the detectors and their versions: it changes when the Set would
// find something else in the same bytes.
func (s *Set) Name() string { panic("stub") }

// Margin is how many bytes of context a Window needs on both sides of its
// owned span, wherever the stream has them: the greatest Reach and RunLimit.
func (s *Set) Margin() int { panic("stub") }

// NewFinder returns the scratch space of one goroutine.
func (s *Set) NewFinder() *Finder { panic("stub") }

// Join returns the candidates that the atoms of one whole stream make, atoms in
// any order.
func (s *Set) Join(dst []Candidate, atoms []Atom) []Candidate { panic("stub") }

// Window is a span of a stream with its surroundings.
type Window struct {
	Head      []byte // the first HeadSize bytes of the stream, or as many as there are
	Bytes     []byte // context, owned span, context
	Base      int64  // offset of Bytes[0] in the stream
	From, To  int    // the owned span within Bytes: atoms belong to the window that owns their first byte
	Line      int    // line number at From
	LineStart int64  // offset of the first byte of the line that From stands in; -1 unknown
}

// Finder finds atoms in windows. It belongs to one goroutine.
type Finder struct{}

// Find appends the atoms whose first byte lies in the window's owned span, in
// order of Off, and returns the line number and line start at To. The answer
// depends only on the stream, never on where windows were cut. It allocates
// nothing for a window without an anchor.
func (f *Finder) Find(dst []Atom, w Window) (atoms []Atom, line int, lineStart int64) {
	panic("stub")
}
