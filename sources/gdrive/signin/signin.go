// Package signin asks a person in their browser whether mislaid may read their
// Drive: OAuth for installed applications, with an answer on a loopback port and
// PKCE (RFC 8252, RFC 7636), by an OAuth client of the user's own.
//
// This package knows OAuth's dance. It does not know where a token is kept or
// what is read with it.
package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Client is an OAuth client of the kind "Desktop app".
type Client struct {
	config oauth2.Config
	http   *http.Client
}

// ParseClient reads the file that Google Cloud's console lets one download of a
// client. transport may be nil.
func ParseClient(file []byte, transport http.RoundTripper, scopes ...string) (*Client, error) {
	var f struct {
		Installed *struct {
			ID       string `json:"client_id"`
			Secret   string `json:"client_secret"`
			AuthURI  string `json:"auth_uri"`
			TokenURI string `json:"token_uri"`
		}
		Web *struct{}
	}
	err := json.Unmarshal(file, &f)
	switch {
	case err == nil && f.Web != nil:
		return nil, errors.New("the OAuth client is of the kind \"Web application\": make one of the kind \"Desktop app\"")
	case err != nil || f.Installed == nil || f.Installed.ID == "":
		return nil, errors.New("this is no OAuth client of the kind \"Desktop app\" (JSON, \"installed\")")
	}
	c := f.Installed
	if c.AuthURI == "" {
		c.AuthURI = "https://accounts.google.com/o/oauth2/auth"
	}
	if c.TokenURI == "" {
		c.TokenURI = "https://oauth2.googleapis.com/token" //nolint:gosec // an address
	}
	for _, raw := range []string{c.AuthURI, c.TokenURI} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "https" && !isLoopback(u) {
			return nil, errors.New("the OAuth client's addresses are not https")
		}
	}
	return &Client{
		config: oauth2.Config{
			ClientID: c.ID, ClientSecret: c.Secret, Scopes: scopes,
			Endpoint: oauth2.Endpoint{AuthURL: c.AuthURI, TokenURL: c.TokenURI, AuthStyle: oauth2.AuthStyleInParams},
		},
		http: &http.Client{Transport: transport},
	}, nil
}

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// Tokens are access tokens, renewed by a refresh token as long as Google honours
// it.
func (c *Client) Tokens(ctx context.Context, refresh string) oauth2.TokenSource {
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, c.http)
	return c.config.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh})
}

// ErrDenied says that the person said no.
var ErrDenied = errors.New("the sign-in was denied in the browser")

// answer is what the browser brought back.
type answer struct{ code, denied string }

// Ask shows a person an address to say yes at, and waits for the answer. It
// returns a refresh token. show must not block.
func (c *Client) Ask(ctx context.Context, wait time.Duration, show func(address string)) (refresh string, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("sign in: listen for the browser's answer: %w", err)
	}
	config := c.config
	config.RedirectURL = "http://" + l.Addr().String() + "/"
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	answers := make(chan answer, 1)
	srv := &http.Server{Handler: landing(l.Addr().String(), state, answers), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // ends with Close
	defer func() { _ = srv.Close() }()

	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	show(config.AuthCodeURL(state, oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "consent")))
	var got answer
	select {
	case got = <-answers:
		shutdown, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer stop()
		_ = srv.Shutdown(shutdown) // lets the browser have its page
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return "", fmt.Errorf("sign in: nobody answered in the browser within %v", wait)
		}
		return "", ctx.Err()
	}
	if got.denied != "" {
		if got.denied == "access_denied" {
			return "", fmt.Errorf("sign in: %w", ErrDenied)
		}
		return "", fmt.Errorf("sign in: the browser brought back the error %q", plain(got.denied))
	}
	token, err := config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, c.http), got.code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", fmt.Errorf("sign in: %s", exchangeError(err))
	}
	if token.RefreshToken == "" {
		return "", errors.New("sign in: Google gave no refresh token")
	}
	return token.RefreshToken, nil
}

// landing is the page that the browser comes back to. It answers once, and only
// who brings our state.
func landing(host, state string, answers chan<- answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Host != host || r.URL.Path != "/" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
			http.Error(w, "this is no answer to a question of mislaid", http.StatusBadRequest)
			return
		}
		a := answer{code: q.Get("code"), denied: q.Get("error")}
		if a.code == "" && a.denied == "" {
			http.Error(w, "an answer without a code", http.StatusBadRequest)
			return
		}
		select {
		case answers <- a:
		default:
			http.Error(w, "it was answered before", http.StatusConflict)
			return
		}
		text := "mislaid may read your Drive now. You can close this window."
		if a.denied != "" {
			text = "mislaid may not read your Drive. You can close this window."
		}
		_, _ = fmt.Fprintf(w, "<!doctype html><title>mislaid</title><p id=\"done\">%s</p>", text)
	})
}

// exchangeError is why no token was given, without what the server said.
func exchangeError(err error) string {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return "Google gave no token: " + plain(refused.ErrorCode)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		return "Google could not be asked for a token: " + ue.Err.Error()
	}
	return "Google gave no token"
}

// plain lets nothing through that is not the name of an error.
func plain(s string) string {
	ok := func(r rune) bool { return r == '_' || 'a' <= r && r <= 'z' }
	if s == "" || len(s) > 60 || strings.ContainsFunc(s, func(r rune) bool { return !ok(r) }) {
		return "an error that is none"
	}
	return s
}
