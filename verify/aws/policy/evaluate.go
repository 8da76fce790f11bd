package policy

import (
	"slices"
	"strings"
)

// Result is what a set of policies says of a question.
type Result string

// The results.
const (
	Allowed     Result = "allowed"
	Conditional Result = "conditional" // allowed if a condition holds, or if nothing that could not be read denies it
	Denied      Result = "denied"      // denied, or allowed nowhere
	Unknown     Result = "unknown"     // hangs on a policy that could not be read
)

// Policy is one policy by the name under which a report shows it. A nil
// Document is a policy that exists and could not be read.
type Policy struct {
	Name     string
	Document *Document
}

// Set is everything that decides what an identity may do.
type Set struct {
	Identity []Policy   // its own and its groups', managed and inline: any of them may allow
	Boundary []Policy   // the permissions boundary; nil: none. It must allow too
	Guards   [][]Policy // service control policies, one list per level: each level must allow too
	// Variables are the values of policy variables (aws:username, …). A
	// statement with any other variable is conditional.
	Variables map[string]string
}

// Question asks about one action. Whoever may do it on one resource that On
// matches may do it.
type Question struct {
	Action string // service:Name
	On     Pattern
}

// Answer is the result of a question, and the policies that allow it.
type Answer struct {
	Result Result
	By     []string
}

// view is one way of looking at what is not certain.
type view struct {
	conditionalAllows, conditionalDenies bool // count
	unreadAllows                         bool // what could not be read allows everything
}

// Ask answers a question.
func (s *Set) Ask(q Question) Answer {
	unread := s.unread()
	certain := view{conditionalDenies: true}
	hopeful := view{conditionalAllows: true}
	by, yes, decided := s.allows(q, certain)
	switch {
	case yes && unread:
		return Answer{Conditional, by}
	case yes:
		return Answer{Allowed, by}
	}
	by, maybe, ok := s.allows(q, hopeful)
	decided = decided && ok
	if maybe {
		return Answer{Conditional, by}
	}
	if unread {
		hopeful.unreadAllows = true
		_, maybe, ok = s.allows(q, hopeful)
		decided = decided && ok
	}
	if maybe || !decided {
		return Answer{Result: Unknown}
	}
	return Answer{Result: Denied}
}

func (s *Set) unread() bool {
	missing := func(p Policy) bool { return p.Document == nil }
	return slices.ContainsFunc(s.Identity, missing) || slices.ContainsFunc(s.Boundary, missing) ||
		slices.ContainsFunc(s.Guards, func(level []Policy) bool { return slices.ContainsFunc(level, missing) })
}

// clause is one statement as it bears on a question: the resources it speaks of
// are those that one of in matches and none of out does.
type clause struct {
	policy  string
	in, out []Pattern
}

// allows reports whether, seen in view v, some resource may be acted on.
func (s *Set) allows(q Question, v view) (by []string, yes, decided bool) {
	layers := [][]Policy{s.Identity}
	if s.Boundary != nil {
		layers = append(layers, s.Boundary)
	}
	layers = append(layers, s.Guards...)
	var none []Pattern
	var denies []clause // those that deny all but some resources
	grants := make([][]clause, len(layers))
	for i, layer := range layers {
		for _, p := range layer {
			if p.Document == nil {
				if v.unreadAllows {
					grants[i] = append(grants[i], clause{policy: p.Name, in: []Pattern{anything}})
				}
				continue
			}
			for _, st := range p.Document.Statements {
				c, conditional, bears := s.clause(p, &st, q.Action)
				switch {
				case !bears:
				case st.Deny && (!conditional || v.conditionalDenies):
					if len(c.out) == 0 {
						none = append(none, c.in...)
					} else {
						denies = append(denies, c)
					}
				case !st.Deny && (!conditional || v.conditionalAllows):
					grants[i] = append(grants[i], c)
				}
			}
		}
		if len(grants[i]) == 0 {
			return nil, false, true
		}
	}
	w := search{none: none, budget: mostChoices}
	yes = w.choose([]Pattern{q.On}, nil, grants, denies)
	slices.Sort(w.by)
	return slices.Compact(w.by), yes, yes || !w.undecided
}

// clause returns what a statement says about an action, and whether that hangs
// on something that is not known here.
func (s *Set) clause(p Policy, st *Statement, action string) (c clause, conditional, bears bool) {
	covers := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(a string) bool { return matchFold(a, action) })
	}
	if len(st.Actions) > 0 && !covers(st.Actions) || len(st.NotActions) > 0 && covers(st.NotActions) {
		return c, false, false
	}
	c.policy, conditional = p.Name, len(st.Conditions) > 0
	variables := p.Document.Version == Version2012
	for _, r := range st.Resources {
		pattern, known := s.resource(r, variables)
		c.in = append(c.in, pattern)
		conditional = conditional || !known
	}
	if len(st.NotResources) > 0 {
		c.in = []Pattern{anything}
		for _, r := range st.NotResources {
			pattern, known := s.resource(r, variables)
			if !known { // a conditional statement counts for as much as it may say
				conditional = true
				continue
			}
			c.out = append(c.out, pattern)
		}
	}
	return c, conditional, len(c.in) > 0
}

// resource returns the pattern of a resource, with its variables replaced. One
// that is not known becomes *.
func (s *Set) resource(r string, variables bool) (p Pattern, known bool) {
	known = true
	for variables {
		before, rest, found := strings.Cut(r, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			break
		}
		p.steps = append(p.steps, Glob(before).steps...)
		value, ok := s.variable(name)
		switch {
		case ok:
			p.steps = append(p.steps, Exactly(value).steps...)
		default:
			known = false
			p.star()
		}
		r = after
	}
	for _, st := range Glob(r).steps {
		if st.kind == anyRun {
			p.star()
			continue
		}
		p.steps = append(p.steps, st)
	}
	return p, known
}

// variable returns the value of a policy variable. ${*}, ${?} and ${$} are the
// characters themselves; a default follows a comma.
func (s *Set) variable(name string) (string, bool) {
	if name == "*" || name == "?" || name == "$" {
		return name, true
	}
	name, _, _ = strings.Cut(name, ",")
	for k, v := range s.Variables {
		if strings.EqualFold(k, strings.TrimSpace(name)) {
			return v, true
		}
	}
	return "", false
}

// mostChoices bounds how many combinations of statements are tried.
const mostChoices = 5_000

// search looks for a resource that one grant of each layer covers and no deny.
type search struct {
	none      []Pattern
	budget    int
	undecided bool
	by        []string
}

func (w *search) choose(all, none []Pattern, grants [][]clause, denies []clause) bool {
	switch {
	case w.budget == 0:
		w.undecided = true
		return false
	case len(grants) > 0:
		for _, g := range grants[0] {
			for _, in := range g.in {
				if w.choose(with(all, in), with(none, g.out...), grants[1:], denies) {
					w.by = append(w.by, g.policy)
					return true
				}
			}
		}
		return false
	case len(denies) > 0: // spared by a deny is only what it leaves out
		for _, out := range denies[0].out {
			if w.choose(with(all, out), none, nil, denies[1:]) {
				return true
			}
		}
		return false
	}
	w.budget--
	found, decided := exists(all, with(w.none, none...))
	w.undecided = w.undecided || !decided
	return found
}

func with(list []Pattern, more ...Pattern) []Pattern {
	return append(slices.Clip(list), more...)
}
