package stricttoml

import "github.com/pelletier/go-toml/v2/unstable"

// Positions are the lines of a file at which its parts stand. The decoder knows
// the position only of what it refuses itself.
type Positions struct {
	tops map[string]int              // by name
	rows map[string][]map[string]int // by array of tables, by table: its fields by name, and "" for its heading
}

func positionsOf(text []byte) Positions {
	at := Positions{tops: make(map[string]int), rows: make(map[string][]map[string]int)}
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
			if len(keys) == 1 && e.Kind == unstable.ArrayTable {
				at.rows[keys[0]] = append(at.rows[keys[0]], map[string]int{"": line})
			}
		}
		if _, known := at.tops[keys[0]]; !known {
			at.tops[keys[0]] = line
		}
		if rows := at.rows[keys[0]]; len(rows) > 0 && len(keys) > 1 {
			if row := rows[len(rows)-1]; row[keys[1]] == 0 {
				row[keys[1]] = line
			}
		}
	}
	return at
}

// Top is the line of a top-level name, 1 if it is not there.
func (p Positions) Top(name string) int { return max(p.tops[name], 1) }

// Row is the line of a field of the i-th table of an array, or of its heading
// where the field is not there.
func (p Positions) Row(array string, i int, field string) int {
	rows := p.rows[array]
	if i >= len(rows) { // written in one line
		return p.Top(array)
	}
	if line := rows[i][field]; line > 0 {
		return line
	}
	return rows[i][""]
}
