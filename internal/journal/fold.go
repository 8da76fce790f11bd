package journal

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// Fold reads a whole journal. It knows nothing of the chain: the caller sets
// Summary.Chain to the one that Read filled in, or calls Load, which does it.
func Fold(records iter.Seq2[Record, error]) (*Summary, error) {
	f := NewFolder()
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		f.Add(r)
	}
	return f.Summary(), nil
}

// Folder folds records as they come. It belongs to one goroutine.
//
// What a resumed run says again replaces what was said before, so a record may
// come any number of times. The Folder keeps a reference to no record.
type Folder struct {
	records      int
	runs         []Run
	since        *Since
	ends         map[runKey]*End
	running      runKey
	leaks        map[string]*leakState
	placeholders map[string]*leakState
	audiences    map[string]*sources.Audience
	accounts     map[string]verify.Account
	waiting      map[string]map[string]bool // audience ID that is not known yet → leaks
	coverage     coverage
	strings      interner
	ignores      ignores
}

// runKey tells a run from a recheck of it.
type runKey struct{ id, command string }

// NewFolder returns an empty Folder.
func NewFolder() *Folder {
	return &Folder{
		ends:         make(map[runKey]*End),
		leaks:        make(map[string]*leakState),
		placeholders: make(map[string]*leakState),
		audiences:    make(map[string]*sources.Audience),
		accounts:     make(map[string]verify.Account),
		waiting:      make(map[string]map[string]bool),
		coverage:     newCoverage(),
		strings:      make(interner),
	}
}

// Add takes a record and returns the IDs of the leaks that it changed, sorted.
// Placeholders are no leaks.
func (f *Folder) Add(r Record) (changed []string) {
	f.records++
	switch {
	case r.Run != nil:
		f.addRun(r.Run)
	case r.End != nil:
		end := *r.End
		f.ends[f.running] = &end
	case r.Source != nil:
		f.coverage.addSource(r.Source)
	case r.Sighting != nil:
		return f.addSighting(r.Sighting)
	case r.Audience != nil:
		return f.addAudience(r.Audience)
	case r.Verdict != nil:
		return f.addVerdict(r.Verdict)
	case r.Facts != nil:
		return f.addFacts(r.Facts)
	case r.Account != nil:
		f.accounts[r.Account.ID] = r.Account.Account
	case r.Gap != nil:
		f.coverage.addGap(r.Gap)
	case r.Ignore != nil:
		f.ignores.set(f.running.id, r.Ignore)
	case r.Skip != nil:
		f.coverage.addSkip(r.Skip)
	case r.Since != nil:
		since := *r.Since
		f.since = &since
	case r.Checkpoint != nil:
		f.coverage.addCheckpoint(r.Checkpoint)
	}
	return nil
}

func (f *Folder) addRun(r *Run) {
	f.running = runKey{r.ID, r.Command}
	f.ends[f.running] = nil
	f.coverage.part = runPart{r.ID, r.Part}
	same := func(o Run) bool {
		return o.ID == r.ID && o.Command == r.Command && o.Part == r.Part && o.Started.Equal(r.Started)
	}
	if !slices.ContainsFunc(f.runs, same) {
		f.runs = append(f.runs, *r)
	}
}

func (f *Folder) addSighting(s *Sighting) []string {
	table := f.leaks
	if s.Placeholder {
		table = f.placeholders
	}
	k := sightingKey(s)
	id := LeakID(s.KeyID, s.Fingerprint)
	if s.KeyID == "" && s.Fingerprint == "" {
		id = LeakID("", secret.Fingerprint("place "+k.String())) // nothing but its place tells it from others
	}
	st := f.leakOf(table, s.KeyID, id)
	old := st.places[k]
	if old != nil && s.Found.Before(old.Found) {
		if !st.had(k, s.AudienceID, f.strings) {
			return nil
		}
		return []string{st.id}
	}
	if old != nil && old.AudienceID != s.AudienceID {
		st.had(k, old.AudienceID, f.strings)
	}
	own := f.strings.kept(s)
	st.places[k] = own
	if s.Placeholder {
		return nil
	}
	if id := own.AudienceID; id != "" && f.audiences[id] == nil {
		if f.waiting[id] == nil {
			f.waiting[id] = make(map[string]bool)
		}
		f.waiting[id][st.id] = true
	}
	return []string{st.id}
}

// mostBefore bounds how many audiences of other readings a place keeps.
const mostBefore = 32

// had notes an audience that a place has in a reading that is not the last, and
// reports whether that is new.
func (s *leakState) had(k digest, audience string, in interner) bool {
	ids := s.before[k]
	if audience == "" || slices.Contains(ids, audience) || len(ids) == mostBefore {
		return false
	}
	if s.before == nil {
		s.before = make(map[digest][]string)
	}
	ids = append(ids, in.str(audience))
	slices.Sort(ids)
	s.before[k] = ids
	return true
}

func (f *Folder) leakOf(table map[string]*leakState, keyID, id string) *leakState {
	st := table[id]
	if st == nil {
		st = &leakState{id: id, keyID: keyID, places: make(map[digest]*Sighting)}
		table[id] = st
	}
	return st
}

func (f *Folder) addAudience(a *Audience) []string {
	own := a.Audience
	if old := f.audiences[a.ID]; old != nil && old.ReadAt.After(own.ReadAt) {
		return nil
	}
	f.audiences[a.ID] = &own
	changed := slices.Sorted(maps.Keys(f.waiting[a.ID]))
	delete(f.waiting, a.ID)
	return changed
}

func (f *Folder) addVerdict(v *Verdict) []string {
	st := f.leakOf(f.leaks, v.KeyID, LeakID(v.KeyID, v.Fingerprint))
	if st.answers == nil {
		st.answers = make(map[secret.Fingerprint]verify.Verdict)
	}
	answer := v.Verdict
	if old, ok := st.answers[v.Fingerprint]; ok {
		answer = newer(old, answer)
	}
	st.answers[v.Fingerprint] = answer
	if len(st.places) == 0 {
		return nil
	}
	return []string{st.id}
}

// addFacts takes what was read of a key. What was read later counts, unless it
// tells less.
func (f *Folder) addFacts(v *Facts) []string {
	st := f.leakOf(f.leaks, v.KeyID, LeakID(v.KeyID, ""))
	switch own := v.Facts; {
	case st.facts == nil:
		st.facts = &own
	case !tellsLess(&own, st.facts):
		if own.LastUsed == nil && st.facts.LastUsed != nil { // what was read by the key's id, before it was touched
			own.Status, own.Why, own.Created = st.facts.Status, st.facts.Why, st.facts.Created
			own.LastUsed, own.OtherIDs = st.facts.LastUsed, st.facts.OtherIDs
		}
		st.facts = &own
	}
	if len(st.places) == 0 {
		return nil
	}
	return []string{st.id}
}

// tellsLess reports whether facts that were read later are worth less than those
// before: what was read of a key before we touched it must not be lost to a
// reading that failed.
func tellsLess(later, before *verify.Facts) bool {
	known := func(f *verify.Facts) bool { return f.Capability != nil && f.Capability.Power != "nothing known" }
	if known(before) != known(later) {
		return known(before)
	}
	return later.Owner.Kind == "" && before.Owner.Kind != "" || later.Read.Before(before.Read)
}

// Leak returns a leak as it stands. It costs time in proportion to the places
// of the leak: who follows a stream collects the changed IDs and asks once for
// many records.
func (f *Folder) Leak(id string) (Leak, bool) {
	st := f.leaks[id]
	if st == nil || len(st.places) == 0 {
		return Leak{}, false
	}
	return st.snapshot(f.audiences, f.accounts, f.ignores.matchers()), true
}

// Summary returns everything as it stands, the leaks worst first. Its Chain
// holds the number of records alone.
func (f *Folder) Summary() *Summary {
	s := &Summary{
		Runs:           slices.Clone(f.runs),
		Since:          f.since,
		End:            f.end(),
		Placeholders:   f.snapshots(f.placeholders),
		ExpiredIgnores: f.ignores.expired(),
		Coverage:       f.coverage.summary(),
		Chain:          Chain{Records: f.records},
	}
	for _, l := range f.snapshots(f.leaks) {
		if l.Suppressed {
			s.Suppressed = append(s.Suppressed, l)
		} else {
			s.Leaks = append(s.Leaks, l)
		}
	}
	s.Habits = habits(s.Leaks)
	return s
}

func (f *Folder) snapshots(table map[string]*leakState) []Leak {
	out := make([]Leak, 0, len(table))
	lists := f.ignores.matchers()
	for _, st := range table {
		if len(st.places) > 0 {
			out = append(out, st.snapshot(f.audiences, f.accounts, lists))
		}
	}
	slices.SortFunc(out, compareLeaks)
	return out
}

// end returns how the runs ended: nil if one of them has not, the first one
// that was not complete, or the last one.
func (f *Folder) end() *End {
	var ends []*End
	for _, e := range f.ends {
		if e == nil {
			return nil
		}
		ends = append(ends, e)
	}
	if len(ends) == 0 {
		return nil
	}
	return slices.MinFunc(ends, func(a, b *End) int {
		if (a.Reason == EndComplete) != (b.Reason == EndComplete) {
			if a.Reason == EndComplete {
				return 1
			}
			return -1
		}
		return cmp.Or(b.Time.Compare(a.Time), strings.Compare(a.Reason, b.Reason))
	})
}
