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
}

type containerKey struct{ source, container string }

type gapKind struct{ source, reason string }

// keptGap is what a gap counts for, and where in first it stands, or -1.
type keptGap struct {
	count int64
	at    int
}

func newCoverage() coverage {
	return coverage{
		sources:     make(map[string]*Source),
		checkpoints: make(map[containerKey]Checkpoint),
		gaps:        make(map[digest]keptGap),
		totals:      make(map[gapKind]int64),
	}
}

func (c *coverage) addSource(s *Source) {
	own := *s
	c.sources[s.Name] = &own
}

func (c *coverage) addCheckpoint(p *Checkpoint) {
	c.checkpoints[containerKey{p.Source, p.Container}] = *p
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
	c.totals[gapKind{g.Ref.Source, g.Reason}] += n - kept.count
	kept.count = n
	c.gaps[key] = kept
}

// summary adds everything up. Gaps come in the order of their names.
func (c *coverage) summary() Coverage {
	out := Coverage{Gaps: slices.Clone(c.first), GapBy: make(map[string]int64)}
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
	return out
}
