// Package stricttoml decodes TOML files that people write: an unknown key is an
// error, never ignored, and every error says where the file is wrong.
//
// This package knows TOML and lines. It does not know what any file means.
package stricttoml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Decode reads a file, whose name is for errors, into v. unknown explains a key
// that v does not have, given as the path to it; no error quotes a value.
func Decode(name string, text []byte, v any, unknown func(key []string) string) (Positions, error) {
	dec := toml.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		return positionsOf(text), nil
	}
	if missing := new(toml.StrictMissingError); errors.As(err, &missing) && len(missing.Errors) > 0 {
		first := missing.Errors[0]
		line, column := first.Position()
		return Positions{}, fmt.Errorf("%s:%d:%d: %s", name, line, column, unknown(first.Key()))
	}
	if wrong := new(toml.DecodeError); errors.As(err, &wrong) {
		line, column := wrong.Position()
		return Positions{}, fmt.Errorf("%s:%d:%d: %s", name, line, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return Positions{}, fmt.Errorf("%s: %w", name, err)
}
