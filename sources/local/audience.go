//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"mislaid/sources"
)

// view is what a Source sees of the machine around its tree.
type view struct {
	names *names
	about *surroundings
}

func newView(etc string) view { return view{newNames(etc), newSurroundings(etc)} }

// notes says what concerns the tree at path as a whole.
func (v view) notes(path string) []string { return v.about.get().notes(path) }

// Audience says which accounts of the machine can read the file, by its owner,
// group, mode and ACL and those of every directory above it, and what the
// machine's exports add. The accounts are as of at most a minute ago. The
// superuser reads everything and is not counted.
//
// A group that no more than 10 accounts read by is a named few; one that a
// quarter of the machine's people or more read by is an organisation. Heads.Min
// counts accounts of people, Heads.Max service accounts too. Since is the last
// change of the file's inode: its mode, owner and ACL are no younger. Changes
// to the directories above it leave no such trace.
func (s *Source) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	if err := ctx.Err(); err != nil {
		return unknownAudience("not asked"), err
	}
	dirPath, name, err := s.locate(it.ID)
	if err != nil {
		return unknownAudience("no such item"), err
	}
	path := s.absolute(dirPath, name)
	if s.config.FollowSymlinks {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return unknownAudience("where the links lead could not be read"), fmt.Errorf("local: %s: %w", it.ID, typed(err))
		}
	}
	c, err := chainOf(path)
	if errors.Is(wrapErrno(err), errTooManyOpen) {
		s.dirs.shed()
		c, err = chainOf(path)
	}
	if err != nil {
		err = fmt.Errorf("local: rights of %s: %w", it.ID, sentinel(err))
		return unknownAudience("the rights could not be read"), err
	}
	m := s.machine.about.get()
	p, err := m.accounts(ctx)
	if err != nil {
		return unknownAudience("not waited for"), err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	uids, gids := c.named()
	p.lookUp(ctx, m.etc, uids, gids)
	if err := ctx.Err(); err != nil {
		return unknownAudience("not waited for"), err
	}
	a := judge{chain: c, people: p, uids: uids, gids: gids}.audience()
	m.widen(ctx, &a, c)
	a.Ever = a.Now
	a.ReadAt = time.Now()
	return a, nil
}

// absolute is the path of an item from the root of the machine.
func (s *Source) absolute(dirPath, name string) string {
	return strings.TrimSuffix(s.root, string(filepath.Separator)) +
		string(filepath.Separator) + filepath.FromSlash(joinRaw(dirPath, name))
}
