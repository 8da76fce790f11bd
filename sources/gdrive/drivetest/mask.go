package drivetest

import (
	"fmt"
	"strings"
)

// mask is a parsed fields parameter: what is wanted below each name. A nil mask
// wants everything.
type mask map[string]mask

// parseMask reads a mask in the grammar of Google's partial responses:
// a,b(c,d),e/f.
func parseMask(s string) (mask, error) {
	p := &maskParser{s: s}
	m, err := p.list()
	if err == nil && p.at != len(s) {
		err = fmt.Errorf("fields: %q: unexpected %q", s, s[p.at:])
	}
	return m, err
}

type maskParser struct {
	s  string
	at int
}

func (p *maskParser) list() (mask, error) {
	m := mask{}
	for {
		if err := p.item(m); err != nil {
			return nil, err
		}
		if p.at == len(p.s) || p.s[p.at] != ',' {
			return m, nil
		}
		p.at++
	}
}

func (p *maskParser) item(m mask) error {
	start := p.at
	for p.at < len(p.s) && !strings.ContainsRune(",()/", rune(p.s[p.at])) {
		p.at++
	}
	name := strings.TrimSpace(p.s[start:p.at])
	if name == "" {
		return fmt.Errorf("fields: %q: a name is missing at %d", p.s, start)
	}
	var below mask
	if p.at < len(p.s) {
		switch p.s[p.at] {
		case '/':
			p.at++
			below = mask{}
			if err := p.item(below); err != nil {
				return err
			}
		case '(':
			p.at++
			var err error
			if below, err = p.list(); err != nil {
				return err
			}
			if p.at == len(p.s) || p.s[p.at] != ')' {
				return fmt.Errorf("fields: %q: a bracket is not closed", p.s)
			}
			p.at++
		}
	}
	if old, ok := m[name]; ok && old != nil && below != nil {
		for k, v := range below {
			old[k] = v
		}
		return nil
	}
	m[name] = below
	return nil
}

// check says what a mask names that a schema does not have; "" nothing.
func (m mask) check(d *discovery, s *schema) string {
	s = d.resolve(s)
	for s != nil && s.Type == "array" {
		s = d.resolve(s.Items)
	}
	for name, below := range m {
		if name == "*" {
			continue
		}
		var sub *schema
		switch {
		case s == nil:
		case s.Properties[name] != nil:
			sub = s.Properties[name]
		case s.Additional != nil:
			sub = s.Additional
		}
		if sub == nil {
			return "no field " + name
		}
		if below != nil {
			if why := below.check(d, sub); why != "" {
				return why + " in " + name
			}
		}
	}
	return ""
}

// apply keeps of a JSON value what the mask wants.
func (m mask) apply(v any) any {
	if m == nil {
		return v
	}
	if _, all := m["*"]; all {
		return v
	}
	switch v := v.(type) {
	case object:
		out := make(object, len(m))
		for name, below := range m {
			if x, ok := v[name]; ok {
				out[name] = below.apply(x)
			}
		}
		return out
	case []object:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.apply(v[i])
		}
		return out
	}
	return v
}
