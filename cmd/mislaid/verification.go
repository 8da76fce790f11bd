package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"mislaid/verify"
	"mislaid/verify/aws"
)

// verifyFlags say which keys the vendor is asked about.
type verifyFlags struct {
	verify   choice
	never    string
	canaries string
	accounts string
	foreign  bool
	budget   int
	endpoint string
}

func (f *verifyFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	choiceVar(cmd, &f.verify, "verify", "ask AWS once per key whether it is alive; off sends nothing anywhere", "on", "off")
	fs.StringVar(&f.never, "never-verify", "", "never ask about what this `file` lists: a key id, an account or an ARN pattern per line")
	fs.StringVar(&f.canaries, "canaries", "", "never ask about keys of the decoy accounts that this `file` lists, besides the known ones")
	fs.StringVar(&f.accounts, "accounts", "", "our accounts, as a `list` 111122223333,… or @FILE: keys of others are not asked about")
	fs.BoolVar(&f.foreign, "verify-foreign", false, "with --accounts: ask about keys of other accounts all the same")
	fs.IntVar(&f.budget, "verify-budget", 0, "ask at most this many `times` (default: no bound)")
	fs.StringVar(&f.endpoint, "aws-endpoint", "", "ask this `URL` instead of AWS")
}

// makeAbsolute makes the named files absolute, so that a resumed scan finds
// them from anywhere.
func (f *verifyFlags) makeAbsolute(cmd *cobra.Command) error {
	for _, name := range []string{"never-verify", "canaries", "accounts"} {
		value := cmd.Flag(name).Value.String()
		path, at := value, ""
		if name == "accounts" {
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
	verifier verify.Verifier // nil: off
	rules    verify.Rules
	budget   int
	contacts []string // hosts that are contacted; none when off
	onHint   []string // hosts that are contacted besides where the text beside a key names another partition
	agent    string   // how we name ourselves to them
}

// build checks the flags and makes the verifier. runID marks our calls in the
// vendor's logs.
func (f *verifyFlags) build(runID string) (v verification, err error) {
	if f.budget < 0 {
		return v, errors.New("--verify-budget: must not be negative")
	}
	if f.foreign && f.accounts == "" {
		return v, errors.New("--verify-foreign: only means something together with --accounts")
	}
	v.budget = f.budget
	v.rules = verify.Rules{Canaries: aws.Canaries(), CallForeign: f.foreign}
	if f.canaries != "" {
		more, err := readList("--canaries", f.canaries, isAccount, "an account id of 12 digits")
		if err != nil {
			return v, err
		}
		v.rules.Canaries = append(v.rules.Canaries[:len(v.rules.Canaries):len(v.rules.Canaries)], more...)
	}
	if f.never != "" {
		v.rules.Never, err = readList("--never-verify", f.never, isNeverRule, "a key id, an account id of 12 digits, or an ARN pattern (arn:…)")
		if err != nil {
			return v, err
		}
	}
	if v.rules.Accounts, err = f.accountList(); err != nil {
		return v, err
	}
	agent := "mislaid run/" + runID
	config := aws.Config{Endpoint: f.endpoint, UserAgent: agent}
	verifier, err := aws.New(config) // also when it is off: a wrong endpoint is wrong, and is recorded
	if err != nil {
		return v, fmt.Errorf("--aws-endpoint: %w", err)
	}
	if f.verify.value == "off" {
		return v, nil
	}
	v.verifier, v.agent = verifier, agent
	v.contacts, v.onHint = aws.Hosts(config), aws.HostsOnHint(config)
	return v, nil
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
	return isAccount(s) || keyID.MatchString(s) || arnPattern.MatchString(s)
}
