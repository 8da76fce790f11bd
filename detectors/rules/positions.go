package rules

import "github.com/pelletier/go-toml/v2/unstable"

// positions are the lines of a rule file at which its parts stand.
type positions struct {
	tops  map[string]int   // by name
	rules []map[string]int // by rule: its fields by name, and "" for its heading
}

// positionsOf reads where the tables and fields of a file are. The decoder
// knows the position only of what it refuses itself.
func positionsOf(text []byte) positions {
	at := positions{tops: make(map[string]int)}
	var p unstable.Parser
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		var keys []string
		line := 0
		for it := e.Key(); it.Next(); {
			keys = append(keys, string(it.Node().Data))
			if line == 0 {
				line = p.Shape(it.Node().Raw).Start.Line
			}
		}
		if len(keys) == 0 {
			continue
		}
		if e.Kind == unstable.KeyValue {
			keys = append(table[:len(table):len(table)], keys...)
		} else {
			table = keys
			if len(keys) == 1 && keys[0] == "rules" {
				at.rules = append(at.rules, map[string]int{"": line})
			}
		}
		if _, known := at.tops[keys[0]]; !known {
			at.tops[keys[0]] = line
		}
		if n := len(at.rules); n > 0 && keys[0] == "rules" && len(keys) > 1 {
			if _, known := at.rules[n-1][keys[1]]; !known {
				at.rules[n-1][keys[1]] = line
			}
		}
	}
	return at
}

// top is the line of a top-level name, 1 if it is not found.
func (p positions) top(name string) int {
	for _, n := range []string{name, name + "s"} {
		if line := p.tops[n]; line > 0 {
			return line
		}
	}
	return 1
}

// rule is the line of a rule's field, or of its heading where the field is not
// there.
func (p positions) rule(i int, field string) int {
	if i >= len(p.rules) {
		return p.top("rules")
	}
	if line := p.rules[i][field]; line > 0 {
		return line
	}
	return p.rules[i][""]
}
