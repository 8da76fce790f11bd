package rules

import (
	"bytes"
	"fmt"
	"sync"

	"mislaid/detectors"
	"mislaid/detectors/anchor"
	"mislaid/internal/secret"
)

// scratch is what find needs; it holds no scanned bytes.
type scratch struct {
	hits   []anchor.Hit
	places [][]Span // by rule: the neighbourhoods of its keywords, merged
	used   []int    // the rules that have any
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// find is the Detector's Find.
//
// What a rule finds must not depend on where near begins, and the bytes of a
// dense place must not be searched again for each keyword. So the stream is cut
// into cells of fixed places, an expression is tried on one cell at a time with
// as much around it as a match may reach, and the cell keeps what begins in it.
func (s *Set) find(dst []detectors.Atom, n detectors.Near) []detectors.Atom {
	sc := scratches.Get().(*scratch)
	defer scratches.Put(sc)
	sc.hits = s.words.Scan(sc.hits[:0], n.Bytes, 0)
	sc.used = sc.used[:0]
	for len(sc.places) < len(s.rules) {
		sc.places = append(sc.places, nil)
	}
	for _, h := range sc.hits {
		if h.Wide {
			continue
		}
		size := len(s.anchors[h.ID].Word)
		for _, i := range s.users[h.ID] {
			sp := Span{h.Off - s.rules[i].reach, h.Off + size + s.rules[i].reach}
			list := sc.places[i]
			switch k := len(list); {
			case k == 0:
				sc.used = append(sc.used, i)
				sc.places[i] = append(list, sp)
			case sp.From <= list[k-1].To:
				list[k-1].To = max(list[k-1].To, sp.To)
			default:
				sc.places[i] = append(list, sp)
			}
		}
	}
	for _, i := range sc.used {
		for _, sp := range sc.places[i] {
			dst = s.rules[i].along(dst, &n, sp)
		}
		sc.places[i] = sc.places[i][:0]
	}
	return dst
}

// along tries a rule on a merged neighbourhood, cell by cell. The span may
// reach beyond near, and does where the stream begins or ends.
func (r *compiled) along(dst []detectors.Atom, n *detectors.Near, sp Span) []detectors.Atom {
	near, base := n.Bytes, n.Base
	first := (base + int64(max(sp.From, 0))) / cell
	last := (base + int64(min(sp.To, len(near))) - 1) / cell
	for c := first; c <= last; c++ {
		from, to := int(c*cell-base), int((c+1)*cell-base)
		t := try{
			near: n, keep: Span{from, to},
			at: Span{max(sp.From, from-r.reach), min(sp.To, to+r.reach)},
		}
		// What is cut off here goes on there: only the stream's own edges are real.
		t.cutLeft = t.at.From > 0 || t.at.From == 0 && base > 0
		t.cutRight = t.at.To <= len(near)
		t.at = Span{max(t.at.From, 0), min(t.at.To, len(near))}
		dst = r.try(dst, t)
	}
	return dst
}

// try is one trial of an expression.
type try struct {
	near              *detectors.Near
	at                Span // what the expression sees of near
	keep              Span // where the secrets begin that are taken
	cutLeft, cutRight bool // the edge of what it sees is not the stream's
}

func (r *compiled) try(dst []detectors.Atom, t try) []detectors.Atom {
	text := t.near.Bytes[t.at.From:t.at.To]
	for _, m := range r.Regexp.FindAllSubmatchIndex(text, -1) {
		match := Span{m[0], m[1]}
		if t.cutLeft && match.From == 0 || t.cutRight && match.To == len(text) || match.To-match.From > r.reach {
			continue // it may be a piece of something longer
		}
		group := r.group(m)
		begin, end := t.at.From+group.From, t.at.From+group.To
		if group.To <= group.From || begin < t.keep.From || begin >= t.keep.To {
			continue
		}
		value, profile, filter, why := r.judge(text, match, group)
		if why != "" {
			t.near.Drop(detectors.PartWhole, begin, end, end-begin, filter, "rule %s: %s", r.ID, why)
			continue
		}
		dst = append(dst, detectors.Atom{
			Part: detectors.PartWhole, Kind: r.Kind, ID: r.ID, Value: secret.New(value),
			Off: t.near.Base + int64(begin), End: t.near.Base + int64(end),
			Hints: detectors.Hints{Profile: profile},
		})
	}
	return dst
}

// group returns where the secret of a match is.
func (r *Rule) group(m []int) Span {
	if r.Group > 0 {
		return Span{m[2*r.Group], m[2*r.Group+1]}
	}
	for i := 2; i < len(m); i += 2 {
		if m[i] >= 0 && m[i+1] > m[i] {
			return Span{m[i], m[i+1]}
		}
	}
	return Span{m[0], m[1]}
}

// judge returns the secret of a match, or which filter says why it is none.
func (r *Rule) judge(text []byte, match, group Span) (value []byte, profile, filter, why string) {
	value = text[group.From:group.To]
	if e := detectors.Entropy(value); r.Entropy > 0 && e <= r.Entropy {
		return nil, "", "entropy", fmt.Sprintf("%.2f bits per byte, and the rule wants more than %g", e, r.Entropy)
	}
	for i := range r.Allow {
		if r.Allow[i].excuses(value, text[match.From:match.To], lineAround(text, match)) {
			return nil, "", "allowlist", "an allowlist excuses it"
		}
	}
	if r.Check == nil {
		return value, "", "", ""
	}
	c := r.Check(text, match, group)
	if c.Secret != nil {
		value = c.Secret
	}
	return value, c.Profile, "check", c.Why
}

// lineAround returns the lines in which a match stands, as far as they can be
// seen.
func lineAround(text []byte, match Span) []byte {
	from := bytes.LastIndexByte(text[:match.From], '\n') + 1
	to := len(text)
	if n := bytes.IndexByte(text[match.To:], '\n'); n >= 0 {
		to = match.To + n
	}
	return text[from:to]
}
