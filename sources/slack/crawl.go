package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// cursor is where a listing stands: in the history, above a timestamp; or among
// the files, at a page of those up to a second.
type cursor struct {
	files  bool
	latest string // everything from there on is done; "": nothing is
	until  int64  // 0: no bound
	page   int
}

func (c cursor) String() sources.Cursor {
	if c.files {
		return sources.Cursor(fmt.Sprintf("files:%d:%d", c.until, c.page))
	}
	return sources.Cursor("history:" + c.latest)
}

// parseCursor reads a cursor. One that is none begins at the start.
func parseCursor(s sources.Cursor) cursor {
	if ts, ok := strings.CutPrefix(string(s), "history:"); ok && (ts == "" || slackjson.IsTS(ts)) {
		return cursor{latest: ts}
	}
	rest, ok := strings.CutPrefix(string(s), "files:")
	until, page, ok2 := strings.Cut(rest, ":")
	u, err := strconv.ParseInt(until, 10, 64)
	p, err2 := strconv.Atoi(page)
	if !ok || !ok2 || err != nil || err2 != nil || u < 0 || p < 1 {
		return cursor{}
	}
	return cursor{files: true, until: u, page: p}
}

// crawl is one listing of a conversation.
type crawl struct {
	*Source
	ctx   context.Context
	ch    *channel
	yield func(sources.Item, error) bool
	at    cursor
	files map[string]bool // listed already
	done  bool            // nobody wants more
	keep  func(slackjson.Message) bool
}

// maxRemembered bounds how many files of a conversation are remembered as
// listed; beyond it some are listed twice.
const maxRemembered = 100_000

// Items lists what describes a conversation, then its messages from the newest
// run to the oldest, each run with its threads and files, then those files that
// no message showed: the ones in threads.
func (s *Source) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	if c.ID == searchID {
		return s.searched(ctx)
	}
	return func(yield func(sources.Item, error) bool) {
		ch, err := s.channel(ctx, c.ID)
		if err == nil {
			err = s.closed(ch)
		}
		if err != nil {
			yield(sources.Item{}, err)
			return
		}
		w := &crawl{Source: s, ctx: ctx, ch: ch, yield: yield, at: parseCursor(after), files: map[string]bool{}, keep: s.config.Select.Message(s.people)}
		s.listed.begin(ch.ID)
		if after == "" {
			w.emit(s.about(ch), nil)
		}
		if err := w.run(); err != nil && !w.done {
			yield(sources.Item{}, err)
		}
	}
}

// emit yields an item with the cursor of what is done before it.
func (w *crawl) emit(it sources.Item, err error) {
	if w.done {
		return
	}
	it.Container, it.Cursor = w.ch.ID, w.at.String()
	w.done = !w.yield(it, err)
}

func (w *crawl) run() error {
	if !w.at.files {
		if err := w.history(); err != nil || w.done {
			return err
		}
		w.at = cursor{files: true, page: 1}
	}
	return w.fileList()
}

// preceding is how many messages before it a run begins with.
const preceding = 5

// history lists the messages.
func (w *crawl) history() error {
	var pending []message // the newest first
	hidden := false
	for more := true; more && !w.done; {
		latest := w.at.latest
		if n := len(pending); n > 0 {
			latest = pending[n-1].TS
		}
		if err := w.wait(w.ctx); err != nil {
			return err
		}
		page, err := w.client.history(w.ctx, w.ch.team, w.ch.ID, span{latest: latest})
		if err != nil {
			return err
		}
		more = page.More && len(page.Messages) > 0
		hidden = hidden || page.Limited
		for _, raw := range page.Messages {
			m, err := parseMessage(raw)
			if err != nil {
				return err
			}
			w.ch.saw(m)
			pending = append(pending, m)
		}
		pending = w.runs(pending, more)
	}
	if hidden && (w.config.Select.After.IsZero() || w.at.latest == "" || slackjson.Time(w.at.latest).After(w.config.Select.After)) {
		w.emit(sources.Item{ID: hiddenID, Path: w.ch.title + " (older messages)"},
			fmt.Errorf("slack: older messages are hidden, because of the workspace's plan; an export may hold them: %w", sources.ErrDenied))
	}
	return nil
}

// hiddenID stands for the messages that the workspace's plan hides.
const hiddenID = "hidden"

// runs lists the runs that are whole and returns the rest of the messages.
func (w *crawl) runs(pending []message, more bool) []message {
	for i := 0; i < len(pending) && !w.done; i++ {
		last := !more && i == len(pending)-1
		if !begins(pending[i].TS) && !last {
			continue
		}
		before := pending[i+1:]
		if more && len(before) < preceding {
			break
		}
		w.listRun(pending[:i+1], before[:min(len(before), preceding)])
		pending = before
		i = -1
	}
	return pending
}

// listRun lists a run of messages, the newest first, with its threads and files.
func (w *crawl) listRun(own, before []message) {
	r := newRun(own, before)
	items, errs := w.itemsOf(r)
	next := cursor{latest: r.start()}
	for i := range items {
		if i == len(items)-1 {
			w.at = next
		}
		w.emit(items[i], errs[i])
	}
	w.at = next
}

// itemsOf are the items of a run: itself, its threads and its files.
func (w *crawl) itemsOf(r *run) (items []sources.Item, errs []error) {
	add := func(it sources.Item, err error) { items, errs = append(items, it), append(errs, err) }
	if r.wanted(w.keep) {
		it, err := w.runItem(w.ctx, w.ch, r)
		w.listed.add(w.ch.ID, r, it.Attr.Version)
		add(it, err)
	}
	for _, m := range r.own {
		if m.Replies > 0 && (w.config.Select.After.IsZero() || !slackjson.Time(m.LatestReply).Before(w.config.Select.After)) {
			add(w.threadItem(w.ch, m), nil)
		}
		if w.keep != nil && !w.keep(m.name()) {
			continue
		}
		for _, raw := range m.Files {
			if it, err, ok := w.fileItem(raw); ok {
				add(it, err)
			}
		}
	}
	return items, errs
}

// fileItem is the item of a file object, unless the listing has shown it.
func (w *crawl) fileItem(raw json.RawMessage) (it sources.Item, err error, ok bool) {
	f, err := parseFile(raw)
	if err != nil || f.ID == "" || w.files[f.ID] {
		return it, err, err != nil
	}
	if len(w.files) < maxRemembered {
		w.files[f.ID] = true
	}
	it, err = w.fileOf(w.ch, f)
	return it, err, true
}

// fileList lists the files of the conversation that no message of its history
// showed. Its pages are by time, so that a file that is deleted meanwhile hides
// no other.
func (w *crawl) fileList() error {
	if w.config.Files == NoFiles || !w.has("files:read") {
		return nil
	}
	for !w.done {
		if err := w.wait(w.ctx); err != nil {
			return err
		}
		raws, pages, err := w.client.filesIn(w.ctx, w.ch.team, w.ch.ID, w.at.page, w.at.until)
		if errors.Is(err, sources.ErrDenied) {
			return nil // every file is a gap, or was said to be out of reach
		}
		if err != nil {
			return err
		}
		next := cursor{files: true, until: w.at.until, page: w.at.page + 1}
		for i, raw := range raws {
			f, err := parseFile(raw)
			if i == len(raws)-1 && err == nil && f.Created > 0 && f.Created != w.at.until {
				next = cursor{files: true, until: f.Created, page: 1}
			}
			it, err, ok := w.fileItem(raw)
			switch {
			case !ok:
			case it.ID == "":
				return err
			case w.keep == nil || w.keep(slackjson.Message{TS: strconv.FormatInt(f.Created, 10) + ".000000", Author: f.User}):
				w.emit(it, err)
			}
		}
		if len(raws) == 0 || w.at.page >= pages && next.page > 1 || pages <= 1 {
			return nil
		}
		w.at = next
	}
	return nil
}

// saw remembers who wrote in a conversation.
func (ch *channel) saw(m message) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for _, id := range []string{m.User, m.BotID} {
		if id != "" && len(ch.authors) < 10_000 {
			ch.authors[id] = true
		}
	}
}
