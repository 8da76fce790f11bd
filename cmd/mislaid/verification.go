package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/report"
	"mislaid/verify"
	"mislaid/verify/aws"
	"mislaid/verify/aws/audit"
)

// verifyFlags say which keys the vendor is asked about, how, and by whom.
type verifyFlags struct {
	verify    choice
	scope     choice
	never     string
	canaries  string
	accounts  string
	foreign   bool
	budget    int
	rate      int
	perKey    int
	endpoint  string
	region    string
	parts     string
	fips      bool
	agent     string
	proxy     string
	maxAge    time.Duration
	maxKeyAge time.Duration

	auditProfile string
	auditRole    string
	accountMap   string
	lookBack     bool
	known        string
}

// The ways of verifying.
const (
	verifyOn      = "on"
	verifyPassive = "passive"
	verifyDry     = "dry"
	verifyOff     = "off"
)

func (f *verifyFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	choiceVar(cmd, &f.verify, "verify", "ask AWS once per key whether it is alive; passive asks only what your own --audit-profile can read, dry lists whom it would ask, off sends nothing anywhere",
		verifyOn, verifyPassive, verifyDry, verifyOff)
	choiceVar(cmd, &f.scope, "scope", "self reads, with each live key that is yours, what that key may read of itself; it lists no data and assumes no role", "none", "self")
	fs.StringVar(&f.never, "never-verify", "", "never ask about what this `file` lists: a key id, an account, an ARN pattern or path:GLOB of a place per line")
	fs.StringVar(&f.canaries, "canaries", "", "never ask about keys of the decoy accounts that this `file` lists, besides the known ones")
	fs.StringVar(&f.accounts, "accounts", "", "our accounts, as a `list` 111122223333,… or @FILE: keys of others are not asked about")
	fs.BoolVar(&f.foreign, "verify-foreign", false, "with --accounts: ask about keys of other accounts all the same")
	fs.IntVar(&f.budget, "verify-budget", 0, "ask at most this many `times` (default: no bound)")
	fs.IntVar(&f.rate, "verify-rate", 20, "ask at most this many `times` a second in all")
	fs.IntVar(&f.perKey, "account-rate", 5, "ask at most this many `times` a second about keys of one account: the calls count against its owner")
	fs.DurationVar(&f.maxAge, "verdict-max-age", 0, "take over verdicts that are younger than this `duration`, as 24h, from the journals in the state directory (default: ask anew in each run)")
	fs.StringVar(&f.endpoint, "aws-endpoint", "", "ask this `URL` instead of AWS")
	fs.StringVar(&f.region, "aws-region", "", "ask STS in this `region` (default us-east-1, where it cannot be switched off)")
	fs.StringVar(&f.parts, "aws-partitions", "", "ask these partitions about every key, as a `list` aws,aws-us-gov (default: aws, and the one that the text beside a key names)")
	fs.BoolVar(&f.fips, "aws-fips", false, "ask the FIPS 140 endpoints")
	fs.StringVar(&f.agent, "user-agent", "mislaid", "begin how we name ourselves to AWS with this `text`; run/ID follows")
	fs.StringVar(&f.proxy, "proxy", "", "reach AWS through this `URL` of a proxy; no proxy is used otherwise, whatever the environment says")
	fs.StringVar(&f.auditProfile, "audit-profile", "", "read whose keys they are, when they were last used and what they may do with this `profile` of your own; see mislaid permissions aws")
	fs.StringVar(&f.auditRole, "audit-role", "", "with --audit-profile: assume the role of this `name` in other accounts")
	fs.StringVar(&f.accountMap, "account-map", "", "read names, owners, tiers and audit roles of accounts from this TOML `file`")
	fs.BoolVar(&f.lookBack, "look-back", false, "with --audit-profile: read from CloudTrail where each key was used in the last 90 days")
	fs.StringVar(&f.known, "known-addresses", "", "with --look-back: addresses that are explained, as a `list` 192.0.2.0/24,… or @FILE; a use from any other is critical")
	fs.DurationVar(&f.maxKeyAge, "max-key-age", 90*24*time.Hour, "with --audit-profile: a key that is older than this `duration` counts as not rotated")
}

// makeAbsolute makes the named files absolute, so that a resumed scan finds
// them from anywhere.
func (f *verifyFlags) makeAbsolute(cmd *cobra.Command) error {
	for _, name := range []string{"never-verify", "canaries", "accounts", "account-map", "known-addresses"} {
		value := cmd.Flag(name).Value.String()
		path, at := value, ""
		if name == "accounts" || name == "known-addresses" {
			if path, _ = strings.CutPrefix(value, "@"); path == value {
				continue
			}
			at = "@"
		}
		if path == "" || filepath.IsAbs(path) {
			continue
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		if err := cmd.Flags().Set(name, at+abs); err != nil {
			return err
		}
	}
	return nil
}

// verification is how keys are verified in one run.
type verification struct {
	how      string
	verifier verify.Verifier // nil: no key is called
	auditor  *audit.Auditor  // nil: nobody reads
	scoper   verify.Scoper   // nil: nobody does
	rules    verify.Rules
	accounts map[string]audit.Account
	budget   int
	rate     float64
	perKey   float64
	maxAge   time.Duration
	contacts []string // hosts that are contacted; none when off
	audits   []string // hosts that are contacted with the responder's own credentials
	onHint   []string // hosts that are contacted besides where the text beside a key names another partition
	agent    string   // how we name ourselves to them
	hinted   func(partition, host string)
}

// build checks the flags and makes the verifier. It contacts nobody. runID marks
// our calls in the vendor's logs.
func (f *verifyFlags) build(ctx context.Context, runID string) (v *verification, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	v = &verification{how: f.verify.value, budget: f.budget, rate: float64(f.rate), perKey: float64(f.perKey), maxAge: f.maxAge}
	if err := f.buildRules(&v.rules); err != nil {
		return nil, err
	}
	if v.accounts, err = readAccountMap(f.accountMap); err != nil {
		return nil, err
	}
	agent := f.agent + " run/" + runID
	config := aws.Config{
		Endpoint: f.endpoint, Region: f.region, UserAgent: agent, FIPS: f.fips, MaxKeyAge: f.maxKeyAge,
		OnHint: func(partition, host string) { v.hinted(partition, host) },
	}
	if f.parts != "" {
		config.Partitions = strings.Split(f.parts, ",")
	}
	if config.Proxy, err = parseProxy(f.proxy); err != nil {
		return nil, err
	}
	verifier, err := aws.New(config) // also when it is off: what is wrong is wrong, and is recorded
	if err != nil {
		return nil, fmt.Errorf("--aws-endpoint, --aws-region, --aws-partitions, --aws-fips or --user-agent: %w", err)
	}
	if v.how == verifyOff {
		return v, nil
	}
	v.agent = agent
	if err := f.buildAudit(ctx, v); err != nil {
		return nil, err
	}
	switch v.how {
	case verifyPassive:
		return v, nil
	case verifyDry:
		v.verifier, v.auditor = dryRun{verifier}, nil
	default:
		v.verifier = verifier
	}
	v.contacts, v.onHint = aws.Hosts(config), aws.HostsOnHint(config)
	if f.scope.value == "self" {
		if v.how == verifyOn {
			v.scoper = verifier
		}
		v.contacts = append(v.contacts, aws.HostsOfScope(config)...)
	}
	return v, nil
}

// check refuses flags that make no sense together.
func (f *verifyFlags) check() error {
	needAudit := func(name string) error {
		return fmt.Errorf("--%s: only means something together with --audit-profile, your own read-only profile; mislaid permissions aws prints what it needs", name)
	}
	switch {
	case f.budget < 0:
		return errors.New("--verify-budget: must not be negative")
	case f.rate < 1 || f.perKey < 1:
		return errors.New("--verify-rate and --account-rate: must be at least 1")
	case f.maxAge < 0:
		return errors.New("--verdict-max-age: must not be negative")
	case f.maxKeyAge <= 0:
		return errors.New("--max-key-age: must be more than nothing, as 2160h")
	case f.foreign && f.accounts == "":
		return errors.New("--verify-foreign: only means something together with --accounts")
	case f.auditProfile != "":
		if f.known != "" && !f.lookBack {
			return errors.New("--known-addresses: only means something together with --look-back")
		}
		return nil
	case f.verify.value == verifyPassive:
		return needAudit("verify=passive")
	case f.auditRole != "":
		return needAudit("audit-role")
	case f.lookBack:
		return needAudit("look-back")
	case f.known != "":
		return needAudit("known-addresses")
	}
	return nil
}

func (f *verifyFlags) buildRules(r *verify.Rules) (err error) {
	*r = verify.Rules{Canaries: aws.Canaries(), CallForeign: f.foreign}
	if f.canaries != "" {
		more, err := readList("--canaries", f.canaries, isAccount, "an account id of 12 digits")
		if err != nil {
			return err
		}
		r.Canaries = slices.Concat(r.Canaries, more)
	}
	if f.never != "" {
		entries, err := readList("--never-verify", f.never, isNeverRule, "a key id, an account id of 12 digits, an ARN pattern (arn:…) or path:GLOB")
		if err != nil {
			return err
		}
		for _, e := range entries {
			if glob, ok := strings.CutPrefix(e, "path:"); ok {
				r.Paths = append(r.Paths, filepath.ToSlash(glob))
			} else {
				r.Never = append(r.Never, e)
			}
		}
	}
	r.Accounts, err = f.accountList()
	return err
}

func (f *verifyFlags) buildAudit(ctx context.Context, v *verification) error {
	if f.auditProfile == "" {
		return nil
	}
	known, err := parseAddresses(f.known)
	if err != nil {
		return err
	}
	v.auditor, err = audit.New(ctx, audit.Config{
		Profile: f.auditProfile, Role: f.auditRole, Accounts: v.accounts, UserAgent: f.agent, MaxKeyAge: f.maxKeyAge, LookBack: f.lookBack, Known: known,
	})
	if err != nil {
		return fmt.Errorf("--audit-profile: %w", err)
	}
	v.audits = v.auditor.Hosts(ctx)
	return nil
}

// hosts are all that may be contacted, for the record of the run.
func (v *verification) hosts() []string {
	if v.how == verifyDry {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.contacts, v.audits, v.onHint))))
}

// start asks who the responder is.
func (v *verification) start(ctx context.Context) error {
	if v.auditor == nil {
		return nil
	}
	if err := v.auditor.Start(ctx); err != nil {
		return fmt.Errorf("--audit-profile: %w", err)
	}
	return nil
}

// queue returns the configuration of the verify queue.
func (v *verification) queue() verify.Config {
	c := verify.Config{
		Verifier: v.verifier, Scoper: v.scoper, Rules: v.rules, Budget: v.budget, PerSec: v.rate, Account: v.perKey,
	}
	if v.auditor != nil {
		c.Auditor = v.auditor
	}
	switch v.how {
	case verifyPassive:
		c.Off = verify.WhyPassive
	case verifyDry:
		c.Gap, c.PerSec, c.Account = 1, 1e9, 1e9 // nobody is asked
	}
	return c
}

// records are what the account map says, for the journal.
func (v *verification) records() (all []journal.Record) {
	for _, id := range slices.Sorted(maps.Keys(v.accounts)) {
		all = append(all, journal.Record{Account: &journal.Account{Account: v.accounts[id].Account}})
	}
	return all
}

// banner says what is sent to whom about keys. alone says that nobody else is
// contacted.
func (v *verification) banner(line func(label, format string, args ...any), alone bool) {
	clean := func(hosts []string) string { return report.Clean(strings.Join(hosts, ", ")) }
	verb := "contacts"
	if v.how == verifyDry {
		verb = "would"
		line("contacts", "%s: this is a dry run", map[bool]string{true: "no host", false: "not AWS"}[alone])
	}
	switch {
	case v.how == verifyOff && alone:
		line(verb, "no host: verification is off, nothing is sent anywhere")
		return
	case v.how == verifyOff:
		line(verb, "not AWS: verification is off, no key is sent anywhere")
		return
	case v.verifier != nil:
		prefix := ""
		if v.how == verifyDry {
			prefix = "contact "
		}
		line(verb, "%s%s", prefix, clean(v.contacts))
		if len(v.onHint) > 0 {
			line("", "and, for a key whose surroundings name another partition, %s", clean(v.onHint))
		}
	}
	if len(v.audits) > 0 {
		line("audits", "%s, with your own credentials: whose keys they are and what they may do", clean(v.audits))
	}
	switch v.how {
	case verifyOn:
		line("verifies", "each key once, by sts:GetCallerIdentity: that overwrites the key's last-used date;")
		line("", "--verify=off sends nothing")
	case verifyPassive:
		line("verifies", "no key: only what your own role can read of it is asked")
	}
	if v.scoper != nil {
		line("reads", "with each live key that is yours, what it may read of itself")
	}
}

// dryRun says whom it would ask, and asks nobody.
type dryRun struct{ verifier *aws.Verifier }

// Verify implements verify.Verifier.
func (d dryRun) Verify(_ context.Context, r verify.Request) verify.Verdict {
	return verify.Verdict{
		State: verify.NotCalled, Why: verify.WhyDry, Account: r.Account,
		Detail: "would be asked about at " + strings.Join(d.verifier.WouldAsk(r), ", then "),
	}
}

// parseProxy reads the URL of a proxy. It goes into the journal, so it must not
// hold a password.
func parseProxy(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		return nil, errors.New("--proxy: must look like http://proxy.example:3128, https://… or socks5://…")
	case u.User != nil:
		return nil, errors.New("--proxy: must not hold a user or a password, which would stand in the journal; use a local proxy that adds them")
	}
	return u, nil
}

func (f *verifyFlags) accountList() ([]string, error) {
	if f.accounts == "" {
		return nil, nil
	}
	if path, ok := strings.CutPrefix(f.accounts, "@"); ok {
		accounts, err := readList("--accounts", path, isAccount, "an account id of 12 digits")
		if err == nil && len(accounts) == 0 {
			return nil, fmt.Errorf("--accounts: %s lists no account", path)
		}
		return accounts, err
	}
	accounts := strings.Split(f.accounts, ",")
	for _, id := range accounts {
		if !isAccount(id) {
			return nil, fmt.Errorf("--accounts: %q is not an account id of 12 digits", id)
		}
	}
	return accounts, nil
}

// readList reads a file with one entry per line; # begins a comment.
func readList(flag, path string, valid func(string) bool, want string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	var entries []string
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		entry, _, _ := strings.Cut(line, "#")
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if !valid(entry) {
			return nil, fmt.Errorf("%s: %s:%d: must be %s", flag, path, n, want) // not quoted: someone may have put a secret there
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

var (
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	keyID      = regexp.MustCompile(`^[A-Z0-9]{16,128}$`)
	arnPattern = regexp.MustCompile(`^arn:[^\s]+$`)
)

func isAccount(s string) bool { return accountID.MatchString(s) }

func isNeverRule(s string) bool {
	return isAccount(s) || keyID.MatchString(s) || arnPattern.MatchString(s) || isPathRule(s)
}

func isPathRule(s string) bool {
	glob, ok := strings.CutPrefix(s, "path:")
	return ok && verify.ValidPath(glob)
}
