package slacktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Token is a token that the server accepts.
type Token struct {
	User   string // id
	Scopes []string
	Bot    bool
	Org    bool   // of an organisation: methods of a workspace need team_id
	Error  string // what every call is answered with instead: token_revoked, account_inactive
}

// ReadScopes are the scopes of a user token that sees all it can.
var ReadScopes = []string{
	"team:read", "users:read", "channels:read", "channels:history", "groups:read", "groups:history", "im:read", "im:history",
	"mpim:read", "mpim:history", "files:read", "bookmarks:read", "pins:read", "lists:read", "search:read", "discovery:read",
}

// Server answers as Slack does, for the workspaces that it has. It is an
// http.Handler, and a RoundTripper for tests that fake time. What Slack would
// refuse it refuses; a method that is not on the read list is told to Fail.
//
// Fields may be changed while no call is under way, or with Lock held.
type Server struct {
	sync.Mutex
	Workspaces []*Workspace // the first one is the token's own
	Tokens     map[string]*Token
	Fail       func(format string, args ...any) // called for what no reader may do

	PageMost     int  // a page has at most this many items, however many were asked for; 0: as asked
	Unlimited    bool // calls are not counted
	NoRetryAfter bool // 429 comes without the header
	Cohort       bool // one call of history and replies a minute, 15 items each
	DeadCursors  bool // every cursor has expired
	ExportHeader bool // an export's token counts in a header too, not only in an address

	// Fault, if not nil, is asked before each call, without the lock; true means
	// that it has answered.
	Fault func(w http.ResponseWriter, r *http.Request, method string) bool

	SaidLimit bool // 429 comes as a body that says ratelimited, of status 200 and without the header

	Refused map[string]int // "method code", answers that are not ok
	Calls   map[string]int // by method, those that were answered
	Denied  map[string]int // those that were too many

	used map[string]*allowance
}

// allowance is how many more calls of a method a workspace has.
type allowance struct {
	left float64
	at   time.Time
}

// NewServer returns a server of a workspace, with a user token of ReadScopes
// for U0ANN, which it returns too.
func NewServer(w *Workspace, fail func(string, ...any)) (*Server, string) {
	token := "xo" + "xp-" + w.Team + "-not-a-token"
	return &Server{
		Workspaces: []*Workspace{w}, Tokens: map[string]*Token{token: {User: "U0ANN", Scopes: ReadScopes}}, Fail: fail,
		Calls: map[string]int{}, Denied: map[string]int{}, Refused: map[string]int{}, used: map[string]*allowance{},
	}, token
}

// call is one call that is being answered.
type call struct {
	*Server
	space  *Workspace
	token  *Token
	method method
	name   string
	args   map[string]string
	base   string // scheme and host of the server, for addresses of files
}

func (c *call) arg(name string) string { return c.args[name] }

// refuse is an answer that is not ok.
func refuse(code string) object { return object{"ok": false, "error": code} }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/files-pri/") {
		s.serveFile(w, r)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/api/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	if s.Fault != nil && s.Fault(w, r, name) {
		return
	}
	c := &call{Server: s, name: name, base: baseOf(r)}
	s.Lock()
	status, answer := c.do(w, r)
	if code, bad := answer["error"].(string); bad {
		s.Refused[name+" "+code]++
	}
	s.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Slack-Req-Id", "0")
	if c.token != nil {
		w.Header().Set("X-OAuth-Scopes", strings.Join(c.token.Scopes, ","))
		w.Header().Set("X-Accepted-OAuth-Scopes", strings.Join(c.method.scopes, ","))
	}
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // the client is gone
}

func baseOf(r *http.Request) string {
	scheme := "https"
	if r.TLS == nil && r.URL.Scheme != "https" {
		scheme = "http"
	}
	return scheme + "://" + r.Host
}

func (c *call) do(w http.ResponseWriter, r *http.Request) (status int, answer object) {
	m, ok := methods[c.name]
	if !ok {
		c.Fail("a call of %s, which is not on the read list", c.name)
		return http.StatusOK, refuse("unknown_method")
	}
	c.method = m
	if err := r.ParseForm(); err != nil {
		return http.StatusOK, refuse("invalid_form_data")
	}
	if r.URL.Query().Has("token") {
		c.Fail("%s: the token stands in the address", c.name)
	}
	c.args = map[string]string{}
	for k, v := range r.Form {
		c.args[k] = v[0]
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		var o object
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			return http.StatusOK, refuse("invalid_json")
		}
		for k, v := range o {
			c.args[k] = fmt.Sprint(v)
		}
	}
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if secret == "" {
		secret = c.args["token"]
	}
	delete(c.args, "token")
	if secret == "" {
		return http.StatusOK, refuse("not_authed")
	}
	token, ok := c.Tokens[secret]
	if !ok {
		return http.StatusOK, refuse("invalid_auth")
	}
	c.token = token
	if token.Error != "" {
		return http.StatusOK, refuse(token.Error)
	}
	if code := c.checkArgs(); code != "" {
		return http.StatusOK, refuse(code)
	}
	if answer := c.findSpace(); answer != nil {
		return http.StatusOK, answer
	}
	if wait := c.spend(); wait > 0 {
		c.Denied[c.name]++
		if c.SaidLimit {
			return http.StatusOK, refuse("ratelimited")
		}
		if !c.NoRetryAfter {
			w.Header().Set("Retry-After", strconv.Itoa(wait))
		}
		return http.StatusTooManyRequests, refuse("ratelimited")
	}
	if answer := c.checkScopes(c.method.scopes); answer != nil {
		return http.StatusOK, answer
	}
	c.Calls[c.name]++
	answer = c.method.answer(c)
	if _, said := answer["ok"]; !said {
		answer["ok"] = true
	}
	return http.StatusOK, answer
}

// checkArgs refuses arguments that the method does not have or lacks. Slack
// itself passes over the former; a reader that sends them is wrong.
func (c *call) checkArgs() (code string) {
	for name := range c.args {
		if !slices.Contains(c.method.required, name) && !slices.Contains(c.method.args, name) {
			c.Fail("%s has no argument %s", c.name, name)
		}
	}
	for _, name := range c.method.required {
		if c.args[name] == "" {
			return "invalid_arguments"
		}
	}
	for _, name := range []string{"limit", "count"} {
		v, given := c.args[name]
		if !given {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || c.method.most > 0 && n > c.method.most {
			c.Fail("%s: %s=%s, and at most %d are allowed", c.name, name, v, c.method.most)
			return c.method.refusedLimit()
		}
	}
	if c.name == "users.list" && c.args["limit"] == "" {
		return "limit_required"
	}
	return ""
}

// findSpace finds the workspace that a call is about.
func (c *call) findSpace() object {
	c.space = c.Workspaces[0]
	id := c.args["team_id"]
	if id == "" {
		if c.token.Org && c.method.teamed {
			return with(refuse("missing_argument"), object{"needed": "team_id"})
		}
		if ch := cmpOr(c.args["channel"], c.args["channel_id"]); ch != "" {
			for _, w := range c.Workspaces {
				if w.Find(ch) != nil {
					c.space = w
				}
			}
		}
		return nil
	}
	for _, w := range c.Workspaces {
		if w.Team == id {
			c.space = w
			return nil
		}
	}
	return refuse("team_not_found")
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// checkScopes refuses a token that has none of the scopes. Of those that go by
// form of conversation, the handlers ask for the one that counts.
func (c *call) checkScopes(scopes []string) object {
	if c.token.Bot && c.method.userOnly {
		return refuse("not_allowed_token_type")
	}
	if len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.token.Scopes, s) }) {
		return nil
	}
	return with(refuse("missing_scope"), object{"needed": strings.Join(scopes, ","), "provided": strings.Join(c.token.Scopes, ",")})
}

// formScope is the scope that a conversation's form needs.
func (c *call) formScope(form string) object {
	i := slices.Index([]string{"public_channel", "private_channel", "mpim", "im"}, form)
	if len(c.method.scopes) != 4 || i < 0 {
		return nil
	}
	return c.checkScopes(c.method.scopes[i : i+1])
}

// spend takes one call from what the workspace may call in a minute. It returns
// after how many seconds to come again, 0 if it may be answered.
func (c *call) spend() int {
	if c.Unlimited {
		return 0
	}
	perMinute := float64(c.method.perMinute)
	if c.Cohort && (c.name == "conversations.history" || c.name == "conversations.replies") {
		perMinute = 1
	}
	key := c.space.Team + " " + c.name
	a := c.used[key]
	now := time.Now()
	if a == nil {
		a = &allowance{left: perMinute, at: now}
		c.used[key] = a
	}
	a.left = min(perMinute, a.left+now.Sub(a.at).Minutes()*perMinute)
	a.at = now
	if a.left < 1-1e-9 {
		return 1 + int((1-a.left)/perMinute*60)
	}
	a.left--
	return 0
}

// serveFile answers the download of a file. Without a token that may read files
// it sends to the page for signing in, as Slack does.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	rest := strings.TrimPrefix(r.URL.Path, "/files-pri/")
	team, rest, _ := strings.Cut(rest, "-")
	id, _, _ := strings.Cut(rest, "/")
	f, data := s.readable(s.fileToken(r), team, id)
	if f == nil {
		http.Redirect(w, r, baseOf(r)+"/signin?redir=%2Ffiles-pri%2F"+id, http.StatusFound)
		return
	}
	if s.Fault != nil && s.Fault(w, r, "file") {
		return
	}
	w.Header().Set("Content-Type", f.Mimetype)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// readable returns a file and its bytes if the token may read it.
func (s *Server) readable(secret, team, id string) (*File, []byte) {
	s.Lock()
	defer s.Unlock()
	s.Calls["file"]++
	token := s.Tokens[secret]
	if token == nil || token.Error != "" || !slices.Contains(token.Scopes, "files:read") {
		return nil, nil
	}
	for _, space := range s.Workspaces {
		if f := space.Files[id]; space.Team == team && f != nil && !f.Deny {
			return f, f.Bytes
		}
	}
	return nil, nil
}

// RoundTrip implements http.RoundTripper without a network, so that time can be
// faked. Redirects to pages that the server has not got end in its page for
// signing in.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	pr, pw := io.Pipe()
	w := &piped{header: http.Header{}, body: pw, ready: make(chan int, 1)}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.Host = r.URL.Host
	go func() {
		defer func() {
			p := recover()
			err, _ := p.(error)
			if p != nil && !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			} else if p != nil {
				w.WriteHeader(http.StatusOK)
				_ = pw.CloseWithError(io.ErrUnexpectedEOF)
			}
		}()
		if r.URL.Path == "/signin" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, signIn)
		} else {
			s.ServeHTTP(w, in)
		}
		w.WriteHeader(http.StatusOK)
		_ = pw.Close()
	}()
	status := <-w.ready
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: pr, ContentLength: -1, Request: r,
	}, nil
}

const signIn = `<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body><form>Sign in to your workspace</form></body></html>`

// piped is a ResponseWriter whose body is read as it is written.
type piped struct {
	header http.Header
	body   *io.PipeWriter
	ready  chan int
	sent   bool
}

func (p *piped) Header() http.Header { return p.header }

func (p *piped) WriteHeader(status int) {
	if !p.sent {
		p.sent = true
		p.header = p.header.Clone()
		p.ready <- status
	}
}

func (p *piped) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}

// Least is the least time in which the calls that were answered can be made, how
// many they were, and the method that takes longest.
func (s *Server) Least() (least time.Duration, calls int, slowest string) {
	s.Lock()
	defer s.Unlock()
	for name, n := range s.Calls {
		calls += n
		m, limited := methods[name]
		if !limited || n <= m.perMinute {
			continue
		}
		if d := time.Duration(float64(n-m.perMinute) / float64(m.perMinute) * float64(time.Minute)); d > least {
			least, slowest = d, name
		}
	}
	return least, calls, slowest
}
