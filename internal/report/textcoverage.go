package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mislaid/internal/journal"
)

// placeholders are short: they are no leaks, and not silent.
func (t *page) placeholders(ls []journal.Leak) {
	if len(ls) == 0 {
		return
	}
	t.raw("")
	t.line(0, bold, "Published samples, which are no leaks:")
	for i := range ls {
		for j := range ls[i].Places {
			t.line(2, plain, title(&ls[i])+"  "+where(&ls[i].Places[j]))
		}
	}
}

func (t *page) coverage(s *journal.Summary) {
	c := &s.Coverage
	t.raw("")
	t.line(0, bold, "Coverage")
	for i := range c.Sources {
		src := &c.Sources[i]
		words := src.Name + ": " + countWords(src.Counts)
		switch {
		case src.Error != "":
			words = src.Name + ": could not be read at all: " + src.Error
		case !src.Done:
			words += ", not to its end"
		}
		t.line(2, plain, words)
		for _, n := range src.Notes {
			t.line(4, faint, n)
		}
	}
	if len(c.Sources) != 1 {
		t.field("In all", countWords(c.Counts))
	}
	var skipped []string
	for _, k := range slices.Sorted(maps.Keys(c.Counts.Skipped)) {
		skipped = append(skipped, fmt.Sprintf("%d %s", c.Counts.Skipped[k], k))
	}
	t.field("Left out", strings.Join(skipped, ", "))
	for i := range min(len(c.Skipped), shownSkips) {
		t.line(4, plain, whole(c.Skipped[i].Path, "")+": "+c.Skipped[i].Reason)
	}
	if more := len(c.Skipped) - shownSkips; more > 0 {
		t.line(4, faint, fmt.Sprintf("and %d more; --format json lists them", more))
	}
	t.gaps(c)
	if s.Chain.Torn {
		t.field("Journal", "its last line was cut off and is left out")
	}
	if s.Complete() {
		t.field("Complete", "everything that should have been read was read")
		return
	}
	t.line(2, boldRed, "INCOMPLETE: "+strings.Join(incomplete(s), "; "))
}

func countWords(c journal.Counts) string {
	words := plural(int(c.Items), "item", "items") + ", " + byteWords(c.Bytes) + " read"
	if c.Unchanged > 0 {
		words += fmt.Sprintf(", %d unchanged since they were read", c.Unchanged)
	}
	return words
}

// gaps shows the first gaps of each reason.
func (t *page) gaps(c *journal.Coverage) {
	if c.GapTotal == 0 {
		return
	}
	t.field("Gaps", plural(int(c.GapTotal), "thing", "things")+" that should have been read and was not; --format json lists them")
	for _, reason := range slices.Sorted(maps.Keys(c.GapBy)) {
		total := c.GapBy[reason]
		if total == 0 {
			continue
		}
		t.line(4, yellow, fmt.Sprintf("%d %s", total, reason))
		var shown int64
		lines := 0
		for i := range c.Gaps {
			g := &c.Gaps[i]
			if g.Reason != reason || lines == shownGaps {
				continue
			}
			name := whole(g.Path, g.Inner)
			if name == "" {
				name = strings.TrimSpace(g.Ref.Source + " " + g.Ref.Container)
			}
			if g.Count > 1 {
				name += fmt.Sprintf(" (%d)", g.Count)
			}
			if g.Detail != "" {
				name += ": " + g.Detail
			}
			t.line(6, plain, name)
			if g.Audience != nil {
				t.line(8, faint, "still read by "+exposureWords(g.Audience))
			}
			shown += max(g.Count, 1)
			lines++
		}
		if total > shown {
			t.line(6, faint, fmt.Sprintf("and %d more", total-shown))
		}
	}
}
