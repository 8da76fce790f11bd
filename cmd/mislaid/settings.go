package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mislaid/internal/stricttoml"
)

const envPrefix = "MISLAID_"

// environment is the environment variables by name.
type environment map[string]string

func newEnvironment(pairs []string) environment {
	env := make(environment, len(pairs))
	for _, p := range pairs {
		if name, value, ok := strings.Cut(p, "="); ok && name != "" {
			env[name] = value
		}
	}
	return env
}

// envName returns the variable of a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// applySettings gives the flags that the command line did not set the value of
// their environment variable, or of the configuration file.
func applySettings(cmd *cobra.Command, env environment) error {
	known := allFlags(cmd.Root())
	if err := checkEnvironment(env, known); err != nil {
		return err
	}
	for _, f := range commandFlags(cmd) {
		value := env[envName(f.Name)]
		if f.Changed || value == "" {
			continue
		}
		if err := setFlag(cmd.Flags(), f, splitLines(f, value)); err != nil {
			return fmt.Errorf("environment variable %s: %w", envName(f.Name), err)
		}
	}
	path := cmd.Flag("config")
	if path == nil || path.Value.String() == "" {
		return nil
	}
	values, err := readConfig(path.Value.String(), known)
	if err != nil {
		return err
	}
	for _, f := range commandFlags(cmd) {
		value, ok := values[f.Name]
		if f.Changed || !ok {
			continue
		}
		if err := setFlag(cmd.Flags(), f, value); err != nil {
			return fmt.Errorf("%s: %s: %w", path.Value, f.Name, err)
		}
	}
	return nil
}

// splitLines makes one value per line of the variable of a flag that may be
// repeated.
func splitLines(f *pflag.Flag, value string) []string {
	if _, list := f.Value.(pflag.SliceValue); !list {
		return []string{value}
	}
	var values []string
	for line := range strings.Lines(value) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			values = append(values, line)
		}
	}
	return values
}

func setFlag(fs *pflag.FlagSet, f *pflag.Flag, values []string) error {
	for _, v := range values {
		if err := fs.Set(f.Name, v); err != nil {
			if invalid := new(pflag.InvalidValueError); errors.As(err, &invalid) {
				if _, secret := f.Value.(*credential); secret {
					return invalid.Unwrap() // people put the credential where its place belongs
				}
				return fmt.Errorf("%q: %w", v, invalid.Unwrap())
			}
			return err
		}
	}
	return nil
}

// notSettings are flags that only make sense on the command line.
var notSettings = []string{"help", "version"}

// commandFlags returns the flags of a command that may be set elsewhere.
func commandFlags(cmd *cobra.Command) (flags []*pflag.Flag) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notSettings, f.Name) {
			flags = append(flags, f)
		}
	})
	return flags
}

// allFlags returns the flags of all commands by name.
func allFlags(root *cobra.Command) map[string]*pflag.Flag {
	flags := make(map[string]*pflag.Flag)
	add := func(f *pflag.Flag) {
		if !slices.Contains(notSettings, f.Name) {
			flags[f.Name] = f
		}
	}
	root.PersistentFlags().VisitAll(add)
	for _, c := range root.Commands() {
		c.LocalFlags().VisitAll(add)
	}
	return flags
}

// checkEnvironment refuses a variable with our prefix that is no flag: a typing
// error in MISLAID_VERIFY must not send keys anywhere.
func checkEnvironment(env environment, known map[string]*pflag.Flag) error {
	names := make(map[string]bool, len(known))
	for name := range known {
		names[envName(name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, envPrefix) && !names[name] {
			return fmt.Errorf("environment variable %s: there is no such setting; unset it or correct its name", name)
		}
	}
	return nil
}

// readConfig reads a TOML file whose keys are flags. An unknown key and a value
// of the wrong type are errors that name line and column.
func readConfig(path string, known map[string]*pflag.Flag) (map[string][]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	names := slices.Sorted(maps.Keys(known))
	names = slices.DeleteFunc(names, func(n string) bool { return n == "config" })
	var fields []reflect.StructField
	for i, name := range names {
		fields = append(fields, reflect.StructField{
			Name: "F" + strconv.Itoa(i), Type: reflect.PointerTo(configType(known[name])), Tag: reflect.StructTag(`toml:"` + name + `"`),
		})
	}
	file := reflect.New(reflect.StructOf(fields))
	unknown := func(key []string) string {
		return fmt.Sprintf("unknown key %q; the keys are the names of the flags", strings.Join(key, "."))
	}
	if _, err := stricttoml.Decode(path, text, file.Interface(), unknown); err != nil {
		return nil, err
	}
	values := make(map[string][]string)
	for i, name := range names {
		field := file.Elem().Field(i)
		if field.IsNil() {
			continue
		}
		if list, ok := field.Elem().Interface().([]string); ok {
			values[name] = list
		} else {
			values[name] = []string{fmt.Sprint(field.Elem().Interface())}
		}
	}
	return values, nil
}

// configType returns the type that a flag's value has in a TOML file.
func configType(f *pflag.Flag) reflect.Type {
	if _, list := f.Value.(pflag.SliceValue); list {
		return reflect.TypeFor[[]string]()
	}
	switch f.Value.Type() {
	case "bool":
		return reflect.TypeFor[bool]()
	case "int":
		return reflect.TypeFor[int]()
	}
	return reflect.TypeFor[string]()
}
