package slack

import (
	"fmt"
	"strings"

	"mislaid/sources"
)

// APIError is Slack's refusal of a call. It wraps the sentinel of package
// sources that it stands for, if any.
type APIError struct {
	Method string
	Code   string // as Slack names it: missing_scope
	Needed string // scopes that would have been needed, comma separated
	kind   error
}

func (e *APIError) Error() string {
	s := "slack: " + e.Method + ": " + e.Code
	if e.Needed != "" && e.Code == "missing_scope" {
		s += ": the token lacks the scope " + strings.ReplaceAll(e.Needed, ",", " or ")
	}
	if why := codes[e.Code].why; why != "" {
		s += ": " + why
	}
	return s
}

// Unwrap returns the sentinel.
func (e *APIError) Unwrap() error { return e.kind }

// code is what one of Slack's error codes means to a crawl.
type code struct {
	kind error
	why  string // what it means and what to do, where the code does not say
	wait bool   // it will pass
}

// codes are Slack's error codes that are more than a failed call (pages of the
// methods on docs.slack.dev, 2026).
var codes = map[string]code{
	"token_revoked":                         {kind: sources.ErrSession, why: "the token was revoked; get a new one, then go on with --resume"},
	"token_expired":                         {kind: sources.ErrSession, why: "the token has expired; get a new one, then go on with --resume"},
	"invalid_auth":                          {kind: sources.ErrSession, why: "Slack does not know the token, or refuses it from this address"},
	"not_authed":                            {kind: sources.ErrSession, why: "no token was sent"},
	"account_inactive":                      {kind: sources.ErrSession, why: "the token's account was deactivated, or its app was removed"},
	"org_login_required":                    {kind: sources.ErrSession, why: "the workspace is moving into an organisation; come back later"},
	"team_access_not_granted":               {kind: sources.ErrDenied, why: "the app is not installed in that workspace"},
	"missing_scope":                         {kind: sources.ErrDenied},
	"no_permission":                         {kind: sources.ErrDenied},
	"not_allowed_token_type":                {kind: sources.ErrDenied, why: "this kind of token may not call it; a user token may"},
	"access_denied":                         {kind: sources.ErrDenied},
	"not_in_channel":                        {kind: sources.ErrDenied, why: "a bot reads only channels that it was invited to; a user token reads all public ones"},
	"enterprise_is_restricted":              {kind: sources.ErrDenied},
	"ekm_access_denied":                     {kind: sources.ErrDenied, why: "the organisation's keys lock it"},
	"restricted_action":                     {kind: sources.ErrDenied},
	"channel_not_found":                     {kind: sources.ErrGone},
	"thread_not_found":                      {kind: sources.ErrGone},
	"message_not_found":                     {kind: sources.ErrGone},
	"file_not_found":                        {kind: sources.ErrGone},
	"file_deleted":                          {kind: sources.ErrGone},
	"list_not_found":                        {kind: sources.ErrGone},
	"method_not_supported_for_channel_type": {kind: sources.ErrUnsupported},
	"internal_error":                        {wait: true},
	"fatal_error":                           {wait: true},
	"request_timeout":                       {wait: true},
	"service_unavailable":                   {wait: true},
}

func newAPIError(method, name, needed string) *APIError {
	return &APIError{Method: method, Code: plainCode(name), Needed: plainCode(needed), kind: codes[name].kind}
}

// plainCode lets nothing through that is not the name of a code or a list of
// scopes: an error shows no text of a response.
func plainCode(s string) string {
	ok := func(r rune) bool {
		return r == '_' || r == ':' || r == '.' || r == ',' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return !ok(r) }) {
		return "an error that is no code"
	}
	return s
}

// StatusError is an answer that is not Slack's API's.
type StatusError struct {
	Method string
	Status int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("slack: %s: HTTP status %d", e.Method, e.Status)
}
