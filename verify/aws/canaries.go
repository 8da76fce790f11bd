package aws

import (
	_ "embed"
	"strings"
)

//go:embed canaries.txt
var canaries string

// Canaries returns the account ids of known decoys.
func Canaries() []string {
	var accounts []string
	for line := range strings.Lines(canaries) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 0 {
			accounts = append(accounts, fields[0])
		}
	}
	return accounts
}
