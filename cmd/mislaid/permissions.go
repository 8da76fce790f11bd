package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mislaid/verify/aws/audit"
)

const permissionsHelp = `Permissions prints what to grant, exactly and no more, so that a scan of a kind of
place sees everything it should; for aws, the smallest IAM policy with which
--audit-profile works (the AWS-managed SecurityAudit suffices too). It contacts
nobody.`

func newPermissionsCommand(a *app) *cobra.Command {
	kinds := permissionKinds()
	return &cobra.Command{
		Use:       "permissions KIND",
		Short:     "Print what to grant for a kind of place",
		Long:      permissionsHelp + "\n\nKinds: " + strings.Join(kinds, ", "),
		Example:   "  mislaid permissions " + kinds[0],
		Args:      cobra.ExactArgs(1),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			kind := strings.TrimSuffix(args[0], ":")
			write := audit.WritePermissions
			if kind != kindAWS {
				c, ok := connectorOf(kind)
				if !ok || c.permissions == nil {
					return fmt.Errorf("permissions: there is no kind %q; the kinds are %s", args[0], strings.Join(kinds, ", "))
				}
				write = c.permissions
			}
			if err := write(a.stdout); err != nil {
				return outputError("write the permissions: %w", err)
			}
			return nil
		},
	}
}

// kindAWS is what an audit with --audit-profile needs.
const kindAWS = "aws"

// permissionKinds are aws and the schemes that know what to grant.
func permissionKinds() []string {
	kinds := []string{kindAWS}
	for _, c := range connectors {
		if c.permissions != nil {
			kinds = append(kinds, c.scheme)
		}
	}
	slices.Sort(kinds)
	return kinds
}
