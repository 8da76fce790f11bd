package gdrive

import (
	"fmt"
	"strings"

	"mislaid/sources"
)

// follow yields what shortcuts lead to, once, where no container lists it.
func (w *crawl) follow() error {
	if w.audit != nil {
		return nil
	}
	if !w.at.Links {
		w.at.Done, w.at.Sum = 0, 0
	}
	w.at.Links, w.at.Page = w.at.Changes == "", ""
	if w.ask && w.ct.item == "" && w.at.Changes == "" {
		if err := w.allLinks(); err != nil {
			return err
		}
	}
	var failed error
	w.each(len(w.links), func(i int) string { return w.links[i].Id }, func(i int, done bool) {
		if failed == nil && !done {
			failed = w.followOne(w.links[i])
		}
	})
	return failed
}

// followOne yields what one shortcut leads to.
func (w *crawl) followOne(link file) error {
	it, _ := w.item(w.ct, link, w.Source.tree(w.ct, link.DriveId).path(w.ctx, link, w.ask))
	target := link.ShortcutDetails
	if target == nil || target.TargetId == "" {
		w.emit(it, fmt.Errorf("gdrive: a shortcut to nothing: %w", sources.ErrGone))
		return nil
	}
	if _, twice := w.seen[w.hash(target.TargetId)]; twice {
		w.emit(it, &sources.SkipError{Reason: "shortcut to what is listed"})
		return nil
	}
	if target.TargetMimeType == mimeFolder {
		w.emit(it, w.folderLink(target.TargetId))
		return nil
	}
	f, err := w.as.get(w.ctx, target.TargetId, target.TargetResourceKey, fileFields)
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case err != nil:
		w.emit(it, fmt.Errorf("gdrive: what the shortcut leads to: %w", err))
	case w.elsewhere(f):
		w.emit(it, &sources.SkipError{Reason: "shortcut to what is listed"})
	default:
		f.ResourceKey = target.TargetResourceKey
		after := w.next
		w.next = w.at // the shortcut is done when what it leads to is
		w.file(f)
		w.next = after
		w.emit(it, &sources.SkipError{Reason: "shortcut"})
	}
	return nil
}

// allLinks lists the shortcuts of a listing whose first pages another run saw.
func (w *crawl) allLinks() error {
	w.links = nil
	q := "mimeType = '" + mimeLink + "'"
	if w.config.Target.Domain != "" && w.ct.drive == "" {
		q += " and 'me' in owners"
	}
	return w.search(q, w.ct.drive, func(f file) { w.links = append(w.links, f) })
}

// folderLink says what becomes of a shortcut to a folder.
func (w *crawl) folderLink(id string) error {
	f, err := w.as.get(w.ctx, id, "", "id,driveId,owners(emailAddress)")
	switch {
	case err != nil:
		return fmt.Errorf("gdrive: what the shortcut leads to: %w", err)
	case w.elsewhere(f):
		return &sources.SkipError{Reason: "shortcut to what is listed"}
	}
	return fmt.Errorf("gdrive: a shortcut to a folder of another organisation: scan it by itself, as gdrive://%s: %w", id, sources.ErrUnsupported)
}

// elsewhere reports whether another container lists a file.
func (s *Source) elsewhere(f file) bool {
	if f.DriveId != "" {
		return s.listed("drive:" + f.DriveId)
	}
	p, ok := s.people.byEmail(f.owner())
	return ok && s.config.Target.Domain != "" && s.listed("user:"+p.ID) || s.config.Target == (Target{}) && strings.EqualFold(f.owner(), s.me)
}
