package slack

import (
	"context"
	"errors"
	"iter"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// searchID is the container of what a search finds. Its items belong to other
// containers, which list them as well.
const searchID = "search"

// Bounds of a search: it is there to find soon, and what it leaves out is read
// later all the same.
const (
	mostPages = 5   // of a query
	mostRuns  = 300 // that are read ahead
)

// searches reports whether Slack is searched before it is crawled.
func (s *Source) searches() bool {
	return len(s.config.First) > 0 && s.me.BotID == "" && s.has("search:read")
}

// searched lists what stands around the messages that the queries find: their
// runs with all threads and files, and the threads of replies. What cannot be
// found or read here is no error: the crawl meets it again.
func (s *Source) searched(ctx context.Context) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		if err := s.load(ctx); err != nil {
			yield(sources.Item{}, err)
			return
		}
		a := &ahead{Source: s, ctx: ctx, yield: yield, runs: map[string]bool{}, crawls: map[string]*crawl{}}
		for _, t := range s.spaces {
			for _, query := range s.config.First {
				if err := a.query(t.ID, query); err != nil {
					yield(sources.Item{}, err)
					return
				}
				if a.done || len(a.runs) >= mostRuns {
					return
				}
			}
		}
	}
}

// ahead is one listing of what a search finds.
type ahead struct {
	*Source
	ctx    context.Context
	yield  func(sources.Item, error) bool
	runs   map[string]bool   // "channel run" and "channel thread" that were listed
	crawls map[string]*crawl // by channel, nil for one that is not wanted
	done   bool
}

// query lists what one query finds in a workspace. Its error ends the listing.
func (a *ahead) query(team, query string) error {
	for page := 1; page <= mostPages; page++ {
		if err := a.wait(a.ctx); err != nil {
			return err
		}
		hits, pages, err := a.client.search(a.ctx, team, query, page)
		if err != nil {
			return err
		}
		for _, h := range hits {
			if err := a.around(h); err != nil {
				return err
			}
			if a.done || len(a.runs) >= mostRuns {
				return nil
			}
		}
		if page >= pages {
			return nil
		}
	}
	return nil
}

// around lists what stands around a hit. An error that is about the hit alone
// passes it over.
func (a *ahead) around(h hit) error {
	w, err := a.crawlOf(h.Channel.ID)
	if err != nil || w == nil || !slackjson.IsTS(h.TS) {
		return fatal(a.ctx, err)
	}
	if w.keep != nil && !w.keep(slackjson.Message{TS: h.TS}) && len(a.config.Select.Users) == 0 {
		return nil // too old or too new
	}
	var items []sources.Item
	if ts := h.thread(); ts != "" {
		if key := w.ch.ID + " " + ts; !a.runs[key] {
			a.runs[key] = true
			it, err := a.findThread(a.ctx, w.ch, ts, "")
			if err != nil {
				return fatal(a.ctx, err)
			}
			items = append(items, it)
		}
	} else {
		r, err := a.findRun(a.ctx, w.ch, h.TS)
		if err != nil {
			return fatal(a.ctx, err)
		}
		if key := w.ch.ID + " " + r.start(); !a.runs[key] {
			a.runs[key] = true
			var errs []error
			items, errs = w.itemsOf(r)
			for i := range errs {
				if errs[i] != nil {
					items[i].ID = "" // the crawl says why
				}
			}
		}
	}
	for _, it := range items {
		if it.ID == "" || a.done {
			continue
		}
		it.Cursor = ""
		a.done = !a.yield(it, nil)
	}
	return nil
}

// crawlOf returns what lists a channel's runs, nil for a channel that is not
// wanted: then nothing in it is read.
func (a *ahead) crawlOf(id string) (*crawl, error) {
	if w, asked := a.crawls[id]; asked {
		return w, nil
	}
	a.crawls[id] = nil
	ch, err := a.channel(a.ctx, id)
	if err != nil {
		return nil, err
	}
	if !a.config.Select.Conversation(ch.Conversation) || a.closed(ch) != nil {
		return nil, nil
	}
	w := &crawl{Source: a.Source, ctx: a.ctx, ch: ch, files: map[string]bool{}, keep: a.config.Select.Message(a.people)}
	a.crawls[id] = w
	return w, nil
}

// fatal is err if nothing more can be asked for, nil if it is about one thing.
func fatal(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, sources.ErrSession) {
		return err
	}
	return nil
}
