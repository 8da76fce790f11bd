package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/sources"
	"mislaid/sources/smb"
)

const schemeSMB = "smb"

var smbConnector = connector{
	scheme: schemeSMB, what: `a file server, or one of its shares; also \\HOST\SHARE\PATH`, spelled: "smb://[USER@]HOST[/SHARE]",
	claims:      smb.IsTarget,
	parse:       parseSMB,
	more:        moreSMB,
	define:      func(cmd *cobra.Command, f *crawlFlags) { f.smb.define(cmd) },
	coverage:    []string{"smb-exclude-share", "smb-recall", "ad-filter"},
	open:        openSMB,
	list:        listSMB,
	check:       checkSMB,
	permissions: permissionsSMB,
}

// smbFlags are those of file servers alone.
type smbFlags struct {
	hosts  string
	domain domainFlags

	auth     choice
	user     string
	password credential
	keytab   string
	cache    string
	realm    string
	krb5     string

	probe         bool
	encrypt       bool
	excludeShares []string
	recall        bool
	sessions      int
	opens         int
	timeout       time.Duration
	patience      time.Duration

	networks map[string]*smb.Network // by account
}

func (f *smbFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.hosts, "hosts", "", `file servers: crawl also those in this FILE, one a line: HOST, HOST/SHARE or \\HOST\SHARE`)
	f.domain.define(cmd)
	choiceVar(cmd, &f.auth, "smb-auth", "file servers: how to sign in; with a user name the default is password. Nothing else is tried",
		"", string(smb.Password), string(smb.KerberosCache), string(smb.KerberosKeytab), string(smb.KerberosPassword), string(smb.Guest), string(smb.Anonymous))
	fs.StringVar(&f.user, "smb-user", "", `file servers: who signs in where a target does not say: DOMAIN\user, user@domain or user`)
	fs.Var(&f.password, "smb-password", "file servers: where the password is kept: "+credentialHelp+" (default: prompt)")
	fs.StringVar(&f.cache, "smb-ccache", "", "file servers: the Kerberos `cache` with the ticket (default: $KRB5CCNAME, else kinit's)")
	fs.StringVar(&f.keytab, "smb-keytab", "", "file servers: the `file` with the account's key, for --smb-auth kerberos-keytab")
	fs.StringVar(&f.realm, "smb-realm", "", "file servers: the Kerberos `realm` of the account (default: that of krb5.conf)")
	fs.StringVar(&f.krb5, "smb-krb5-conf", "", "file servers: the Kerberos configuration `file` (default: $KRB5_CONFIG, else /etc/krb5.conf)")
	fs.BoolVar(&f.probe, "probe-anonymous", false, "file servers: try of each file with a leak whether it can be opened without an account: by an anonymous session, and as "+smb.StrangerName+", whom no server knows")
	fs.BoolVar(&f.encrypt, "smb-encrypt", false, "file servers: encrypt everything, and leave out servers that cannot (SMB 2)")
	fs.StringArrayVar(&f.excludeShares, "smb-exclude-share", nil, "file servers: leave out shares that match this `glob` (repeatable)")
	fs.BoolVar(&f.recall, "smb-recall", false, "file servers: read files that the server has to fetch from an archive or a cloud")
	fs.IntVar(&f.sessions, "smb-sessions", 0, "file servers: this `many` connections to each server (default: 2)")
	fs.IntVar(&f.opens, "smb-opens", 0, "file servers: this `many` calls to each server at once (default: 16)")
	fs.DurationVar(&f.timeout, "smb-timeout", 0, "file servers: how `long` one call may take (default: 30s)")
	fs.DurationVar(&f.patience, "smb-patience", 0, "file servers: how `long` to wait for a server that went away (default: 2m)")
}

func parseSMB(arg string) (target, error) {
	t, err := smb.ParseTarget(arg)
	return target{scheme: schemeSMB, path: t.String()}, err
}

// network returns the network of the account that a target is read with, always
// the same for the same account.
func (f *smbFlags) network(ctx context.Context, a *app, t smb.Target) (*smb.Network, error) {
	c, err := f.credential(a, t)
	if err != nil {
		return nil, err
	}
	key := string(c.Method) + " " + strings.ToLower(c.String())
	if n := f.networks[key]; n != nil {
		return n, nil
	}
	if c.Method == smb.Password || c.Method == smb.KerberosPassword {
		from := f.password
		if from.from == "" {
			from.from = "prompt"
		}
		if c.Password, err = from.read(a, "password of "+c.String()+" (--smb-password)"); err != nil {
			return nil, err
		}
	}
	config := smb.NetworkConfig{
		Account: smb.NewAccount(c), Encrypt: f.encrypt, Probe: f.probe,
		Limits: smb.Limits{Sessions: f.sessions, Opens: f.opens, Timeout: f.timeout, Patience: f.patience},
	}
	if err := f.domain.join(ctx, &config); err != nil {
		return nil, err
	}
	n := smb.NewNetwork(config)
	if f.networks == nil {
		f.networks = make(map[string]*smb.Network)
	}
	f.networks[key] = n
	return n, nil
}

// credential says who signs in for a target, without the password.
func (f *smbFlags) credential(a *app, t smb.Target) (smb.Credential, error) {
	c := smb.Credential{Method: smb.Method(f.auth.value), User: t.User, Domain: t.Domain}
	if c.User == "" {
		c.User = f.user
		if domain, user, ok := strings.Cut(f.user, `\`); ok {
			c.Domain, c.User = domain, user
		}
	}
	if c.Method == "" && c.User != "" {
		c.Method = smb.Password
	}
	c.Kerberos = smb.Kerberos{
		Config: cmp.Or(f.krb5, a.env["KRB5_CONFIG"], "/etc/krb5.conf"), Realm: f.realm, Keytab: f.keytab,
		Cache: strings.TrimPrefix(cmp.Or(f.cache, a.env["KRB5CCNAME"], fmt.Sprintf("/tmp/krb5cc_%d", os.Getuid())), "FILE:"),
	}
	switch c.Method {
	case "":
		return c, fmt.Errorf("target %s: nobody said who signs in: give a user (smb://user@%s, or --smb-user) and --smb-password, or --smb-auth kerberos, guest or anonymous", t, t.Host)
	case smb.Password, smb.KerberosPassword, smb.KerberosKeytab:
		if c.User == "" {
			return c, fmt.Errorf("--smb-auth %s: nobody said who signs in: give a user by --smb-user or in the target", c.Method)
		}
	case smb.Guest, smb.Anonymous:
		c.User, c.Domain = "", ""
	}
	if c.Method == smb.KerberosKeytab && c.Kerberos.Keytab == "" {
		return c, errors.New("--smb-auth kerberos-keytab: give the file by --smb-keytab")
	}
	return c, nil
}

func newSMB(ctx context.Context, a *app, t target, f *crawlFlags) (*smb.Source, error) {
	parsed, err := smb.ParseTarget(t.path)
	if err != nil {
		return nil, err
	}
	n, err := f.smb.network(ctx, a, parsed)
	if err != nil {
		return nil, err
	}
	return smb.New(smb.Config{
		Network: n, Target: parsed, Include: f.include, Exclude: f.exclude, ExcludeShares: f.smb.excludeShares,
		Recall: f.smb.recall, Ops: f.opsLimiter(),
	})
}

func openSMB(ctx context.Context, a *app, t target, f *crawlFlags) ([]sources.Source, error) {
	src, err := newSMB(ctx, a, t, f)
	if err != nil {
		return nil, err
	}
	return []sources.Source{src}, nil
}

// listSMB lists the shares of a server with who can read them.
func listSMB(ctx context.Context, a *app, t target, f *crawlFlags) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		src, err := newSMB(ctx, a, t, f)
		if err != nil {
			yield(listed{}, err)
			return
		}
		defer func() { _ = src.Close() }()
		shares, err := src.Shares(ctx)
		if err != nil {
			yield(listed{}, err)
			return
		}
		parsed, _ := smb.ParseTarget(t.path) // newSMB did
		for _, sh := range shares {
			if parsed.Share != "" && !strings.EqualFold(parsed.Share, sh.Name) {
				continue
			}
			if e, err := listShare(ctx, src, parsed.Host, sh); !yield(e, err) || !listLinks(ctx, src, parsed.Host, sh, yield) {
				return
			}
		}
	}
}

func listShare(ctx context.Context, src *smb.Source, host string, sh smb.Share) (listed, error) {
	e := listed{Name: `\\` + host + `\` + sh.Name, Kind: sh.Kind, Comment: sh.Comment, Skipped: sh.LeftOut}
	if sh.LeftOut != "" {
		return e, nil
	}
	if access := src.Access(ctx, sh.Name); !access.Read {
		e.Access = "denied"
		return e, access.Err
	}
	e.Access = "read as " + src.Who()
	audience, err := src.ShareAudience(ctx, sh.Name)
	if err == nil {
		e.Audience = &audience
	}
	return e, err
}

// listLinks yields the DFS links below a share. It reports whether more are
// wanted.
func listLinks(ctx context.Context, src *smb.Source, host string, sh smb.Share, yield func(listed, error) bool) bool {
	if sh.LeftOut != "" {
		return true
	}
	links, err := src.Links(ctx, sh.Name)
	if err != nil {
		return true // what keeps them from being listed keeps the share, which said so
	}
	for _, l := range links {
		e := listed{
			Name: `\\` + host + `\` + sh.Name + `\` + strings.ReplaceAll(l.Path, "/", `\`), Kind: "DFS link", Skipped: l.LeftOut,
		}
		if l.To != "" {
			e.Comment = "to " + l.To
		}
		if !yield(e, l.Err) {
			return false
		}
	}
	return true
}

// checkSMB says who we are at a server and what a crawl of it would see.
func checkSMB(ctx context.Context, a *app, t target, f *crawlFlags) ([]checked, error) {
	src, err := newSMB(ctx, a, t, f)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	answers, err := checkSession(ctx, src)
	if err != nil {
		return nil, err
	}
	answers = append(answers, checkDomain(ctx, src)...)
	answers = append(answers, checkLockout(ctx, src))
	shares, err := src.Shares(ctx)
	if err != nil {
		return append(answers, checked{Topic: "shares", State: checkUnknown, Text: "could not be listed: " + err.Error(),
			Remedy: "name the shares: smb://host/share"}), nil
	}
	read := 0
	for _, sh := range shares {
		if sh.LeftOut != "" {
			continue
		}
		if access := src.Access(ctx, sh.Name); access.Read {
			read++
		} else {
			answers = append(answers, checked{Topic: "access", State: checkMissing, Text: fmt.Sprintf("share %s: %v", sh.Name, access.Err),
				Remedy: "let " + src.Who() + " read it: mislaid permissions smb"})
		}
	}
	answers = append(answers, checked{Topic: "access", State: checkOK, Text: fmt.Sprintf("%d shares can be read", read)})
	if read > 0 && !src.GuardsRead() {
		answers = append(answers, checked{Topic: "audience", State: checkWarning,
			Text:   "the lists that guard the shares cannot be read, so who can read a file is known from the file alone: an upper bound",
			Remedy: "sign in as a member of the server's Administrators"})
	}
	return append(answers, checked{Topic: "cost", State: checkOK, Text: fmt.Sprintf(
		"%d connections, %d calls at once at most; one round trip for each file of up to 1 MiB; the server logs one sign-in a connection, and by its policy each open",
		src.Limits().Sessions, src.Limits().Opens)}), nil
}

func checkSession(ctx context.Context, src *smb.Source) ([]checked, error) {
	facts, err := src.Hello(ctx)
	if err != nil {
		return nil, err
	}
	who := checked{Topic: "who", State: checkOK, Text: src.Who()}
	switch {
	case facts.Guest:
		who.Text, who.State = "the guest of the server", checkWarning
	case facts.Null:
		who.Text, who.State = "nobody: the server takes anonymous sessions", checkWarning
	}
	session := checked{Topic: "session", State: checkOK, Text: "SMB " + facts.Dialect}
	switch {
	case facts.Encrypted:
		session.Text += ", encrypted with " + facts.Encryption
	case facts.Signing != "":
		session.Text += ", signed with " + facts.Signing
		if facts.Encryption != "" {
			session.Text += "; --smb-encrypt would encrypt with " + facts.Encryption
		}
	default:
		session.Text += ", not signed: guests and anonymous sessions have no key"
		session.State = checkWarning
	}
	return []checked{who, session}, nil
}

func checkLockout(ctx context.Context, src *smb.Source) checked {
	c := checked{Topic: "lockout", State: checkOK}
	l, err := src.Lockout(ctx)
	switch {
	case err != nil:
		c.State, c.Text = checkUnknown, "the policy could not be read: "+err.Error()
	case l.Threshold == 0:
		c.Text = "the server's own accounts are never locked"
	default:
		c.Text = fmt.Sprintf("the server's own accounts are locked after %d wrong passwords", l.Threshold)
	}
	c.Text += "; a wrong password is tried once, at one server, and then nowhere again"
	return c
}

func permissionsSMB(w io.Writer) error {
	_, err := io.WriteString(w, `To read every share of a Windows file server, and to know who else can:

  1. Make an account for the scan alone, without any right to sign in elsewhere.
     A group managed service account or a keytab spares you a password.
  2. Put it into the server's local groups
       Backup Operators   if it is to read files whatever their ACL says: not
                          needed, and not used: mislaid opens files by their ACL
       Administrators     only if share ACLs are to be read: without, who can
                          read a file is judged by the file alone, an upper bound
  3. Give it Read on each share, and Read on the files: on the top directory of
     each share, for this folder, subfolders and files
       icacls D:\share /grant "CORP\svc-mislaid:(OI)(CI)RX"
     Read permissions (READ_CONTROL) comes with RX; it is what shows the ACLs.
  4. Give it the right "Access this computer from the network".

On Samba: add it to "valid users" and "read list" of each share, and, to see
everything, make it "admin users" of a share that is "read only = yes".

No write permission is needed anywhere; mislaid has no call that writes.
`)
	return err
}
