package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"mislaid/detectors"
	"mislaid/detectors/anchor"
	"mislaid/internal/secret"
	"mislaid/internal/stricttoml"
)

// Bounds on a rule file.
const (
	MaxFile     = 1 << 20 // bytes
	maxRules    = 1000
	maxKeywords = 100  // of one rule
	maxRegexp   = 4096 // bytes
	maxList     = 5000 // expressions and stopwords of one allowlist
)

// The file, a subset of the gitleaks format (github.com/gitleaks/gitleaks,
// README, "Configuration", v8.30). Fields that are not here are refused.
type (
	ruleFile struct {
		Title       string          `toml:"title"`
		Description string          `toml:"description"`
		Rules       []fileRule      `toml:"rules"`
		Allowlist   *fileAllowlist  `toml:"allowlist"`
		Allowlists  []fileAllowlist `toml:"allowlists"`
	}
	fileRule struct {
		ID          string          `toml:"id"`
		Description string          `toml:"description"`
		Regex       string          `toml:"regex"`
		SecretGroup int             `toml:"secretGroup"`
		Entropy     float64         `toml:"entropy"`
		Keywords    []string        `toml:"keywords"`
		Path        string          `toml:"path"`
		Tags        []string        `toml:"tags"`
		Allowlist   *fileAllowlist  `toml:"allowlist"`
		Allowlists  []fileAllowlist `toml:"allowlists"`
	}
	fileAllowlist struct {
		Description string   `toml:"description"`
		Condition   string   `toml:"condition"`
		Paths       []string `toml:"paths"`
		RegexTarget string   `toml:"regexTarget"`
		Regexes     []string `toml:"regexes"`
		Stopwords   []string `toml:"stopwords"`
	}
)

// supported names what each table of the file takes.
var supported = map[string]string{
	"":           "title, description, rules, allowlist and allowlists",
	"rules":      "id, description, regex, secretGroup, entropy, keywords, path, tags, allowlist and allowlists",
	"allowlists": "description, condition, paths, regexTarget, regexes and stopwords",
	"allowlist":  "description, condition, paths, regexTarget, regexes and stopwords",
}

// Load reads a rule file, whose name is for errors. An error says where the
// file is wrong and quotes none of its expressions.
func Load(name string, text []byte) (*Set, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, MaxFile)
	}
	var f ruleFile
	at, err := stricttoml.Decode(name, text, &f, unknown)
	if err != nil {
		return nil, err
	}
	if len(f.Rules) == 0 {
		return nil, fmt.Errorf("%s: it has no [[rules]]", name)
	}
	if len(f.Rules) > maxRules {
		return nil, fmt.Errorf("%s:%d: more than %d rules", name, at.Row("rules", maxRules, ""), maxRules)
	}
	shared, err := allowlists(f.Allowlist, f.Allowlists)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, max(at.Top("allowlist"), at.Top("allowlists")), err)
	}
	ids := make(map[string]int)
	var list []Rule
	for i := range f.Rules {
		r, field, err := f.Rules[i].rule()
		if before, taken := ids[r.ID]; err == nil && taken {
			field, err = "id", fmt.Errorf("the id %q is taken by the rule of line %d", r.ID, at.Row("rules", before, ""))
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: rule %q: %w", name, at.Row("rules", i, field), clip(f.Rules[i].ID), err)
		}
		ids[r.ID] = i
		r.Allow = append(r.Allow, shared...)
		list = append(list, r)
	}
	sum := sha256.Sum256(text)
	s, err := New("rules-"+hex.EncodeToString(sum[:6]), 1, list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

var ruleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// rule returns the rule, or what is wrong with which field.
func (f *fileRule) rule() (r Rule, field string, err error) {
	r = Rule{ID: f.ID, Kind: secret.RuleKind(f.ID), Group: f.SecretGroup, Entropy: f.Entropy, Keywords: f.Keywords, Confidence: detectors.Medium}
	switch {
	case !ruleID.MatchString(f.ID):
		return r, "id", errors.New("an id of 1 to 64 letters, digits, '-', '_' and '.' is needed")
	case f.Regex == "":
		return r, "regex", errors.New("regex is missing: a rule that looks at paths alone is not supported")
	}
	if r.Regexp, err = compile(f.Regex); err != nil {
		return r, "regex", fmt.Errorf("regex: %w", err)
	}
	if r.Regexp.MatchString("") {
		return r, "regex", errors.New("regex matches the empty text, and so everywhere")
	}
	if f.SecretGroup < 0 || f.SecretGroup > r.Regexp.NumSubexp() {
		return r, "secretGroup", fmt.Errorf("secretGroup is %d, and regex has %d groups", f.SecretGroup, r.Regexp.NumSubexp())
	}
	if f.Entropy < 0 || f.Entropy > 8 || f.Entropy != f.Entropy {
		return r, "entropy", errors.New("entropy must be 0 to 8 bits per byte")
	}
	if err := checkKeywords(f.Keywords); err != nil {
		return r, "keywords", err
	}
	if f.Path != "" {
		if r.Path, err = compile(f.Path); err != nil {
			return r, "path", fmt.Errorf("path: %w", err)
		}
	}
	r.Allow, err = allowlists(f.Allowlist, f.Allowlists)
	return r, "allowlists", err
}

// checkKeywords says why a rule cannot be tried only near its keywords.
func checkKeywords(list []string) error {
	switch {
	case len(list) == 0:
		return errors.New("keywords are missing: regex is tried only near them, and without any it would have to be tried on every byte of every file")
	case len(list) > maxKeywords:
		return fmt.Errorf("more than %d keywords", maxKeywords)
	}
	for _, k := range list {
		switch {
		case len(k) < anchor.MinWord:
			return fmt.Errorf("the keyword %q is too short: fewer than %d characters stand nearly everywhere, and regex would have to be tried there", k, anchor.MinWord)
		case len(k) > maxKeyword:
			return fmt.Errorf("a keyword is longer than %d bytes; its beginning will do", maxKeyword)
		case strings.ContainsFunc(k, func(c rune) bool { return c < ' ' || c >= 0x7f }):
			return fmt.Errorf("the keyword %q must be printable ASCII", k)
		}
	}
	return nil
}

// shownExpr is how many bytes an error quotes of an expression.
const shownExpr = 60

func compile(expr string) (*regexp.Regexp, error) {
	if len(expr) > maxRegexp {
		return nil, fmt.Errorf("longer than %d bytes", maxRegexp)
	}
	re, err := regexp.Compile(expr)
	if wrong := new(syntax.Error); errors.As(err, &wrong) && len(wrong.Expr) > shownExpr {
		wrong.Expr = strings.ToValidUTF8(wrong.Expr[:shownExpr], "") + "…"
	}
	if err != nil {
		return nil, fmt.Errorf("not in Go's syntax, which has neither look-around nor back-references: %w", err)
	}
	return re, nil
}

func compileAll(field string, list []string) ([]*regexp.Regexp, error) {
	if len(list) > maxList {
		return nil, fmt.Errorf("more than %d %s", maxList, field)
	}
	var out []*regexp.Regexp
	for _, expr := range list {
		re, err := compile(expr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		out = append(out, re)
	}
	return out, nil
}

// allowlists returns the lists of both spellings.
func allowlists(old *fileAllowlist, list []fileAllowlist) ([]Allowlist, error) {
	if old != nil {
		list = append(slices.Clone(list), *old)
	}
	var out []Allowlist
	for i := range list {
		a, err := list[i].allowlist()
		if err != nil {
			return nil, fmt.Errorf("allowlist: %w", err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (f *fileAllowlist) allowlist() (a Allowlist, err error) {
	switch f.Condition {
	case "", "OR", "or", "||":
	case "AND", "and", "&&":
		a.All = true
	default:
		return a, errors.New(`condition must be "OR" or "AND"`)
	}
	switch f.RegexTarget {
	case "", targetSecret:
		a.Target = targetSecret
	case targetMatch, targetLine:
		a.Target = f.RegexTarget
		if a.All && len(f.Paths) > 0 {
			return a, fmt.Errorf("regexTarget %q together with paths and the condition AND is not supported; only %q is", f.RegexTarget, targetSecret)
		}
	default:
		return a, fmt.Errorf("regexTarget must be %q, %q or %q", targetSecret, targetMatch, targetLine)
	}
	if len(f.Paths)+len(f.Regexes)+len(f.Stopwords) == 0 {
		return a, errors.New("it has no paths, regexes or stopwords and so excuses nothing")
	}
	if len(f.Stopwords) > maxList || slices.Contains(f.Stopwords, "") {
		return a, fmt.Errorf("stopwords must be at most %d and not empty", maxList)
	}
	a.Stopwords = lowered(f.Stopwords)
	if a.Paths, err = compileAll("paths", f.Paths); err != nil {
		return a, err
	}
	a.Regexps, err = compileAll("regexes", f.Regexes)
	return a, err
}

// unknown says what may stand where a field does not belong.
func unknown(key []string) string {
	table, where := "", "the file"
	if len(key) > 1 {
		table = key[len(key)-2]
		where = "[[" + table + "]]"
	}
	takes, ok := supported[table]
	if !ok {
		return fmt.Sprintf("%q is not supported here; the file takes %s", clip(key[0]), supported[""])
	}
	return fmt.Sprintf("%q is not supported here; %s takes %s", clip(key[len(key)-1]), where, takes)
}

// clip shortens a name for an error.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
