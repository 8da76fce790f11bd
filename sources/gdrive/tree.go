package gdrive

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/api/drive/v3"

	"mislaid/sources"
)

// tree is the folders of a container as far as they were seen, with what is
// granted on those of a shared drive. Safe for concurrent use.
type tree struct {
	s     *Source
	ct    *container
	drive string // ID of the shared drive; "" somebody's My Drive

	mu        sync.Mutex
	folders   map[string]folder
	granted   map[string][]grant // by folder
	root      string             // ID of My Drive's own folder
	rootAsked bool
}

type folder struct {
	name, parent string
	own          bool // it has permissions of its own, or does not inherit
	unseen       bool // we may not look at it
}

// maxDepth bounds how far parents are followed: Drive allows 100 levels.
const maxDepth = 110

// tree returns the folders of a container and a shared drive.
func (s *Source) tree(ct *container, driveID string) *tree {
	if driveID == "" {
		driveID = ct.drive
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := ct.id + " " + driveID
	t := s.trees[key]
	if t == nil {
		t = &tree{s: s, ct: ct, drive: driveID, folders: map[string]folder{}, granted: map[string][]grant{}}
		s.trees[key] = t
	}
	return t
}

// saw remembers a folder that a listing showed.
func (t *tree) saw(f file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.folders[f.Id] = folder{name: f.Name, parent: f.parent(), own: f.HasAugmentedPermissions || f.InheritedPermissionsDisabled}
}

// find returns a folder, asking for it where no listing has shown it.
func (t *tree) find(ctx context.Context, id string) folder {
	t.mu.Lock()
	d, ok := t.folders[id]
	t.mu.Unlock()
	if ok {
		return d
	}
	c, err := t.s.as(ctx, t.ct.subject)
	var f file
	if err == nil {
		f, err = c.get(ctx, id, "", "id,name,parents,hasAugmentedPermissions,inheritedPermissionsDisabled")
	}
	if err != nil {
		if ctx.Err() != nil {
			return folder{unseen: true}
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.folders[id] = folder{unseen: true}
		return t.folders[id]
	}
	t.saw(f)
	return t.find(ctx, id)
}

// name is what a person calls a folder or shared drive.
func (t *tree) name(ctx context.Context, id string) string {
	if id == t.drive || id == t.ct.drive {
		return "the shared drive"
	}
	if d := t.find(ctx, id); !d.unseen && d.name != "" {
		return "folder " + d.name
	}
	return "folder " + id
}

// path is where a file lies, as a person reads it. Without ask it is told from
// the folders that the listing showed: all of them come before the first file.
func (t *tree) path(ctx context.Context, f file, ask bool) string {
	path := f.Name
	at := f.parent()
	for depth := 0; at != "" && at != t.drive && depth < maxDepth; depth++ {
		t.mu.Lock()
		d, seen := t.folders[at]
		t.mu.Unlock()
		if !seen {
			if !ask || at == t.top(ctx) {
				break
			}
			d = t.find(ctx, at)
		}
		if d.unseen {
			break
		}
		path, at = d.name+"/"+path, d.parent
	}
	return t.ct.title + "/" + path
}

// top is the ID of My Drive's own folder, which is no part of a path; "" it is
// not known.
func (t *tree) top(ctx context.Context) string {
	if t.drive != "" {
		return t.drive
	}
	t.mu.Lock()
	root, asked := t.root, t.rootAsked
	t.mu.Unlock()
	if asked {
		return root
	}
	c, err := t.s.as(ctx, t.ct.subject)
	if err == nil {
		var f file
		if f, err = c.get(ctx, "root", "", "id"); err == nil {
			root = f.Id
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() == nil {
		t.root, t.rootAsked = root, true
	}
	return root
}

// below reports whether a file lies under one of some folders.
func (t *tree) below(ctx context.Context, f file, roots []string) bool {
	at := f.parent()
	for depth := 0; at != "" && depth < maxDepth; depth++ {
		for _, r := range roots {
			if r == at {
				return true
			}
		}
		d := t.find(ctx, at)
		if d.unseen {
			break
		}
		at = d.parent
	}
	return false
}

// grants are those on something in a shared drive: its own, asked for where it
// has some, else those of the folder that holds it; at the top the members of
// the drive.
func (t *tree) grants(ctx context.Context, f file) ([]grant, error) {
	if f.HasAugmentedPermissions || f.InheritedPermissionsDisabled {
		return t.ask(ctx, f.Id)
	}
	return t.folderGrants(ctx, f.parent(), 0)
}

func (t *tree) ask(ctx context.Context, id string) ([]grant, error) {
	c, err := t.s.as(ctx, t.ct.subject)
	if err != nil {
		return nil, err
	}
	perms, err := c.permissions(ctx, id, false)
	if err != nil {
		return nil, err
	}
	return t.s.named(ctx, t.ct, perms), nil
}

func (t *tree) folderGrants(ctx context.Context, id string, depth int) ([]grant, error) {
	t.mu.Lock()
	got, ok := t.granted[id]
	t.mu.Unlock()
	if ok {
		return got, nil
	}
	var perms []grant
	var err error
	switch {
	case depth > maxDepth:
		return nil, fmt.Errorf("gdrive: folders within folders without end: %w", sources.ErrUnsupported)
	case id == t.drive && t.ct.members != nil && t.ct.drive == t.drive:
		perms = driveGrants(t.ct.members)
	case id == t.drive || id == "":
		if perms, err = t.askDrive(ctx); err != nil {
			return nil, err
		}
	default:
		d := t.find(ctx, id)
		if d.unseen || d.own {
			perms, err = t.ask(ctx, id)
			for i := range perms {
				if perms[i].from == "" {
					perms[i].from = t.name(ctx, id)
				}
			}
		} else {
			perms, err = t.folderGrants(ctx, d.parent, depth+1)
		}
		if err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.granted[id] = perms
	return perms, nil
}

func (t *tree) askDrive(ctx context.Context) ([]grant, error) {
	c, err := t.s.as(ctx, t.ct.subject)
	if err != nil {
		return nil, err
	}
	perms, err := c.permissions(ctx, t.drive, false)
	if err != nil {
		return nil, err
	}
	return driveGrants(perms), nil
}

func driveGrants(perms []*drive.Permission) []grant {
	all := make([]grant, 0, len(perms))
	for _, p := range perms {
		all = append(all, grant{Permission: p, from: "the shared drive"})
	}
	return all
}
