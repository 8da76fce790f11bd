package main

import "strings"

// text fills the shape in and returns what credentials it then holds.
func (b *builder) text(w *writer, s *shape, v variant) (string, []credential) {
	var out strings.Builder
	var creds []credential
	w.fresh(s.class)
	for _, p := range s.parts { // what is chosen once is chosen in the order of the shape
		w.choose(p.text)
	}
	parts := s.parts
	if v.secretFirst {
		parts = flipped(parts)
	}
	halves := 0
	for _, p := range parts {
		switch p.name {
		case "row":
			w.number = 0
			for range s.rows {
				w.fresh(s.class)
				creds = append(creds, w.cred)
				out.WriteString(w.expand(p.text))
			}
			continue
		case "id", "secret":
			if halves++; halves == 2 {
				w.filler(&out, s, v.distance)
			}
		}
		out.WriteString(w.expand(p.text))
	}
	creds = append(creds, w.several...)
	if len(creds) == 0 {
		creds = append(creds, w.cred)
	}
	return out.String(), creds
}

// flipped returns the parts with id and secret in each other's place.
func flipped(parts []part) []part {
	out := append([]part(nil), parts...)
	id, secret := -1, -1
	for i, p := range out {
		switch p.name {
		case "id":
			id = i
		case "secret":
			secret = i
		}
	}
	out[id], out[secret] = out[secret], out[id]
	return out
}

// filler writes what stands between two halves.
func (w *writer) filler(out *strings.Builder, s *shape, d distance) {
	start := out.Len()
	for n := 0; n < d.lines || out.Len()-start < d.bytes; n++ {
		if s.fill != "" {
			out.WriteString(w.expand(s.fill))
			continue
		}
		out.WriteString(w.comment(s))
	}
}

// comment is a line that means nothing in the shape's syntax.
func (w *writer) comment(s *shape) string {
	text := sentence(w.r)
	if s.ja {
		text = pick(w.r, japanese...)
	}
	switch s.syntax {
	case "json":
		return w.expand(`  "` + pick(w.r, "note", "owner", "description", "tag") + `⟦DIGITS4⟧": "` + text + "\",\n")
	case "js":
		return "  // " + text + "\n"
	case "xml":
		return "  <!-- " + text + " -->\n"
	case "html":
		return "<p>" + text + "</p>\n"
	case "sql":
		return "-- " + text + "\n"
	case "bat":
		return "REM " + text + "\n"
	case "c":
		return "    // " + text + "\n"
	case "ini", "env", "yaml", "sh", "py":
		if w.r.IntN(4) == 0 && s.syntax == "env" {
			return w.expand("APP_⟦UPPER6⟧=" + pick(w.r, "true", "8080", "⟦HEX32⟧", "⟦UUID⟧", "/var/lib/⟦PROJECT⟧") + "\n")
		}
		return "# " + text + "\n"
	}
	return text + "\n"
}
