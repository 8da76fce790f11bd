package scan

import (
	"context"
	"slices"
	"sync"

	"mislaid/sources"
)

// Likely names go first by listing twice: a first pass over all containers reads
// what has a likely name, and a second one reads the rest. Holding the others
// back during one listing would keep less than a large share in memory, so that
// a likely file in its last directory would still come late. The first pass
// counts nothing: the second one meets every item and is the coverage. What the
// first one has read is passed over if it is still the same, so a file that is
// new or changed since is read.

// mostFirst bounds the memory of a firstPass: eight bytes each. What it does not
// remember is read twice.
const mostFirst = 1 << 22

// firstPass is what the pass over likely names has read in a container.
type firstPass struct {
	mu   sync.Mutex
	keys []uint64
}

// quick reports whether likely names go first. An ordered source puts them first
// by itself, and may have containers that are ahead of the others.
func (l *lister) quick() bool { return l.Rules.Likely.Len() > 0 && !l.info.Once && !l.info.Ordered }

// likely has an item read if its name is likely. Everything else is left to the
// second pass.
func (p *pass) likely(ctx context.Context, ref sources.Ref, it sources.Item, listed error) error {
	if listed != nil || !p.c.Ahead && !p.Rules.Likely.Match(it.Path) || p.skip(&p.info, &it) != "" {
		return nil
	}
	if _, ok := p.unchanged(ref, &it); ok {
		return nil
	}
	return p.put(ctx, job{
		item: it, num: p.mark.begin(), mark: p.mark, left: &p.left, earlier: p.Since.of(ref), first: p.firstOf(it.Container), key: p.key(&it),
	})
}

// firstOf returns what remembers what is read of a container ahead of the rest.
func (l *lister) firstOf(container string) *firstPass {
	if l.seen[container] == nil {
		l.seen[container] = new(firstPass)
	}
	return l.seen[container]
}

// key tells an item as it was listed from others and from its other versions.
func (l *lister) key(it *sources.Item) uint64 {
	if l.Rules.Likely.Len() == 0 {
		return 0
	}
	return l.hash.Hash(it.ID, it.Attr.Version)
}

func (f *firstPass) add(key uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.keys) < mostFirst {
		f.keys = append(f.keys, key)
	}
}

// sort prepares f for read.
func (f *firstPass) sort() {
	if f != nil {
		slices.Sort(f.keys)
	}
}

// read reports whether the pass has read the item. It is to be called after
// the pass.
func (f *firstPass) read(key uint64) bool {
	if f == nil {
		return false
	}
	_, found := slices.BinarySearch(f.keys, key)
	return found
}
