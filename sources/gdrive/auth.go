package gdrive

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"mislaid/sources"
)

const scopePrefix = "https://www.googleapis.com/auth/"

// The scopes that a crawl knows, the least first. None of them can write to
// Drive.
const (
	ScopeMetadata = scopePrefix + "drive.metadata.readonly"
	ScopeContent  = scopePrefix + "drive.readonly"
	ScopeUsers    = scopePrefix + "admin.directory.user.readonly"
	ScopeDomains  = scopePrefix + "admin.directory.domain.readonly"
	ScopeMembers  = scopePrefix + "admin.directory.group.member.readonly"
	ScopeSettings = scopePrefix + "apps.groups.settings"
	ScopeReports  = scopePrefix + "admin.reports.audit.readonly"
	ScopeApps     = scopePrefix + "admin.directory.user.security"
)

// TokenError says that Google's token endpoint gave no token. It wraps
// sources.ErrSession.
type TokenError struct {
	Subject string // as whom; "" ourselves
	Code    string // as OAuth names it: invalid_grant
}

func (e *TokenError) Error() string {
	s := "gdrive: no access token"
	if e.Subject != "" {
		s += " as " + e.Subject
	}
	s += ": " + e.Code
	switch {
	case e.Code == "unauthorized_client":
		s += ": domain-wide delegation does not grant the service account this scope (mislaid permissions gdrive)"
	case e.Code == "invalid_grant" && e.Subject != "":
		s += ": Google refuses to act as this account: it is of no user of the organisation, or the key is not valid"
	case e.Code == "invalid_grant":
		s += ": the sign-in has expired or was revoked; sign in again, then go on with --resume"
	}
	return s
}

// Unwrap returns the sentinel.
func (e *TokenError) Unwrap() error { return sources.ErrSession }

// tokenError is the error of a token source, without what the server said.
func tokenError(subject string, err error) error {
	var own *TokenError
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refused):
		code := refused.ErrorCode
		if code == "" {
			code = oauthCode(refused.Body)
		}
		return &TokenError{subject, plainReason(code)}
	}
	return fmt.Errorf("gdrive: no access token: %w", lost(err))
}

func oauthCode(body []byte) string {
	var answer struct{ Error string }
	if json.Unmarshal(body, &answer) != nil || answer.Error == "" {
		return "refused"
	}
	return answer.Error
}

// Delegation is a service account that may act as other people. Safe for
// concurrent use.
type Delegation struct {
	Account  string // address of the service account
	ClientID string // to which delegation is granted; "" not known

	sign     func(ctx context.Context, claims []byte) (string, error)
	tokenURL string
	client   *http.Client
}

// tokenURL is Google's token endpoint.
const tokenURL = "https://oauth2.googleapis.com/token" //nolint:gosec // an address

// KeyDelegation acts by a service account's key file, as Google Cloud's console
// lets one download it. transport may be nil.
func KeyDelegation(file []byte, transport http.RoundTripper) (*Delegation, error) {
	var k struct {
		Type     string `json:"type"`
		Email    string `json:"client_email"`
		ClientID string `json:"client_id"`
		KeyID    string `json:"private_key_id"`
		Key      string `json:"private_key"`
		TokenURI string `json:"token_uri"`
	}
	if json.Unmarshal(file, &k) != nil || k.Type != "service_account" || k.Email == "" {
		return nil, errors.New("this is no key file of a service account (JSON, \"type\": \"service_account\")")
	}
	block, _ := pem.Decode([]byte(k.Key))
	if block == nil {
		return nil, errors.New("the key file holds no private key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("the private key in the key file is no RSA key")
	}
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.KeyID})
	if err != nil {
		return nil, err
	}
	if k.TokenURI == "" {
		k.TokenURI = tokenURL
	}
	if u, err := url.Parse(k.TokenURI); err != nil || !isGoogle(u) {
		return nil, errors.New("the key file names a token endpoint that is not Google's")
	}
	return &Delegation{Account: k.Email, ClientID: k.ClientID, tokenURL: k.TokenURI, client: &http.Client{Transport: transport}, sign: func(_ context.Context, claims []byte) (string, error) {
		signed := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
		sum := sha256.Sum256([]byte(signed))
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		return signed + "." + base64.RawURLEncoding.EncodeToString(sig), err
	}}, nil
}

// KeylessDelegation acts as a service account without any key: Google's IAM
// signs, for whoever own stands for, who must be a Service Account Token Creator
// on the account.
func KeylessDelegation(account string, own oauth2.TokenSource, transport http.RoundTripper) *Delegation {
	client := &http.Client{Transport: transport}
	return &Delegation{Account: account, tokenURL: tokenURL, client: client, sign: func(ctx context.Context, claims []byte) (string, error) {
		token, err := own.Token()
		if err != nil {
			return "", tokenError("", err)
		}
		body, err := json.Marshal(map[string]string{"payload": string(claims)})
		if err != nil {
			return "", err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"+url.PathEscape(account)+":signJwt", bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		req.Header.Set("Content-Type", "application/json")
		token.SetAuthHeader(req)
		var answer struct {
			Signed string `json:"signedJwt"`
		}
		status, raw, err := post(client, req)
		switch {
		case err != nil:
			return "", fmt.Errorf("gdrive: sign as %s: %w", account, err)
		case status != http.StatusOK:
			return "", fmt.Errorf("gdrive: sign as %s: %s: grant yourself roles/iam.serviceAccountTokenCreator on it: %w", account, plainReason(reasonOf(raw)), sources.ErrSession)
		case json.Unmarshal(raw, &answer) != nil || answer.Signed == "":
			return "", fmt.Errorf("gdrive: sign as %s: an answer of another form than Google documents", account)
		}
		return answer.Signed, nil
	}}
}

// post sends a request of signing in and returns the answer.
func post(client *http.Client, req *http.Request) (status int, body []byte, err error) {
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, lost(err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, body, err
}

// As returns the tokens with which the service account acts as subject; "" is
// the account itself. A token that is valid is used again.
func (d *Delegation) As(ctx context.Context, subject string, scopes ...string) oauth2.TokenSource {
	return oauth2.ReuseTokenSource(nil, &delegated{ctx: context.WithoutCancel(ctx), d: d, subject: subject, scopes: scopes})
}

type delegated struct {
	ctx     context.Context
	d       *Delegation
	subject string
	scopes  []string
}

// lifetime of a token: the longest that Google gives.
const lifetime = time.Hour

// Token implements oauth2.TokenSource.
func (t *delegated) Token() (*oauth2.Token, error) {
	now := time.Now()
	claims := map[string]any{"iss": t.d.Account, "aud": t.d.tokenURL, "scope": strings.Join(t.scopes, " "), "iat": now.Unix(), "exp": now.Add(lifetime).Unix()}
	if t.subject != "" {
		claims["sub"] = t.subject
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	assertion, err := t.d.sign(t.ctx, payload)
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	req, err := http.NewRequestWithContext(t.ctx, http.MethodPost, t.d.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, raw, err := post(t.d.client, req)
	if err != nil {
		return nil, fmt.Errorf("gdrive: no access token as %s: %w", t.subject, err)
	}
	var answer struct {
		Access  string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in"`
	}
	if status != http.StatusOK {
		return nil, &TokenError{t.subject, plainReason(oauthCode(raw))}
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Access == "" {
		return nil, &TokenError{t.subject, "an answer that is none"}
	}
	return &oauth2.Token{AccessToken: answer.Access, TokenType: answer.Type, Expiry: now.Add(time.Duration(answer.Expires) * time.Second)}, nil
}
