package smb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	gosmb2 "github.com/cloudsoda/go-smb2"
	"github.com/jcmturner/gokrb5/v8/client"

	"mislaid/internal/secret"
	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/smb/ad"
)

// Method is a way of signing in. It is chosen by the user: none falls back to
// another.
type Method string

// The methods.
const (
	Password         Method = "password"          // NTLM
	KerberosCache    Method = "kerberos"          // a ticket that kinit got
	KerberosKeytab   Method = "kerberos-keytab"   // the account's key in a file
	KerberosPassword Method = "kerberos-password" // a ticket got with the password
	Guest            Method = "guest"
	Anonymous        Method = "anonymous"
)

// Credential says who signs in, and how.
type Credential struct {
	Method       Method
	User, Domain string
	Password     secret.Value // for the methods with a password
	Kerberos     Kerberos     // for the methods with Kerberos
}

// String names the account. It holds no secret.
func (c Credential) String() string {
	switch c.Method {
	case Guest, Anonymous:
		return string(c.Method)
	case KerberosCache:
		if c.User == "" {
			return "the owner of the Kerberos ticket"
		}
	}
	if c.Domain == "" {
		return c.User
	}
	return c.Domain + `\` + c.User
}

// keyless reports that a session of it signs nothing.
func (c Credential) keyless() bool { return c.Method == Guest || c.Method == Anonymous }

// Account signs in with one credential at all the servers of a run. It makes
// sure that the account is not locked: with a password only one sign-in is under
// way at a time, and the first answer that says the account or its password is
// no good ends all sign-ins for good, reconnects included. Safe for concurrent
// use.
type Account struct {
	credential Credential
	turn       chan struct{}

	mu      sync.Mutex
	stopped error // why nobody signs in any more
	proven  bool  // the last answer was a success
	unsure  int   // attempts since then of which nobody knows how they ended

	kerberosOnce sync.Once
	kerberos     *client.Client
	kerberosErr  error
}

// NewAccount returns an account that has not been tried.
func NewAccount(c Credential) *Account {
	a := &Account{credential: c, turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	return a
}

// Credential returns who signs in.
func (a *Account) Credential() Credential { return a.credential }

// StoppedError says that an account was refused in a way that counts for it
// everywhere, so that it is not used any more. It wraps sources.ErrSession.
type StoppedError struct {
	Account string
	Host    string // that refused it
	Err     error
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("%s refused %s: %v. The account is not tried again anywhere, so that it is not locked", e.Host, e.Account, e.Err)
}

// Unwrap returns the cause and sources.ErrSession.
func (e *StoppedError) Unwrap() []error { return []error{e.Err, sources.ErrSession} }

// GuestError says that a server made us its guest though somebody else signed
// in. It wraps sources.ErrSession.
type GuestError struct{ Account, Host string }

func (e *GuestError) Error() string {
	return fmt.Sprintf("%s let %s in as its guest: it does not know the account or the password; "+
		"to scan what the guest sees, choose --smb-auth guest", e.Host, e.Account)
}

// Unwrap returns sources.ErrSession.
func (e *GuestError) Unwrap() error { return sources.ErrSession }

// forAccount are the answers that are about the account and hold everywhere.
// All others, such as a missing right to sign in over the network, are about
// one server.
var forAccount = map[smb2.Status]bool{
	smb2.StatusLogonFailure: true, smb2.StatusWrongPassword: true, smb2.StatusNoSuchUser: true,
	smb2.StatusAccountDisabled: true, smb2.StatusAccountLockedOut: true, smb2.StatusAccountExpired: true,
	smb2.StatusPasswordExpired: true, smb2.StatusPasswordMustChange: true, smb2.StatusInvalidLogonHours: true,
	smb2.StatusAccountRestriction: true, smb2.StatusSmartcardLogonRequired: true,
}

// signIn makes the session of a connection. The error tells what is wrong with
// the account, the server, or the way between.
func (a *Account) signIn(ctx context.Context, c *smb2.Conn, host string) error {
	if a.credential.Method != Password {
		return a.signInFreely(ctx, c, host)
	}
	select {
	case <-a.turn:
		defer func() { a.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := a.mayTry(); err != nil {
		return err
	}
	err := c.SignIn(ctx, a.mechanism(host))
	return a.learn(err, c.Facts(), host)
}

// mayTry says why the account must not be tried.
func (a *Account) mayTry() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stopped
}

// Stopped returns why the account is not used any more, nil if it is.
func (a *Account) Stopped() error { return a.mayTry() }

// mostUnsure is how many attempts in a row may end without an answer before the
// account has been proven: each might have counted as a wrong password.
const mostUnsure = 1

// Directory says how the account signs in at a domain controller, under the same
// care as at file servers.
func (a *Account) Directory(ctx context.Context, host string) (ad.SignIn, error) {
	c := a.credential
	in := ad.SignIn{User: c.User, Domain: c.Domain}
	switch c.Method {
	case Guest, Anonymous:
		return in, fmt.Errorf("a domain shows nothing to a %s session: name an account", c.Method)
	case Password:
		in.Password = func() string { return string(c.Password.Reveal()) }
		in.Guard = func(ctx context.Context, try func() error) error { return a.signInAtDirectory(ctx, host, try) }
		return in, nil
	}
	client, err := a.client(ctx)
	in.Method, in.Kerberos = ad.Kerberos, client
	return in, err
}

// signInAtDirectory tries one sign-in at a domain controller.
func (a *Account) signInAtDirectory(ctx context.Context, host string, try func() error) error {
	select {
	case <-a.turn:
		defer func() { a.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := a.mayTry(); err != nil {
		return err
	}
	err := try()
	a.mu.Lock()
	defer a.mu.Unlock()
	refused := new(ad.SignInError)
	switch {
	case err == nil:
		a.proven, a.unsure = true, 0
		return nil
	case !errors.As(err, &refused):
		return a.doubt(err, host)
	case refused.Counts():
		return a.stop(err, host)
	}
	return err
}

// stop ends the use of the account. a.mu is held.
func (a *Account) stop(err error, host string) error {
	a.stopped = &StoppedError{a.credential.String(), host, err}
	return a.stopped
}

// doubt notes an attempt that nobody answered. a.mu is held.
func (a *Account) doubt(err error, host string) error {
	if a.unsure++; !a.proven && a.unsure > mostUnsure {
		return a.stop(fmt.Errorf("nobody answered whether the password is right: %w", err), host)
	}
	return err
}

// learn takes an attempt's outcome in. It returns the error of the attempt.
func (a *Account) learn(err error, f smb2.Facts, host string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	status, answered := smb2.StatusOf(err)
	switch {
	case err == nil && (f.Guest || f.Null):
		guest := &GuestError{a.credential.String(), host}
		// Servers that make a guest of a wrong password have counted it. One
		// such answer is borne where others know the account.
		if !a.proven {
			return a.stop(guest, host)
		}
		a.proven = false
		return guest
	case err == nil:
		a.proven, a.unsure = true, 0
		return nil
	case answered && forAccount[status]:
		return a.stop(err, host)
	case answered:
		return err
	}
	return a.doubt(err, host)
}

// signInFreely is for ways of signing in that no account can be locked by.
func (a *Account) signInFreely(ctx context.Context, c *smb2.Conn, host string) error {
	if a.credential.keyless() {
		return c.SignIn(ctx, a.mechanism(host))
	}
	if err := a.ticket(ctx, host); err != nil {
		return err
	}
	if err := c.SignIn(ctx, a.mechanism(host)); err != nil {
		return err
	}
	if f := c.Facts(); f.Guest || f.Null {
		return &GuestError{a.credential.String(), host}
	}
	return nil
}

func (a *Account) mechanism(host string) smb2.Mechanism {
	switch a.credential.Method {
	case Guest:
		return &gosmb2.NTLMInitiator{User: "guest"}
	case Anonymous:
		return &gosmb2.NTLMInitiator{}
	case Password:
		domain, user := a.credential.Domain, a.credential.User
		if strings.Contains(user, "@") {
			domain = "" // a principal name holds its own
		}
		return &gosmb2.NTLMInitiator{User: user, Domain: domain, Password: string(a.credential.Password.Reveal()), TargetSPN: "cifs/" + host}
	}
	return &gosmb2.Krb5Initiator{Client: a.kerberos, TargetSPN: "cifs/" + host}
}
