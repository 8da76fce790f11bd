package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/sources/ntacl"
	"mislaid/sources/smb"
	"mislaid/sources/smb/ad"
)

// domainFlags say which domain is asked for its servers, and who is who in it.
type domainFlags struct {
	url    string
	filter string
	ca     string
}

func (f *domainFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.url, "ad", "", "file servers: ask this domain `controller`, ldaps://DC or ldap://DC (StartTLS), who people, groups and trusts are, and, when no file server is named, which there are")
	fs.StringVar(&f.filter, "ad-filter", "", "file servers: also crawl the computers of the domain that match this LDAP `filter` (default: enabled, with a server's operating system, logged on within 90 days)")
	fs.StringVar(&f.ca, "ad-ca", "", "file servers: the certificate authority of the domain, a PEM `file` (default: the system's)")
}

// moreSMB returns the targets in the file of --hosts, and those that the domain
// of --ad lists.
func moreSMB(ctx context.Context, a *app, args []string, f *crawlFlags) ([]string, error) {
	named, err := hostsIn(f.smb.hosts)
	if err != nil {
		return nil, err
	}
	d := &f.smb.domain
	switch {
	case d.url == "" && d.filter != "":
		return nil, errors.New("--ad-filter: say with --ad which domain controller to ask")
	case d.url == "", d.filter == "" && (len(named) > 0 || slices.ContainsFunc(args, smb.IsTarget)):
		return named, nil
	}
	found, err := f.smb.discover(ctx, a)
	if err != nil {
		return nil, err
	}
	return append(named, found...), nil
}

// hostsIn returns the targets in a file, a host or share a line; none for "".
func hostsIn(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--hosts: %w", err)
	}
	defer file.Close()
	var args []string
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !smb.IsTarget(line) {
			line = "smb://" + line
		}
		if _, err := smb.ParseTarget(line); err != nil {
			return nil, fmt.Errorf("--hosts: %s:%d: %w", path, n, err)
		}
		args = append(args, line)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("--hosts: %w", err)
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("--hosts: %s names no server", path)
	}
	return args, nil
}

// join adds to a network what the domain tells. A domain that does not answer is
// a note: its servers can be read all the same.
func (f *domainFlags) join(ctx context.Context, c *smb.NetworkConfig) error {
	if f.url == "" {
		return nil
	}
	u, err := url.Parse(f.url)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" {
		return errors.New("--ad: a domain controller is named as ldaps://host, or ldap://host for StartTLS")
	}
	roots, err := f.authority()
	if err != nil {
		return err
	}
	if m := c.Account.Credential().Method; m == smb.Guest || m == smb.Anonymous {
		return fmt.Errorf("--ad: a domain shows nothing to a %s session; name an account by --smb-user", m)
	}
	note := func(err error) {
		c.Notes = append(c.Notes, fmt.Sprintf("the domain was not asked who people and groups are (%v)", err))
	}
	in, err := c.Account.Directory(ctx, u.Hostname())
	if err != nil {
		note(err)
		return ctx.Err()
	}
	domain, err := ad.Dial(ctx, ad.Config{URL: f.url, TLS: roots, SignIn: in, Timeout: c.Limits.Timeout})
	if err != nil {
		note(err)
		return ctx.Err()
	}
	c.Domain = domain
	if _, c.Trusts, err = domain.Trusts(ctx); err != nil {
		c.Notes = append(c.Notes, fmt.Sprintf("the trusts of the domain could not be read (%v)", err))
	}
	return ctx.Err()
}

// authority returns whose certificates are believed.
func (f *domainFlags) authority() (*tls.Config, error) {
	if f.ca == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.ca)
	if err != nil {
		return nil, fmt.Errorf("--ad-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ad-ca: %s holds no certificate in PEM", f.ca)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// discover returns the file servers of the domain as targets, and, unless a
// filter chooses among the servers, its DFS namespaces on others.
func (f *smbFlags) discover(ctx context.Context, a *app) ([]string, error) {
	n, err := f.network(ctx, a, smb.Target{})
	if err != nil {
		return nil, fmt.Errorf("--ad: %w", err)
	}
	failed := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &exitError{journal.ExitNoSource, fmt.Errorf("--ad: the file servers of the domain could not be listed: %w", err)}
	}
	domain := n.Domain()
	if domain == nil {
		return nil, failed(errors.New(strings.Join(n.Notes(), "; ")))
	}
	hosts := make(map[string]bool)
	var targets []string
	for s, err := range domain.Servers(ctx, f.domain.filter) {
		if err != nil {
			return nil, failed(err)
		}
		if host := strings.ToLower(s.Host); !hosts[host] {
			hosts[host] = true
			targets = append(targets, smb.Target{Host: host}.String())
		}
	}
	if f.domain.filter == "" {
		more, err := namespaces(ctx, domain, hosts)
		if err != nil {
			return nil, failed(err)
		}
		targets = append(targets, more...)
	}
	if len(targets) == 0 {
		return nil, failed(errors.New("it shows us none that matches; see --ad-filter"))
	}
	slices.Sort(targets)
	fmt.Fprintf(a.stderr, "mislaid: %s lists %d file servers\n", domain.DNSName(), len(targets))
	return targets, nil
}

// namespaces returns the roots of the domain's DFS namespaces that lie on other
// hosts than those given.
func namespaces(ctx context.Context, domain *ad.Domain, hosts map[string]bool) (targets []string, err error) {
	links, err := domain.Namespaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		if l.Path != "" {
			continue // the servers of the root lead there
		}
		at := slices.IndexFunc(l.Targets, func(t ad.Target) bool { return t.Online })
		if at < 0 {
			continue
		}
		t, err := smb.ParseTarget(l.Targets[at].Path)
		if err != nil {
			return nil, fmt.Errorf("the root of %s: %w", l.Namespace, err)
		}
		if !strings.ContainsAny(t.Host, ".:") {
			t.Host += "." + strings.ToLower(domain.DNSName())
		}
		if !hosts[t.Host] {
			targets = append(targets, t.String())
		}
	}
	return targets, nil
}

// checkDomain says what the domain tells, and when it locks the account that
// asks.
func checkDomain(ctx context.Context, src *smb.Source) []checked {
	n := src.Network()
	domain := n.Domain()
	if domain == nil {
		if notes := n.Notes(); len(notes) > 0 {
			return []checked{{Topic: "domain", State: checkMissing, Text: strings.Join(notes, "; ")}}
		}
		return []checked{{
			Topic: "domain", State: checkUnknown, Text: "nobody asked it: groups have no size and trusts are not read",
			Remedy: "--ad ldaps://DC asks it",
		}}
	}
	text := domain.DNSName() + ", asked at " + domain.Address()
	trusts := map[ntacl.Trusts]string{
		ntacl.TrustsUnknown: "its trusts could not be read", ntacl.TrustsNone: "no users of other domains are let in",
		ntacl.TrustsOutbound: "users of other domains are let in by a trust",
	}[n.Trusts()]
	answers := []checked{{Topic: "domain", State: checkOK, Text: text + "; " + trusts}}
	if n.Trusts() == ntacl.TrustsUnknown {
		answers[0].State = checkUnknown
	}
	if n.Account().Credential().User == "" {
		return answers // a ticket locks nobody
	}
	return append(answers, checkAccount(ctx, domain, src.Who()))
}

func checkAccount(ctx context.Context, domain *ad.Domain, who string) checked {
	c := checked{Topic: "lockout", State: checkOK}
	account, err := domain.Account(ctx, who)
	p := account.Policy
	switch {
	case errors.Is(err, ntacl.ErrNoSuchSID):
		c.Text = who + " is no account of the domain"
		return c
	case err != nil:
		c.State, c.Text = checkUnknown, "how the domain locks accounts could not be read: "+err.Error()
		return c
	case !p.Known:
		c.State, c.Text = checkUnknown, account.Name+" is under "+p.Source
		return c
	case p.Threshold == 0:
		c.Text = "the domain never locks " + account.Name
		return c
	}
	c.Text = fmt.Sprintf("the domain locks %s after %d wrong passwords within %v, for %s (%s); it has counted %d, and survives %d more",
		account.Name, p.Threshold, p.Window, lockedFor(p.Duration), p.Source, account.BadPasswords, account.Spare())
	if account.Spare() < 1 {
		c.State, c.Remedy = checkWarning, "one wrong password locks it: wait until the domain forgets those that it counted"
	}
	return c
}

func lockedFor(d time.Duration) string {
	if d < 0 {
		return "good, until somebody unlocks it"
	}
	return d.String()
}
