package gdrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/api/googleapi"

	"mislaid/sources"
)

// APIError is Google's refusal of a request. It wraps the sentinel of package
// sources that it stands for, if any.
type APIError struct {
	Method string
	Status int
	Reason string // as Google names it: insufficientFilePermissions
	kind   error
}

func (e *APIError) Error() string {
	s := fmt.Sprintf("gdrive: %s: HTTP status %d", e.Method, e.Status)
	if e.Reason != "" {
		s = "gdrive: " + e.Method + ": " + e.Reason
	}
	if why := reasons[e.Reason].why; why != "" {
		s += ": " + why
	}
	return s
}

// Unwrap returns the sentinel.
func (e *APIError) Unwrap() error { return e.kind }

// reason is what one of Google's reasons means to a crawl.
type reason struct {
	kind error
	why  string // what it means and what to do
	wait bool   // it passes: back off and ask again
}

// reasons are those that Google documents ("Resolve errors", developers.google.com,
// Drive and Directory, 2026) and that are more than a failed request.
var reasons = map[string]reason{
	"userRateLimitExceeded": {wait: true, kind: sources.ErrSession, why: "Google kept refusing this account's requests as too many; go on later with --resume"},
	"rateLimitExceeded":     {wait: true, kind: sources.ErrSession, why: "Google kept refusing the project's requests as too many; go on later with --resume"},
	"quotaExceeded":         {wait: true, kind: sources.ErrSession, why: "the API's quota is used up; go on later with --resume"},
	"backendError":          {wait: true},
	"internalError":         {wait: true},
	"transientError":        {wait: true},
	"dailyLimitExceeded":    {kind: sources.ErrSession, why: "the project's quota of the day is used up; go on tomorrow with --resume"},
	"authError":             {kind: sources.ErrSession, why: "the token was revoked or has expired; sign in again, then go on with --resume"},
	"accessNotConfigured":   {kind: sources.ErrDenied, why: "this API is switched off in the Google Cloud project: enable it there (mislaid permissions gdrive)"},

	"insufficientPermissions":     {kind: sources.ErrDenied, why: "the token lacks the scope for it (mislaid permissions gdrive)"},
	"insufficientFilePermissions": {kind: sources.ErrDenied, why: "this account may not see that"},
	"appNotAuthorizedToFile":      {kind: sources.ErrDenied},
	"forbidden":                   {kind: sources.ErrDenied, why: "this account has no right to it, or the edition lacks it"},
	"domainPolicy":                {kind: sources.ErrDenied, why: "a policy of the organisation forbids it"},
	"downloadQuotaExceeded":       {kind: sources.ErrDenied, why: "the file was downloaded too often lately; try again in a day"},
	"cannotDownloadFile":          {kind: sources.ErrDenied, why: "downloading is switched off for the file's viewers, who see it on the screen all the same; scan as its owner or an editor"},
	"cannotExportFile":            {kind: sources.ErrDenied, why: "downloading is switched off for the file's viewers, who see it on the screen all the same; scan as its owner or an editor"},
	"cannotDownloadAbusiveFile":   {kind: sources.ErrDenied, why: "Google flagged the file as malware or spam; have its owner look at it"},
	"exportSizeLimitExceeded":     {kind: sources.ErrUnsupported, why: "Google exports at most 10 MB, and gave no link for more; download it by hand and scan the download"},
	"fileNotDownloadable":         {kind: sources.ErrUnsupported},
	"fileNotExportable":           {kind: sources.ErrUnsupported},
	"notFound":                    {kind: sources.ErrGone},
	"fileNotFound":                {kind: sources.ErrGone},
	"pageTokenExpired":            {kind: sources.ErrExpired},
}

// plainReason lets nothing through that is not the name of a reason: an error
// shows no text of a response.
func plainReason(s string) string {
	ok := func(r rune) bool {
		return r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if len(s) > 60 || strings.ContainsFunc(s, func(r rune) bool { return !ok(r) }) {
		return "a reason that is none"
	}
	return s
}

func newAPIError(method string, status int, name string) *APIError {
	e := &APIError{Method: method, Status: status, Reason: plainReason(name), kind: reasons[name].kind}
	switch {
	case e.kind != nil:
	case status == http.StatusUnauthorized:
		e.kind = sources.ErrSession
	case status == http.StatusForbidden:
		e.kind = sources.ErrDenied
	case status == http.StatusNotFound:
		e.kind = sources.ErrGone
	case status == http.StatusGone:
		e.kind = sources.ErrExpired
	}
	return e
}

// reasonOf reads the reason out of an error's body.
func reasonOf(body []byte) string {
	var answer struct {
		Error struct {
			Status string
			Errors []struct{ Reason string }
		}
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	if len(answer.Error.Errors) > 0 {
		return answer.Error.Errors[0].Reason
	}
	return answer.Error.Status
}

// failed is why a request failed, in our own words.
func failed(ctx context.Context, method string, err error) error {
	var refused *googleapi.Error
	var own *APIError
	var token *TokenError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &own), errors.As(err, &token):
		return unwrapURL(err)
	case errors.As(err, &refused):
		name := ""
		if len(refused.Errors) > 0 {
			name = refused.Errors[0].Reason
		}
		return newAPIError(method, refused.Code, name)
	}
	return fmt.Errorf("gdrive: %s: %w", method, lost(err))
}

// expired is the error of a request that sent a page or change token: where
// Google says that the token is nothing (any more), it wraps ErrExpired.
func expired(err error) error {
	var refused *APIError
	if errors.As(err, &refused) && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusGone) {
		return fmt.Errorf("%w: %w", err, sources.ErrExpired)
	}
	return err
}

// unwrapURL takes the address off an error: it says nothing to a user.
func unwrapURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// lost is why no answer came, without the address and without anything that was
// sent.
func lost(err error) error {
	err = unwrapURL(err)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("no address of %s: check the network", dns.Name)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the connection was closed in the middle of an answer: %w", io.ErrUnexpectedEOF)
	}
	return err
}
