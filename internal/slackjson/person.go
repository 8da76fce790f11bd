package slackjson

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Person is an account of a workspace: a human or a bot.
type Person struct {
	ID       string
	Name     string    // as people know them
	Team     string    // id of the workspace that the account belongs to
	Deleted  bool      // deactivated
	Updated  time.Time // when the account was last changed: a deactivation is such a change
	Bot      bool
	Guest    bool // of any kind: let into some channels only
	Stranger bool // of another organisation, met through Slack Connect
}

// rawPerson is a member of users.list, of users.json and of org_users.json
// (docs.slack.dev, "user object", 2026).
type rawPerson struct {
	ID       string  `json:"id"`
	Team     string  `json:"team_id"`
	Name     string  `json:"name"`
	Deleted  bool    `json:"deleted"`
	Updated  float64 `json:"updated"` // seconds since 1970
	Bot      bool    `json:"is_bot"`
	Guest    bool    `json:"is_restricted"`
	Single   bool    `json:"is_ultra_restricted"`
	Stranger bool    `json:"is_stranger"`
	RealName string  `json:"real_name"`
	Profile  struct {
		RealName    string `json:"real_name"`
		DisplayName string `json:"display_name"`
		BotID       string `json:"bot_id"`
	} `json:"profile"`
	Enterprise struct {
		ID    string   `json:"id"`
		Teams []string `json:"teams"`
	} `json:"enterprise_user"`
}

// slackbot is the bot that every workspace has. It is no account of anybody.
const slackbot = "USLACKBOT"

// Directory is the people of a workspace or organisation. It is not changed once
// it is in use.
type Directory struct {
	Team     string // id of the workspace
	Complete bool   // everybody who has an account is in it
	people   map[string]Person
	bots     map[string]string // bot id → id of its account
	full     int               // humans with an account that is no guest's
}

// NewDirectory returns a directory without people.
func NewDirectory() *Directory {
	return &Directory{people: map[string]Person{}, bots: map[string]string{}}
}

// AddJSON adds the person that raw describes. What has no id is no person.
func (d *Directory) AddJSON(raw []byte) error {
	var r rawPerson
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("slackjson: a user object: %w", plainError(err))
	}
	if r.ID == "" {
		return nil
	}
	p := Person{
		ID: r.ID, Team: r.Team, Deleted: r.Deleted, Bot: r.Bot || r.ID == slackbot, Guest: r.Guest || r.Single, Stranger: r.Stranger,
		Name: cmp.Or(r.Profile.DisplayName, r.Profile.RealName, r.RealName, r.Name, r.ID),
	}
	if r.Updated > 0 && r.Updated < 1<<40 {
		p.Updated = time.Unix(int64(r.Updated), 0).UTC()
	}
	if r.Profile.BotID != "" {
		d.bots[r.Profile.BotID] = r.ID
	}
	if old, ok := d.people[r.ID]; ok && d.counts(old) {
		d.full--
	}
	d.people[r.ID] = p
	if d.counts(p) {
		d.full++
	}
	return nil
}

// counts reports whether p may read public channels.
func (d *Directory) counts(p Person) bool {
	return !p.Bot && !p.Deleted && !p.Guest && !p.Stranger
}

// Full is how many humans have an account that is no guest's and is active.
func (d *Directory) Full() int { return d.full }

// Len is how many accounts there are, of whatever kind.
func (d *Directory) Len() int { return len(d.people) }

// Find returns the person or bot with the id.
func (d *Directory) Find(id string) (Person, bool) {
	if user, ok := d.bots[id]; ok {
		id = user
	}
	p, ok := d.people[id]
	return p, ok
}

// Name is what people call who has the id; the id itself where nobody knows.
func (d *Directory) Name(id string) string {
	p, ok := d.Find(id)
	switch {
	case !ok || p.Name == id:
		return id
	case p.Deleted:
		return p.Name + " (" + id + ", deactivated)"
	}
	return p.Name + " (" + id + ")"
}

// Left reports whether the id is that of an account which is deactivated.
func (d *Directory) Left(id string) bool {
	p, ok := d.Find(id)
	return ok && p.Deleted && !p.Bot
}

// EachElement calls f with every element of the JSON array that r holds, one at
// a time, at most maxElement bytes each.
func EachElement(r io.Reader, f func(raw []byte) error) error {
	b := &budget{r, maxElement}
	d := json.NewDecoder(b)
	if t, err := d.Token(); err != nil {
		return plainError(err)
	} else if t != json.Delim('[') {
		return errNotList
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return plainError(err)
		}
		if err := f(raw); err != nil {
			return err
		}
		b.left = maxElement
	}
	_, err := d.Token()
	return plainError(err)
}

var errNotList = fmt.Errorf("not a list")

// plainError is err without any text of what was read: encoding/json quotes it.
func plainError(err error) error {
	if err == nil {
		return nil
	}
	if e := new(json.SyntaxError); errors.As(err, &e) {
		return fmt.Errorf("not JSON at offset %d", e.Offset)
	}
	if e := new(json.UnmarshalTypeError); errors.As(err, &e) {
		return fmt.Errorf("a %s where Slack has another type, at offset %d", e.Value, e.Offset)
	}
	return err
}
