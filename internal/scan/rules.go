package scan

import (
	"context"
	"time"

	"mislaid/internal/pick"
	"mislaid/sources"
)

// Rules say which listed items are left out, and which are read first. The zero
// value leaves nothing out and keeps the listing's order.
type Rules struct {
	Likely *pick.Names // read before everything else
	Never  *pick.Names // never opened; each is named in the journal

	// Items last changed before After, or at Before or later, are left out. A
	// time that is not known leaves nothing out.
	After, Before time.Time
}

// Reasons under which Rules leave items out.
const (
	skipNever = "never opened (--never-open)"
	skipOld   = "not modified since --modified-after"
	skipNew   = "modified since --modified-before"
	skipLarge = "larger than --max-file-size"
)

// skip returns the reason for which an item is left out, or "".
func (o *Options) skip(info *sources.Info, it *sources.Item) string {
	if o.Rules.Never.MatchWithin(info.Title, it.Path) {
		return skipNever
	}
	return o.skipAttr(it.Attr)
}

// skipAttr is skip by what is known of an item's bytes.
func (o *Options) skipAttr(a sources.Attr) string {
	switch r := &o.Rules; {
	case o.MaxFileSize > 0 && a.Size > o.MaxFileSize:
		return skipLarge
	case a.ModTime.IsZero():
		return ""
	case a.ModTime.Before(r.After):
		return skipOld
	case !r.Before.IsZero() && !a.ModTime.Before(r.Before):
		return skipNew
	}
	return ""
}

// wait holds back listing and reading while nothing may be read.
func (o *Options) wait(ctx context.Context) error {
	if o.Gate == nil {
		return nil
	}
	return o.Gate.Wait(ctx, 1)
}
