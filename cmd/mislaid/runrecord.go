package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/user"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mislaid/internal/journal"
)

// newRunID returns the name of a run: 12 random hex digits.
func newRunID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand documentation
	return hex.EncodeToString(b[:])
}

// newRun says who runs what, where and with which version. The caller adds what
// belongs to the command, and the program's hash.
func (a *app) newRun(cmd *cobra.Command) journal.Run {
	b := readBuild()
	host, _ := os.Hostname() // a run without a name of its host is still a run
	return journal.Run{
		Command: cmd.Name(), Started: time.Now().UTC(), Version: b.version, Commit: b.commit, Go: runtime.Version(),
		Platform: platform(), User: a.userName(), Host: host, Options: optionsSet(cmd),
	}
}

func (a *app) userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	for _, name := range []string{"USER", "USERNAME"} {
		if v := a.env[name]; v != "" {
			return v
		}
	}
	return "unknown"
}

// binarySum returns the SHA-256 of the running program, "" if it cannot be
// read.
func binarySum() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// optionsSet returns the flags that the user set, wherever they set them. No
// flag holds a secret.
func optionsSet(cmd *cobra.Command) map[string]string {
	options := make(map[string]string)
	for _, f := range commandFlags(cmd) {
		if f.Changed {
			options[f.Name] = optionValue(f)
		}
	}
	return options
}

// optionValue returns a flag's value as it is recorded: a JSON list for a flag
// that may be repeated.
func optionValue(f *pflag.Flag) string {
	list, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return f.Value.String()
	}
	b, err := json.Marshal(list.GetSlice())
	if err != nil {
		panic("a list of strings cannot fail to marshal")
	}
	return string(b)
}

// setOption gives a flag a recorded value.
func setOption(cmd *cobra.Command, f *pflag.Flag, recorded string) error {
	values := []string{recorded}
	if _, ok := f.Value.(pflag.SliceValue); ok {
		if err := json.Unmarshal([]byte(recorded), &values); err != nil {
			return err
		}
	}
	return setFlag(cmd.Flags(), f, values)
}

// words returns options as a command line has them.
func words(cmd *cobra.Command, names []string) []string {
	var out []string
	options := optionsSet(cmd)
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if slices.Contains(names, name) {
			out = append(out, "--"+name+"="+options[name])
		}
	}
	return out
}
