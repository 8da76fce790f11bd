package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// rate is how many of so many.
type rate struct{ hit, of int }

func (r rate) String() string {
	if r.of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.4f", float64(r.hit)/float64(r.of))
}

func (r *rate) add(hit bool) {
	r.of++
	if hit {
		r.hit++
	}
}

// figures is how a scanner did.
type figures struct {
	id, paired, right rate            // of planted pairs: the id, the id with some secret, with its own
	encoded           rate            // right pairs of those that are not plain
	groups            map[string]rate // right pairs by class, distance, order and encoding
	lone              rate
	loneSecrets       rate
	others            map[string]rate // by shape
	compatible        rate            // keys for other storage that are reported and labelled so

	findings   int // that are not labelled as examples
	wrongPairs int // an id and a secret that do not belong together
	halves     int // a half of a pair, reported alone
	beside     int // another kind of credential in a file of pairs, such as the password of a console CSV
	invented   int // where no credential is
	samples    int // of these: in files of placeholders
	lookalikes int // and in files of look-alikes

	misses, wrong []string
}

// score compares what was found with what was planted.
func score(t *truth, findings []finding) *figures {
	f := &figures{groups: make(map[string]rate), others: make(map[string]rate)}
	found := make(map[string]bool)     // fingerprints
	whole := make(map[string]bool)     // ids that were paired
	ids := make(map[string]bool)       // ids
	kinds := make(map[string][]string) // by file
	label := make(map[string]bool)     // files with a key labelled as being of other storage
	byPath := make(map[string]*plant)  // any plant of a file
	known := make(map[string]*plant)   // by fingerprint
	planted := make(map[string]*plant) // by id
	for i := range t.Plants {
		p := &t.Plants[i]
		byPath[p.Path] = p
		for _, fp := range []string{p.Pair, p.OnlyID, p.Secret} {
			if fp != "" {
				known[fp] = p
			}
		}
		if p.ID != "" {
			planted[p.ID] = p
		}
	}
	for _, x := range findings {
		if x.Placeholder {
			continue
		}
		f.findings++
		found[x.Fingerprint], ids[x.ID] = true, true
		whole[x.ID] = whole[x.ID] || x.Whole
		file := inside(x.Path)
		kinds[file] = append(kinds[file], x.Kind)
		label[file] = label[file] || x.Compatible
		f.judge(x, known[x.Fingerprint], planted[x.ID], byPath[file])
	}
	for i := range t.Plants {
		p := &t.Plants[i]
		switch p.Class {
		case pair, session:
			f.id.add(ids[p.ID])
			f.paired.add(whole[p.ID])
			right := found[p.Pair]
			f.right.add(right)
			if p.Encoding != "plain" {
				f.encoded.add(right)
			}
			for _, g := range []string{string(p.Class), p.Distance, p.Order, "encoding " + p.Encoding} {
				r := f.groups[g]
				r.add(right)
				f.groups[g] = r
			}
			if !right {
				state := "nothing found"
				switch {
				case whole[p.ID]:
					state = "another secret"
				case ids[p.ID] && found[p.Secret]:
					state = "not joined"
				case ids[p.ID]:
					state = "id alone"
				case found[p.Secret]:
					state = "secret alone"
				}
				f.misses = append(f.misses, state+": "+p.where())
			}
		case loneID: // one that was paired wrongly is found all the same; the pair is counted
			f.lone.add(ids[p.ID])
			f.missed(ids[p.ID], p)
		case loneSecret:
			f.loneSecrets.add(found[p.Secret])
			f.missed(found[p.Secret], p)
		case other:
			hit := slices.ContainsFunc(kinds[p.Path], func(kind string) bool {
				return slices.ContainsFunc(p.Kinds, func(part string) bool { return strings.Contains(strings.ToLower(kind), part) })
			})
			r := f.others[p.Shape]
			r.add(hit)
			f.others[p.Shape] = r
			f.missed(hit, p)
		case compatible:
			if len(kinds[p.Path]) > 0 {
				f.compatible.add(label[p.Path])
			}
		}
	}
	slices.Sort(f.misses)
	slices.Sort(f.wrong)
	return f
}

func (f *figures) missed(found bool, p *plant) {
	if !found {
		f.misses = append(f.misses, "nothing found: "+p.where())
	}
}

// plainKind are the kinds of mislaid that the plants of pairs, ids and secrets
// are made of; everything else that is found in their files was written there
// as an accompaniment and is listed, not judged.
var plainKind = map[string]bool{"aws-access-key": true, "aws-session-key": true, "aws-key-id": true, "aws-secret-key": true}

// judge counts one finding; known is the plant whose fingerprint it has,
// planted the one whose id, file any plant of the same file.
func (f *figures) judge(x finding, known, planted, file *plant) {
	switch {
	case known != nil && (x.Fingerprint == known.Pair || known.Class == loneID || known.Class == loneSecret || known.Class == other):
	case known != nil:
		f.halves++
	case x.Whole && planted != nil && planted.Class != other:
		f.wrongPairs++
		f.wrong = append(f.wrong, "wrong pair: "+planted.where())
	case file != nil && (file.Class == other || file.Class == compatible):
	case file != nil && file.Class != placeholder && file.Class != lookalike && !plainKind[x.Kind]:
		f.beside++
		f.wrong = append(f.wrong, "beside: "+x.Kind+" "+file.where())
	default:
		f.invented++
		at := x.Path
		if file != nil {
			at = file.where()
			switch file.Class {
			case placeholder:
				f.samples++
			case lookalike:
				f.lookalikes++
			}
		}
		f.wrong = append(f.wrong, "no such credential: "+x.Kind+" "+at)
	}
}

// print writes the figures; with detail also what was missed and wrong.
func (f *figures) print(out io.Writer, detail bool) {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, r rate) {
		if r.of > 0 {
			fmt.Fprintf(tw, "%s\t%s\t%d of %d\n", name, r, r.hit, r.of)
		}
	}
	row("recall: id", f.id)
	row("recall: pair, any secret", f.paired)
	row("recall: right pair", f.right)
	row("recall: right pair, encoded", f.encoded)
	row("recall: lone id", f.lone)
	row("recall: lone secret", f.loneSecrets)
	var others rate
	for _, r := range f.others {
		others.hit, others.of = others.hit+r.hit, others.of+r.of
	}
	row("recall: other kinds", others)
	row("labelled as other storage", f.compatible)
	row("wrong pairs, of findings", rate{f.wrongPairs, f.findings})
	row("precision", rate{f.findings - f.wrongPairs - f.invented, f.findings})
	fmt.Fprintf(tw, "halves of pairs reported alone\t\t%d\n", f.halves)
	fmt.Fprintf(tw, "other kinds beside pairs\t\t%d\n", f.beside)
	fmt.Fprintf(tw, "no such credential\t\t%d\n", f.invented)
	fmt.Fprintf(tw, "  of these placeholders\t\t%d\n", f.samples)
	fmt.Fprintf(tw, "  of these look-alikes\t\t%d\n", f.lookalikes)
	fmt.Fprintln(tw, "\t\t")
	for _, g := range slices.SortedFunc(maps.Keys(f.groups), cmp.Compare[string]) {
		row("right pair, "+g, f.groups[g])
	}
	for _, g := range slices.Sorted(maps.Keys(f.others)) {
		row("other kind, "+g, f.others[g])
	}
	_ = tw.Flush() // the caller's writer is the terminal or a buffer
	if !detail {
		return
	}
	for _, l := range [][]string{f.misses, f.wrong} {
		for _, s := range l {
			fmt.Fprintln(out, s)
		}
	}
}
