package awstest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Key is a key that a Fake knows.
type Key struct {
	ID, Secret string
	Token      string // session token of a temporary key
	ARN        string // "" a user in Account
	UserID     string
	Inactive   bool
	Expired    bool // a temporary key whose time is over
}

// Call is one request as a Fake saw it.
type Call struct {
	KeyID     string
	Service   string
	About     string // key id that IAM was asked about
	Time      time.Time
	Host      string
	Region    string
	UserAgent string
	Token     string // session token that was sent
	Header    http.Header
	Answer    string // error code, "" success
}

// Fake is an STS that knows GetCallerIdentity. It checks signatures, clocks and
// scopes in the order in which AWS does, and goes on refusing a key id for five
// seconds after a wrong secret. The zero value works. Safe for concurrent use;
// its fields are not to be changed once it serves.
type Fake struct {
	Region string           // "" us-east-1
	Clock  func() time.Time // nil: time.Now
	World  *World           // answers IAM, Organizations and CloudTrail besides; nil: nobody does

	mu      sync.Mutex
	keys    map[string]Key
	scripts map[string]http.HandlerFunc
	refused map[string]time.Time
	calls   []Call
}

// Add makes keys known.
func (f *Fake) Add(keys ...Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil {
		f.keys = make(map[string]Key)
	}
	for _, k := range keys {
		f.keys[k.ID] = k
	}
}

// Script answers every call about a key id by h, whatever its signature.
func (f *Fake) Script(keyID string, h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.scripts == nil {
		f.scripts = make(map[string]http.HandlerFunc)
	}
	f.scripts[keyID] = h
}

// Calls returns the calls so far.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// ServeHTTP answers as STS does.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("00000000-0000-4000-8000-%012x", f.now().UnixNano()&0xffffffffffff))
	w.Header().Set("Date", f.now().UTC().Format(http.TimeFormat))
	s, ok := parseSigned(r)
	f.mu.Lock()
	script := f.scripts[s.keyID]
	f.mu.Unlock()
	call := Call{KeyID: s.keyID, Service: s.service, About: about(body), Time: f.now(), Host: r.Host, Region: s.region, UserAgent: r.UserAgent(),
		Token: r.Header.Get("X-Amz-Security-Token"), Header: r.Header.Clone()}
	var key Key
	var a answer
	switch {
	case script != nil:
		a = answer{code: "scripted"}
	case !ok && r.Header.Get("Authorization") == "":
		a = answer{403, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	case !ok:
		a = answer{400, "IncompleteSignature", "The request signature does not conform to AWS standards"}
	default:
		key, a = f.judge(s, r, body)
	}
	call.Answer = a.code
	f.mu.Lock()
	f.calls = append(f.calls, call)
	f.mu.Unlock()
	switch {
	case script != nil:
		script(w, r)
	case a.code == inWorld:
		f.World.serve(w, r, s, body)
	case a.code != "":
		Error(a.status, a.code, a.message)(w, r)
	default:
		success(w, key)
	}
}

func about(body []byte) string {
	form, _ := url.ParseQuery(string(body))
	return form.Get("AccessKeyId")
}

type answer struct {
	status        int
	code, message string
}

func (f *Fake) judge(s signed, r *http.Request, body []byte) (Key, answer) {
	now := f.now().UTC()
	stamp := func(t time.Time) string { return t.UTC().Format("20060102T150405Z") }
	f.mu.Lock()
	defer f.mu.Unlock()
	key, known := f.keys[s.keyID]
	region := f.Region
	if region == "" {
		region = "us-east-1"
	}
	form, _ := url.ParseQuery(string(body))
	switch {
	case s.at.Before(now.Add(-15 * time.Minute)):
		return key, answer{403, "SignatureDoesNotMatch", fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 15 min.)", stamp(s.at), stamp(now.Add(-15*time.Minute)), stamp(now))}
	case s.at.After(now.Add(15 * time.Minute)):
		return key, answer{403, "SignatureDoesNotMatch", fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 15 min.)", stamp(s.at), stamp(now.Add(15*time.Minute)), stamp(now))}
	case s.region != region && f.World == nil:
		return key, answer{403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region. "}
	case s.service != "sts" && (f.World == nil || !slices.Contains(worldServices, s.service)):
		return key, answer{403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'. "}
	case !known, key.Inactive, key.Token != r.Header.Get("X-Amz-Security-Token"):
		return key, answer{403, "InvalidClientTokenId", "The security token included in the request is invalid."}
	case key.Expired:
		return key, answer{403, "ExpiredToken", "The security token included in the request is expired"}
	case !s.matches(r, body, key.Secret):
		if f.refused == nil {
			f.refused = make(map[string]time.Time)
		}
		f.refused[s.keyID] = now.Add(5 * time.Second)
		fallthrough
	case now.Before(f.refused[s.keyID]):
		return key, answer{403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
	case f.World != nil && (s.service != "sts" || form.Get("Action") != "GetCallerIdentity"):
		return key, answer{code: inWorld}
	case form.Get("Action") != "GetCallerIdentity" || form.Get("Version") != "2011-06-15":
		return key, answer{400, "InvalidAction", "Could not find operation for version 2011-06-15"}
	}
	return key, answer{}
}

func (f *Fake) now() time.Time {
	if f.Clock != nil {
		return f.Clock()
	}
	return time.Now()
}

func success(w http.ResponseWriter, k Key) {
	if k.ARN == "" {
		k.ARN = "arn:aws:iam::" + Account + ":user/fake"
	}
	account := strings.Split(k.ARN, ":")[4]
	w.Header().Set("Content-Type", "text/xml")
	_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
		escape(k.ARN), escape(k.UserID), escape(account), w.Header().Get("X-Amzn-Requestid"))
}

// Error returns a handler that answers with an error as STS words it.
func Error(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
			escape(code), escape(message), w.Header().Get("X-Amzn-Requestid"))
	}
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
