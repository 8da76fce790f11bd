package journal

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// coverage folds what was read and what was missed.
type coverage struct {
	sources     map[string]*Source
	checkpoints map[containerKey]Checkpoint
	gaps        map[digest]keptGap
	first       []Gap // the first MaxGaps
	totals      map[gapKind]int64
	skips       map[digest]bool
	skipped     []Skip                  // the first MaxGaps
	listing     map[string][]listingGap // by source
	part        runPart                 // that is being folded
}

type runPart struct {
	id   string
	part int
}

// listingGap is a gap of a whole listing, which a later part of its run closes
// by listing again.
type listingGap struct {
	key  digest
	part runPart
}

type containerKey struct{ source, container string }

type gapKind struct{ source, reason string }

// keptGap is what a gap counts for, and where in first it stands, or -1.
type keptGap struct {
	count int64
	at    int
	kind  gapKind
}

func newCoverage() coverage {
	return coverage{
		sources:     make(map[string]*Source),
		checkpoints: make(map[containerKey]Checkpoint),
		gaps:        make(map[digest]keptGap),
		totals:      make(map[gapKind]int64),
		skips:       make(map[digest]bool),
		listing:     make(map[string][]listingGap),
	}
}

// begin takes the beginning of a part of a run. A later part of a scan opens all
// its targets again, so that an earlier one could not says nothing any more: the
// target may be called otherwise now that it can be read.
func (c *coverage) begin(r *Run) {
	c.part = runPart{r.ID, r.Part}
	if r.Part == 0 || r.Command != "scan" {
		return
	}
	for name, s := range c.sources {
		read := false
		for key := range c.checkpoints {
			read = read || key.source == name
		}
		if s.Error != "" && !read {
			delete(c.sources, name)
		}
	}
}

// addSource takes a source that a part of a run lists. What an earlier part of
// the run could not list, this part lists, or says again that it cannot.
func (c *coverage) addSource(s *Source) {
	own := *s
	c.sources[s.Name] = &own
	if s.Error != "" {
		return // it ends the listing
	}
	c.listing[s.Name] = slices.DeleteFunc(c.listing[s.Name], func(g listingGap) bool {
		closed := g.part.id == c.part.id && g.part.part < c.part.part
		if closed {
			c.forget(g.key)
		}
		return closed
	})
}

func (c *coverage) addCheckpoint(p *Checkpoint) {
	if !p.Likely { // that pass counts nothing: all its items are met again
		c.checkpoints[containerKey{p.Source, p.Container}] = *p
	}
}

func (c *coverage) addSkip(s *Skip) {
	key := digestOf(s.Ref.Source, s.Ref.Container, s.Ref.Item, s.Reason)
	if !c.skips[key] && len(c.skipped) < MaxGaps {
		c.skips[key] = true
		c.skipped = append(c.skipped, *s)
	}
}

// forget takes a gap back.
func (c *coverage) forget(key digest) {
	kept := c.gaps[key]
	delete(c.gaps, key)
	if kept.count == 0 {
		return
	}
	c.totals[kept.kind] -= kept.count
	if kept.at >= 0 {
		c.first = slices.Delete(c.first, kept.at, kept.at+1)
		for k, g := range c.gaps {
			if g.at > kept.at {
				g.at--
				c.gaps[k] = g
			}
		}
	}
}

// addGap counts a gap; the same one met again replaces what it counted for.
func (c *coverage) addGap(g *Gap) {
	key := gapKey(g)
	kept, again := c.gaps[key]
	if !again {
		kept.at = -1
		if len(c.first) < MaxGaps {
			kept.at = len(c.first)
			c.first = append(c.first, *g)
		}
	} else if kept.at >= 0 {
		c.first[kept.at] = *g
	}
	n := max(g.Count, 1)
	kept.kind = gapKind{g.Ref.Source, g.Reason}
	c.totals[kept.kind] += n - kept.count
	kept.count = n
	if g.Ref.Item == "" {
		gaps := slices.DeleteFunc(c.listing[g.Ref.Source], func(old listingGap) bool { return old.key == key })
		c.listing[g.Ref.Source] = append(gaps, listingGap{key, c.part})
	}
	c.gaps[key] = kept
}

// summary adds everything up. Gaps come in the order of their names.
func (c *coverage) summary() Coverage {
	out := Coverage{Gaps: slices.Clone(c.first), GapBy: make(map[string]int64), Skipped: slices.Clone(c.skipped)}
	bySource := make(map[string]*SourceCoverage)
	source := func(name string) *SourceCoverage {
		if bySource[name] == nil {
			bySource[name] = &SourceCoverage{Source: Source{Name: name}, Done: true}
		}
		return bySource[name]
	}
	for name, s := range c.sources {
		sc := source(name)
		sc.Source = *s
		sc.Done = s.Error == ""
	}
	for _, p := range c.checkpoints {
		sc := source(p.Source)
		sc.Counts.Add(p.Counts)
		out.Counts.Add(p.Counts)
		sc.Done = sc.Done && p.Done
	}
	for kind, n := range c.totals {
		if n == 0 {
			continue // taken back
		}
		out.GapTotal += n
		out.GapBy[kind.reason] += n
		source(kind.source).Gaps += n
	}
	for _, name := range slices.Sorted(maps.Keys(bySource)) {
		out.Sources = append(out.Sources, *bySource[name])
	}
	slices.SortFunc(out.Gaps, func(a, b Gap) int {
		return cmp.Or(
			strings.Compare(a.Ref.Source, b.Ref.Source), strings.Compare(a.Ref.Container, b.Ref.Container),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Ref.Item, b.Ref.Item),
			strings.Compare(a.Inner, b.Inner), strings.Compare(a.Reason, b.Reason),
		)
	})
	slices.SortFunc(out.Skipped, func(a, b Skip) int {
		return cmp.Or(
			strings.Compare(a.Ref.Source, b.Ref.Source), strings.Compare(a.Ref.Container, b.Ref.Container),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Ref.Item, b.Ref.Item),
		)
	})
	return out
}
