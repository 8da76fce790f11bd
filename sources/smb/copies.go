package smb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// copies returns the previous versions of a file, the newest first, and what lies
// of it in the recycle bin of its share. The file need not be there any more.
func (s *Source) copies(ctx context.Context, r root, id string) ([]sources.Copy, error) {
	_, path, err := s.locate(r.id(), id)
	if err != nil {
		return nil, err
	}
	earlier, err := s.previous(ctx, r, id, path)
	thrown, binErr := s.server.bin(ctx, s, r.share)
	return append(earlier, s.inBin(r.share, path, thrown)...), errors.Join(err, binErr)
}

// previous returns the versions of a file that snapshots hold.
func (s *Source) previous(ctx context.Context, r root, id, path string) ([]sources.Copy, error) {
	snapshots, err := s.snapshots(ctx, r.share, path)
	if err != nil {
		return nil, err
	}
	found := make([]sources.Copy, len(snapshots))
	errs := make([]error, len(snapshots))
	var all sync.WaitGroup
	turns := make(chan struct{}, listingsAhead)
	for i, at := range snapshots {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			found[i], errs[i] = s.previousAt(ctx, r, id, path, at)
		})
	}
	all.Wait()
	return slices.DeleteFunc(found, func(c sources.Copy) bool { return c.Where == "" }), errors.Join(errs...)
}

// previousAt returns the version that one snapshot holds; an empty Copy if none.
func (s *Source) previousAt(ctx context.Context, r root, id, path string, at smb2.Snapshot) (sources.Copy, error) {
	var info smb2.Info
	err := s.at(ctx, r.share, path, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
		info, err = t.Stat(ctx, path, at)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Attributes&smb2.AttrDirectory != 0:
		return sources.Copy{}, nil
	case err != nil:
		return sources.Copy{}, fmt.Errorf("smb: %s of %s: %w", id, at, sentinel(err))
	}
	info.Index = 0 // counts anew in some snapshots
	it := s.item(r, id, info)
	it.Path, it.Link, it.Cursor, it.Copies = at.String()+"/"+id, "", "", nil
	it.Own = own{at: at}
	if err := s.readable(info); err != nil {
		return sources.Copy{}, fmt.Errorf("smb: %s: %w", it.Path, err)
	}
	return sources.Copy{Item: it, Where: "previous version", Time: at.Time()}, nil
}

// snapshots lists those of the volume on which a path lies, or lay.
func (s *Source) snapshots(ctx context.Context, share, path string) (list []smb2.Snapshot, err error) {
	for dir := path; ; {
		dir = dir[:max(0, strings.LastIndexByte(dir, '/'))]
		err = s.at(ctx, share, dir, func(ctx context.Context, t *smb2.Tree, dir string) (err error) {
			list, err = t.Snapshots(ctx, dir)
			return err
		})
		if dir == "" || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	switch status, _ := smb2.StatusOf(err); status {
	case smb2.StatusNotSupported, smb2.StatusInvalidDeviceRequest, smb2.StatusNotImplemented, smb2.StatusInvalidParameter:
		return nil, nil // it keeps none
	}
	if err != nil {
		return nil, fmt.Errorf("smb: snapshots: %w", sentinel(err))
	}
	slices.SortFunc(list, func(a, b smb2.Snapshot) int { return b.Time().Compare(a.Time()) })
	return slices.Compact(list), nil
}

// inBin returns what was thrown away under the name of a file. Whether it holds
// what the file held, its bytes tell.
func (s *Source) inBin(share, path string, thrown []thrown) []sources.Copy {
	name := path[strings.LastIndexByte(path, '/')+1:]
	var found []sources.Copy
	for _, f := range thrown {
		if !strings.EqualFold(f.name, name) || f.path == path {
			continue
		}
		it := s.item(root{share: share}, paths.Legible(f.path), f.info)
		it.Cursor, it.Copies = "", nil
		found = append(found, sources.Copy{Item: it, Where: "recycle bin", Time: f.at})
	}
	return found
}
