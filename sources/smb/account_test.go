package smb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mislaid/internal/secret"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// TestAccountStops plays sequences of answers to an account and says after which
// of them it must not be tried again.
func TestAccountStops(t *testing.T) {
	guest := smb2.Facts{Guest: true}
	type outcome struct {
		err   error
		facts smb2.Facts
	}
	ok := outcome{}
	asGuest := outcome{facts: guest}
	of := func(s smb2.Status) outcome { return outcome{err: fmt.Errorf("sign in: %w", s)} }
	lost := outcome{err: &smb2.LostError{Err: context.DeadlineExceeded}}
	for _, test := range []struct {
		name    string
		answers []outcome
		stops   int // after this many; 0: never
	}{
		{"works", []outcome{ok, ok, ok}, 0},
		{"wrong password", []outcome{of(smb2.StatusLogonFailure)}, 1},
		{"wrong password later", []outcome{ok, ok, of(smb2.StatusWrongPassword)}, 3},
		{"no such user", []outcome{of(smb2.StatusNoSuchUser)}, 1},
		{"locked", []outcome{ok, of(smb2.StatusAccountLockedOut)}, 2},
		{"disabled", []outcome{of(smb2.StatusAccountDisabled)}, 1},
		{"expired", []outcome{of(smb2.StatusPasswordExpired)}, 1},
		{"account expired", []outcome{of(smb2.StatusAccountExpired)}, 1},
		{"must change", []outcome{of(smb2.StatusPasswordMustChange)}, 1},
		{"not over the network", []outcome{of(smb2.StatusLogonTypeNotGranted), of(smb2.StatusLogonTypeNotGranted), ok}, 0},
		{"no access", []outcome{of(smb2.StatusAccessDenied), of(smb2.StatusAccessDenied)}, 0},
		{"no domain controller", []outcome{of(smb2.StatusNoLogonServers), of(smb2.StatusNoLogonServers), of(smb2.StatusTrustFailure)}, 0},
		{"guest at once", []outcome{asGuest}, 1},
		{"guest once", []outcome{ok, asGuest, ok, asGuest, ok}, 0},
		{"guest twice", []outcome{ok, asGuest, asGuest}, 3},
		{"no answer once", []outcome{lost, ok, lost, lost, lost}, 0},
		{"no answer twice", []outcome{lost, lost}, 2},
		{"no answer, then guest", []outcome{ok, lost, asGuest, lost, lost}, 4},
	} {
		a := NewAccount(Credential{Method: Password, User: "alice", Domain: "CORP"})
		stopped := 0
		for i, o := range test.answers {
			if a.Stopped() != nil {
				break
			}
			err := a.learn(o.err, o.facts, "fs1")
			if (err == nil) != (o.err == nil && !o.facts.Guest) {
				t.Errorf("%s: answer %d gives %v", test.name, i, err)
			}
			if a.Stopped() != nil {
				stopped = i + 1
				var why *StoppedError
				if !errors.As(err, &why) || !errors.Is(err, sources.ErrSession) || !strings.Contains(err.Error(), `CORP\alice`) {
					t.Errorf("%s: %v", test.name, err)
				}
			}
		}
		if stopped != test.stops {
			t.Errorf("%s: stopped after %d answers, want %d", test.name, stopped, test.stops)
		}
	}
}

// TestAccountNoSecrets: however an account is printed, its password is not.
func TestAccountNoSecrets(t *testing.T) {
	c := Credential{Method: Password, User: "alice", Password: secret.New([]byte("hunter2"))}
	a := NewAccount(c)
	err := a.learn(smb2.StatusLogonFailure, smb2.Facts{}, "fs1")
	if text := fmt.Sprintf("%v %+v %#v %v", c, c, a.credential, err); strings.Contains(text, "hunter2") {
		t.Errorf("it prints as %s", text)
	}
}
