package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const permissionsHelp = `Permissions prints what to grant, exactly and no more, so that a scan of a kind of
place sees everything it should. It contacts nobody.`

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
			c, ok := connectorOf(kind)
			if !ok || c.permissions == nil {
				return fmt.Errorf("permissions: there is no kind %q; the kinds are %s", args[0], strings.Join(kinds, ", "))
			}
			if err := c.permissions(a.stdout); err != nil {
				return outputError("write the permissions: %w", err)
			}
			return nil
		},
	}
}

// permissionKinds are the schemes that know what to grant.
func permissionKinds() []string {
	var kinds []string
	for _, c := range connectors {
		if c.permissions != nil {
			kinds = append(kinds, c.scheme)
		}
	}
	slices.Sort(kinds)
	return kinds
}
