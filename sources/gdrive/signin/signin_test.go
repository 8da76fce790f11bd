package signin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mislaid/sources/gdrive/drivetest"
	"mislaid/sources/gdrive/signin"
)

const scope = "https://www.googleapis.com/auth/drive.readonly"

// authority is Google's authorisation server, with Ann at the browser.
func authority(t *testing.T) (*drivetest.Server, *signin.Client) {
	t.Helper()
	srv := drivetest.NewServer(drivetest.NewOrg(), t.Errorf)
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	srv.AllowClient("ann@acme.test")
	c, err := signin.ParseClient(srv.ClientFile(web.URL), srv, scope)
	if err != nil {
		t.Fatal(err)
	}
	return srv, c
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// link is where a link of the page leads.
func link(t *testing.T, page, id string) string {
	t.Helper()
	m := regexp.MustCompile(`id="` + id + `" href="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no link %s on %s", id, page)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

func TestConsent(t *testing.T) {
	srv, c := authority(t)
	var browser sync.WaitGroup
	refresh, err := c.Ask(t.Context(), time.Minute, func(address string) {
		browser.Go(func() {
			_, page := get(t, address)
			if code, text := get(t, link(t, page, "allow")); code != 200 || !strings.Contains(text, "may read your Drive now") {
				t.Errorf("the browser was told %d %q", code, text)
			}
		})
	})
	browser.Wait()
	if err != nil || refresh == "" {
		t.Fatalf("%v", err)
	}
	tokens := c.Tokens(t.Context(), refresh)
	if tok, err := tokens.Token(); err != nil || tok.AccessToken == "" {
		t.Fatalf("renew: %v", err)
	}
	srv.Revoke("ann@acme.test")
	if _, err := c.Tokens(t.Context(), refresh).Token(); err == nil {
		t.Error("a revoked sign-in is renewed")
	}
}

func TestDenial(t *testing.T) {
	_, c := authority(t)
	var browser sync.WaitGroup
	_, err := c.Ask(t.Context(), time.Minute, func(address string) {
		browser.Go(func() {
			_, page := get(t, address)
			if _, text := get(t, link(t, page, "deny")); !strings.Contains(text, "may not read") {
				t.Errorf("the browser was told %q", text)
			}
		})
	})
	browser.Wait()
	if !errors.Is(err, signin.ErrDenied) {
		t.Errorf("%v", err)
	}
}

// TestStrangers: only who brings our state is listened to, and a page elsewhere
// that guesses the port cannot answer for the person.
func TestStrangers(t *testing.T) {
	_, c := authority(t)
	_, err := c.Ask(t.Context(), 2*time.Second, func(address string) {
		u, err := url.Parse(address)
		if err != nil {
			t.Error(err)
			return
		}
		back := u.Query().Get("redirect_uri")
		state := url.QueryEscape(u.Query().Get("state"))
		for _, bad := range []string{back, back + "?code=x", back + "?code=x&state=wrong", back + "?state=" + state, back + "x?code=x&state=" + state} {
			if code, _ := get(t, bad); code != http.StatusBadRequest {
				t.Errorf("%s is answered with %d", bad, code)
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "nobody answered in the browser within 2s") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := c.Ask(ctx, time.Minute, func(string) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestForgedCode: a code that the server did not give leads to an error without
// anything of the answer.
func TestForgedCode(t *testing.T) {
	_, c := authority(t)
	var browser sync.WaitGroup
	_, err := c.Ask(t.Context(), time.Minute, func(address string) {
		browser.Go(func() {
			u, err := url.Parse(address)
			if err == nil {
				get(t, u.Query().Get("redirect_uri")+"?code=forged&state="+url.QueryEscape(u.Query().Get("state")))
			}
		})
	})
	browser.Wait()
	if err == nil || err.Error() != "sign in: Google gave no token: invalid_grant" {
		t.Errorf("%v", err)
	}
}

func TestParseClient(t *testing.T) {
	for text, says := range map[string]string{
		``: "no OAuth client", `{}`: "no OAuth client", `{"web":{}}`: "Web application", `{"installed":{}}`: "no OAuth client",
		`{"installed":{"client_id":"x","token_uri":"http://evil.example/token"}}`: "not https",
	} {
		if _, err := signin.ParseClient([]byte(text), nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
