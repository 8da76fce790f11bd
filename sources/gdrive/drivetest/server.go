package drivetest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// object is a JSON object.
type object = map[string]any

// Server answers for an organisation. It is an http.Handler, under the hosts'
// own names or, below another address, with the host as the first part of the
// path; and an http.RoundTripper that needs no network. Set its fields before it
// is used, or with the organisation locked.
type Server struct {
	*Org

	Project        string          // number of the project: the app of its events
	ServiceAccount string          // address
	Delegated      map[string]bool // scopes that domain-wide delegation grants it
	ExportCap      int             // bytes
	PageMost       int             // cuts pages shorter than was asked for; 0: not
	Latency        time.Duration   // of every answer
	NoExportLinks  bool
	NoDocs         bool // the Docs API is switched off in the project
	DeadTokens     bool // page and change tokens have expired
	Incomplete     bool // searches in all drives are incomplete
	NoReports      bool
	NoGroups       bool // the Directory refuses members of groups

	// Fault may answer in the server's place: it reports whether it did.
	Fault func(w http.ResponseWriter, r *http.Request, subject, method string) bool

	key    *rsa.PrivateKey
	tell   func(format string, args ...any) // strictness: tells the test
	mu     sync.Mutex
	grants map[string]*grant // by access token
	calls  map[string]int    // by method
	oauth  oauthState
}

// grant is what an access token stands for.
type grant struct {
	subject string
	scopes  []string
	revoked bool
}

// serviceKey is every server's service account's, made at run time.
var serviceKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // no randomness: nothing works
	}
	return key
})

// NewServer serves an organisation. tell is told of every request that a
// read-only client which knows the API would not send.
func NewServer(o *Org, tell func(format string, args ...any)) *Server {
	return &Server{
		Org: o, Project: "424242", ServiceAccount: "mislaid@project.iam.gserviceaccount.com", ExportCap: 10 << 20,
		Delegated: map[string]bool{}, key: serviceKey(), tell: tell, grants: map[string]*grant{}, calls: map[string]int{},
	}
}

// Calls returns how often each method was called, by its id, and the sum.
func (s *Server) Calls() (by map[string]int, sum int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by = map[string]int{}
	for k, n := range s.calls {
		by[k] = n
		sum += n
	}
	return by, sum
}

// ResetCalls begins counting anew.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = map[string]int{}
}

// Token makes an access token of somebody.
func (s *Server) Token(subject string, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issue(subject, scopes)
}

func (s *Server) issue(subject string, scopes []string) string {
	token := "ya" + "29.fake-" + rand.Text()
	s.grants[token] = &grant{subject: subject, scopes: scopes}
	return token
}

// Revoke makes every token of somebody worthless.
func (s *Server) Revoke(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		if g.subject == subject {
			g.revoked = true
		}
	}
	s.oauth.revoke(subject)
}

// RoundTrip implements http.RoundTripper without any network.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if s.Latency > 0 {
		t := time.NewTimer(s.Latency)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	rec := httptest.NewRecorder()
	cp := r.Clone(r.Context())
	if cp.Body == nil {
		cp.Body = http.NoBody
	}
	defer cp.Body.Close()
	cp.Host = r.URL.Host
	if broken := s.handle(rec, cp); broken != nil {
		return nil, broken
	}
	res := rec.Result()
	res.Request = r
	if n := res.Header.Get(cutHeader); n != "" {
		keep, _ := strconv.Atoi(n)
		res.Header.Del(cutHeader)
		res.Body = io.NopCloser(io.MultiReader(io.LimitReader(res.Body, int64(keep)), brokenReader{}))
	}
	return res, nil
}

// cutHeader is how Cut tells RoundTrip where the connection breaks.
const cutHeader = "X-Drivetest-Cut"

// Cut has the connection break after n bytes of the answer's body.
func Cut(w http.ResponseWriter, n int) { w.Header().Set(cutHeader, strconv.Itoa(n)) }

type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Latency > 0 {
		time.Sleep(s.Latency)
	}
	rest := strings.TrimPrefix(r.URL.Path, "/")
	if host, path, ok := strings.Cut(rest, "/"); ok && strings.Contains(host, ".google") {
		r.Host, r.URL.Path, r.URL.RawPath = host, "/"+path, ""
	}
	_ = s.handle(w, r)
}

// call is one call of a method.
type call struct {
	*Server
	ctx     context.Context
	w       http.ResponseWriter
	r       *http.Request
	method  *method
	vars    map[string]string
	args    url.Values
	fields  mask
	subject *User
	scopes  []string
	now     time.Time
}

// refusal is an answer in Google's form of an error.
type refusal struct {
	code           int
	domain, reason string
	message        string
}

func (e refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.code)
	b, _ := json.Marshal(object{"error": object{
		"code": e.code, "message": e.message, "errors": []object{{"domain": e.domain, "reason": e.reason, "message": e.message}},
	}})
	_, _ = w.Write(b)
}

// Refuse answers with an error of Drive.
func Refuse(w http.ResponseWriter, code int, reason string) {
	domain := "global"
	if strings.Contains(strings.ToLower(reason), "limit") {
		domain = "usageLimits"
	}
	refusal{code, domain, reason, "made up by a test: " + reason}.write(w)
}

// strict refuses what no client should send, and tells the test.
func (s *Server) strict(w http.ResponseWriter, format string, args ...any) {
	s.tell("drivetest: "+format, args...)
	refusal{400, "global", "badRequest", fmt.Sprintf(format, args...)}.write(w)
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request) error {
	s.Lock()
	defer s.Unlock()
	host := r.Host
	if s.signIn(w, r, host) {
		return nil
	}
	if r.Method != http.MethodGet {
		s.strict(w, "%s %s%s: only reading is allowed", r.Method, host, r.URL.Path)
		return nil
	}
	g := s.who(r)
	if g == nil {
		refusal{401, "global", "authError", "Invalid Credentials"}.write(w)
		return nil
	}
	c := &call{Server: s, ctx: r.Context(), w: w, r: r, args: r.URL.Query(), scopes: g.scopes, now: time.Now()}
	if c.subject = s.user(g.subject); c.subject == nil {
		c.subject = &User{ID: idOf(g.subject), Email: g.subject, Name: g.subject}
	}
	if host == "docs.google.com" {
		s.count("exportLink")
		if s.Fault != nil && s.Fault(w, r, c.subject.Email, "exportLink") {
			return nil
		}
		c.exportLink()
		return nil
	}
	all, err := methods()
	if err != nil {
		s.strict(w, "%v", err)
		return nil
	}
	i := slices.IndexFunc(all, func(m *method) bool { return m.host == host && m.re.MatchString(r.URL.Path) && table()[m.ID] != nil })
	if i < 0 {
		s.strict(w, "no such method: %s%s", host, r.URL.Path)
		return nil
	}
	c.method = all[i]
	c.vars = map[string]string{}
	for j, v := range c.method.re.FindStringSubmatch(r.URL.Path)[1:] {
		c.vars[c.method.vars[j]], _ = url.PathUnescape(v)
	}
	s.count(c.method.ID)
	if s.Fault != nil && s.Fault(w, r, c.subject.Email, c.method.ID) {
		return nil
	}
	c.answer()
	return nil
}

func (s *Server) count(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[id]++
}

// who returns what the request's token stands for, nil if it is worthless.
func (s *Server) who(r *http.Request) *grant {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[token]
	if !ok || g == nil || g.revoked {
		return nil
	}
	return g
}

const scopePrefix = "https://www.googleapis.com/auth/"

func (c *call) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return slices.Contains(c.scopes, scopePrefix+strings.TrimPrefix(n, scopePrefix))
	})
}

func (c *call) answer() {
	if !c.has(c.method.Scopes...) {
		refusal{403, "global", "insufficientPermissions", "Request had insufficient authentication scopes."}.write(c.w)
		return
	}
	for name, values := range c.args {
		if why := c.method.checkParameter(name, values); why != "" {
			c.strict(c.w, "%s", why)
			return
		}
	}
	alt := c.args.Get("alt")
	if alt == "media" && !c.method.Media {
		c.strict(c.w, "%s has no media", c.method.ID)
		return
	}
	wantsFields := alt != "media" && c.method.ID != "drive.files.export"
	if fields := c.args.Get("fields"); fields != "" {
		m, err := parseMask(fields)
		if err != nil {
			c.strict(c.w, "%v", err)
			return
		}
		if why := m.check(c.method.api, c.method.Response); why != "" {
			c.strict(c.w, "%s: fields: %s", c.method.ID, why)
			return
		}
		c.fields = m
	} else if wantsFields {
		c.strict(c.w, "%s without a fields mask", c.method.ID)
		return
	}
	out, bad := table()[c.method.ID](c)
	if bad != nil {
		bad.write(c.w)
		return
	}
	if out == nil {
		return // it has written
	}
	c.w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	b, err := json.Marshal(c.fields.apply(out))
	if err != nil {
		c.strict(c.w, "%v", err)
		return
	}
	_, _ = c.w.Write(b)
}

// page cuts a list of n: size is the parameter that says how many are wanted.
// Its token belongs to this method with these parameters.
func (c *call) page(n int, size string, usual, most int) (from, to int, next string, bad *refusal) {
	want := usual
	if v := c.args.Get(size); v != "" {
		want, _ = strconv.Atoi(v)
	}
	want = min(max(want, 1), most)
	if c.PageMost > 0 {
		want = min(want, c.PageMost)
	}
	var key []string
	for name, v := range c.args {
		if name != "pageToken" && name != "fields" && name != size {
			key = append(key, name+"="+strings.Join(v, ","))
		}
	}
	slices.Sort(key)
	id := c.method.ID + "|" + c.subject.Email + "|" + c.r.URL.Path + "|" + strings.Join(key, "|")
	if t := c.args.Get("pageToken"); t != "" {
		raw, err := base64.RawURLEncoding.DecodeString(t)
		at, of, ok := strings.Cut(string(raw), "|")
		k, aerr := strconv.Atoi(at)
		if err != nil || aerr != nil || !ok || of != id || c.DeadTokens && strings.HasPrefix(c.method.ID, "drive.") {
			return 0, 0, "", &refusal{400, "global", "invalid", "Invalid Value"}
		}
		from = min(k, n)
	}
	to = min(from+want, n)
	if to < n {
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to) + "|" + id))
	}
	return from, to, next, nil
}
