package scan

import (
	"context"
	"errors"
	"fmt"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/sources"
)

// credentialKey tells the credentials apart that stand in one item.
type credentialKey struct {
	kind  secret.Kind
	id    string
	print secret.Fingerprint
	inner string
}

// mostCopies is how many states of an item that differ are read. Snapshots of
// every hour hold few that do.
const mostCopies = 64

// copiesOf is copies, for an item with finds that are no mere samples.
func (w *worker) copiesOf(ctx context.Context, it sources.Item, f finds) (map[credentialKey][]journal.Copy, []journal.Record, error) {
	for _, c := range f.candidates {
		if !c.Placeholder {
			return w.copies(ctx, it)
		}
	}
	return nil, nil, nil
}

// copies reads what the source keeps of an item and returns in what of it which
// credentials stand, and gaps. Copies with the same version are read once. The
// error is that of a source that is gone, or ctx's.
func (w *worker) copies(ctx context.Context, it sources.Item) (map[credentialKey][]journal.Copy, []journal.Record, error) {
	if it.Copies == nil {
		return nil, nil, nil
	}
	all, err := it.Copies(ctx)
	var records []journal.Record
	gap := func(path string, err error) {
		records = append(records, gapRecord(w.Options, w.ref(it), path, "", err))
	}
	if lost := w.lost(ctx, err); lost != nil {
		return nil, nil, lost
	}
	if err != nil {
		gap(it.Path, fmt.Errorf("previous versions and recycle bin: %w", err))
	}
	kept := make(map[credentialKey][]journal.Copy)
	read := make(map[string][]credentialKey)
	left := 0
	for _, c := range all {
		version := c.Item.Attr.Version
		keys, ok := read[version]
		if !ok || version == "" {
			if len(read) >= mostCopies {
				left++
				continue
			}
			keys, err = w.credentialsIn(ctx, c.Item)
			if lost := w.lost(ctx, err); lost != nil {
				return nil, nil, lost
			}
			if err != nil {
				gap(c.Item.Path, fmt.Errorf("%s of %s: %w", c.Where, it.Path, err))
			}
			if version != "" {
				read[version] = keys
			} else {
				read[fmt.Sprint(len(read), " without a version")] = nil
			}
		}
		for _, key := range keys {
			kept[key] = append(kept[key], journal.Copy{Where: c.Where, Path: c.Item.Path, Time: c.Time})
		}
	}
	if left > 0 {
		gap(it.Path, fmt.Errorf("%d previous versions are not read, as %d that differ were: %w", left, mostCopies, errManyCopies))
	}
	return kept, records, nil
}

// lost returns ctx's error, or err if it is that of a source that is gone.
func (w *worker) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, sources.ErrSession) {
		return err
	}
	return nil
}

var errManyCopies = errors.New("too many of them")

// credentialsIn returns what stands in an item, and keeps nothing of it.
func (w *worker) credentialsIn(ctx context.Context, it sources.Item) ([]credentialKey, error) {
	if reason := w.skip(&w.info, &it); reason == skipNever {
		return nil, &sources.SkipError{Reason: reason}
	}
	f, err := w.scan(ctx, it)
	defer func() { f.destroy() }()
	if err == nil {
		err = w.streams(ctx, it, &f)
	}
	if len(f.candidates) > 0 {
		w.win.clear()
	}
	seen := make(map[credentialKey]bool)
	var keys []credentialKey
	for i, c := range f.candidates {
		key := credentialKey{c.Credential.Kind, c.Credential.ID, c.Credential.Fingerprint(), ""}
		if in := f.innerOf(i); in != nil {
			key.inner = in.path
		}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys, err
}
