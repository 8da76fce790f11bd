package capability

import (
	_ "embed"
	"strings"
	"sync"
)

// known is a path that somebody has described in public: every step takes one
// of its actions.
type known struct {
	id    string
	words string
	steps [][]string
}

// The data: what leads to more power, to staying, to data.
var (
	//go:embed escalations.txt
	escalationsText string
	//go:embed persistence.txt
	persistenceText string
	//go:embed data.txt
	dataText string

	escalations  = sync.OnceValue(func() []known { return parse(escalationsText) })
	persistences = sync.OnceValue(func() []known { return parse(persistenceText) })
	dataReach    = sync.OnceValue(func() []known { return parse(dataText) })
)

// parse reads paths, one a line: id: steps: words. Steps are joined by +, the
// actions that serve for the same step by |. Lines that begin with # are
// comments. A test checks every line.
func parse(text string) (all []known) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, rest, _ := strings.Cut(line, ": ")
		steps, words, _ := strings.Cut(rest, ": ")
		k := known{id: id, words: words}
		for step := range strings.SplitSeq(steps, " + ") {
			k.steps = append(k.steps, strings.Split(step, "|"))
		}
		all = append(all, k)
	}
	return all
}
