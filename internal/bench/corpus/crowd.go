package main

import "strings"

// crowd writes one file of several shapes, one below the other, as notes grow
// over the years, with lines of no meaning and with look-alikes between them.
func (b *builder) crowd(all []shape) error {
	var fit []*shape
	for i := range all {
		switch s := &all[i]; s.syntax {
		case "prose", "ini", "env", "sh", "md", "none", "csv":
			if !s.alone && s.rows < 6 && (s.class == pair || s.class == session || s.class == loneID) {
				fit = append(fit, s)
			}
		}
	}
	if len(fit) < 4 {
		return nil
	}
	v := variant{distance: adjacent}
	if b.r.IntN(3) == 0 {
		v.coding = &codings[b.r.IntN(len(codings))]
		if v.coding.value != nil || v.coding.ja {
			v.coding = nil
		}
	}
	var text strings.Builder
	var plants []plant
	w := b.writer(v)
	for range 2 + b.r.IntN(4) {
		s := fit[b.r.IntN(len(fit))]
		v := v
		v.secretFirst = s.halves() && !s.fixed && b.r.IntN(3) == 0
		w.file, w.several = make(map[string]string), nil
		part, creds := b.text(w, s, v)
		text.WriteString(part)
		for _, c := range creds {
			p := v.plant(s)
			p.Shape = "crowd: " + p.Shape
			plants = append(plants, p.of(c))
		}
		text.WriteString("\n")
		for range 1 + b.r.IntN(12) {
			text.WriteString(w.expand(pick(b.r, "⟦WORDS⟧", "⟦WORDS⟧ ⟦WORDS⟧", "⟦JAWORDS⟧", "", "commit ⟦HEX40⟧", "ticket ⟦UUID⟧", "sha256:⟦HEX64⟧", "https://wiki.example.org/x/⟦ALNUM8⟧")) + "\n")
		}
	}
	for i := range plants {
		plants[i].Rows = len(plants)
	}
	return b.write(w, v, pick(b.r, "notes", "memo", "todo-old", "wiki-dump", "手順")+pick(b.r, ".txt", ".md", ""), text.String(), plants)
}
