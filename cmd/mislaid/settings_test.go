package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// settingsCommand is a command with a flag of each kind, below a root with
// --config.
func settingsCommand(run func(*cobra.Command)) *cobra.Command {
	root := &cobra.Command{Use: "root", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().String("config", "", "file")
	cmd := &cobra.Command{Use: "do", RunE: func(cmd *cobra.Command, _ []string) error { run(cmd); return nil }}
	cmd.Flags().StringArray("include", nil, "list")
	cmd.Flags().Int("jobs", 0, "number")
	cmd.Flags().Bool("debug", false, "yes or no")
	cmd.Flags().Var(new(size), "max-file-size", "size")
	choiceVar(cmd, new(choice), "format", "words", "text", "json")
	root.AddCommand(cmd, &cobra.Command{Use: "other", RunE: cmd.RunE})
	return root
}

func settings(t *testing.T, config string, env environment, args ...string) (map[string]string, error) {
	t.Helper()
	var got map[string]string
	root := settingsCommand(func(cmd *cobra.Command) { got = optionsSet(cmd) })
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return applySettings(cmd, env) }
	args = append([]string{"do"}, args...)
	if config != "" {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	root.SetArgs(args)
	err := root.Execute()
	delete(got, "config")
	return got, err
}

func TestSettingsPrecedence(t *testing.T) {
	config := "include = ['c', 'd']\njobs = 3\ndebug = true\nmax-file-size = '3KB'\nformat = 'json'\n"
	env := environment{"MISLAID_INCLUDE": "e\nf g\n", "MISLAID_JOBS": "2", "MISLAID_DEBUG": "", "HOME": "/x"}
	got, err := settings(t, config, env, "--jobs", "1")
	want := map[string]string{"include": `["e","f g"]`, "jobs": "1", "debug": "true", "max-file-size": "3000", "format": "json"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	got, err = settings(t, "", nil)
	if len(got) != 0 || err != nil {
		t.Errorf("nothing is set: %v, %v", got, err)
	}
}

func TestSettingsErrors(t *testing.T) {
	for _, c := range []struct {
		config string
		env    environment
		want   string
	}{
		{"jobs = 1\nunknown = 2\n", nil, "config:2:1: unknown key \"unknown\""},
		{"[table]\njobs = 1\n", nil, "config:1:2: "},
		{"jobs = 'x'\n", nil, "config:1:8: "},
		{"debug = 1\n", nil, "config:1:9: "},
		{"include = 'a'\n", nil, "config:1:11: "},
		{"include = [1]\n", nil, "config:1:12: "},
		{"max-file-size = 3\n", nil, "config:1:17: "},
		{"jobs = 1\njobs = 2\n", nil, "config:2"},
		{"config = 'x'\n", nil, "config:1:1: "},
		{"help = true\n", nil, "config:1:1: "},
		{"jobs = \n", nil, "config:1:"},
		{"max-file-size = '3 KB'\n", nil, "config: max-file-size: \"3 KB\": must be"},
		{"format = 'xml'\n", nil, "must be one of text, json"},
		{"", environment{"MISLAID_JOBS": "x"}, "MISLAID_JOBS"},
		{"", environment{"MISLAID_JOB": "1"}, "MISLAID_JOB:"},
		{"", environment{"MISLAID_HELP": "1"}, "MISLAID_HELP:"},
		{"", environment{"MISLAID_CONFIG": "/no/such/file"}, "/no/such/file"},
	} {
		if got, err := settings(t, c.config, c.env); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %v: %v, %v; want %q", c.config, c.env, got, err, c.want)
		}
	}
}

// TestOptionsSurviveAJournal: what is recorded gives the flags the same values.
func TestOptionsSurviveAJournal(t *testing.T) {
	var recorded map[string]string
	args := []string{"do", "--include", "a,b", "--include", `"q"`, "--include", "", "--jobs", "4", "--debug", "--max-file-size", "2KiB"}
	root := settingsCommand(func(cmd *cobra.Command) { recorded = optionsSet(cmd) })
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	root = settingsCommand(func(cmd *cobra.Command) {
		for name, value := range recorded {
			if err := setOption(cmd, cmd.Flag(name), value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if diff := cmp.Diff(recorded, optionsSet(cmd)); diff != "" {
			t.Error(diff)
		}
	})
	root.SetArgs([]string{"do"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{"jobs = 1", "include = ['a']\n", "x", "[a]\nb=1", "jobs = 1e999", "\"\\u0000\" = 1", "include = [[1]]"} {
		f.Add(s)
	}
	flags := allFlags(settingsCommand(func(*cobra.Command) {}))
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		values, err := readConfig(path, flags)
		for name := range values {
			if flags[name] == nil {
				t.Errorf("%q sets %s", text, name)
			}
		}
		if err != nil && !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: %v does not name the file", text, err)
		}
	})
}

func TestReadList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# ours\n\n111122223333\r\n  444455556666 # test\narn:aws:iam::1:user/*\nAROAEXAMPLEEXAMPLE")
	got, err := readList("--x", path, isNeverRule, "a rule")
	if diff := cmp.Diff([]string{"111122223333", "444455556666", "arn:aws:iam::1:user/*", "AROAEXAMPLEEXAMPLE"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	write("111122223333\nnot a rule\n")
	if _, err := readList("--x", path, isNeverRule, "a rule"); err == nil || !strings.Contains(err.Error(), "list:2: must be a rule") || strings.Contains(err.Error(), "not a") {
		t.Error(err)
	}
}
