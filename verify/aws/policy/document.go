// Package policy reads IAM policy documents and says what a set of them lets
// one identity do: allowed, conditional, denied or unknown.
//
// It answers "may this action be done on some resource of this shape", which
// is what somebody who found a key asks, rather than the question of a single
// request. The answer is exact about wildcards: a deny that leaves one matching
// resource over does not hide the allow. Conditions are not evaluated; what
// hangs on one is conditional, never allowed.
//
// This package knows the policy language (IAM User Guide, "Policy elements" and
// "Policy evaluation logic"). It does not know where documents come from, which
// actions are dangerous, or anything of the network.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxDocument is the size, in bytes, above which a document is refused. IAM's
// own limits end at 10,240 characters for inline policies of a role.
const MaxDocument = 128 << 10

// Version2012 is the version whose documents may hold policy variables.
const Version2012 = "2012-10-17"

// Document is a policy document.
type Document struct {
	Version    string
	Statements []Statement
}

// Statement is one statement of a document. Exactly one of Actions and
// NotActions is set, and in an identity policy exactly one of Resources and
// NotResources.
type Statement struct {
	Sid           string
	Deny          bool // its effect; else it allows
	Actions       []string
	NotActions    []string
	Resources     []string
	NotResources  []string
	Principals    map[string][]string // by kind: AWS, Service, Federated; "*" stands under AWS
	NotPrincipals map[string][]string
	Conditions    []Condition
}

// Condition is one test of a statement's condition block.
type Condition struct {
	Operator string
	Key      string
	Values   []string
}

// Parse reads a document. A document that IAM would not take, or that says the
// same thing twice, is an error: nothing may be concluded from it. The error
// quotes nothing of the document.
func Parse(text []byte) (*Document, error) {
	if len(text) > MaxDocument {
		return nil, fmt.Errorf("policy: longer than %d bytes", MaxDocument)
	}
	if err := noTwins(text); err != nil {
		return nil, err
	}
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement oneOrMany[rawStatement]
	}
	if err := strict(text, &raw); err != nil {
		return nil, err
	}
	if raw.Version != "" && raw.Version != Version2012 && raw.Version != "2008-10-17" {
		return nil, errors.New("policy: its version is not one of IAM's")
	}
	if len(raw.Statement) == 0 {
		return nil, errors.New("policy: it has no statement")
	}
	d := &Document{Version: raw.Version}
	for i, s := range raw.Statement {
		st, err := s.statement()
		if err != nil {
			return nil, fmt.Errorf("policy: statement %d: %w", i+1, err)
		}
		d.Statements = append(d.Statements, st)
	}
	return d, nil
}

type rawStatement struct {
	Sid          string
	Effect       string
	Action       oneOrMany[string]
	NotAction    oneOrMany[string]
	Resource     oneOrMany[string]
	NotResource  oneOrMany[string]
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]map[string]oneOrMany[scalar]
}

func (r rawStatement) statement() (Statement, error) {
	s := Statement{
		Sid: r.Sid, Deny: r.Effect == "Deny",
		Actions: r.Action, NotActions: r.NotAction, Resources: r.Resource, NotResources: r.NotResource,
	}
	switch {
	case r.Effect != "Allow" && r.Effect != "Deny":
		return s, errors.New("its effect is neither Allow nor Deny")
	case (len(s.Actions) == 0) == (len(s.NotActions) == 0):
		return s, errors.New("it must have either Action or NotAction")
	case len(s.Resources) > 0 && len(s.NotResources) > 0:
		return s, errors.New("it has both Resource and NotResource")
	}
	for _, a := range slices.Concat(s.Actions, s.NotActions) {
		if a != "*" && !strings.Contains(a, ":") {
			return s, errors.New("an action names no service")
		}
	}
	var err error
	if s.Principals, err = principals(r.Principal); err != nil {
		return s, err
	}
	if s.NotPrincipals, err = principals(r.NotPrincipal); err != nil {
		return s, err
	}
	for op, keys := range r.Condition {
		for key, values := range keys {
			c := Condition{Operator: op, Key: key}
			for _, v := range values {
				c.Values = append(c.Values, string(v))
			}
			s.Conditions = append(s.Conditions, c)
		}
	}
	slices.SortFunc(s.Conditions, func(a, b Condition) int {
		return strings.Compare(a.Operator+"\x00"+a.Key, b.Operator+"\x00"+b.Key)
	})
	return s, nil
}

// principals reads "*" or an object of lists.
func principals(raw json.RawMessage) (map[string][]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var all string
	if json.Unmarshal(raw, &all) == nil {
		if all != "*" {
			return nil, errors.New("its principal is neither * nor an object")
		}
		return map[string][]string{"AWS": {"*"}}, nil
	}
	var lists map[string]oneOrMany[string]
	if json.Unmarshal(raw, &lists) != nil || len(lists) == 0 {
		return nil, errors.New("its principal is neither * nor an object")
	}
	out := make(map[string][]string, len(lists))
	for kind, list := range lists {
		out[kind] = list
	}
	return out, nil
}

// oneOrMany is a value, or a list of such values.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if string(text) == "null" {
		return nil
	}
	if len(text) > 0 && text[0] == '[' {
		var many []T
		if err := strict(text, &many); err != nil {
			return err
		}
		*l = many
		return nil
	}
	var one T
	if err := strict(text, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// scalar is a value of a condition: a string, a number or a boolean.
type scalar string

func (s *scalar) UnmarshalJSON(text []byte) error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case string:
		*s = scalar(v)
	case bool, float64:
		*s = scalar(text)
	default:
		return errors.New("a value of a condition is no scalar")
	}
	return nil
}

// strict decodes one JSON value and refuses unknown fields.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("policy: it is not a policy document in JSON")
	}
	if d.More() {
		return errors.New("policy: something follows the document")
	}
	return nil
}

// noTwins refuses objects in which a key stands twice, in whatever case: readers
// would disagree on which one counts.
func noTwins(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	var open []map[string]bool // nil: a list
	key := false               // the next string is a key
	for {
		tok, err := d.Token()
		if err != nil {
			if len(open) == 0 && err.Error() == "EOF" {
				return nil
			}
			return errors.New("policy: it is not a policy document in JSON")
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		switch t := tok.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			key = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if inObject && key {
				seen, name := open[len(open)-1], strings.ToLower(t)
				if seen[name] {
					return errors.New("policy: a key stands twice")
				}
				seen[name] = true
				key = false
				continue
			}
		}
		key = inObject
	}
}
