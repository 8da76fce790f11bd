package detectors

// A sweep merges the neighbourhoods of anchors, which come in order of offset,
// into regions. It looks at every byte of a gap at most once or twice, so that
// a stream full of anchors costs what its length costs.
type sweep struct {
	lane     lane
	reach    int
	from, to int // the region that is being built, without the runs at its edges
	floor    int // where the region before it ended
	open     bool
	anchors  uint64 // in it: see Near.Anchors
}

// region is characters of a lane: [from, to) are shown to Find, and only atoms
// that begin in [first, last) are taken. What lies outside is the rest of runs
// that the edges would cut, too far from any anchor to be judged.
type region struct {
	from, to, first, last int
	anchors               uint64 // in it: see Near.Anchors
}

// add takes the anchor [at, at+size). When it begins a new region, add returns
// the one before it.
func (s *sweep) add(at, size int, anchor uint64) (done region, ok bool) {
	l, r := max(at-s.reach, 0), min(at+size+s.reach, s.lane.len())
	if !s.open {
		s.from, s.to, s.open, s.anchors = l, r, true, anchor
		return region{}, false
	}
	if l <= s.to {
		s.to = max(s.to, r)
		s.anchors |= anchor
		return region{}, false
	}
	end := s.lane.growRight(s.to, l)
	if end == l || s.lane.growLeft(l, end) == end {
		s.to = max(s.to, r)
		s.anchors |= anchor
		return region{}, false
	}
	done = region{s.lane.growLeft(s.from, s.floor), end, s.from, s.to, s.anchors}
	s.floor, s.from, s.to, s.anchors = end, l, r, anchor
	return done, true
}

// last returns the region that is still being built.
func (s *sweep) last() (done region, ok bool) {
	if !s.open {
		return region{}, false
	}
	return region{s.lane.growLeft(s.from, s.floor), s.lane.growRight(s.to, s.lane.len()), s.from, s.to, s.anchors}, true
}

// inRun marks the characters of base64, of both alphabets, with padding.
var inRun = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-") {
		t[c] = true
	}
	return t
}()

// growRight moves an edge to the end of the run that it cuts, at most RunLimit
// and not beyond limit.
func (l lane) growRight(edge, limit int) int {
	limit = min(limit, edge+RunLimit)
	if edge == 0 || edge >= limit || !inRun[l.at(edge-1)] {
		return edge
	}
	for edge < limit && inRun[l.at(edge)] {
		edge++
	}
	return edge
}

// growLeft moves an edge to the beginning of the run that it cuts, at most
// RunLimit and not beyond limit.
func (l lane) growLeft(edge, limit int) int {
	limit = max(limit, edge-RunLimit)
	if edge <= limit || edge >= l.len() || !inRun[l.at(edge)] {
		return edge
	}
	for edge > limit && inRun[l.at(edge-1)] {
		edge--
	}
	return edge
}
