package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mislaid/internal/pace"
	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// Files says which files are downloaded.
type Files string

// The choices of files.
const (
	LikelyFiles Files = ""     // all but pictures, sound and films
	AllFiles    Files = "all"  // every one
	NoFiles     Files = "none" // their names and previews are in the messages
)

// Config says what to crawl and how. Only Token must be set.
type Config struct {
	Token     func() string     // a user's or bot's token; called when it is needed
	BaseURL   string            // of the API; "": Slack's
	Transport http.RoundTripper // nil: the default one
	UserAgent string            // "": Go's
	Select    slackjson.Selection
	Files     Files
	First     []string     // queries: what they find is read before the rest; none: Slack is not searched
	Scale     float64      // calls a minute, in multiples of what Slack promises; 0: 1
	Ops       pace.Limiter // waited on before every call and download; nil: no limit

	record func(*exchange)
}

// Source is what a token sees of Slack. It is safe for concurrent use.
type Source struct {
	config Config
	client *client
	me     identity
	host   string // of permalinks: acme.slack.com
	info   sources.Info

	loading turn
	loaded  bool
	people  *slackjson.Directory
	spaces  []team
	peopleE error // why the people are not all known

	listed listed

	mu       sync.Mutex
	channels map[string]*channel
}

// channel is a conversation that is crawled.
type channel struct {
	slackjson.Conversation
	raw   json.RawMessage
	team  string
	title string // what people call it

	asking turn // for the members
	asked  bool

	mu         sync.Mutex
	membersErr error
	authors    map[string]bool // who wrote, as far as was seen

	finding turn
	found   []foundRun // in order of time
}

// New signs in. The error is a *sources.RootError when Slack refuses the token or
// cannot be reached.
func New(ctx context.Context, c Config) (*Source, error) {
	if err := c.Select.Check(); err != nil {
		return nil, err
	}
	cl, err := newClient(c)
	if err != nil {
		return nil, err
	}
	s := &Source{config: c, client: cl, channels: map[string]*channel{}, loading: newTurn()}
	if s.me, err = cl.whoAmI(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &sources.RootError{Source: "slack:", Err: err}
	}
	if u, err := url.Parse(s.me.URL); err == nil {
		s.host = u.Host
	}
	owner := s.me.TeamID
	if s.me.Org && s.me.Enterprise != "" {
		owner = s.me.Enterprise
	}
	s.info = sources.Info{
		Name: "slack://" + owner, Type: "slack", Title: fmt.Sprintf("Slack workspace %s (%s), as %s", s.me.Team, owner, s.me.User),
		Hosts: []string{cl.base.Host, "files.slack.com"}, Notes: s.notes(), Ordered: true,
	}
	return s, nil
}

// notes says what the token cannot see.
func (s *Source) notes() []string {
	notes := []string{"direct messages and private channels that " + s.me.User + " is not in cannot be seen with this token; an export of all conversations or the Discovery API shows them"}
	if s.me.BotID != "" {
		notes = []string{"a bot's token: only conversations that the bot is in can be read"}
	}
	if len(s.config.First) > 0 && !s.searches() {
		notes = append(notes, "Slack cannot be searched with this token, so nothing is read ahead: that takes a user's token with the scope search:read")
	}
	for _, m := range missing(s.me.scopes, wantedScopes(s.me.BotID != "")) {
		notes = append(notes, "the token lacks the scope "+m.Name+": "+m.Why)
	}
	return notes
}

// Info describes what the token sees.
func (s *Source) Info() sources.Info {
	i := s.info
	i.Hosts, i.Notes = slices.Clone(i.Hosts), slices.Clone(i.Notes)
	return i
}

// wait spends one operation of the source's budget.
func (s *Source) wait(ctx context.Context) error {
	if s.config.Ops == nil {
		return ctx.Err()
	}
	return s.config.Ops.Wait(ctx, 1)
}

// load reads the workspaces and their people, once.
func (s *Source) load(ctx context.Context) error {
	back, err := s.loading.take(ctx)
	if err != nil {
		return err
	}
	defer back()
	if s.loaded {
		return nil
	}
	people := slackjson.NewDirectory()
	spaces := []team{{ID: "", Name: s.me.Team}}
	people.Team = s.me.TeamID
	if s.me.Org {
		all, err := s.client.teams(ctx)
		if err != nil {
			return err
		}
		spaces, people.Team = all, s.me.Enterprise
	}
	s.peopleE = nil
	for _, t := range spaces {
		if err := s.client.users(ctx, t.ID, people); err != nil {
			if ctx.Err() != nil || errors.Is(err, sources.ErrSession) {
				return err
			}
			s.peopleE = err
		}
	}
	people.Complete = s.peopleE == nil
	s.people, s.spaces, s.loaded = people, spaces, true
	return nil
}

// forms are the kinds of conversations in the order in which they are crawled:
// what few can read comes first.
var forms = []slackjson.Form{slackjson.Direct, slackjson.GroupDirect, slackjson.PrivateChannel, slackjson.PublicChannel}

// Containers lists the conversations that the token sees. One that it sees and
// may not read comes with an error that wraps ErrDenied.
func (s *Source) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		if err := s.load(ctx); err != nil {
			yield(sources.Container{}, err)
			return
		}
		if s.searches() && !yield(sources.Container{ID: searchID, Name: "what a search finds", Ahead: true}, nil) {
			return
		}
		seen := map[string]bool{}
		for _, form := range forms {
			if len(s.config.Select.Forms) > 0 && !slices.Contains(s.config.Select.Forms, form) {
				continue
			}
			list, err := s.list(ctx, form, seen)
			for _, ch := range list {
				if !yield(sources.Container{ID: ch.ID, Name: ch.title}, s.closed(ch)) {
					return
				}
			}
			if ctx.Err() != nil || errors.Is(err, sources.ErrSession) {
				yield(sources.Container{}, err)
				return
			}
			if err != nil && !yield(sources.Container{ID: "every " + form.String(), Name: "every " + form.String()}, err) {
				return
			}
		}
	}
}

// list returns the wanted conversations of one form in all workspaces, the last
// active first. With an error comes what was listed before it.
func (s *Source) list(ctx context.Context, form slackjson.Form, seen map[string]bool) ([]*channel, error) {
	var all []*channel
	var failed error
	for _, t := range s.spaces {
		if err := s.wait(ctx); err != nil {
			return all, err
		}
		err := s.client.conversations(ctx, t.ID, form, func(raw json.RawMessage) error {
			ch, err := s.parse(raw, t.ID, form)
			if err != nil {
				return err
			}
			if !seen[ch.ID] && s.config.Select.Conversation(ch.Conversation) {
				seen[ch.ID] = true
				all = append(all, ch)
			}
			return nil
		})
		if err != nil {
			failed = errors.Join(failed, err)
		}
	}
	slices.SortStableFunc(all, func(a, b *channel) int { return b.Latest.Compare(a.Latest) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, ch := range all {
		if old := s.channels[ch.ID]; old != nil {
			all[i] = old
		} else {
			s.channels[ch.ID] = ch
		}
	}
	return all, failed
}

// parse reads a conversation object.
func (s *Source) parse(raw json.RawMessage, team string, form slackjson.Form) (*channel, error) {
	conv, err := slackjson.ParseConversation(raw, slackjson.UnknownForm)
	if err != nil {
		return nil, err
	}
	if conv.ID == "" {
		return nil, errors.New("slack: a conversation without an id")
	}
	if conv.Form == slackjson.UnknownForm {
		conv.Form = form
	}
	if team == "" && s.me.Org { // found without a listing
		var in struct {
			Team string `json:"context_team_id"`
		}
		if err := json.Unmarshal(raw, &in); err == nil {
			team = in.Team
		}
	}
	conv.MembersKnown = false
	if conv.Form == slackjson.Direct {
		if !slices.Contains(conv.Members, s.me.UserID) {
			conv.Members = append(conv.Members, s.me.UserID)
		}
		conv.MembersKnown, conv.IsMember = true, true
	}
	if conv.Form == slackjson.GroupDirect {
		conv.IsMember = true
	}
	return &channel{Conversation: conv, raw: raw, team: team, title: conv.Title(s.people), authors: map[string]bool{}, asking: newTurn(), finding: newTurn()}, nil
}

// closed says why a conversation that is listed cannot be read; nil if it can.
func (s *Source) closed(ch *channel) error {
	if s.me.BotID != "" && ch.Form == slackjson.PublicChannel && !ch.IsMember {
		return fmt.Errorf("slack: %s: the bot is not in the channel; invite it, or use a user token, which reads all public channels: %w", ch.title, sources.ErrDenied)
	}
	return nil
}

// channel finds a conversation, also one that no listing showed yet.
func (s *Source) channel(ctx context.Context, id string) (*channel, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	ch := s.channels[id]
	s.mu.Unlock()
	if ch != nil {
		return ch, nil
	}
	if !isID(id, "CGD") {
		return nil, fmt.Errorf("slack: no conversation %q: %w", id, sources.ErrGone)
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	raw, err := s.client.conversation(ctx, id)
	if err != nil {
		return nil, err
	}
	if ch, err = s.parse(raw, "", slackjson.UnknownForm); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.channels[id]; old != nil {
		return old, nil
	}
	s.channels[id] = ch
	return ch, nil
}

// isID reports whether id has the form of Slack's ids that begin with one of the
// letters.
func isID(id, letters string) bool {
	if len(id) < 2 || len(id) > 32 || !strings.ContainsRune(letters, rune(id[0])) {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Close closes idle connections.
func (s *Source) Close() error {
	s.client.http.CloseIdleConnections()
	return nil
}

// now is the time for a record.
func now() time.Time { return time.Now().UTC() }

func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
