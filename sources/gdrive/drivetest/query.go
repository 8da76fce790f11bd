package drivetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// query is a parsed q parameter of files.list.
type query func(c *call, f *File) bool

// parseQuery reads the part of Drive's search grammar that is documented
// ("Search query terms and operators", 2026) and that crawlers have a use for.
// Anything else is refused.
func parseQuery(s string) (query, error) {
	toks, err := queryTokens(s)
	if err != nil {
		return nil, err
	}
	p := &queryParser{toks: toks}
	q, err := p.either()
	if err == nil && len(p.toks) > 0 {
		err = fmt.Errorf("unexpected %q", p.toks[0])
	}
	if err != nil {
		return nil, fmt.Errorf("q: %q: %w", s, err)
	}
	return q, nil
}

// queryTokens cuts a query into words, operators, brackets and strings, which
// keep their first quote.
func queryTokens(s string) ([]string, error) {
	var toks []string
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case ' ':
			i++
		case '(', ')', '=':
			toks, i = append(toks, string(c)), i+1
		case '!', '<', '>':
			n := 1
			if i+1 < len(s) && s[i+1] == '=' {
				n = 2
			}
			toks, i = append(toks, s[i:i+n]), i+n
		case '\'':
			var b strings.Builder
			b.WriteByte('\'')
			j := i + 1
			for ; j < len(s) && s[j] != '\''; j++ {
				if s[j] == '\\' && j+1 < len(s) {
					j++
				}
				b.WriteByte(s[j])
			}
			if j == len(s) {
				return nil, fmt.Errorf("q: %q: a string does not end", s)
			}
			toks, i = append(toks, b.String()), j+1
		default:
			j := i
			for j < len(s) && !strings.ContainsRune(" ()=!<>'", rune(s[j])) {
				j++
			}
			toks, i = append(toks, s[i:j]), j
		}
	}
	return toks, nil
}

type queryParser struct{ toks []string }

func (p *queryParser) next() string {
	if len(p.toks) == 0 {
		return ""
	}
	t := p.toks[0]
	p.toks = p.toks[1:]
	return t
}

func (p *queryParser) peek(t string) bool { return len(p.toks) > 0 && p.toks[0] == t }

func (p *queryParser) either() (query, error) {
	a, err := p.both()
	for err == nil && p.peek("or") {
		p.next()
		var b query
		first := a
		b, err = p.both()
		a = func(c *call, f *File) bool { return first(c, f) || b(c, f) }
	}
	return a, err
}

func (p *queryParser) both() (query, error) {
	a, err := p.term()
	for err == nil && p.peek("and") {
		p.next()
		var b query
		first := a
		b, err = p.term()
		a = func(c *call, f *File) bool { return first(c, f) && b(c, f) }
	}
	return a, err
}

func (p *queryParser) term() (query, error) {
	switch t := p.next(); {
	case t == "(":
		q, err := p.either()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a bracket is not closed")
		}
		return q, err
	case t == "not":
		q, err := p.term()
		return func(c *call, f *File) bool { return !q(c, f) }, err
	case t == "sharedWithMe":
		return func(c *call, f *File) bool { return f.Owner != c.subject.Email && f.Drive == "" }, nil
	case strings.HasPrefix(t, "'"):
		if in := p.next(); in != "in" {
			return nil, fmt.Errorf("%q after a string", in)
		}
		return p.in(t[1:], p.next())
	case t == "":
		return nil, fmt.Errorf("a term is missing")
	default:
		return p.compare(t, p.next(), p.next())
	}
}

func (p *queryParser) in(value, where string) (query, error) {
	switch where {
	case "parents":
		return func(c *call, f *File) bool {
			if value == "root" {
				return f.Parent == "" && f.Owner == c.subject.Email
			}
			return f.Parent == value || f.Parent == "" && f.Drive == value
		}, nil
	case "owners":
		return func(c *call, f *File) bool {
			who := value
			if who == "me" {
				who = c.subject.Email
			}
			return f.Drive == "" && f.Owner == who
		}, nil
	}
	return nil, fmt.Errorf("no collection %q", where)
}

func (p *queryParser) compare(field, op, value string) (query, error) {
	text, quoted := strings.CutPrefix(value, "'")
	equal := map[string]bool{"=": true, "!=": false}
	want, isEqual := equal[op]
	switch {
	case field == "mimeType" && quoted && isEqual:
		return func(_ *call, f *File) bool { return (f.MIME == text) == want }, nil
	case field == "mimeType" && quoted && op == "contains":
		return func(_ *call, f *File) bool { return strings.Contains(f.MIME, text) }, nil
	case field == "trashed" && (value == "true" || value == "false") && isEqual:
		return func(_ *call, f *File) bool { return (f.Trashed == (value == "true")) == want }, nil
	case field == "visibility" && quoted && isEqual:
		known := []string{"anyoneCanFind", "anyoneWithLink", "domainCanFind", "domainWithLink", "limited"}
		if !slices.Contains(known, text) {
			return nil, fmt.Errorf("no visibility %q", text)
		}
		return func(c *call, f *File) bool { return (c.visibility(f) == text) == want }, nil
	case field == "modifiedTime" && quoted && strings.Contains(" < > <= >= = != ", " "+op+" "):
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, fmt.Errorf("%q is no time", text)
		}
		return func(_ *call, f *File) bool {
			d := f.Modified.Compare(at)
			return map[string]bool{"<": d < 0, ">": d > 0, "<=": d <= 0, ">=": d >= 0, "=": d == 0, "!=": d != 0}[op]
		}, nil
	}
	return nil, fmt.Errorf("no term %s %s %s", field, op, value)
}
