// Package ad asks Active Directory, by LDAP, what a scan of its file servers
// must know: which servers there are, who the SIDs in their lists are and how
// many people are in them, which other domains it trusts, and when it locks the
// account that asks. It only searches.
//
// Attributes and their meanings are those of MS-ADTS (revision 2024-11); the
// rules for matching are in its section 3.1.1.3.4.4.
//
// This package knows LDAP and the schema of Active Directory. It does not know
// SMB, and keeps no credentials: it asks for the password whenever it signs in.
package ad

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"mislaid/sources/ntacl"
)

// Config says how to reach a domain controller.
type Config struct {
	// URL is ldaps://host[:port], or ldap://host[:port], which is then
	// secured by StartTLS before anything is said: nothing goes in the clear.
	URL    string
	TLS    *tls.Config // nil: the system's roots
	SignIn SignIn

	// Dial opens connections; nil means net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds every answer; 0 means 30 s.
	Timeout time.Duration
}

// Domain is a domain as one of its controllers shows it. Safe for concurrent
// use. A connection that the controller ended is opened again, which signs in
// again; once a sign-in was refused there is no other.
type Domain struct {
	config Config
	host   string
	addr   string
	secure bool

	mu      sync.Mutex
	conn    *ldap.Conn
	refused error // why there will be no other sign-in

	root   rootDSE
	name   string // NetBIOS
	sid    ntacl.SID
	people lazy
}

// rootDSE is what a controller says of itself to everybody; MS-ADTS 3.1.1.3.2.
type rootDSE struct{ base, config, dnsHost string }

// Dial connects and signs in. A sign-in that was refused is a *SignInError: it
// counts against the account.
func Dial(ctx context.Context, c Config) (*Domain, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.User != nil {
		return nil, fmt.Errorf("ad: a domain controller is named as ldaps://host or ldap://host")
	}
	d := &Domain{config: c, host: u.Hostname(), secure: u.Scheme == "ldaps"}
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "636", false: "389"}[d.secure]
	}
	d.addr = net.JoinHostPort(d.host, port)
	if d.config.Timeout <= 0 {
		d.config.Timeout = 30 * time.Second
	}
	if d.config.Dial == nil {
		d.config.Dial = new(net.Dialer).DialContext
	}
	if _, err := d.connection(ctx); err != nil {
		return nil, err
	}
	if err := d.identify(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("ad: %s: %w", d.host, err)
	}
	return d, nil
}

// Name is the short name of the domain, as in NAME\user.
func (d *Domain) Name() string { return d.name }

// DNSName is the DNS name of the domain.
func (d *Domain) DNSName() string {
	var labels []string
	for part := range strings.SplitSeq(d.root.base, ",") {
		if label, ok := cutFold(part, "DC="); ok {
			labels = append(labels, label)
		}
	}
	return strings.Join(labels, ".")
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// SID is the domain's own.
func (d *Domain) SID() ntacl.SID { return d.sid }

// Host is the domain controller that is asked.
func (d *Domain) Host() string { return d.host }

// Address is where it is asked, host:port.
func (d *Domain) Address() string { return d.addr }

// Rest ends the connection. The next question opens another.
func (d *Domain) Rest() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn != nil {
		_ = d.conn.Close()
		d.conn = nil
	}
}

// Close ends the connection. No other call may follow.
func (d *Domain) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = errors.New("ad: closed")
	if d.conn != nil {
		_ = d.conn.Close()
		d.conn = nil
	}
	return nil
}

// connection returns a connection that is signed in.
func (d *Domain) connection(ctx context.Context) (*ldap.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn != nil && !d.conn.IsClosing() {
		return d.conn, nil
	}
	if d.refused != nil {
		return nil, d.refused
	}
	if d.conn != nil {
		_ = d.conn.Close()
		d.conn = nil
	}
	conn, err := d.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("ad: connect to %s: %w", d.addr, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err = d.signIn(ctx, conn)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		var no *SignInError
		if errors.As(err, &no) {
			d.refused = err
		} else if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	d.conn = conn
	return conn, nil
}

func (d *Domain) dial(ctx context.Context) (*ldap.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	nc, err := d.config.Dial(ctx, "tcp", d.addr)
	if err != nil {
		return nil, err
	}
	tc := &tls.Config{}
	if d.config.TLS != nil {
		tc = d.config.TLS.Clone()
	}
	if tc.ServerName == "" {
		tc.ServerName = d.host
	}
	if d.secure {
		secured := tls.Client(nc, tc)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = nc.Close()
			return nil, tlsError(err)
		}
		nc = secured
	}
	conn := ldap.NewConn(nc, d.secure)
	conn.SetTimeout(d.config.Timeout)
	conn.Start()
	if !d.secure {
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
		if err := conn.StartTLS(tc); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("StartTLS: %w", tlsError(err))
		}
	}
	return conn, nil
}

// tlsError says what to do about a certificate that nobody vouches for.
func tlsError(err error) error {
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) || strings.Contains(err.Error(), "x509:") {
		return fmt.Errorf("%w; name the certificate authority of the domain (--ad-ca)", err)
	}
	return err
}

// identify reads what the domain is.
func (d *Domain) identify(ctx context.Context) error {
	e, err := d.one(ctx, "", ldap.ScopeBaseObject, "(objectClass=*)", "defaultNamingContext", "configurationNamingContext", "dnsHostName")
	if err != nil {
		return err
	}
	d.root = rootDSE{e.GetAttributeValue("defaultNamingContext"), e.GetAttributeValue("configurationNamingContext"), e.GetAttributeValue("dnsHostName")}
	if d.root.base == "" {
		return errors.New("the server is no domain controller")
	}
	if e, err = d.one(ctx, d.root.base, ldap.ScopeBaseObject, "(objectClass=*)", "objectSid"); err != nil {
		return fmt.Errorf("read the domain: %w", err)
	}
	if d.sid, err = sidOf(e); err != nil {
		return fmt.Errorf("read the domain: %w", err)
	}
	filter := "(&(objectClass=crossRef)(nCName=" + ldap.EscapeFilter(d.root.base) + "))"
	if e, err = d.one(ctx, "CN=Partitions,"+d.root.config, ldap.ScopeSingleLevel, filter, "nETBIOSName"); err == nil {
		d.name = e.GetAttributeValue("nETBIOSName")
	}
	if d.name == "" {
		d.name, _, _ = strings.Cut(d.DNSName(), ".")
		d.name = strings.ToUpper(d.name)
	}
	return nil
}

func sidOf(e *ldap.Entry) (ntacl.SID, error) {
	raw := e.GetRawAttributeValue("objectSid")
	s, n, err := ntacl.DecodeSID(raw)
	if err != nil || n != len(raw) {
		return ntacl.SID{}, errors.New("no SID")
	}
	return s, nil
}
