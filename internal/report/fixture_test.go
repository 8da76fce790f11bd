package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mislaid/detectors"
	"mislaid/internal/ignore"
	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// fixture is a journal's worth of records with keys made at run time.
type fixture struct {
	rng     *rand.Rand
	keys    []string // in the order they were made
	records []journal.Record
	items   int
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newFixture() *fixture { return &fixture{rng: rand.New(rand.NewPCG(1, 2))} }

func (f *fixture) key(prefix string) string {
	const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := []byte(prefix)
	for range 16 {
		b = append(b, base32[f.rng.IntN(len(base32))])
	}
	f.keys = append(f.keys, string(b))
	return string(b)
}

// mask replaces the keys, so that no golden file holds anything like a key.
func (f *fixture) mask(s string) string {
	for i, k := range f.keys {
		s = strings.ReplaceAll(s, k, fmt.Sprintf("{{KEY%d}}", i+1))
	}
	return s
}

func (f *fixture) add(r journal.Record) { f.records = append(f.records, r) }

func fingerprint(s string) secret.Fingerprint {
	h := sha256.Sum256([]byte(s))
	return secret.Fingerprint(hex.EncodeToString(h[:16]))
}

func (f *fixture) sighting(kind secret.Kind, keyID, path string, edit func(*journal.Sighting)) journal.Sighting {
	f.items++
	s := journal.Sighting{
		Ref:  sources.Ref{Source: "file:///srv/share", Container: "finance", Item: path},
		Path: path, Kind: kind, KeyID: keyID, Fingerprint: fingerprint(keyID + "x"), Confidence: detectors.High,
		Positions: []journal.Position{{Line: 12, Column: 8, Offset: 400}}, Total: 1, Author: "bob",
		ModTime: noon.AddDate(-1, 0, f.items), Size: 2048, Version: "v1", Found: noon, AudienceID: "team",
	}
	if kind == secret.KeyID {
		s.Fingerprint = ""
	}
	if edit != nil {
		edit(&s)
	}
	f.add(journal.Record{Sighting: &s})
	return s
}

func (f *fixture) verdict(s journal.Sighting, v verify.Verdict) {
	f.add(journal.Record{Verdict: &journal.Verdict{KeyID: s.KeyID, Fingerprint: s.Fingerprint, Verdict: v}})
}

func (f *fixture) facts(s journal.Sighting, v verify.Facts) {
	f.add(journal.Record{Facts: &journal.Facts{KeyID: s.KeyID, Facts: v}})
}

// powers are facts with every field set, name where a name may be.
func powers(other, name string) verify.Facts {
	yes, no, users := true, false, 12
	path := verify.Path{ID: "passrole-ec2", Words: "starts a machine as a stronger role", Needs: []string{"iam:PassRole", "ec2:RunInstances"}, Result: "conditional", By: []string{"inline " + name}}
	data := verify.Path{ID: "s3-read", Words: "reads objects of S3", Needs: []string{"s3:GetObject"}, Result: "allowed", By: []string{"inline " + name}}
	return verify.Facts{
		Status: verify.KeyActive, Why: name, By: "arn:aws:iam::123456789012:user/" + name, Read: noon, Created: noon.AddDate(0, -3, 0),
		Account:    verify.Account{ID: "123456789012", Name: name, Alias: name, Owner: name, Tier: name, Organization: name, Management: true, Users: &users},
		Owner:      verify.Owner{Kind: "user", Name: name, ARN: "arn:aws:iam::123456789012:user/" + name, Created: noon, Groups: []string{name}, Policies: []string{name}, Boundary: name, MFA: &no, Console: &yes, ConsoleAt: noon, Tags: map[string]string{name: name}},
		LastUsed:   &verify.LastUse{At: noon.Add(-time.Hour), Region: name, Service: "s3"},
		OtherIDs:   []verify.OtherID{{ID: other, Status: verify.KeyInactive, Created: noon}},
		Capability: &verify.Capability{Class: verify.C4, Power: "privilege escalation", Words: "it can give itself more power", Paths: []verify.Path{path}, Data: []verify.Path{data, data, data, data, data, data, data, data, data}, Limits: []string{name}},
		Findings:   []verify.Finding{verify.NewFinding(verify.NoMFA, "%s", name), verify.NewFinding(verify.Unrotated, "%s", name)},
		Calls:      []verify.AuditCall{{At: noon, Name: "s3:ListBuckets", Source: name, UserAgent: name, Region: name, Error: name, RequestID: name}, {At: noon, Name: "s3:GetObject", Source: "192.0.2.7", Explained: "192.0.2.0/24"}},
		LogRead:    &verify.LogRead{Regions: []string{name}, From: noon.AddDate(0, 0, -90), To: noon, Events: 2, Cut: true},
		Unread:     []string{"iam:ListRoles: " + name},
	}
}

func (f *fixture) audience(id string, a sources.Audience) {
	a.ReadAt = noon
	f.add(journal.Record{Audience: &journal.Audience{ID: id, Audience: a}})
}

func (f *fixture) summary() *journal.Summary {
	s, err := journal.Fold(func(yield func(journal.Record, error) bool) {
		for _, r := range f.records {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		panic(err) // the sequence has no errors
	}
	return s
}

func live(account, arn string) verify.Verdict {
	return verify.Verdict{
		State: verify.Live, Status: 200, Account: account, ARN: arn, UserID: "AIDA" + "EXAMPLE", Partition: "aws", Region: "us-east-1",
		Endpoint: "sts.us-east-1.amazonaws.com", RequestID: "1b2c-3d4e", UserAgent: "mislaid/0.1 (run 7f3a)", Source: "10.1.2.3:40112",
		Time: noon.Add(time.Minute),
	}
}

func (f *fixture) run() {
	f.add(journal.Record{Run: &journal.Run{
		ID: "7f3a", Command: "scan", Started: noon, Version: "v0.1.0", Commit: "abc1234", Go: "go1.26", Platform: "linux/amd64",
		BinarySHA256: strings.Repeat("0a", 32), User: "alice", Host: "ir-laptop", Case: "IR-2026-7", Reason: "contractor laptop stolen",
		Targets: []string{"/srv/share"}, Options: map[string]string{"verify": "on", "jobs": "2"}, Detectors: "aws/1",
		Contacts: []string{"sts.us-east-1.amazonaws.com:443"}, UserAgent: "mislaid/0.1 (run 7f3a)",
	}})
}

// full has one leak of each sort, places of each sort, gaps and a sample.
func full() *fixture {
	f := newFixture()
	f.run()
	f.add(journal.Record{Source: &journal.Source{Name: "file:///srv/share", Type: "local", Title: "/srv/share", Notes: []string{"exported by SMB as [share]"}}})
	f.audience("team", sources.Audience{
		Now: sources.ReachOf(sources.OwnerOnly, sources.GroupOf), Heads: sources.Heads{Min: 12, Max: 12}, Since: noon.AddDate(0, -6, 0),
		Grants: []sources.Grant{{Who: "group finance (12 members)", By: "mode -rw-r-----", Level: sources.GroupOf, Heads: sources.Heads{Min: 12, Max: 12}, Count: "getent"}},
	})
	f.audience("all", sources.Audience{
		Now: sources.ReachOf(sources.OwnerOnly, sources.Organisation), Heads: sources.Heads{Min: 40, Max: -1}, Findable: sources.FindBrowse,
		Ever: sources.ReachOf(sources.Outsiders), EverKnown: true,
		Grants:    []sources.Grant{{Who: "everyone on this machine", By: "mode -rw-r--r--", Level: sources.Organisation, Heads: sources.Heads{Min: 40, Max: -1}}},
		CouldJoin: []sources.Grant{{Who: "group all-staff", By: "self-service", Level: sources.Organisation, Heads: sources.Heads{Max: -1}}},
		Machines:  []sources.Grant{{Who: "backup agent", By: "ACL", Level: sources.NamedFew, Heads: sources.Heads{Min: 1, Max: 1}}},
	})
	f.audience("own", sources.Audience{Now: sources.ReachOf(sources.OwnerOnly), Heads: sources.Heads{Min: 1, Max: 1}})
	f.audience("vague", sources.Audience{
		Now: sources.Reach{Set: 1 << sources.GroupOf, AtLeast: sources.GroupOf, AtMost: sources.Public}, Heads: sources.Heads{Min: 3, Max: -1},
		Unresolved: []string{"members of group 4711"},
	})
	user := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/deploy notes.txt", func(s *journal.Sighting) {
		s.AudienceID, s.SHA256, s.Account = "all", strings.Repeat("1b", 32), "123456789012"
		s.Hints = detectors.Hints{Profile: "prod", Label: "aws_secret_access_key"}
		s.Total = 130
		for i := range 99 {
			s.Positions = append(s.Positions, journal.Position{Line: 20 + i, Column: 3, Offset: int64(1000 + i)})
		}
	})
	f.verdict(user, live("123456789012", "arn:aws:iam::123456789012:user/deploy/o'brien"))
	f.sighting(secret.KeyID, user.KeyID, "/srv/share/finance/old.zip", func(s *journal.Sighting) { s.Inner = "!keys/2024.xlsx!Sheet2"; s.Positions[0].Name = "B7" })
	root := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/.aws/credentials", func(s *journal.Sighting) { s.AudienceID = "own" })
	f.verdict(root, live("210987654321", "arn:aws:iam::210987654321:root"))
	role := f.sighting(secret.SessionKey, f.key("ASIA"), "/srv/share/finance/env", func(s *journal.Sighting) { s.AudienceID = "own" })
	f.verdict(role, live("123456789012", "arn:aws:sts::123456789012:assumed-role/Deploy/i-0abc"))
	sso := f.sighting(secret.SessionKey, f.key("ASIA"), "/srv/share/finance/sso", nil)
	f.verdict(sso, live("123456789012", "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann"))
	wrong := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/wrong", nil)
	f.verdict(wrong, verify.Verdict{State: verify.Mismatch, Code: "SignatureDoesNotMatch", Status: 403, Time: noon, Partition: "aws"})
	f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/waiting", func(s *journal.Sighting) { s.AudienceID = "vague" })
	slow := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/throttled", func(s *journal.Sighting) { s.AudienceID = "unheard of" })
	f.verdict(slow, verify.Verdict{State: verify.Unknown, Why: verify.WhyThrottled, Code: "Throttling", Status: 400, Time: noon})
	dead := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/dead", nil)
	f.verdict(dead, verify.Verdict{State: verify.Dead, Code: "InvalidClientTokenId", Status: 403, Time: noon, Partition: "aws", Detail: "no active key in aws; not asked: aws-cn, aws-us-gov, aws-eusc"})
	expired := f.sighting(secret.SessionKey, f.key("ASIA"), "/srv/share/finance/expired", nil)
	f.verdict(expired, verify.Verdict{State: verify.Expired, Code: "ExpiredToken", Status: 403, Time: noon})
	canary := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/decoy", nil)
	f.verdict(canary, verify.Verdict{State: verify.NotCalled, Why: verify.WhyCanary})
	foreign := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/partner", nil)
	f.verdict(foreign, verify.Verdict{State: verify.NotCalled, Why: verify.WhyForeign})
	store := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/minio", nil)
	f.verdict(store, verify.Verdict{State: verify.NotCalled, Why: verify.WhyS3Compatible})
	lone := f.sighting(secret.KeyID, f.key("AKIA"), "/srv/share/finance/id", nil)
	f.verdict(lone, verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoSecret})
	alone := f.sighting(secret.SecretKey, "", "/srv/share/finance/secret", func(s *journal.Sighting) { s.Fingerprint = fingerprint("alone"); s.Confidence = detectors.Medium })
	f.verdict(alone, verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoID})
	strong := f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/strong", func(s *journal.Sighting) { s.AudienceID = "all" })
	f.verdict(strong, live("123456789012", "arn:aws:iam::123456789012:user/ops/ann"))
	f.facts(strong, powers(f.key("AKIA"), "seen in the room"))
	f.add(journal.Record{Account: &journal.Account{Account: verify.Account{ID: "123456789012", Name: "payments", Owner: "team-pay", Tier: "prod"}}})
	for i, state := range []verify.State{verify.Mismatch, verify.Unknown} {
		s := f.sighting(secret.AccessKey, wrong.KeyID, fmt.Sprint("/srv/share/finance/wrong", i), func(s *journal.Sighting) { s.Fingerprint = fingerprint(fmt.Sprint(i)) })
		v := verify.Verdict{State: state, Time: noon}
		if state == verify.Unknown {
			v.Why = verify.WhyNotTried
		}
		f.verdict(s, v)
	}
	f.sighting(secret.AccessKey, f.key("AKIA"), "/srv/share/finance/README", func(s *journal.Sighting) { s.Placeholder = true })
	for i := range 7 {
		f.add(journal.Record{Gap: &journal.Gap{
			Ref: sources.Ref{Source: "file:///srv/share", Container: "finance", Item: fmt.Sprint("locked", i)}, Path: fmt.Sprint("/srv/share/finance/locked", i),
			Reason: journal.GapDenied, Detail: "open: permission denied", Time: noon,
		}})
	}
	f.add(journal.Record{Gap: &journal.Gap{Ref: sources.Ref{Source: "file:///srv/share", Container: "finance"}, Reason: journal.GapUnsupported, Detail: "packed git objects", Count: 812, Time: noon}})
	f.add(journal.Record{Checkpoint: &journal.Checkpoint{
		Source: "file:///srv/share", Container: "finance", Done: true,
		Counts: journal.Counts{Items: 200_123, Bytes: 4_300_000_000, Skipped: map[string]int64{"fifo": 1, "excluded": 4021}},
	}})
	f.add(journal.Record{End: &journal.End{Time: noon.Add(time.Hour), Reason: journal.EndComplete}})
	return f
}

// known has finds of which the operator knows, one that is live all the same, an
// entry that has expired, and kinds that nobody is asked about.
func known() *fixture {
	f := newFixture()
	f.run()
	f.add(journal.Record{Ignore: &journal.Ignore{At: noon, Entries: []ignore.Entry{
		{Path: "**/fixtures", Reason: "test data", List: "team.toml", Line: 2, Expires: "2026-12-31"},
		{Path: "*.md", Reason: "samples", List: ".mislaidignore", Line: 9, Source: "file:///srv/share"},
		{Account: "123456789012", Reason: "was being moved", List: "team.toml", Line: 7, Expires: "2026-01-31"},
	}}})
	f.audience("team", sources.Audience{Now: sources.ReachOf(sources.GroupOf), Heads: sources.Heads{Min: 12, Max: 12}})
	f.sighting(secret.AccessKey, f.key("AKIA"), "a/fixtures/keys", nil)
	f.sighting(secret.AccessKey, f.key("AKIA"), "README.md", nil)
	f.sighting(secret.AccessKey, f.key("AKIA"), "main.go", func(s *journal.Sighting) { s.Comment = "gitleaks:allow" })
	alive := f.sighting(secret.AccessKey, f.key("AKIA"), "b/fixtures/env", nil)
	f.verdict(alive, live("123456789012", "arn:aws:iam::123456789012:user/ci"))
	both := f.sighting(secret.AccessKey, f.key("AKIA"), "c/fixtures/env", nil)
	f.sighting(secret.AccessKey, both.KeyID, "c/env", nil)
	for _, kind := range []secret.Kind{
		secret.PrivateKey, secret.GitHubToken, secret.GitLabToken, secret.SlackToken, secret.SlackWebhook, secret.GoogleService, secret.AzureStorage, secret.DatabaseURL, secret.RuleKind("acme-key"),
	} {
		f.sighting(kind, "", "d/"+strings.ReplaceAll(string(kind), ":", "-"), func(s *journal.Sighting) {
			s.Fingerprint = fingerprint(string(kind))
			if kind == secret.DatabaseURL || kind.IsRule() {
				s.Fingerprint = ""
			}
		})
	}
	f.add(journal.Record{End: &journal.End{Time: noon, Reason: journal.EndComplete}})
	return f
}

// untroubled found nothing and read everything.
func untroubled() *fixture {
	f := newFixture()
	f.run()
	f.add(journal.Record{Source: &journal.Source{Name: "file:///srv/share", Type: "local", Title: "/srv/share"}})
	f.add(journal.Record{Checkpoint: &journal.Checkpoint{Source: "file:///srv/share", Done: true, Counts: journal.Counts{Items: 1, Bytes: 999}}})
	f.add(journal.Record{End: &journal.End{Time: noon, Reason: journal.EndComplete}})
	return f
}

// evil is what an attacker writes on a terminal, in a spreadsheet, into JSON.
const evil = "=cmd|'/c calc'!A1\x1b]0;pwned\a\x1b[2J\r\nINFO nothing found\u202etxt.exe\u200b\u2028\x9b31m\u009b\xff\xc3 日本語　資料"

// hostile has every string that comes from outside set to evil.
func hostile() *fixture {
	f := newFixture()
	f.run()
	run := f.records[0].Run
	run.User, run.Host, run.Case, run.Reason, run.Targets, run.Options = evil, evil, evil, evil, []string{evil}, map[string]string{"include": evil}
	f.add(journal.Record{Source: &journal.Source{Name: evil, Type: "local", Title: evil, Notes: []string{evil}}})
	f.add(journal.Record{Source: &journal.Source{Name: evil + "2", Type: "local", Error: evil}})
	grant := []sources.Grant{{Who: evil, By: evil, Count: evil}}
	f.audience("a", sources.Audience{Now: sources.ReachOf(sources.Public), Grants: grant, CouldJoin: grant, Machines: grant, Unresolved: []string{evil}, Since: time.Unix(1<<60, 0)})
	s := f.sighting(secret.AccessKey, f.key("AKIA"), evil, func(s *journal.Sighting) {
		s.Ref.Source, s.Ref.Container, s.Inner, s.Link, s.Author, s.Version = evil, evil, "!"+evil, evil, evil, evil
		s.Positions = []journal.Position{{Name: evil, Author: evil, Link: evil, Time: time.Unix(1<<60, 0)}, {Name: evil, Offset: 1}}
		s.Comment = evil
		s.Total, s.AudienceID, s.Account, s.ModTime = 2, "a", evil, time.Unix(1<<60, 0)
		s.Hints = detectors.Hints{Profile: evil, Label: evil, Region: evil, Partition: evil, Endpoint: evil, Expires: time.Unix(1<<60, 0)}
	})
	f.verdict(s, verify.Verdict{
		State: verify.Live, Why: evil, Code: evil, Account: evil, ARN: "arn:aws:iam::1:user/" + evil, UserID: evil, Partition: evil, Region: evil,
		Endpoint: evil, RequestID: evil, UserAgent: evil, Source: evil, Skew: evil, Detail: evil, Time: noon,
	})
	f.facts(s, powers(f.key("AKIA"), evil))
	f.add(journal.Record{Account: &journal.Account{Account: verify.Account{ID: evil, Name: evil, Owner: evil, Tier: evil}}})
	f.sighting(secret.AccessKey, f.key("AKIA"), evil, func(s *journal.Sighting) { s.Placeholder = true })
	f.add(journal.Record{Gap: &journal.Gap{Ref: sources.Ref{Source: evil, Container: evil, Item: evil}, Path: evil, Inner: evil, Reason: journal.GapError, Detail: evil, Time: time.Unix(1<<60, 0)}})
	f.add(journal.Record{Skip: &journal.Skip{Ref: sources.Ref{Source: evil, Container: evil, Item: evil}, Path: evil, Reason: evil, Time: time.Unix(1<<60, 0)}})
	f.add(journal.Record{Since: &journal.Since{Journal: evil, Run: evil, Started: time.Unix(1<<60, 0), Full: evil}})
	f.add(journal.Record{Checkpoint: &journal.Checkpoint{Source: evil, Container: evil, Counts: journal.Counts{Skipped: map[string]int64{"excluded": 1}}}})
	f.add(journal.Record{End: &journal.End{Time: noon, Reason: journal.EndInterrupted}})
	return f
}

// since builds on an earlier run.
func since() *fixture {
	f := newFixture()
	f.run()
	f.add(journal.Record{Source: &journal.Source{Name: "file:///srv/share", Type: "local", Title: "/srv/share"}})
	f.audience("all", sources.Audience{Now: sources.ReachOf(sources.Organisation), Ever: sources.ReachOf(sources.Organisation), EverKnown: true, Heads: sources.Heads{Min: 2, Max: 23}})
	id := f.key("AKIA")
	for i, state := range []journal.State{journal.StateEarlier, journal.StateUnchanged, journal.StateGone, journal.StateRead} {
		s := f.sighting(secret.AccessKey, id, fmt.Sprintf("place%d", i), func(s *journal.Sighting) {
			s.State, s.AudienceID, s.Fingerprint = state, "all", fingerprint("one")
			if state != journal.StateRead {
				s.Found = noon.AddDate(0, 0, -7)
			}
			if state == journal.StateUnchanged || state == journal.StateGone {
				s.Checked = noon
			}
		})
		f.verdict(s, live("123456789012", "arn:aws:iam::123456789012:user/deploy"))
	}
	for i := range 22 {
		f.add(journal.Record{Skip: &journal.Skip{
			Ref: sources.Ref{Source: "file:///srv/share", Container: ".", Item: fmt.Sprintf("decoy%02d", i)}, Path: fmt.Sprintf("decoy%02d", i),
			Reason: "never opened (--never-open)", Time: noon,
		}})
	}
	f.add(journal.Record{Since: &journal.Since{Journal: "/var/lib/last.journal", Run: "0123456789ab", Started: noon.AddDate(0, 0, -7), Ended: noon.AddDate(0, 0, -7).Add(time.Hour)}})
	f.add(journal.Record{Checkpoint: &journal.Checkpoint{
		Source: "file:///srv/share", Container: ".", Done: true,
		Counts: journal.Counts{Items: 1, Bytes: 999, Unchanged: 7123, Skipped: map[string]int64{"never opened (--never-open)": 22}},
	}})
	f.add(journal.Record{End: &journal.End{Time: noon, Reason: journal.EndComplete}})
	return f
}
