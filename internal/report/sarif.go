package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
)

// SARIF 2.1.0 (OASIS, 2020-03-27), the part of it that is used. A result is one
// leak at one place, so that a viewer shows each place; partialFingerprints tie
// the places of a leak together.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string         `json:"id"`
	ShortDescription sarifMessage   `json:"shortDescription"`
	Properties       map[string]any `json:"properties,omitempty"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	StartTimeUTC        string              `json:"startTimeUtc,omitempty"`
	EndTimeUTC          string              `json:"endTimeUtc,omitempty"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifResult struct {
	RuleID              string             `json:"ruleId"`
	Kind                string             `json:"kind"`
	Level               string             `json:"level"`
	Rank                float64            `json:"rank"`
	Message             sarifMessage       `json:"message"`
	Locations           []sarifLocation    `json:"locations"`
	PartialFingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	Properties          map[string]any     `json:"properties"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`   // inSource, external
	Status        string `json:"status"` // accepted
	Justification string `json:"justification"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

// sarifRegion has no column: ours count bytes, SARIF's count characters.
type sarifRegion struct {
	StartLine int `json:"startLine,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
}

// maxSARIFGaps bounds the notifications; the last one says how many there are.
const maxSARIFGaps = 100

func writeSARIF(w io.Writer, s *journal.Summary, o Options) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "mislaid", Rules: sarifRules(s)}},
		Invocations: []sarifInvocation{sarifRunOf(s)},
		Results:     []sarifResult{},
	}
	if len(s.Runs) > 0 {
		run.Tool.Driver.Version = text(s.Runs[len(s.Runs)-1].Version)
	}
	for i := range s.Leaks {
		for j := range s.Leaks[i].Places {
			run.Results = append(run.Results, sarifResultOf(&s.Leaks[i], &s.Leaks[i].Places[j], false))
		}
	}
	for i := range s.Placeholders {
		for j := range s.Placeholders[i].Places {
			run.Results = append(run.Results, sarifResultOf(&s.Placeholders[i], &s.Placeholders[i].Places[j], true))
		}
	}
	for i := range s.Suppressed {
		for j := range s.Suppressed[i].Places {
			if o.ShowSuppressed {
				run.Results = append(run.Results, sarifResultOf(&s.Suppressed[i], &s.Suppressed[i].Places[j], false))
			}
		}
	}
	raw, err := encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
	if err != nil {
		return err
	}
	if _, err := w.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func sarifRules(s *journal.Summary) []sarifRule {
	rule := func(kind secret.Kind, words, score string) sarifRule {
		return sarifRule{string(kind), sarifMessage{words}, map[string]any{"tags": []string{"security", "secret"}, "security-severity": score}}
	}
	rules := []sarifRule{
		rule(secret.AccessKey, "AWS access key: a long-term key id and its secret", "9.0"),
		rule(secret.SessionKey, "AWS session key: a temporary key id and its secret", "8.0"),
		rule(secret.KeyID, "AWS key id without a secret", "2.0"),
		rule(secret.SecretKey, "AWS secret key without an id", "6.0"),
	}
	// The others are listed where they were found.
	fixed := len(rules)
	var found []secret.Kind
	for _, list := range [][]journal.Leak{s.Leaks, s.Suppressed} {
		for i := range list {
			for j := range list[i].Places {
				if k := list[i].Places[j].Kind; !slices.Contains(found, k) && !slices.ContainsFunc(rules[:fixed], func(r sarifRule) bool { return r.ID == string(k) }) {
					found = append(found, k)
				}
			}
		}
	}
	slices.Sort(found)
	for _, k := range found {
		rules = append(rules, rule(k, kindWords(k), "7.0"))
	}
	return rules
}

func sarifRunOf(s *journal.Summary) sarifInvocation {
	inv := sarifInvocation{ExecutionSuccessful: s.Complete()}
	if len(s.Runs) > 0 {
		inv.StartTimeUTC = sarifTime(s.Runs[0].Started)
	}
	if s.End != nil {
		inv.EndTimeUTC = sarifTime(s.End.Time)
	}
	warn := func(words string, at ...sarifLocation) {
		inv.Notifications = append(inv.Notifications, sarifNotification{"warning", sarifMessage{words}, at})
	}
	for _, src := range s.Coverage.Sources {
		if src.Error != "" {
			warn(fmt.Sprintf("%s could not be read at all: %s", text(src.Name), text(src.Error)))
		}
	}
	for i := range s.Coverage.Gaps[:min(len(s.Coverage.Gaps), maxSARIFGaps)] {
		g := &s.Coverage.Gaps[i]
		words := "not read: " + g.Reason
		if g.Detail != "" {
			words += ": " + text(g.Detail)
		}
		warn(words, sarifLocationOf(g.Path, g.Inner, nil))
	}
	if s.Coverage.GapTotal > 0 {
		warn(fmt.Sprintf("incomplete: %d gaps in all", s.Coverage.GapTotal))
	}
	if n := len(s.Suppressed); n > 0 {
		inv.Notifications = append(inv.Notifications, sarifNotification{"note", sarifMessage{suppressedWords(n)}, nil})
	}
	for _, e := range s.ExpiredIgnores {
		warn(text(expiredWords(e)))
	}
	if s.Chain.Err != "" {
		warn("the journal is broken: " + text(s.Chain.Err))
	}
	return inv
}

func sarifResultOf(l *journal.Leak, p *journal.Place, placeholder bool) sarifResult {
	v := verdictOf(l, p)
	r := sarifResult{
		RuleID:    string(p.Kind),
		Kind:      "fail",
		Level:     sarifLevel(l.Severity),
		Rank:      float64(l.Severity) * 25,
		Message:   sarifMessage{text(fmt.Sprintf("%s: %s, %s. %s", title(l), l.Severity, verdictWords(v), l.Why))},
		Locations: []sarifLocation{sarifLocationOf(p.Path, p.Inner, p.Positions)},
		PartialFingerprints: map[string]string{
			"mislaidLeak/v1":  l.ID,
			"mislaidPlace/v1": placeID(l, p),
		},
		Properties: map[string]any{
			"id": l.KeyID, "account": text(l.Account), "severity": l.Severity.String(), "rule": l.Rule,
			"verdict": v.State, "why": v.Why, "source": text(p.Ref.Source), "container": text(p.Ref.Container),
			"fingerprint": p.Fingerprint, "positions": p.Total,
		},
	}
	// A viewer hides what has suppressions: a leak that is shown in spite of them
	// must not have any.
	if q := p.Suppressed; q != nil && !l.Overruled() {
		kind := "external"
		if q.Inline {
			kind = "inSource"
		}
		r.Suppressions = []sarifSuppression{{kind, "accepted", text(q.Reason + " (" + q.By + ")")}}
	}
	if p.State != journal.StateRead {
		r.Properties["state"], r.Properties["last_read"] = p.State, stamp(p.Found)
	}
	if placeholder {
		r.Kind, r.Level = "informational", "none"
	}
	return r
}

// placeID names a leak at a place, the same from run to run.
func placeID(l *journal.Leak, p *journal.Place) string {
	var b strings.Builder
	for _, s := range []string{l.ID, p.Ref.Source, p.Ref.Container, p.Ref.Item, p.Inner, string(p.Kind), string(p.Fingerprint)} {
		fmt.Fprintf(&b, "%d:%s", len(s), s)
	}
	h := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(h[:])[:16]
}

func sarifLevel(s journal.Severity) string {
	switch {
	case s >= journal.High:
		return "error"
	case s == journal.Medium:
		return "warning"
	}
	return "note"
}

// sarifLocationOf names a place. A line within an archive's entry is no line of
// the artifact: there the inner path stands alone.
func sarifLocationOf(path, inner string, at []journal.Position) sarifLocation {
	loc := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{uri(path)}}}
	if inner != "" {
		name := text(inner)
		if len(at) > 0 {
			name += text(spot(at[0]))
		}
		loc.Logical = []sarifLogical{{name}}
		return loc
	}
	if len(at) > 0 && at[0].Line > 0 {
		loc.Physical.Region = &sarifRegion{at[0].Line}
	}
	return loc
}

// uri makes a URI reference of a path, byte by byte (RFC 3986): absolute paths
// become file URIs and relative ones stay relative.
func uri(path string) string {
	prefix := ""
	slashed := path
	switch {
	case strings.HasPrefix(path, "/"):
		prefix = "file://"
	case strings.HasPrefix(path, `\\`):
		prefix, slashed = "file:", strings.ReplaceAll(path, `\`, "/")
	case len(path) > 2 && path[1] == ':' && path[2] == '\\':
		prefix, slashed = "file:///", strings.ReplaceAll(path, `\`, "/")
	default:
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ":") || first == "" {
			prefix = "./"
		}
	}
	const free = "-._~!$&'()*+,;=:@/"
	var b strings.Builder
	b.WriteString(prefix)
	for _, c := range []byte(slashed) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || slices.Contains([]byte(free), c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// sarifTime is a time as SARIF wants it; "" for one that is not known.
func sarifTime(t time.Time) string {
	if when(t) == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
