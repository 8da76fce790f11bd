package slackfiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

const fileAddress = "https://files.slack.com/files-pri/T00000001-F00000001/download/notes.txt"

// roundTrip is a RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slackWith is a server with one file.
func slackWith(t *testing.T, data []byte) (*slacktest.Server, File) {
	w := slacktest.NewWorkspace()
	f := w.NewFile("U0ANN", "notes.txt", data)
	srv, _ := slacktest.NewServer(w, t.Errorf)
	srv.ServeExports("")
	return srv, File{ID: f.ID, Address: fileAddress + "?t=" + slacktest.ExportToken(), Size: int64(len(data)), Mimetype: f.Mimetype}
}

func fetchAll(ctx context.Context, c *Client, f File) (string, error) {
	r, err := c.Open(ctx, f)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), errors.Join(err, r.Close())
}

func client(t *testing.T, c Config) *Client {
	t.Helper()
	cl, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// TestWhereTheTokenGoes: into a header if Slack takes it there, else into the
// address, and asked about once.
func TestWhereTheTokenGoes(t *testing.T) {
	for _, inHeader := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			srv, f := slackWith(t, []byte("the notes"))
			srv.ExportHeader = inHeader
			var asked []string
			c := client(t, Config{UserAgent: "tester", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				how := "header"
				if r.URL.Query().Has("t") {
					how = "query"
				}
				if r.Header.Get("User-Agent") != "tester" || (how == "query") == (r.Header.Get("Authorization") != "") {
					t.Errorf("%v", r.Header)
				}
				asked = append(asked, how)
				return srv.RoundTrip(r)
			})})
			for range 2 {
				if got, err := fetchAll(t.Context(), c, f); got != "the notes" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			}
			if want := map[bool]string{true: "[header header]", false: "[header query query]"}[inHeader]; fmt.Sprint(asked) != want {
				t.Errorf("%v, want %s", asked, want)
			}
		})
	}
}

// TestOnlySlack: nothing else is asked, and nothing that is said of it holds the
// address.
func TestOnlySlack(t *testing.T) {
	secret := slacktest.ExportToken()
	c := client(t, Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s is asked", r.URL.Host)
		return nil, errors.New("no")
	})})
	for _, address := range []string{
		"", "::", "http://files.slack.com/x?t=", "https://files.slack.com:8443/x?t=", "https://files.slack.com.evil.example/x?t=", "https://evilfiles.slack.com/x?t=",
		"https://u:p@files.slack.com/x?t=", "https://evil.example/files.slack.com?t=", "https://slack.com/x?t=", "file:///etc/passwd?t=", "//files.slack.com/x?t=",
		"https://files.slack.com@evil.example/x?t=", "https://docs.google.com/document/d/x?t=", "https://127.0.0.1/x?t=", "ftp://files.slack.com/x?t=",
	} {
		_, err := c.Open(t.Context(), File{ID: "F1", Address: address + secret})
		if !errors.Is(err, sources.ErrUnsupported) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "evil") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	page := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		file   File
		want   error
		asked  int // 0: once with each way of sending the token
	}{
		{"the file", 200, http.Header{"Content-Type": {"text/plain"}}, File{}, nil, 1},
		{"a page instead", 200, page, File{}, ErrSignIn, 0},
		{"a canvas", 200, page, File{Page: true}, nil, 1},
		{"a page that was uploaded", 200, page, File{Mimetype: "text/html"}, nil, 1},
		{"signing in", 302, http.Header{"Location": {"https://acme.slack.com/?redir=%2Ffiles-pri"}}, File{}, ErrSignIn, 0},
		{"off the hosts", 302, http.Header{"Location": {"https://evil.example/x"}}, File{}, ErrSignIn, 0},
		{"off TLS", 302, http.Header{"Location": {"http://files.slack.com/x"}}, File{}, ErrSignIn, 0},
		{"in circles", 302, http.Header{"Location": {"https://files.slack.com/x"}}, File{}, ErrSignIn, 2 * (maxRedirects + 1)},
		{"nowhere", 302, nil, File{}, ErrSignIn, 0},
		{"denied", 403, nil, File{}, sources.ErrDenied, 0},
		{"gone", 404, nil, File{}, sources.ErrGone, 1},
		{"broken", 500, nil, File{}, &StatusError{}, 5},
		{"odd", 418, nil, File{}, &StatusError{}, 1},
		{"half of it", 206, nil, File{}, sources.ErrChanged, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			cl := client(t, Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				asked++
				if r.URL.Host != "files.slack.com" || r.URL.Scheme != "https" {
					t.Errorf("%s: %s is asked", c.name, r.URL.Host)
				}
				return &http.Response{StatusCode: c.status, Header: c.header, Body: io.NopCloser(strings.NewReader("bytes")), Request: r, ContentLength: 5}, nil
			})})
			f := c.file
			f.ID, f.Address = "F1", fileAddress+"?token="+slacktest.ExportToken()
			_, err := fetchAll(t.Context(), cl, f)
			var status *StatusError
			if same := errors.Is(err, c.want) || errors.As(c.want, &status) && errors.As(err, &status); !same {
				t.Errorf("%s: %v", c.name, err)
			}
			if err != nil && (strings.Contains(err.Error(), slacktest.ExportToken()) || strings.Contains(err.Error(), "files-pri")) {
				t.Errorf("%s: %v", c.name, err)
			}
			if c.asked == 0 {
				c.asked = 2
			}
			if asked != c.asked {
				t.Errorf("%s: asked %d times", c.name, asked)
			}
		})
	}
}

// TestRateLimit: Retry-After is obeyed to the second, by all downloads.
func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, f := slackWith(t, []byte("the notes"))
		srv.ExportHeader = true
		var until time.Time
		limited := 0
		c := client(t, Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if time.Now().Before(until) {
				t.Error("asked too early")
			}
			if limited < 3 {
				limited++
				until = time.Now().Add(90 * time.Second)
				return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"90"}}, Body: http.NoBody, Request: r}, nil
			}
			return srv.RoundTrip(r)
		}), Retries: -1})
		begin := time.Now()
		if got, err := fetchAll(t.Context(), c, f); got != "the notes" || err != nil || time.Since(begin) < 270*time.Second || time.Since(begin) > 272*time.Second {
			t.Errorf("%q, %v after %v", got, err, time.Since(begin))
		}
		begin = time.Now()
		for range 65 {
			if _, err := fetchAll(t.Context(), c, f); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(begin); d < 59*time.Second || d > 61*time.Second {
			t.Errorf("65 downloads in %v", d)
		}
	})
}

// TestLost: a download goes on where the connection was lost.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
		srv, f := slackWith(t, data)
		srv.ExportHeader = true
		drops, refusals := 0, 0
		c := client(t, Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if refusals++; refusals%2 == 0 {
				return nil, errors.New("connection refused")
			}
			resp, err := srv.RoundTrip(r)
			if err == nil && drops < 3 {
				drops++
				whole := resp.Body
				resp.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(io.LimitReader(whole, 10_000), iotest.ErrReader(io.ErrUnexpectedEOF)), whole}
			}
			return resp, err
		})})
		if got, err := fetchAll(t.Context(), c, f); got != string(data) || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		drops = -1000
		if _, err := fetchAll(t.Context(), c, f); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v", err)
		}
	})
}

// TestStalled: a server that says nothing more is left, and one that is left by its
// user too.
func TestStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, Config{Retries: -1, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			pr, pw := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = pw.CloseWithError(r.Context().Err()) })
			go func() { _, _ = io.WriteString(pw, "some") }()
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr, Request: r, ContentLength: 9}, nil
		})})
		begin := time.Now()
		got, err := fetchAll(t.Context(), c, File{ID: "F1", Address: fileAddress, Size: 9})
		if got != "some" || !errors.Is(err, io.ErrUnexpectedEOF) || time.Since(begin) != stalled {
			t.Errorf("%q, %v after %v", got, err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := fetchAll(ctx, c, File{ID: "F1", Address: fileAddress, Size: 9}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// FuzzAddress: no address makes us ask anybody but Slack, or leaves its token where
// it is not wanted.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{fileAddress, fileAddress + "?t=a&t=b", "https://files.slack.com/%2e%2e/x?token=a;b", "https://FILES.slack.com:443/?t=%zz", "https://a@files.slack.com"} {
		f.Add(s)
	}
	c, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := c.parse(raw)
		if err != nil {
			return
		}
		if h := strings.ToLower(a.url.Hostname()); h != "files.slack.com" && h != "files.slack-gov.com" || a.url.Scheme != "https" || a.url.User != nil {
			t.Fatalf("%q leads to %v", raw, a.url)
		}
		if q := a.url.Query(); q.Has("t") || q.Has("token") {
			t.Fatalf("%q keeps its token: %v", raw, a.url)
		}
		if a.token != "" && a.withToken().Query().Get(a.key) != a.token {
			t.Fatalf("%q: %v", raw, a.withToken())
		}
	})
}
