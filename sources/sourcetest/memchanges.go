package sourcetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mislaid/sources"
)

// Changes makes the container one whose cursors are change tokens in the end.
func (m *Mem) Changes(container string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.container(container).changes = true
}

// Expire makes all change tokens given until now worth nothing.
func (m *Mem) Expire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expired = m.version + 1
	m.version++
}

// memListing is what one listing shows.
type memListing struct {
	ids     []string
	token   int  // of a container with changes: where they begin for the listing after a whole one; else -1
	end     int  // the token when the listing began
	changes bool // it lists changes alone
	expired bool
	seqs    map[string]int
}

// cursor is what an item of the listing carries.
func (l *memListing) cursor(it sources.Item, id string) sources.Cursor {
	switch {
	case l.changes:
		return sources.Cursor(fmt.Sprintf("changes %d", l.seqs[id]))
	case l.token >= 0:
		return sources.Cursor(fmt.Sprintf("whole %d %s", l.token, id))
	}
	return it.Cursor
}

func (m *Mem) listing(container, after string) memListing {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := memListing{token: -1, seqs: map[string]int{}}
	c := m.container(container)
	if c == nil {
		return l
	}
	since := 0
	if c.changes {
		l.token, l.end = m.version, m.version
		if n, err := fmt.Sscanf(after, "changes %d", &since); n == 1 && err == nil {
			l.changes, l.expired = true, since < m.expired
		} else if rest, ok := strings.CutPrefix(after, "whole "); ok {
			token, id, _ := strings.Cut(rest, " ")
			l.token, _ = strconv.Atoi(token)
			l.end, after = l.token, id
		}
	}
	for id, it := range c.items {
		l.seqs[id] = it.seq
	}
	if l.changes {
		for id, seq := range c.removed {
			l.seqs[id] = seq
		}
	}
	for id, seq := range l.seqs {
		if l.changes && seq > since || !l.changes && id > after {
			l.ids = append(l.ids, id)
		}
	}
	slices.SortFunc(l.ids, func(a, b string) int {
		if l.changes {
			return l.seqs[a] - l.seqs[b]
		}
		return strings.Compare(a, b)
	})
	return l
}
