package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mislaid/internal/journal"
	"mislaid/verify"
)

// carried returns what the journals in dir say of credentials that was asked
// after since: then they are not asked about again. A journal that was last
// written before since holds nothing younger and is not read. One that cannot be
// read is named and left out.
func carried(dir, own string, since time.Time) (answers []verify.Answer, problems []string) {
	names, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.journal"))
	if err != nil {
		return nil, []string{err.Error()}
	}
	latest := make(map[credentialKey]verify.Answer)
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.ModTime().Before(since) || name == own {
			continue
		}
		if err := carriedFrom(name, since, latest); err != nil {
			problems = append(problems, fmt.Sprintf("the journal %s is not used for verdicts: %v", name, err))
		}
	}
	for _, a := range latest {
		answers = append(answers, a)
	}
	slices.SortFunc(answers, func(a, b verify.Answer) int {
		return cmp.Or(cmp.Compare(a.KeyID, b.KeyID), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return answers, problems
}

// carriedFrom adds the verdicts of one journal to latest.
func carriedFrom(path string, since time.Time, latest map[credentialKey]verify.Answer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var chain journal.Chain
	run := ""
	for r, err := range journal.Read(f, &chain) {
		if err != nil {
			return err
		}
		switch {
		case r.Run != nil:
			run = r.Run.ID
		case r.Verdict != nil:
			v := r.Verdict.Verdict
			if !v.Settled() || v.State == verify.NotCalled || v.Time.Before(since) {
				continue
			}
			key := credentialKey{r.Verdict.KeyID, r.Verdict.Fingerprint}
			if old, ok := latest[key]; ok && !v.Time.After(old.Verdict.Time) {
				continue
			}
			words := fmt.Sprintf("asked by run %s", run)
			if v.Detail != "" {
				words = v.Detail + "; " + words
			}
			v.Detail = words
			latest[key] = verify.Answer{KeyID: key.id, Fingerprint: key.print, Verdict: v}
		}
	}
	if chain.Err != "" {
		return fmt.Errorf("it is broken, %s", chain.Err)
	}
	return nil
}
