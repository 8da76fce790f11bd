package main

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"

	"mislaid/internal/stricttoml"
	"mislaid/verify"
	"mislaid/verify/aws/audit"
)

const accountMapHelp = `The account map is a TOML file with one table per account, all keys optional:

  [111122223333]
  name          = "payments"
  owner         = "team-pay@example.com"
  tier          = "prod"          # raises the severity of its keys by one step
  management    = true            # the organisation's management account: the same
  audit-profile = "payments-ro"   # read it with this profile of yours
  audit-role    = "SecurityAudit" # or assume this role there (a name or an ARN)`

// mappedAccount is one table of the account map.
type mappedAccount struct {
	Name         string `toml:"name"`
	Owner        string `toml:"owner"`
	Tier         string `toml:"tier"`
	Management   bool   `toml:"management"`
	AuditProfile string `toml:"audit-profile"`
	AuditRole    string `toml:"audit-role"`
}

// readAccountMap reads the file of --account-map.
func readAccountMap(path string) (map[string]audit.Account, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--account-map: %w", err)
	}
	var tables map[string]mappedAccount
	unknown := func(key []string) string {
		return fmt.Sprintf("unknown key %q; the keys are name, owner, tier, management, audit-profile and audit-role", strings.Join(key, "."))
	}
	if _, err := stricttoml.Decode(path, text, &tables, unknown); err != nil {
		return nil, fmt.Errorf("--account-map: %w", err)
	}
	accounts := make(map[string]audit.Account, len(tables))
	for _, id := range slices.Sorted(maps.Keys(tables)) {
		m := tables[id]
		if !isAccount(id) {
			return nil, fmt.Errorf("--account-map: %s: [%s] is not an account id of 12 digits", path, id)
		}
		accounts[id] = audit.Account{
			Account: verify.Account{ID: id, Name: m.Name, Owner: m.Owner, Tier: m.Tier, Management: m.Management},
			Profile: m.AuditProfile, Role: m.AuditRole,
		}
	}
	return accounts, nil
}

// parseAddresses reads addresses and ranges, separated by commas or one a line
// of the file behind @.
func parseAddresses(list string) ([]netip.Prefix, error) {
	if list == "" {
		return nil, nil
	}
	entries := strings.Split(list, ",")
	if path, ok := strings.CutPrefix(list, "@"); ok {
		var err error
		if entries, err = readList("--known-addresses", path, isAddress, "an address or a range as 192.0.2.0/24"); err != nil {
			return nil, err
		}
	}
	var all []netip.Prefix
	for _, e := range entries {
		p, ok := parseAddress(strings.TrimSpace(e))
		if !ok {
			return nil, fmt.Errorf("--known-addresses: %q is neither an address nor a range as 192.0.2.0/24", e)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, errors.New("--known-addresses: names no address")
	}
	return all, nil
}

func isAddress(s string) bool { _, ok := parseAddress(s); return ok }

func parseAddress(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
