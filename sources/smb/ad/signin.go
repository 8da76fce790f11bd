package ad

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"github.com/go-ldap/ldap/v3/gssapi"
	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
)

// Method is a way of signing in. There is no falling back from one to another.
type Method uint8

// The methods. NTLM is not one of them: a simple bind inside TLS takes the same
// password and needs no channel binding.
const (
	Simple    Method = iota // the password, inside TLS
	Kerberos                // a ticket, inside TLS
	Anonymous               // nobody; a domain shows almost nothing to them
)

// SignIn is as whom to ask.
type SignIn struct {
	Method Method
	User   string
	Domain string // NetBIOS or DNS name; "" when User names it
	// Password is asked for at every sign-in, so that whoever holds the
	// password decides how long.
	Password func() string
	Kerberos *client.Client // for Method Kerberos

	// Guard is given every sign-in, the ones after a lost connection too. It
	// decides whether to try, and returns what became of it. Nil always tries.
	Guard func(ctx context.Context, try func() error) error
}

// Reason is why a sign-in was refused.
type Reason string

// The reasons. All but NotNow and Refused mean that the account should not be
// tried again before somebody looks.
const (
	WrongPassword Reason = "the password is wrong"
	NoSuchUser    Reason = "there is no such user"
	Locked        Reason = "the account is locked"
	Disabled      Reason = "the account is disabled"
	Expired       Reason = "the account or its password has expired"
	MustChange    Reason = "the password must be changed first"
	NotNow        Reason = "the account may not sign in at this time or from this machine"
	Refused       Reason = "the server refused"
)

// SignInError is a sign-in that was refused.
type SignInError struct {
	Reason Reason
	Code   string // as the server gave it
}

func (e *SignInError) Error() string {
	s := "ad: sign in: " + string(e.Reason)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	switch e.Code {
	case channelBinding, strongAuth:
		s += ": it takes Kerberos inside TLS only with channel binding or not at all; sign in by password, " +
			"or set \"ldap server require strong auth = allow_sasl_over_tls\" (Samba), LdapEnforceChannelBinding = 1 (Windows)"
	}
	return s
}

// Codes that say what to change.
const (
	channelBinding = "80090346" // SEC_E_BAD_BINDINGS; MS-ERREF 2.1
	strongAuth     = "Strong Auth Required"
)

// Counts reports whether the refusal may count against the account.
func (e *SignInError) Counts() bool { return e.Reason != NotNow && e.Reason != Refused }

func (d *Domain) signIn(ctx context.Context, conn *ldap.Conn) error {
	try := func() error { return d.bind(conn) }
	if guard := d.config.SignIn.Guard; guard != nil {
		return guard(ctx, try)
	}
	return try()
}

// bind signs in. A refusal is a *SignInError.
func (d *Domain) bind(conn *ldap.Conn) error {
	in := d.config.SignIn
	var err error
	switch in.Method {
	case Anonymous:
		err = conn.UnauthenticatedBind("")
	case Kerberos:
		err = d.kerberos(conn)
	default:
		err = conn.Bind(in.principal(), in.password())
	}
	if err == nil {
		return nil
	}
	if no := refusal(err); no != nil {
		return no
	}
	return fmt.Errorf("ad: sign in: %w", err)
}

func (in SignIn) password() string {
	if in.Password == nil {
		return ""
	}
	return in.Password()
}

// principal is the name for a simple bind; MS-ADTS 5.1.1.1.1.
func (in SignIn) principal() string {
	switch {
	case in.Domain == "", strings.ContainsAny(in.User, `@\=`):
		return in.User
	case strings.Contains(in.Domain, "."):
		return in.User + "@" + in.Domain
	}
	return in.Domain + `\` + in.User
}

func (d *Domain) kerberos(conn *ldap.Conn) error {
	if d.config.SignIn.Kerberos == nil {
		return errors.New("no Kerberos tickets")
	}
	// The name in the ticket is the controller's own, however it was reached.
	host := d.host
	if r, err := conn.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false,
		"(objectClass=*)", []string{"dnsHostName"}, nil)); err == nil && len(r.Entries) == 1 && !strings.Contains(host, ".") {
		if name := r.Entries[0].GetAttributeValue("dnsHostName"); name != "" {
			host = name
		}
	}
	return conn.GSSAPIBind(&gssapi.Client{Client: d.config.SignIn.Kerberos}, "ldap/"+host, "")
}

// refusal tells a sign-in that was refused from one that did not happen; nil for
// the latter.
func refusal(err error) *SignInError {
	var krb messages.KRBError
	if errors.As(err, &krb) {
		return kerberosRefusal(krb.ErrorCode)
	}
	var no *ldap.Error
	if !errors.As(err, &no) {
		for code, name := range map[int32]string{
			errorcode.KDC_ERR_PREAUTH_FAILED: "KDC_ERR_PREAUTH_FAILED", errorcode.KDC_ERR_CLIENT_REVOKED: "KDC_ERR_CLIENT_REVOKED",
			errorcode.KDC_ERR_KEY_EXPIRED: "KDC_ERR_KEY_EXPIRED", errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
		} {
			if strings.Contains(err.Error(), name) { // gokrb5 wraps by text alone
				return kerberosRefusal(code)
			}
		}
		return nil
	}
	switch no.ResultCode {
	case ldap.LDAPResultInvalidCredentials:
		code := dataCode(no.Error())
		return &SignInError{Reason: reasonOf(code), Code: code}
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultAuthMethodNotSupported, ldap.LDAPResultInappropriateAuthentication,
		ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultInsufficientAccessRights:
		return &SignInError{Reason: Refused, Code: ldap.LDAPResultCodeMap[no.ResultCode]}
	}
	return nil
}

func kerberosRefusal(code int32) *SignInError {
	e := &SignInError{Reason: Refused, Code: errorcode.Lookup(code)}
	switch code {
	case errorcode.KDC_ERR_PREAUTH_FAILED:
		e.Reason = WrongPassword
	case errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN:
		e.Reason = NoSuchUser
	case errorcode.KDC_ERR_CLIENT_REVOKED:
		e.Reason = Locked
	case errorcode.KDC_ERR_KEY_EXPIRED:
		e.Reason = Expired
	}
	return e
}

// dataCode finds the code in "…, comment: AcceptSecurityContext error, data 52e,
// v4563", or the number that the text begins with; MS-ADTS 5.1.1.1.
func dataCode(text string) string {
	if strings.Contains(text, channelBinding) {
		return channelBinding
	}
	if _, rest, ok := strings.Cut(text, " data "); ok {
		if code, _, _ := strings.Cut(rest, ","); code != "0" && len(code) <= 8 {
			return strings.ToLower(strings.Trim(code, " \x00"))
		}
	}
	return ""
}

// reasonOf reads the low word of a Windows error in hexadecimal; MS-ERREF 2.2.
func reasonOf(code string) Reason {
	switch code {
	case "52e", "c000006d", "c000006a", "":
		return WrongPassword
	case "525", "c0000064":
		return NoSuchUser
	case "530", "531", "c000006f", "c0000070":
		return NotNow
	case "532", "701", "c0000071", "c0000193":
		return Expired
	case "533", "c0000072":
		return Disabled
	case "773", "c0000224":
		return MustChange
	case "775", "c0000234":
		return Locked
	}
	return Refused
}
