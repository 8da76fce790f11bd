package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/zalando/go-keyring"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"mislaid/sources/gdrive"
	"mislaid/sources/gdrive/signin"
)

// signs says as whom Drive is read.
func (f *driveFlags) signs(ctx context.Context, a *app, c *gdrive.Config) error {
	key, keyErr := f.key.read(a, "service account key")
	keyed := keyErr == nil
	if !keyed && f.key.from != "env:GDRIVE_KEY" {
		return keyErr
	}
	scopes := []string{gdrive.ScopeContent}
	switch {
	case f.account != "":
		own, err := defaultCredentials(ctx, c.Transport, "https://www.googleapis.com/auth/cloud-platform")
		if err != nil {
			return err
		}
		c.Delegation = gdrive.KeylessDelegation(f.account, own, c.Transport)
	case keyed && !f.adc:
		d, err := gdrive.KeyDelegation(key.Reveal(), c.Transport)
		if err != nil {
			return fmt.Errorf("--gdrive-key: %w", err)
		}
		c.Delegation = d
	case c.Target.Domain != "":
		return errors.New("an organisation is read by a service account with domain-wide delegation: name its key with --gdrive-key, or without a key its address with --gdrive-account; \"mislaid permissions gdrive\" says how to make one")
	case f.adc:
		own, err := defaultCredentials(ctx, c.Transport, scopes...)
		c.Own = own
		return err
	default:
		own, err := f.person(ctx, a, c.Transport, scopes)
		c.Own = own
		return err
	}
	if f.admin == "" {
		return errors.New("name the administrator as whom the Directory is asked, with --gdrive-admin ADDRESS")
	}
	return nil
}

func defaultCredentials(ctx context.Context, transport http.RoundTripper, scopes ...string) (oauth2.TokenSource, error) {
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Transport: transport})
	found, err := google.FindDefaultCredentials(ctx, scopes...)
	if err != nil {
		return nil, errors.New("there are no application-default credentials: gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform,https://www.googleapis.com/auth/drive.readonly")
	}
	return found.TokenSource, nil
}

// person are the tokens of whoever signed in before, or does now.
func (f *driveFlags) person(ctx context.Context, a *app, transport http.RoundTripper, scopes []string) (oauth2.TokenSource, error) {
	file, err := f.client.read(a, "OAuth client of Google Drive")
	if err != nil {
		return nil, fmt.Errorf("%w; say where it is with --gdrive-client; \"mislaid permissions gdrive\" says how to make one", err)
	}
	client, err := signin.ParseClient(file.Reveal(), transport, scopes...)
	if err != nil {
		return nil, fmt.Errorf("--gdrive-client: %w", err)
	}
	store, err := newTokenStore(a, f.token)
	if err != nil {
		return nil, err
	}
	refresh, err := store.get()
	if err == nil {
		tokens := client.Tokens(ctx, refresh)
		if _, err := tokens.Token(); err == nil || !revoked(err) {
			return tokens, nil // what is wrong besides is said at the first request
		}
		fmt.Fprintln(a.stderr, "mislaid: the sign-in that is kept is no longer valid")
	} else if !errors.Is(err, errNoToken) {
		return nil, err
	}
	refresh, err = client.Ask(ctx, f.signIn, func(address string) {
		fmt.Fprintf(a.stderr, "mislaid: open this address in your browser and say whether mislaid may read your Drive (it can change nothing):\n  %s\n", address)
		openBrowser(ctx, a, address)
	})
	if err != nil {
		return nil, err
	}
	where, err := store.put(refresh)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(a.stderr, "mislaid: signed in; the sign-in is kept in %s\n", where)
	return client.Tokens(ctx, refresh), nil
}

func revoked(err error) bool {
	var refused *oauth2.RetrieveError
	return errors.As(err, &refused) && refused.ErrorCode == "invalid_grant"
}

// openBrowser opens an address of ours in the user's browser, if that works.
func openBrowser(ctx context.Context, a *app, address string) {
	program := []string{"xdg-open"}
	switch {
	case a.env["BROWSER"] != "":
		program = []string{a.env["BROWSER"]}
	case runtime.GOOS == "darwin":
		program = []string{"open"}
	case runtime.GOOS == "windows":
		program = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program[0], append(program[1:], address)...) //nolint:gosec // the user's own browser
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }() // its end is of no interest
	}
}

// tokenStore keeps a refresh token.
type tokenStore struct {
	service, user string // of the keyring; "" a file
	path          string // of a file that only its owner may read
	either        bool   // the keyring, or the file where there is none
}

// errNoToken says that nobody signed in yet.
var errNoToken = errors.New("nobody has signed in yet")

func newTokenStore(a *app, where string) (*tokenStore, error) {
	kind, name, _ := strings.Cut(where, ":")
	switch {
	case where == "":
		dir, err := stateDir(runtime.GOOS, a.env)
		if err != nil {
			return nil, err
		}
		return &tokenStore{service: "mislaid", user: "gdrive", path: filepath.Join(dir, "gdrive-token"), either: true}, nil
	case kind == "file" && name != "":
		return &tokenStore{path: name}, nil
	case kind == "keyring":
		if service, user, ok := strings.Cut(name, "/"); ok && service != "" && user != "" {
			return &tokenStore{service: service, user: user}, nil
		}
	}
	return nil, errors.New("--gdrive-token: must be keyring:SERVICE/USER or file:PATH")
}

func (s *tokenStore) get() (string, error) {
	if s.service != "" {
		token, err := keyring.Get(s.service, s.user)
		switch {
		case err == nil:
			return token, nil
		case s.either: // there is no keyring, or nothing in it
		case errors.Is(err, keyring.ErrNotFound):
			return "", errNoToken
		default:
			return "", fmt.Errorf("--gdrive-token: the keyring: %w", err)
		}
	}
	b, err := readCredentialFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errNoToken
	case err != nil:
		return "", fmt.Errorf("--gdrive-token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// put keeps a token, and says where.
func (s *tokenStore) put(token string) (where string, err error) {
	if s.service != "" {
		err := keyring.Set(s.service, s.user, token)
		if err == nil {
			return fmt.Sprintf("the keyring, as %s/%s", s.service, s.user), nil
		}
		if !s.either {
			return "", fmt.Errorf("--gdrive-token: the keyring: %w", err)
		}
	}
	if err := writePrivate(s.path, token+"\n"); err != nil {
		return "", fmt.Errorf("--gdrive-token: %w", err)
	}
	if s.either {
		return "the file " + s.path + ", because this machine has no keyring: whoever reads that file reads your Drive", nil
	}
	return "the file " + s.path + ": whoever reads that file reads your Drive", nil
}

// writePrivate replaces a file by one that only its owner can read. It follows
// no link.
func writePrivate(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".gdrive-token-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
