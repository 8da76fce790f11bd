package slackjson

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Selection says which conversations and messages are wanted. The zero value
// wants all.
type Selection struct {
	Channels, ExcludeChannels []string // ids, or globs over names, with or without #
	Forms                     []Form
	After, Before             time.Time // of the message; zero: no bound
	Users, ExcludeUsers       []string  // of the author: ids, or globs over names
}

// Check reports the first pattern that is none.
func (s Selection) Check() error {
	for _, list := range [][]string{s.Channels, s.ExcludeChannels, s.Users, s.ExcludeUsers} {
		for _, p := range list {
			if _, err := path.Match(strings.TrimPrefix(p, "#"), "x"); err != nil || p == "" {
				return fmt.Errorf("%q is no pattern for a name", p)
			}
		}
	}
	if !s.After.IsZero() && !s.Before.IsZero() && !s.After.Before(s.Before) {
		return fmt.Errorf("the time after which (%s) is not before the time before which (%s)", s.After.Format(time.RFC3339), s.Before.Format(time.RFC3339))
	}
	return nil
}

// Conversation reports whether anything in c is wanted.
func (s Selection) Conversation(c Conversation) bool {
	if len(s.Forms) > 0 && !slices.Contains(s.Forms, c.Form) {
		return false
	}
	if matches(s.ExcludeChannels, c.ID, c.Name) {
		return false
	}
	return len(s.Channels) == 0 || matches(s.Channels, c.ID, c.Name)
}

// Message returns which messages are wanted; nil for all of them. d knows the
// names of authors.
func (s Selection) Message(d *Directory) func(Message) bool {
	if s.After.IsZero() && s.Before.IsZero() && len(s.Users)+len(s.ExcludeUsers) == 0 {
		return nil
	}
	return func(m Message) bool {
		at := m.Time()
		if at.IsZero() {
			return true // what has no time cannot be outside of it
		}
		if !s.After.IsZero() && at.Before(s.After) || !s.Before.IsZero() && !at.Before(s.Before) {
			return false
		}
		if len(s.Users)+len(s.ExcludeUsers) == 0 {
			return true
		}
		p, _ := d.Find(m.Author)
		if matches(s.ExcludeUsers, m.Author, p.Name) {
			return false
		}
		return len(s.Users) == 0 || matches(s.Users, m.Author, p.Name)
	}
}

// Day reports whether messages of the day, in whatever time zone it was named,
// can be wanted.
func (s Selection) Day(day time.Time) bool {
	const slack = 36 * time.Hour
	return (s.After.IsZero() || day.Add(24*time.Hour+slack).After(s.After)) && (s.Before.IsZero() || day.Add(-slack).Before(s.Before))
}

func matches(patterns []string, id, name string) bool {
	for _, p := range patterns {
		if p == id {
			return true
		}
		if ok, _ := path.Match(strings.TrimPrefix(p, "#"), name); ok && name != "" { // Check has seen the pattern
			return true
		}
	}
	return false
}
