package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/zalando/go-keyring"
	"golang.org/x/term"

	"mislaid/internal/secret"
)

// credential is a flag that says where one of our own credentials is kept. The
// credential itself is never on the command line, in the configuration or in
// the journal.
type credential struct {
	from string // "env:NAME", "file:PATH", "keyring:SERVICE/USER", "prompt"
}

const credentialHelp = "env:NAME, file:PATH, keyring:SERVICE/USER or prompt"

// String implements pflag.Value.
func (c *credential) String() string { return c.from }

// Type implements pflag.Value.
func (c *credential) Type() string { return "where" }

// Set implements pflag.Value.
func (c *credential) Set(s string) error {
	kind, name, _ := strings.Cut(s, ":")
	switch {
	case s == "prompt":
	case kind == "env" && name != "", kind == "file" && name != "":
	case kind == "keyring" && strings.Contains(strings.Trim(name, "/"), "/"):
	default:
		return errors.New("must be " + credentialHelp + "; the secret itself is never a flag")
	}
	c.from = s
	return nil
}

// maxCredential is the most that is read of a credential's file, in bytes.
const maxCredential = 64 << 10

// read returns the credential, without the line break at its end. what names it
// in a prompt and in errors.
func (c *credential) read(a *app, what string) (secret.Value, error) {
	kind, name, _ := strings.Cut(c.from, ":")
	var b []byte
	var err error
	switch kind {
	case "env":
		b = []byte(a.env[name])
		if len(b) == 0 {
			err = fmt.Errorf("the environment variable %s is not set", name)
		}
	case "file":
		b, err = readCredentialFile(name)
	case "keyring":
		service, user, _ := strings.Cut(name, "/")
		var s string
		s, err = keyring.Get(service, user)
		b = []byte(s)
	case "prompt":
		b, err = a.prompt(what)
	default:
		err = errors.New("nobody said where it is: " + credentialHelp)
	}
	if err != nil {
		return secret.Value{}, fmt.Errorf("%s: %w", what, err)
	}
	defer clear(b)
	value := bytes.TrimRight(b, "\r\n")
	if len(value) == 0 {
		return secret.Value{}, fmt.Errorf("%s: it is empty", what)
	}
	return secret.New(value), nil
}

// readCredentialFile reads a file that nobody but its owner may read.
func readCredentialFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if why := exposedTo(info); why != "" {
		return nil, fmt.Errorf("%s can be read by %s; chmod 600 it first", path, why)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxCredential+1))
	if err == nil && len(b) > maxCredential {
		err = fmt.Errorf("%s is longer than %d bytes: that is no credential", path, maxCredential)
	}
	return b, err
}

// prompt asks on the terminal, without showing what is typed.
func (a *app) prompt(what string) ([]byte, error) {
	f, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, errors.New("there is no terminal to ask on; use env:NAME or file:PATH")
	}
	fmt.Fprintf(a.stderr, "%s: ", what)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.stderr)
	return b, err
}
