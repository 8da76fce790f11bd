package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"mislaid/detectors"
	"mislaid/internal/ignore"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// LeakID names a leak, the same on every machine and in every run: the first 16
// hex digits of SHA-256 over "mislaid/leak/v1", NUL and the key id, or the
// fingerprint where no key id is known.
func LeakID(keyID string, fp secret.Fingerprint) string {
	if keyID == "" {
		keyID = string(fp)
	}
	h := sha256.Sum256([]byte("mislaid/leak/v1\x00" + keyID))
	return hex.EncodeToString(h[:])[:16]
}

// AudienceID names an audience by its content, whenever it was read.
func AudienceID(a sources.Audience) string {
	a.ReadAt = time.Time{}
	a.Since = storable(a.Since)
	raw, err := json.Marshal(a)
	if err != nil {
		panic("journal: an audience cannot be encoded: " + err.Error()) // it holds strings, numbers and two times
	}
	h := sha256.Sum256(raw)
	return hex.EncodeToString(h[:])[:16]
}

// leakState is what the fold knows of one leak.
type leakState struct {
	id      string
	keyID   string
	places  map[digest]*Sighting
	before  map[digest][]string                   // audiences that a place had in other readings; nil: none
	answers map[secret.Fingerprint]verify.Verdict // "" is for every credential of the key id
	facts   *verify.Facts
}

// snapshot builds the Leak as it stands.
func (s *leakState) snapshot(audiences map[string]*sources.Audience, accounts map[string]verify.Account, lists []*ignore.Matcher) Leak {
	l := Leak{ID: s.id, KeyID: s.keyID}
	sightings := s.joined()
	l.Credentials = s.credentials(sightings)
	l.Settled = true
	for _, c := range l.Credentials {
		if c.Verdict.State == verify.Unknown && c.Verdict.Why == verify.WhyPending {
			l.Settled = false
		}
	}
	if len(l.Credentials) > 0 {
		l.Verdict = l.Credentials[0].Verdict
	}
	l.Account = l.Verdict.Account
	l.Places = make([]Place, len(sightings))
	for i, sg := range sightings {
		l.Places[i] = Place{Sighting: *sg, Audience: audiences[sg.AudienceID]}
		l.Places[i].remember(s.before[sightingKey(sg)], audiences)
		l.Account = cmp.Or(l.Account, sg.Account)
		l.FirstSeen = earliest(l.FirstSeen, firstSeen(sg))
		if sg.Found.After(l.LastSeen) {
			l.LastSeen = sg.Found
		}
	}
	l.Facts, l.Began = s.facts, l.FirstSeen
	if s.facts != nil {
		l.Account = cmp.Or(l.Account, s.facts.Account.ID)
		if s.facts.Created.After(l.Began) {
			l.Began = s.facts.Created // before that there was nothing to expose
		}
	}
	l.AccountInfo = accountInfo(l.Account, s.facts, accounts)
	for i := range l.Places {
		l.Places[i].Suppressed = suppression(lists, &l, &l.Places[i].Sighting)
	}
	l.Suppressed = allSuppressed(l.Places) && !slices.ContainsFunc(l.Credentials, func(c LeakCredential) bool { return isLive(c.Verdict) })
	l.Exposure = exposure(l.Places)
	l.Reach = l.reach()
	slices.SortFunc(l.Places, comparePlaces)
	l.judge()
	return l
}

// accountInfo joins what an audit read of an account with what the user's map
// says of it, which wins.
func accountInfo(id string, f *verify.Facts, accounts map[string]verify.Account) verify.Account {
	info := accounts[id]
	info.ID = id
	if f == nil || f.Account.ID != id {
		return info
	}
	read := f.Account
	info.Name, info.Owner, info.Tier = cmp.Or(info.Name, read.Name), cmp.Or(info.Owner, read.Owner), cmp.Or(info.Tier, read.Tier)
	info.Alias, info.Organization = cmp.Or(info.Alias, read.Alias), cmp.Or(info.Organization, read.Organization)
	info.Management = info.Management || read.Management
	if info.Users == nil {
		info.Users = read.Users
	}
	return info
}

// joined returns the sightings, each lone key id folded into the pair that
// holds it at the same place.
func (s *leakState) joined() []*Sighting {
	pairs := make(map[digest]*Sighting)
	var alone []*Sighting
	var out []*Sighting
	for _, k := range slices.SortedFunc(maps.Keys(s.places), digest.compare) {
		sg := s.places[k]
		if sg.Kind == secret.KeyID {
			alone = append(alone, sg)
			continue
		}
		if k := spotKey(sg); pairs[k] == nil {
			pairs[k] = sg
		}
		out = append(out, sg)
	}
	extra := make(map[*Sighting]*Sighting)
	for _, sg := range alone {
		if pair := pairs[spotKey(sg)]; pair != nil {
			extra[pair] = sg
			continue
		}
		out = append(out, sg)
	}
	for i, sg := range out {
		if id := extra[sg]; id != nil {
			out[i] = withPositions(sg, id)
		}
	}
	return out
}

// credentials returns what stands at the places, the most telling verdict
// first. A key id alone is a credential only where nothing else is known.
func (s *leakState) credentials(sightings []*Sighting) []LeakCredential {
	type key struct {
		kind secret.Kind
		fp   secret.Fingerprint
	}
	found := make(map[key]LeakCredential)
	pair := slices.ContainsFunc(sightings, func(sg *Sighting) bool { return sg.Kind != secret.KeyID })
	for _, sg := range sightings {
		if pair && sg.Kind == secret.KeyID {
			continue
		}
		k := key{sg.Kind, sg.Fingerprint}
		c, ok := found[k]
		if !ok {
			c = LeakCredential{Kind: sg.Kind, Fingerprint: sg.Fingerprint, Verdict: s.answer(sg)}
		}
		if confidenceRank(sg.Confidence) > confidenceRank(c.Confidence) {
			c.Confidence = sg.Confidence
		}
		found[k] = c
	}
	return slices.SortedFunc(maps.Values(found), func(a, b LeakCredential) int {
		return cmp.Or(
			cmp.Compare(verdictRank(a.Verdict), verdictRank(b.Verdict)),
			b.Verdict.Time.Compare(a.Verdict.Time),
			-cmp.Compare(confidenceRank(a.Confidence), confidenceRank(b.Confidence)),
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Fingerprint, b.Fingerprint),
		)
	})
}

// answer returns the verdict of the credential of a sighting.
func (s *leakState) answer(sg *Sighting) verify.Verdict {
	own, hasOwn := s.answers[sg.Fingerprint]
	all, hasAll := s.answers[""]
	switch {
	case hasOwn && hasAll:
		return newer(own, all)
	case hasOwn:
		return own
	case hasAll:
		return all
	case sg.Placeholder:
		return verify.Verdict{State: verify.NotCalled, Why: verify.WhyPlaceholder}
	case !sg.Kind.AWS():
		return verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoVerifier}
	}
	return verify.Verdict{State: verify.Unknown, Why: verify.WhyPending}
}

// newer returns the verdict that counts: one that settles the matter before one
// that does not, then the later one, then b.
func newer(a, b verify.Verdict) verify.Verdict {
	switch {
	case a.Settled() != b.Settled():
		if a.Settled() {
			return a
		}
		return b
	case a.Time.After(b.Time):
		return a
	}
	return b
}

// verdictOrder ranks verdicts: evidence of activity wins, then what leaves the
// question open, then proof of the contrary.
var verdictOrder = [...]verify.State{
	verify.Live, verify.LiveLimited, verify.Mismatch,
	verify.Unknown, verify.Unverifiable, verify.NotCalled,
	verify.Expired, verify.Dead,
}

// verdictRank returns 0 for the most telling verdict.
func verdictRank(v verify.Verdict) int {
	if i := slices.Index(verdictOrder[:], v.State); i >= 0 {
		return i
	}
	return len(verdictOrder)
}

func confidenceRank(c detectors.Confidence) int {
	return slices.Index([]detectors.Confidence{detectors.Low, detectors.Medium, detectors.High}, c)
}

// comparePlaces orders places: who could read it, widest first, then by name.
func comparePlaces(a, b Place) int {
	return cmp.Or(
		-cmp.Compare(widest(a.Audience), widest(b.Audience)),
		strings.Compare(a.Ref.Source, b.Ref.Source),
		strings.Compare(a.Ref.Container, b.Ref.Container),
		strings.Compare(a.Path, b.Path),
		strings.Compare(a.Ref.Item, b.Ref.Item),
		strings.Compare(a.Inner, b.Inner),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Fingerprint, b.Fingerprint),
	)
}

// widest is the upper bound of who could ever read it.
func widest(a *sources.Audience) sources.Level {
	if a == nil {
		return sources.Public
	}
	return max(a.Now.AtMost, a.Ever.AtMost)
}

// compareLeaks orders leaks, worst first.
func compareLeaks(a, b Leak) int {
	return cmp.Or(
		-cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(verdictRank(a.Verdict), verdictRank(b.Verdict)),
		-cmp.Compare(widest(&a.Exposure), widest(&b.Exposure)),
		strings.Compare(a.KeyID, b.KeyID),
		strings.Compare(a.ID, b.ID),
	)
}

// firstSeen is the earliest time at which a place held a sighting.
func firstSeen(sg *Sighting) time.Time {
	t := sg.ModTime
	for i := range sg.Positions {
		t = earliest(t, sg.Positions[i].Time)
	}
	return t
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
