package smb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"mislaid/sources"
)

// Kerberos says where Kerberos keeps what it needs.
type Kerberos struct {
	Config string // krb5.conf
	Cache  string // the credential cache, a file
	Keytab string
	Realm  string // "": the default one of Config
}

// ticket gets the ticket to sign in at host.
func (a *Account) ticket(ctx context.Context, host string) error {
	c, err := a.client(ctx)
	if err != nil {
		return err
	}
	return unlessDone(ctx, func() error {
		if _, _, err := c.GetServiceTicket("cifs/" + host); err != nil {
			return fmt.Errorf("the domain gives no Kerberos ticket for cifs/%s: %w; name the server as the domain knows it", host, err)
		}
		return nil
	})
}

// client holds the ticket that all others follow from. A password is used once;
// its ticket serves everywhere.
func (a *Account) client(ctx context.Context) (*client.Client, error) {
	err := unlessDone(ctx, func() error {
		a.kerberosOnce.Do(func() { a.kerberos, a.kerberosErr = a.credential.kerberosClient() })
		return a.kerberosErr
	})
	switch {
	case err == nil:
		return a.kerberos, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, &StoppedError{a.credential.String(), "the domain controller", err}
}

// unlessDone waits for f or the end of ctx: gokrb5 takes no context. What it does
// ends by its own timeouts.
func unlessDone(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kerberosClient gets the ticket that all others follow from. With a password
// or key it asks for it exactly once: the client that it returns holds the
// ticket alone, so nothing can try the password again behind our back.
func (c Credential) kerberosClient() (_ *client.Client, err error) {
	defer func() {
		if p := recover(); p != nil { // gokrb5 trusts the files that it reads
			err = errors.New("a Kerberos file cannot be read")
		}
	}()
	conf, err := config.Load(c.Kerberos.Config)
	if err != nil {
		return nil, fmt.Errorf("the Kerberos configuration %s: %w", c.Kerberos.Config, err)
	}
	option := client.DisablePAFXFAST(true) // Active Directory does not know it
	if c.Method == KerberosCache {
		cache, err := credentials.LoadCCache(c.Kerberos.Cache)
		if err != nil {
			return nil, fmt.Errorf("the Kerberos cache %s: %w; get a ticket with kinit", c.Kerberos.Cache, err)
		}
		return client.NewFromCCache(cache, conf, option)
	}
	realm := c.Kerberos.Realm
	if realm == "" {
		realm = conf.LibDefaults.DefaultRealm
	}
	var asking *client.Client
	if c.Method == KerberosKeytab {
		keys, err := keytab.Load(c.Kerberos.Keytab)
		if err != nil {
			return nil, fmt.Errorf("the keytab %s: %w", c.Kerberos.Keytab, err)
		}
		asking = client.NewWithKeytab(c.User, realm, keys, conf, option)
	} else {
		asking = client.NewWithPassword(c.User, realm, string(c.Password.Reveal()), conf, option)
	}
	defer asking.Destroy()
	request, err := messages.NewASReqForTGT(realm, conf, asking.Credentials.CName())
	if err != nil {
		return nil, err
	}
	reply, err := asking.ASExchange(realm, request, 0)
	if err != nil {
		return nil, kerberosError(err)
	}
	return clientOf(reply, conf, option)
}

// clientOf returns a client that has the ticket of a reply and nothing else.
func clientOf(reply messages.ASRep, conf *config.Config, option func(*client.Settings)) (*client.Client, error) {
	ticket, err := reply.Ticket.Marshal()
	if err != nil {
		return nil, err
	}
	part := reply.DecryptedEncPart
	cache := new(credentials.CCache)
	cache.DefaultPrincipal.Realm, cache.DefaultPrincipal.PrincipalName = reply.CRealm, reply.CName
	tgt := &credentials.Credential{
		Key: part.Key, AuthTime: part.AuthTime, StartTime: part.StartTime, EndTime: part.EndTime, RenewTill: part.RenewTill, Ticket: ticket,
	}
	tgt.Client = cache.DefaultPrincipal
	tgt.Server.Realm = reply.CRealm
	tgt.Server.PrincipalName = types.PrincipalName{NameType: 2, NameString: []string{"krbtgt", reply.CRealm}}
	cache.Credentials = []*credentials.Credential{tgt}
	return client.NewFromCCache(cache, conf, option)
}

// kerberosErrors are the answers of a domain controller that a user can act on.
var kerberosErrors = map[int32]string{
	errorcode.KDC_ERR_PREAUTH_FAILED:      "wrong password or key",
	errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN: "no such user in this realm",
	errorcode.KDC_ERR_CLIENT_REVOKED:      "the account is disabled or locked out",
	errorcode.KDC_ERR_KEY_EXPIRED:         "the password has expired",
	errorcode.KRB_AP_ERR_SKEW:             "the clocks here and there differ too much",
	errorcode.KDC_ERR_ETYPE_NOSUPP:        "the domain wants another kind of encryption; see permitted_enctypes in krb5.conf",
}

func kerberosError(err error) error {
	for code, text := range kerberosErrors { // gokrb5's errors wrap nothing
		if strings.Contains(err.Error(), errorcode.Lookup(code)) {
			return errors.New(text)
		}
	}
	return fmt.Errorf("%w: %w", sources.ErrSession, err)
}
