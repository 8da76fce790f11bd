package aws

import (
	"cmp"
	"math"
	"slices"

	"mislaid/detectors"
)

// What speaks for an id and a secret (or token) to belong together.
const (
	scoreLone     = 1
	scoreFar      = 10  // they stand in the same stream
	scoreLabelled = 50  // the secret has a label that says so
	scoreRecord   = 100 // one structured record
	scoreStem     = 25  // their labels have the same stem: prod_…
	scoreLine     = 40  // the same line; less by scoreStep for each line between
	scoreStep     = 6
	scoreGap      = 5 // taken off for the bytes between them
	scoreOrder    = 8 // they stand in the order that the first pair has
)

const (
	nearLines  = 5       // as far apart as an unlabelled secret may be, in lines
	nearBytes  = 4 << 10 // and in bytes
	candidates = 4       // looked at on either side of an id, of each kind
)

// pair is an id and a secret, by index, with what speaks for it.
type pair struct {
	id, secret int
	score      int
	far        bool
	spare      bool // the secret was left over, the id has a better one
}

// match pairs ids and secrets, both in order of place, one to one as far as
// there are enough, and gives each secret that is left over to its likeliest
// id, unless that has a labelled one and this has no label. It returns the pairs of one id together, the best first. It takes
// n log n time, whatever the atoms are.
func match(ids, secrets []detectors.Atom, t *detectors.Trace) []pair {
	edges := nearby(ids, secrets)
	rank := func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id), cmp.Compare(a.secret, b.secret))
	}
	slices.SortFunc(edges, rank)
	hasSecret, hasID := make([]bool, len(ids)), make([]bool, len(secrets))
	pairs := take(nil, edges, hasSecret, hasID)
	pairs = append(pairs, distant(ids, secrets, hasSecret, hasID)...)
	named := make([]bool, len(ids)) // whose secret has a label
	for _, p := range pairs {
		named[p.id] = secrets[p.secret].Labelled
	}
	for _, e := range edges {
		if !hasID[e.secret] && (secrets[e.secret].Labelled || !named[e.id]) {
			hasID[e.secret] = true
			e.spare = true
			e.score /= 2
			pairs = append(pairs, e)
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		byID := cmp.Compare(a.id, b.id)
		if byID == 0 && a.spare != b.spare {
			if a.spare {
				return 1
			}
			return -1
		}
		return cmp.Or(byID, rank(a, b))
	})
	tell(t, ids, secrets, edges, pairs)
	return pairs
}

// take appends the edges, best first, whose ends are both free.
func take(dst, edges []pair, hasSecret, hasID []bool) []pair {
	for _, e := range edges {
		if !hasSecret[e.id] && !hasID[e.secret] {
			hasSecret[e.id], hasID[e.secret] = true, true
			dst = append(dst, e)
		}
	}
	return dst
}

// nearby returns the pairs that stand close enough to belong together without
// more evidence: a bounded number for each id.
func nearby(ids, secrets []detectors.Atom) []pair {
	var named, bare []int
	for i, s := range secrets {
		if s.Labelled {
			named = append(named, i)
		} else {
			bare = append(bare, i)
		}
	}
	first := leading(ids, secrets, named)
	var edges []pair
	for i := range ids {
		for _, list := range [][]int{named, bare} {
			at, _ := slices.BinarySearchFunc(list, ids[i].Off, func(s int, off int64) int {
				return cmp.Compare(secrets[s].Off, off)
			})
			for _, s := range list[max(at-candidates, 0):min(at+candidates, len(list))] {
				if score, ok := closeness(ids[i], secrets[s], nil); ok {
					if (ids[i].Off < secrets[s].Off) == first[i] {
						score += scoreOrder
					}
					edges = append(edges, pair{id: i, secret: s, score: score})
				}
			}
		}
	}
	return edges
}

// leading says for each id whether ids come before secrets in its cluster, a
// series of atoms with no more than nearLines between neighbours. A list of
// pairs has one order, and its first atom shows which.
func leading(ids, secrets []detectors.Atom, named []int) []bool {
	out := make([]bool, len(ids))
	if len(named) == 0 {
		for i := range secrets {
			named = append(named, i)
		}
	}
	idFirst := true
	var last *detectors.Atom
	for i, n := 0, 0; i < len(ids); {
		var a *detectors.Atom
		isID := n == len(named) || ids[i].Off < secrets[named[n]].Off
		if isID {
			a = &ids[i]
		} else {
			a = &secrets[named[n]]
		}
		if last == nil || !isNear(*last, *a) {
			idFirst = isID
		}
		last = a
		if isID {
			out[i] = idFirst
			i++
		} else {
			n++
		}
	}
	return out
}

// closeness scores an id and a secret or token, and says whether they may
// belong together by closeness alone.
func closeness(id, s detectors.Atom, why *reasons) (score int, ok bool) {
	if id.Placeholder != s.Placeholder {
		return 0, false
	}
	same := sameRecord(id, s)
	if !same && !isNear(id, s) {
		return 0, false
	}
	if same {
		score += why.points(scoreRecord, "they stand in one record")
	}
	if s.Labelled {
		score += why.points(scoreLabelled, "its name says what it is")
	}
	if lines := linesBetween(id, s); lines <= nearLines {
		score += why.points(scoreLine-scoreStep*lines, "so few lines between them")
	}
	if a, b := stemOf(id.Label), stemOf(s.Label); a != "" && b != "" {
		if a == b {
			score += why.points(scoreStem, "their names have the same stem")
		} else if kindOf(id.Label) == idLabel && s.Labelled {
			score += why.points(-scoreStem, "their names have different stems")
		}
	}
	return score + why.points(-int(min(gap(id, s)/64, scoreGap)), "bytes between them"), true
}

// reasons collects why a score is what it is; a nil one nothing.
type reasons []detectors.Point

// points adds a reason and returns its points.
func (w *reasons) points(n int, why string) int {
	if w != nil && n != 0 {
		*w = append(*w, detectors.Point{Points: n, Why: why})
	}
	return n
}

// tell says how each pair that was weighed came out.
func tell(t *detectors.Trace, ids, secrets []detectors.Atom, edges, pairs []pair) {
	if t == nil {
		return
	}
	type ends struct{ id, secret int }
	chosen := map[ends]bool{}
	for _, p := range pairs {
		chosen[ends{p.id, p.secret}] = true
	}
	say := func(p pair, why string) {
		var points reasons
		sum, _ := closeness(ids[p.id], secrets[p.secret], &points)
		if p.far {
			sum = 0
			points = nil
		}
		if rest := p.score - sum; rest != 0 {
			what := "they stand in the order that the first pair has"
			switch {
			case p.far:
				what = "what is left of both in this stream, by distance"
			case p.spare:
				what = "the key id has a better one"
			}
			points.points(rest, what)
		}
		t.Pair(detectors.Pairing{ID: ids[p.id], Other: secrets[p.secret], Points: points, Chosen: chosen[ends{p.id, p.secret}], Why: why})
	}
	for _, p := range pairs {
		switch {
		case p.far:
			say(p, "the nearest that was left, at any distance")
		case p.spare:
			say(p, "left over: offered after the better one")
		default:
			say(p, "the best that was free")
		}
	}
	for _, e := range edges {
		if !chosen[ends{e.id, e.secret}] {
			say(e, "one of the two has a better partner")
		}
	}
}

func sameRecord(a, b detectors.Atom) bool { return a.Record != 0 && a.Record == b.Record }

// isNear reports whether two atoms stand within a few lines of each other.
func isNear(a, b detectors.Atom) bool {
	return linesBetween(a, b) <= nearLines && gap(a, b) <= nearBytes
}

// linesBetween returns how many line ends stand between two atoms. Inside of an
// encoding those of the file say nothing: there it is guessed from the bytes.
func linesBetween(a, b detectors.Atom) int {
	const usual = 64 // bytes of a line, encoded
	if a.Depth == 0 || b.Depth == 0 {
		return abs(a.Line - b.Line)
	}
	if sameRecord(a, b) {
		return 0
	}
	return 1 + int(min(gap(a, b)/usual, 1000))
}

// gap returns the number of bytes between two atoms.
func gap(a, b detectors.Atom) int64 { return max(a.Off-b.End, b.Off-a.End, 0) }

func abs(n int) int { return max(n, -n) }

// distant pairs what is left of the ids with what is left of the labelled
// secrets, at any distance: each with the nearest that is still free. An id
// that got a secret at another place needs none here, and samples take no part.
func distant(ids, secrets []detectors.Atom, hasSecret, hasID []bool) []pair {
	done := map[string]bool{}
	for i, a := range ids {
		if hasSecret[i] {
			done[a.ID] = true
		}
	}
	taken := map[digest]bool{}
	for i, s := range secrets {
		if hasID[i] {
			taken[digestOf(s.Value)] = true
		}
	}
	var left []int
	for i, s := range secrets {
		if s.Labelled && !s.Placeholder && !hasID[i] && !taken[digestOf(s.Value)] {
			left = append(left, i)
		}
	}
	var pairs []pair
	var openIDs, openSecrets []int // not yet paired, the nearest last
	join := func(id, s int) {
		done[ids[id].ID] = true
		taken[digestOf(secrets[s].Value)] = true
		hasSecret[id], hasID[s] = true, true
		score := scoreFar + scoreLabelled - int(min(math.Log2(float64(gap(ids[id], secrets[s]))+1), scoreFar))
		pairs = append(pairs, pair{id: id, secret: s, score: score, far: true})
	}
	for i, n := 0, 0; i < len(ids) || n < len(left); {
		if n == len(left) || i < len(ids) && ids[i].Off < secrets[left[n]].Off {
			for len(openSecrets) > 0 && taken[digestOf(secrets[openSecrets[len(openSecrets)-1]].Value)] {
				openSecrets = openSecrets[:len(openSecrets)-1]
			}
			switch k := len(openSecrets); {
			case hasSecret[i] || done[ids[i].ID] || ids[i].Placeholder:
			case k > 0:
				join(i, openSecrets[k-1])
				openSecrets = openSecrets[:k-1]
			default:
				openIDs = append(openIDs, i)
			}
			i++
			continue
		}
		for len(openIDs) > 0 && done[ids[openIDs[len(openIDs)-1]].ID] {
			openIDs = openIDs[:len(openIDs)-1]
		}
		switch s, k := left[n], len(openIDs); {
		case taken[digestOf(secrets[s].Value)]:
		case k > 0:
			join(openIDs[k-1], s)
			openIDs = openIDs[:k-1]
		default:
			openSecrets = append(openSecrets, s)
		}
		n++
	}
	return pairs
}

// matchTokens gives each temporary id its token, by the id's text: the closest
// one first, then by order in the stream.
func matchTokens(ids, tokens []detectors.Atom, t *detectors.Trace) map[string]detectors.Atom {
	if len(tokens) == 0 {
		return nil
	}
	var temporary []detectors.Atom
	for _, a := range ids {
		if isTemporary(a.ID) {
			temporary = append(temporary, a)
		}
	}
	out, score := map[string]detectors.Atom{}, map[string]int{}
	for _, p := range match(temporary, tokens, t) {
		id := temporary[p.id].ID
		if best, ok := score[id]; !p.spare && (!ok || p.score > best) {
			out[id], score[id] = tokens[p.secret], p.score
		}
	}
	return out
}
