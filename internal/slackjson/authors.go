package slackjson

import (
	"io"
	"maps"
	"slices"
)

// maxAuthors bounds how many authors of one text are told apart.
const maxAuthors = 10_000

// Authors returns the ids of those who wrote the messages in the JSON text in r, in
// order. With an error come those that were found before it.
func Authors(r io.Reader) ([]string, error) {
	seen := map[string]bool{}
	err := eachMessage(r, func(*follower, *Token, bool) error { return nil }, func(m Message) error {
		if m.Author != "" && m.TS != "" && len(seen) < maxAuthors {
			seen[m.Author] = true
		}
		return nil
	})
	return slices.Sorted(maps.Keys(seen)), err
}

// Writers sorts authors into apps and people, as a Setting wants them.
func (d *Directory) Writers(authors []string) (apps, people []string) {
	for _, id := range authors {
		if p, ok := d.Find(id); ok && p.Bot || !ok && id != "" && id[0] == 'B' {
			apps = append(apps, id)
		} else {
			people = append(people, id)
		}
	}
	return apps, people
}
