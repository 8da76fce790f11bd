package pdf

import (
	"errors"
	"io"
)

// content interprets content streams as far as text goes (9.4).
type content struct {
	d      *Document
	page   *layout
	state  state
	stack  []state
	tm     matrix // of text
	line   matrix // of the text's line
	depth  int    // forms within one another
	marks  []mark
	actual int // marks with a text of their own that are open
}

// state is what q saves and Q restores.
type state struct {
	ctm                               matrix
	font                              *font
	size, char, word, scale, lead, up float64
}

// mark is a marked sequence: its own text, if it has one, stands for what its
// glyphs show (14.9.4).
type mark struct {
	text  string
	has   bool
	shown bool
}

// spaced is how many bytes a string must have for the space between its letters
// to be a matter of looks: programs also put words apart by it.
const spaced = 4

// Bounds of what one page may ask for.
const (
	maxForms = 16
	maxStack = 512
)

func newContent(d *Document, page *layout) *content {
	return &content{d: d, page: page, state: state{ctm: identity, scale: 1}}
}

// run interprets a stream. The error says why it was not read to its end.
func (c *content) run(r io.Reader, resources dict) error {
	l := newLexer(r, 16<<10)
	var operands []object
	for {
		o, err := l.value()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		op, ok := o.(keyword)
		if !ok {
			if operands = append(operands, o); len(operands) > 1<<10 {
				operands = operands[:0]
			}
			continue
		}
		if op == "ID" {
			skipImage(l)
		} else if err := c.do(op, operands, resources); err != nil {
			return err
		}
		clear(operands)
		operands = operands[:0]
	}
}

// skipImage passes the bytes of an image that stands in the content (8.9.7): to
// an EI between spaces that is followed by what can be an operator.
func skipImage(l *lexer) {
	before := ' '
	for {
		b := l.next()
		if b < 0 {
			return
		}
		if b == 'E' && classes[byte(before)] == space && l.peek() == 'I' {
			l.pos++
			if n := l.peek(); n < 0 || classes[n] == space {
				l.pos++
				if n := l.peek(); n < 0 || n < 0x80 && (n >= ' ' || classes[n] == space) {
					return
				}
			}
		}
		before = rune(b)
	}
}

func (c *content) do(op keyword, args []object, resources dict) error {
	s := &c.state
	n := func(i int) float64 { // from the last one
		if i < len(args) {
			return number(args[len(args)-1-i])
		}
		return 0
	}
	switch op {
	case "q":
		if len(c.stack) < maxStack {
			c.stack = append(c.stack, *s)
		}
	case "Q":
		if k := len(c.stack); k > 0 {
			*s, c.stack = c.stack[k-1], c.stack[:k-1]
		}
	case "cm":
		s.ctm = matrix{n(5), n(4), n(3), n(2), n(1), n(0)}.mul(s.ctm)
	case "BT":
		c.tm, c.line = identity, identity
	case "Tf":
		s.size = n(0)
		if len(args) > 1 {
			f, _ := args[len(args)-2].(name)
			s.font = c.d.font(c.d.dict(resources["Font"])[f])
		}
	case "Tc":
		s.char = n(0)
	case "Tw":
		s.word = n(0)
	case "Tz":
		s.scale = n(0) / 100
	case "TL":
		s.lead = n(0)
	case "Ts":
		s.up = n(0)
	case "Td":
		c.newLine(n(1), n(0))
	case "TD":
		s.lead = -n(0)
		c.newLine(n(1), n(0))
	case "Tm":
		c.line = matrix{n(5), n(4), n(3), n(2), n(1), n(0)}
		c.tm = c.line
	case "T*":
		c.newLine(0, -s.lead)
	case "Tj":
		return c.show(last(args))
	case "'":
		c.newLine(0, -s.lead)
		return c.show(last(args))
	case "\"":
		s.word, s.char = n(2), n(1)
		c.newLine(0, -s.lead)
		return c.show(last(args))
	case "TJ":
		a, _ := last(args).(array)
		for _, o := range a {
			if k, ok := o.(float64); ok {
				c.advance(-k / 1000 * s.size)
			} else if err := c.show(o); err != nil {
				return err
			}
		}
	case "gs":
		g, _ := last(args).(name)
		if f := c.d.array(c.d.dict(c.d.dict(resources["ExtGState"])[g])["Font"]); len(f) == 2 {
			s.font, s.size = c.d.font(f[0]), c.d.number(f[1])
		}
	case "Do":
		x, _ := last(args).(name)
		return c.form(c.d.stream(c.d.dict(resources["XObject"])[x]), resources)
	case "BMC":
		c.begin(mark{})
	case "BDC":
		c.begin(c.markOf(last(args), resources))
	case "EMC":
		c.end()
	}
	return c.d.stopped
}

func last(args []object) object {
	if len(args) == 0 {
		return nil
	}
	return args[len(args)-1]
}

func (c *content) newLine(x, y float64) {
	c.line = c.line.moved(x, y)
	c.tm = c.line
}

// advance moves along the line, by a distance before horizontal scaling.
func (c *content) advance(by float64) {
	if f := c.state.font; f != nil && f.vertical {
		c.tm = c.tm.moved(0, by)
		return
	}
	c.tm = c.tm.moved(by*c.state.scale, 0)
}

// show lays out the glyphs of a string.
func (c *content) show(o object) error {
	s, ok := o.(text)
	f := c.state.font
	if !ok || f == nil {
		return nil
	}
	st := &c.state
	spacing := 0.0
	if len(s) >= spaced && st.char > 0 {
		spacing = st.char
	}
	f.each([]byte(s), func(g glyph) {
		wide := g.width * st.size
		by := wide + st.char
		if g.space {
			by += st.word
		}
		sign := 1.0
		if f.vertical {
			sign = -1
			by = -by
			wide = -wide
		}
		if c.actual > 0 {
			g.text = c.instead()
		}
		if g.text != "" {
			c.page.glyph(g.text, c.tm.mul(st.ctm), placing{size: st.size, scale: st.scale, rise: st.up, by: wide * sign, spacing: spacing, vertical: f.vertical})
		}
		c.advance(by)
	})
	return c.page.err
}

// instead returns the text of the marked sequence the first time, and then "".
func (c *content) instead() string {
	for i := range c.marks {
		if m := &c.marks[i]; m.has {
			if m.shown {
				return ""
			}
			m.shown = true
			return m.text
		}
	}
	return ""
}

// begin opens a marked sequence. Sequences in one that has a text are part of it.
func (c *content) begin(m mark) {
	if m.has {
		c.actual++
	}
	c.marks = append(c.marks, m)
	if len(c.marks) > maxStack {
		c.marks, c.actual = c.marks[:0], 0
	}
}

func (c *content) end() {
	if k := len(c.marks) - 1; k >= 0 {
		if c.marks[k].has {
			c.actual--
		}
		c.marks = c.marks[:k]
	}
}

// markOf reads the properties of a marked sequence.
func (c *content) markOf(o object, resources dict) mark {
	if n, ok := o.(name); ok {
		o = c.d.dict(resources["Properties"])[n]
	}
	t, ok := c.d.resolve(c.d.dict(o)["ActualText"]).(text)
	if !ok {
		return mark{}
	}
	return mark{text: plain(docText(t)), has: true}
}

// form interprets a form (8.10). Images show no text.
func (c *content) form(s *stream, resources dict) error {
	if s == nil || c.depth >= maxForms || c.d.name(s.dict["Subtype"]) == "Image" {
		return nil
	}
	r, image, err := c.d.decode(s)
	if err != nil || image != "" {
		return err
	}
	if own := c.d.dict(s.dict["Resources"]); own != nil {
		resources = own
	}
	saved, stack, tm, line := c.state, c.stack, c.tm, c.line
	c.state.ctm = c.d.matrix(s.dict["Matrix"]).mul(c.state.ctm)
	c.stack = nil
	c.depth++
	err = c.run(r, resources)
	c.depth--
	c.state, c.stack, c.tm, c.line = saved, stack, tm, line
	return err
}
