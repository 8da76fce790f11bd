package ad

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"mislaid/sources/ntacl"
)

// Account is how an account stands with the domain.
type Account struct {
	Name    string // DOMAIN\name
	SID     ntacl.SID
	Enabled bool
	Locked  bool      // as of now
	Expires time.Time // zero: never

	BadPasswords    int       // in a row, as this controller counts them
	LastBadPassword time.Time // zero: none known
	PasswordExpired bool

	Policy Policy
}

// Policy is when the domain locks an account.
type Policy struct {
	Threshold int           // wrong passwords in a row; 0: never
	Window    time.Duration // after which they are forgotten
	Duration  time.Duration // how long it stays locked; < 0: until somebody unlocks it
	Source    string        // where this is from, in words
	Known     bool          // false: another policy applies, which could not be read
}

// Spare is how many more wrong passwords the account survives; -1 for any
// number, 0 where that is not known.
func (a Account) Spare() int {
	switch {
	case !a.Policy.Known:
		return 0
	case a.Policy.Threshold == 0:
		return -1
	}
	return max(0, a.Policy.Threshold-1-a.BadPasswords)
}

// Account reads how the account of the given name stands: a user name, one with
// a domain before it, or user@domain. The error wraps ntacl.ErrNoSuchSID when
// there is none.
func (d *Domain) Account(ctx context.Context, user string) (Account, error) {
	filter := "(userPrincipalName=" + ldap.EscapeFilter(user) + ")"
	name := user
	if i := strings.IndexAny(user, `\@`); i >= 0 {
		name = user[:i]
		if user[i] == '\\' {
			name = user[i+1:]
		}
	}
	filter = "(&(|(objectCategory=person)(objectCategory=computer))(|(sAMAccountName=" + ldap.EscapeFilter(name) + ")" + filter + "))"
	e, err := d.one(ctx, d.root.base, ldap.ScopeWholeSubtree, filter, "sAMAccountName", "objectSid", "userAccountControl",
		"msDS-User-Account-Control-Computed", "accountExpires", "badPwdCount", "badPasswordTime", "lockoutTime", "msDS-ResultantPSO")
	if errors.Is(err, errNotThere) {
		err = ntacl.ErrNoSuchSID
	}
	if err != nil {
		return Account{}, fmt.Errorf("ad: account %s: %w", name, err)
	}
	uac, computed := number(e, "userAccountControl"), number(e, "msDS-User-Account-Control-Computed")
	a := Account{
		Name: d.name + `\` + e.GetAttributeValue("sAMAccountName"), Enabled: uac&uacDisabled == 0, Locked: computed&uacLocked != 0,
		Expires: fileTime(number(e, "accountExpires")), BadPasswords: int(number(e, "badPwdCount")),
		LastBadPassword: fileTime(number(e, "badPasswordTime")), PasswordExpired: computed&uacExpired != 0,
	}
	if a.SID, err = sidOf(e); err != nil {
		return Account{}, fmt.Errorf("ad: account %s: %w", name, err)
	}
	if a.Policy, err = d.policy(ctx, e.GetAttributeValue("msDS-ResultantPSO")); err != nil {
		return Account{}, fmt.Errorf("ad: lockout policy for %s: %w", name, err)
	}
	return a, nil
}

// policy reads the fine-grained policy at pso, or where there is none that of
// the domain; MS-ADTS 3.1.1.5.3 and MS-ADA1 2.353.
func (d *Domain) policy(ctx context.Context, pso string) (Policy, error) {
	if pso != "" {
		e, err := d.one(ctx, pso, ldap.ScopeBaseObject, "(objectClass=msDS-PasswordSettings)", "name",
			"msDS-LockoutThreshold", "msDS-LockoutObservationWindow", "msDS-LockoutDuration")
		if err != nil || e.GetAttributeValue("msDS-LockoutThreshold") == "" {
			if ctx.Err() != nil {
				return Policy{}, ctx.Err()
			}
			return Policy{Source: "a fine-grained password policy that we may not read"}, nil
		}
		return Policy{
			Threshold: int(number(e, "msDS-LockoutThreshold")), Window: interval(number(e, "msDS-LockoutObservationWindow")),
			Duration: interval(number(e, "msDS-LockoutDuration")), Source: "the fine-grained password policy " + e.GetAttributeValue("name"), Known: true,
		}, nil
	}
	e, err := d.one(ctx, d.root.base, ldap.ScopeBaseObject, "(objectClass=*)", "lockoutThreshold", "lockOutObservationWindow", "lockoutDuration")
	if err != nil {
		return Policy{}, err
	}
	p := Policy{
		Threshold: int(number(e, "lockoutThreshold")), Window: interval(number(e, "lockOutObservationWindow")),
		Duration: interval(number(e, "lockoutDuration")), Source: "the policy of the domain", Known: e.GetAttributeValue("lockoutThreshold") != "",
	}
	return p, nil
}

// interval is the length of a Windows interval, which counts tenths of
// microseconds downwards; -1 for the one that never ends.
func interval(v int64) time.Duration {
	const most = 1<<63 - 1
	switch {
	case v == -1<<63, v > most/100, v < -most/100:
		return -1
	case v < 0:
		v = -v
	}
	return time.Duration(v) * 100
}

// Trust is a domain that users of other domains are let in from, or that lets in
// ours.
type Trust struct {
	Partner   string // DNS name, or the NetBIOS name of an old domain
	SID       ntacl.SID
	Outbound  bool // their users are let in here
	Selective bool // but only where somebody names them
	Forest    bool // with everything in it
	Within    bool // a domain of our own forest
}

// Directions and attributes of trusts; MS-ADTS 6.1.6.7.9 and 6.1.6.7.12.
const (
	trustOutbound        = 2
	trustForest          = 0x8
	trustCrossOrg        = 0x10
	trustWithinForest    = 0x20
	trustedDomainsParent = "CN=System,"
)

// Trusts lists the trusts of the domain and says what they mean for who counts
// as an authenticated user.
func (d *Domain) Trusts(ctx context.Context) ([]Trust, ntacl.Trusts, error) {
	var list []Trust
	kind := ntacl.TrustsNone
	for e, err := range d.search(ctx, trustedDomainsParent+d.root.base, ldap.ScopeSingleLevel, "(objectClass=trustedDomain)",
		"trustPartner", "flatName", "securityIdentifier", "trustDirection", "trustAttributes") {
		if err != nil {
			return nil, ntacl.TrustsUnknown, fmt.Errorf("ad: list trusts: %w", err)
		}
		if e.GetAttributeValue("trustDirection") == "" {
			return nil, ntacl.TrustsUnknown, fmt.Errorf("ad: list trusts: the direction of a trust is hidden from us")
		}
		attributes := number(e, "trustAttributes")
		t := Trust{
			Partner: e.GetAttributeValue("trustPartner"), Outbound: number(e, "trustDirection")&trustOutbound != 0,
			Selective: attributes&trustCrossOrg != 0, Forest: attributes&trustForest != 0, Within: attributes&trustWithinForest != 0,
		}
		if t.Partner == "" {
			t.Partner = e.GetAttributeValue("flatName")
		}
		t.SID, _, _ = ntacl.DecodeSID(e.GetRawAttributeValue("securityIdentifier"))
		if t.Outbound && !t.Selective {
			kind = ntacl.TrustsOutbound
		}
		list = append(list, t)
	}
	return list, kind, nil
}
