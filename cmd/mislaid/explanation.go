package main

import (
	"fmt"
	"io"
	"strings"

	"mislaid/detectors"
	"mislaid/internal/report"
	"mislaid/internal/scan"
	"mislaid/internal/secret"
)

// explanation is how one file was judged, as it is shown. It holds no secret.
type explanation struct {
	Schema     string               `json:"schema"` // mislaid/explain/v1
	File       string               `json:"file"`
	Bytes      int64                `json:"bytes"` // read
	Detectors  string               `json:"detectors"`
	Error      string               `json:"error,omitempty"` // why it was not read to its end
	Atoms      []explainedAtom      `json:"atoms"`
	Dropped    []explainedDrop      `json:"dropped"`
	Weighed    []explainedPair      `json:"weighed"`
	Candidates []explainedCandidate `json:"candidates"`
	Streams    int                  `json:"streams,omitempty"` // that lie in it
	Inner      []*explanation       `json:"inner,omitempty"`   // those of them in which something was found or turned away
	Gaps       []explainedGap       `json:"gaps,omitempty"`
}

// explainedGap is something in the file that could not be read.
type explainedGap struct {
	Place string `json:"place"`
	Error string `json:"error"`
}

type explainedPlace struct {
	Name   string `json:"name,omitempty"` // a cell, a page
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"` // bytes
}

func (p explainedPlace) String() string {
	if p.Name != "" {
		return p.Name
	}
	if p.Line > 0 && p.Column > 0 {
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return fmt.Sprintf("byte %d", p.Offset)
}

type explainedAtom struct {
	explainedPlace
	Part        string          `json:"part"`
	Kind        secret.Kind     `json:"kind,omitempty"`
	ID          string          `json:"id,omitempty"` // the key id, the rule, or the comment
	Label       string          `json:"label,omitempty"`
	Labelled    bool            `json:"labelled,omitempty"` // the label says what it is
	Placeholder bool            `json:"placeholder,omitempty"`
	Detector    string          `json:"detector"`
	Hints       detectors.Hints `json:"hints,omitzero"`
}

type explainedDrop struct {
	explainedPlace
	Part     string `json:"part"`
	Filter   string `json:"filter"`
	Why      string `json:"why"`
	Detector string `json:"detector"`
}

type explainedPair struct {
	ID     explainedAtom    `json:"id"`
	Other  explainedAtom    `json:"other"`
	Points []explainedPoint `json:"points"`
	Score  int              `json:"score"`
	Chosen bool             `json:"chosen"`
	Why    string           `json:"why,omitempty"`
}

type explainedPoint struct {
	Points int    `json:"points"`
	Why    string `json:"why"`
}

type explainedCandidate struct {
	explainedPlace
	Kind        secret.Kind          `json:"kind"`
	ID          string               `json:"id,omitempty"`
	Confidence  detectors.Confidence `json:"confidence"`
	Score       int                  `json:"score"`
	Account     string               `json:"account,omitempty"`
	Placeholder bool                 `json:"placeholder,omitempty"`
	Parts       []explainedPlace     `json:"parts"`
	Suppressed  string               `json:"suppressed,omitempty"` // the comment on one of its lines
}

func newExplanation(file, set string, e scan.Explained) *explanation {
	names := strings.Split(set, "+")
	name := func(i int) string {
		if i >= 0 && i < len(names) {
			return names[i]
		}
		return ""
	}
	place := func(a detectors.Atom) explainedPlace {
		p := explainedPlace{Offset: a.Off, Length: a.End - a.Off}
		if e.Place != nil {
			at := e.Place(a)
			p.Name, p.Line, p.Column = at.Name, at.Line, at.Column
		}
		return p
	}
	atom := func(a detectors.Atom) explainedAtom {
		return explainedAtom{
			explainedPlace: place(a), Part: a.Part.String(), Kind: a.Kind, ID: a.ID, Label: a.Label, Labelled: a.Labelled,
			Placeholder: a.Placeholder, Detector: name(a.Detector), Hints: a.Hints,
		}
	}
	d := &explanation{
		Schema: "mislaid/explain/v1", File: file, Bytes: e.Bytes, Detectors: set,
		Atoms: []explainedAtom{}, Dropped: []explainedDrop{}, Weighed: []explainedPair{}, Candidates: []explainedCandidate{},
	}
	marks := make(map[int]string)
	for _, a := range e.Trace.Atoms {
		d.Atoms = append(d.Atoms, atom(a))
		if a.Part == detectors.PartMark {
			marks[a.Line] = a.ID
		}
	}
	for _, x := range e.Trace.Drops {
		at := detectors.Atom{Off: x.Off, End: x.End, Line: x.Line, LineStart: x.LineStart, Wide: x.Wide}
		d.Dropped = append(d.Dropped, explainedDrop{place(at), x.Part.String(), x.Filter, x.Why, name(x.Detector)})
	}
	for _, p := range e.Trace.Pairs {
		pair := explainedPair{ID: atom(p.ID), Other: atom(p.Other), Points: []explainedPoint{}, Score: p.Score, Chosen: p.Chosen, Why: p.Why}
		for _, pt := range p.Points {
			pair.Points = append(pair.Points, explainedPoint{pt.Points, pt.Why})
		}
		d.Weighed = append(d.Weighed, pair)
	}
	for _, c := range e.Trace.Candidates {
		x := explainedCandidate{
			Kind: c.Credential.Kind, ID: c.Credential.ID, Confidence: c.Confidence, Score: c.Score, Account: c.Account, Placeholder: c.Placeholder,
			Parts: []explainedPlace{},
		}
		for i, a := range c.Atoms {
			p := place(a)
			x.Parts = append(x.Parts, p)
			if i == 0 {
				x.explainedPlace = p
			}
			if x.Suppressed == "" {
				x.Suppressed = marks[a.Line]
			}
		}
		d.Candidates = append(d.Candidates, x)
	}
	d.Streams = e.Streams
	for _, in := range e.Inner {
		d.Inner = append(d.Inner, newExplanation(file+in.Path, set, in))
	}
	for _, g := range e.Gaps {
		d.Gaps = append(d.Gaps, explainedGap{file + g.Path, g.Err.Error()})
	}
	return d
}

// writeText writes the explanation for people. Errors are w's to keep.
func (d *explanation) writeText(w io.Writer, o report.Options) {
	bold := func(s string) string {
		if o.Color {
			return "\x1b[1m" + s + "\x1b[0m"
		}
		return s
	}
	line := func(format string, args ...any) { fmt.Fprintln(w, report.Clean(fmt.Sprintf(format, args...))) }
	line("%s: %d bytes read, looked at by %s", d.File, d.Bytes, d.Detectors)
	if d.Error != "" {
		line("NOT READ TO ITS END: %s", d.Error)
	}
	if d.Streams > 0 {
		line("It is wrapped: %d streams lie in it, and in %d of them stands something to tell of.", d.Streams, len(d.Inner)+min(1, len(d.Atoms)+len(d.Dropped)))
	}
	for _, g := range d.Gaps {
		line("NOT READ: %s: %s", g.Place, g.Error)
	}
	if d.Streams == 0 || len(d.Atoms)+len(d.Dropped) > 0 || len(d.Inner) == 0 {
		d.writeJudged(w, bold, line)
	}
	for _, in := range d.Inner {
		fmt.Fprintln(w)
		in.writeText(w, o)
	}
}

// writeJudged writes how the file's own text was judged.
func (d *explanation) writeJudged(w io.Writer, bold func(string) string, line func(string, ...any)) {
	fmt.Fprintln(w, bold(fmt.Sprintf("\nParts found: %d", len(d.Atoms))))
	for _, a := range d.Atoms {
		line("  %-9s %s", a.explainedPlace, a.words())
	}
	if len(d.Atoms)+len(d.Dropped) == 0 {
		line("  Nothing in it has the shape of what is looked for: no key id, no string of a secret's length, no keyword of a rule.")
		line("  \"mislaid selftest\" shows what would be found.")
	}
	if len(d.Dropped) > 0 {
		fmt.Fprintln(w, bold(fmt.Sprintf("\nTurned away: %d", len(d.Dropped))))
		for _, x := range d.Dropped {
			line("  %-9s %s of %d bytes, by the filter \"%s\": %s", x.explainedPlace, x.Part, x.Length, x.Filter, x.Why)
		}
	}
	if len(d.Weighed) > 0 {
		fmt.Fprintln(w, bold(fmt.Sprintf("\nWeighed against each other: %d", len(d.Weighed))))
		for _, p := range d.Weighed {
			verdict := "not joined"
			if p.Chosen {
				verdict = "joined"
			}
			if p.Why != "" {
				verdict += ": " + p.Why
			}
			line("  %s %s (%s) and %s (%s): score %d, %s", p.ID.Part, p.ID.ID, p.ID.explainedPlace, p.Other.Part, p.Other.explainedPlace, p.Score, verdict)
			for _, pt := range p.Points {
				line("      %+5d  %s", pt.Points, pt.Why)
			}
		}
	}
	fmt.Fprintln(w, bold(fmt.Sprintf("\nCredentials found: %d", len(d.Candidates))))
	for _, c := range d.Candidates {
		line("  %-9s %s", c.explainedPlace, c.words())
	}
}

// words says what an atom is.
func (a *explainedAtom) words() string {
	s := a.Part
	if a.ID != "" {
		s += " " + a.ID
	} else {
		s += fmt.Sprintf(" of %d bytes [masked]", a.Length)
	}
	if a.Kind != "" {
		s += ", " + string(a.Kind)
	}
	if a.Label != "" {
		s += fmt.Sprintf(", called \"%s\"", a.Label)
		if a.Labelled {
			s += ", which says what it is"
		}
	}
	if a.Placeholder {
		s += ", a published sample"
	}
	if a.Hints.Profile != "" {
		s += ", of " + a.Hints.Profile
	}
	return s
}

// words says what came of it.
func (c *explainedCandidate) words() string {
	s := string(c.Kind)
	if c.ID != "" {
		s += " " + c.ID
	}
	s += fmt.Sprintf(", confidence %s, score %d", c.Confidence, c.Score)
	if c.Account != "" {
		s += ", account " + c.Account
	}
	if len(c.Parts) > 1 {
		var at []string
		for _, p := range c.Parts {
			at = append(at, p.String())
		}
		s += ", made of " + strings.Join(at, " and ")
	}
	switch {
	case c.Placeholder:
		s += "; a published sample: reported as that, never verified"
	case c.Suppressed != "":
		s += "; suppressed by the comment " + c.Suppressed
	}
	return s
}
