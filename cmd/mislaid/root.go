package main

import (
	"github.com/spf13/cobra"
)

const rootHelp = `mislaid finds credentials that people left lying around, asks the vendor once
whether each one is alive, and says who could have seen it.

It crawls directory trees, standard input, file servers over SMB and Slack, opens
archives, documents and mail, and knows AWS access keys and their kin; on
request also what lies beside them, and what your own rules describe.`

const rootExamples = `  mislaid scan                          # the current directory
  mislaid scan --verify=off /srv/share  # send nothing anywhere
  git diff | mislaid scan -             # standard input
  mislaid scan --format sarif --output leaks.sarif .
  mislaid selftest                      # what it finds, and what that looks like
  mislaid explain .env                  # why something is, or is not, found
  mislaid report JOURNAL --format csv   # render again without scanning again`

const exitHelp = `Exit codes:
  0    complete, nothing found
  1    leaks found, everything was read
  2    wrong usage or configuration
  3    nothing found, but something could not be read (a gap)
  4    leaks found, and something could not be read
  5    a source could not be read at all
  70   our bug
  74   a journal or a report could not be written
  130  stopped by Ctrl-C or SIGTERM; what was found is printed and kept`

const environmentHelp = `Environment:
  Every flag has a variable: MISLAID_ and the flag's name in capitals, as in
  MISLAID_VERIFY=off or MISLAID_MAX_FILE_SIZE=10MB. A flag that may be repeated
  takes one value per line. A variable MISLAID_… that is no flag is an error.
  NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured. A flag wins over its
  variable, the variable over the file of --config, the file over the default.`

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:               "mislaid",
		Short:             "Find leaked credentials, and who could have seen them",
		Long:              rootHelp + "\n\n" + exitHelp + "\n\n" + environmentHelp,
		Example:           rootExamples,
		Version:           readBuild().String(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().String("config", "", "read settings from this TOML `file`; its keys are the flags' names")
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(
		newScanCommand(a), newReportCommand(a), newRecheckCommand(a), newExplainCommand(a), newSelftestCommand(a),
		newLsCommand(a), newCheckCommand(a), newPermissionsCommand(a),
		newManCommand(), newVersionCommand(), newUnpackCommand(a),
	)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return applySettings(cmd, a.env) }
	return root
}
