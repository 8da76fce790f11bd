package aws

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// maxSecrets is how many secrets one id is offered with, the likeliest first.
const maxSecrets = 3

// digest stands for a secret in a map key.
type digest [sha256.Size]byte

func digestOf(v secret.Value) digest { return sha256.Sum256(v.Reveal()) }

// join is the Detector's Join.
func join(dst []detectors.Candidate, atoms []detectors.Atom, t *detectors.Trace) []detectors.Candidate {
	var ids, secrets, tokens, wholes []detectors.Atom
	for _, a := range atoms {
		switch a.Part {
		case detectors.PartID:
			ids = append(ids, a)
		case detectors.PartSecret:
			secrets = append(secrets, a)
		case detectors.PartToken:
			tokens = append(tokens, a)
		case detectors.PartWhole:
			wholes = append(wholes, a)
		}
	}
	j := joiner{ids: ids, secrets: secrets, pairs: match(ids, secrets, t)}
	j.tokens = matchTokens(ids, tokens, t)
	first := len(dst)
	dst = j.paired(dst)
	dst = j.repeated(dst)
	dst = j.whole(dst, wholes, t)
	dst = j.lone(dst)
	dst = j.loneTokens(dst, tokens)
	slices.SortStableFunc(dst[first:], func(a, b detectors.Candidate) int {
		return cmp.Or(cmp.Compare(a.Atoms[0].Off, b.Atoms[0].Off), cmp.Compare(b.Score, a.Score))
	})
	return dst
}

// joiner holds one stream's atoms while candidates are made of them.
type joiner struct {
	ids, secrets []detectors.Atom
	pairs        []pair                    // by id, best first
	tokens       map[string]detectors.Atom // by the text of a temporary id
	known        map[string]pairing        // the best pair of an id, by the id's text
	owners       map[digest]pairing        // the best pair of a secret
	users        map[string]bool           // key ids that are user names of SMTP passwords
}

// pairing is a credential that was made, and of what.
type pairing struct {
	id, secret int
	score      int
	far        bool
}

// paired appends the candidates of ids that have secrets.
func (j *joiner) paired(dst []detectors.Candidate) []detectors.Candidate {
	j.known, j.owners = map[string]pairing{}, map[digest]pairing{}
	for i := 0; i < len(j.pairs); {
		n := i
		var used [maxSecrets]digest
		made := 0
		for ; n < len(j.pairs) && j.pairs[n].id == j.pairs[i].id; n++ {
			p := j.pairs[n]
			d := digestOf(j.secrets[p.secret].Value)
			if made == maxSecrets || slices.Contains(used[:made], d) {
				continue
			}
			used[made] = d
			made++
			best := pairing{p.id, p.secret, p.score, p.far}
			if k, ok := j.known[j.ids[p.id].ID]; !ok || p.score > k.score {
				j.known[j.ids[p.id].ID] = best
			}
			if k, ok := j.owners[d]; !ok || p.score > k.score {
				j.owners[d] = best
			}
			dst = append(dst, j.candidate(best, j.ids[p.id], j.secrets[p.secret]))
		}
		i = n
	}
	return dst
}

// repeated appends a candidate for each further place of an id or a secret that
// was paired somewhere in the stream: the same credential, named there.
func (j *joiner) repeated(dst []detectors.Candidate) []detectors.Candidate {
	has := make([]bool, len(j.ids))
	uses := make([]bool, len(j.secrets))
	for _, p := range j.pairs {
		has[p.id], uses[p.secret] = true, true
	}
	for i, a := range j.ids {
		if k, ok := j.known[a.ID]; ok && !has[i] {
			dst = append(dst, j.candidate(k, a, j.secrets[k.secret]))
		}
	}
	for i, a := range j.secrets {
		if k, ok := j.owners[digestOf(a.Value)]; ok && !uses[i] && a.Labelled {
			dst = append(dst, j.candidate(k, a, j.ids[k.id]))
		}
	}
	return dst
}

// whole appends the credentials that need no other part.
func (j *joiner) whole(dst []detectors.Candidate, wholes []detectors.Atom, t *detectors.Trace) []detectors.Candidate {
	for _, a := range wholes {
		c := detectors.Candidate{
			Credential:  secret.Credential{Kind: a.Kind, ID: a.ID, Secret: a.Value},
			Confidence:  detectors.High,
			Score:       scoreLone,
			Account:     a.Account,
			Placeholder: a.Placeholder,
			Hints:       a.Hints,
			Atoms:       []detectors.Atom{a},
		}
		if a.Kind == secret.SMTPPassword {
			c.Confidence = detectors.Medium
			j.mail(a.ID)
			if k, ok := j.known[a.ID]; ok {
				if region := derivedFrom(a.Value, j.secrets[k.secret].Value); region != "" {
					c.Confidence = detectors.High
					c.Hints.Region = region
					t.Pair(detectors.Pairing{ID: j.ids[k.id], Other: a, Chosen: true, Points: []detectors.Point{{Points: scoreRecord, Why: "the password was derived from the secret of this key id"}},
						Why: "recomputed for " + region})
				}
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// mail notes that a key id is the user name of an SMTP password.
func (j *joiner) mail(id string) {
	if j.users == nil {
		j.users = map[string]bool{}
	}
	j.users[id] = true
}

// loneTokens appends the session tokens of no key.
func (j *joiner) loneTokens(dst []detectors.Candidate, tokens []detectors.Atom) []detectors.Candidate {
	used := map[digest]bool{}
	for _, t := range j.tokens {
		used[digestOf(t.Value)] = true
	}
	for _, a := range tokens {
		d := digestOf(a.Value)
		if used[d] || !a.Labelled || strings.Contains(squeeze(a.Label), "amzsecuritytoken") {
			continue
		}
		used[d] = true
		dst = append(dst, detectors.Candidate{
			Credential:  secret.Credential{Kind: secret.SessionToken, Secret: a.Value},
			Confidence:  detectors.Low,
			Score:       scoreLone,
			Placeholder: a.Placeholder,
			Hints:       a.Hints,
			Atoms:       []detectors.Atom{a},
		})
	}
	return dst
}

// lone appends the ids without a secret and the labelled secrets without an id.
func (j *joiner) lone(dst []detectors.Candidate) []detectors.Candidate {
	for _, a := range j.ids {
		if _, ok := j.known[a.ID]; ok || j.users[a.ID] {
			continue
		}
		account, from := accountOf(a.ID)
		c := detectors.Candidate{
			Credential:  secret.Credential{Kind: secret.KeyID, ID: a.ID},
			Confidence:  detectors.Medium,
			Score:       scoreLone,
			Account:     account,
			Placeholder: a.Placeholder || account == testAccount,
			Hints:       a.Hints,
			Atoms:       []detectors.Atom{a},
		}
		if from == decoded {
			c.Confidence = detectors.High
		}
		dst = append(dst, c)
	}
	for _, a := range j.secrets {
		if _, ok := j.owners[digestOf(a.Value)]; ok || !a.Labelled || !namesAWS(a.Label) {
			continue
		}
		dst = append(dst, detectors.Candidate{
			Credential:  secret.Credential{Kind: secret.SecretKey, Secret: a.Value},
			Confidence:  detectors.Low,
			Score:       scoreLone,
			Placeholder: a.Placeholder,
			Hints:       a.Hints,
			Atoms:       []detectors.Atom{a},
		})
	}
	return dst
}

// candidate makes the candidate of a pairing, whose place is that of atom at;
// with is the other half.
func (j *joiner) candidate(k pairing, at, with detectors.Atom) detectors.Candidate {
	id, sec := j.ids[k.id], j.secrets[k.secret]
	account, from := accountOf(id.ID)
	c := detectors.Candidate{
		Credential:  secret.Credential{Kind: secret.AccessKey, ID: id.ID, Secret: sec.Value},
		Confidence:  detectors.Medium,
		Score:       k.score,
		Account:     account,
		Placeholder: id.Placeholder || account == testAccount,
		Hints:       merge(at.Hints, with.Hints),
		Atoms:       []detectors.Atom{at, with},
	}
	if from != impossible && !k.far && (sec.Labelled || sameRecord(id, sec)) {
		c.Confidence = detectors.High
	}
	if isTemporary(id.ID) {
		c.Credential.Kind = secret.SessionKey
		if t, ok := j.tokens[id.ID]; ok {
			c.Credential.Token = t.Value
			c.Atoms = append(c.Atoms, t)
			c.Hints = merge(c.Hints, t.Hints)
		}
	} else {
		c.Hints.Expires = id.Hints.Expires
	}
	return c
}

func isTemporary(id string) bool { return id[:len(idPrefixes[1])] == idPrefixes[1] }

// merge returns a with its gaps filled from b.
func merge(a, b detectors.Hints) detectors.Hints {
	a.Profile = cmp.Or(a.Profile, b.Profile)
	a.Label = cmp.Or(a.Label, b.Label)
	a.Region = cmp.Or(a.Region, b.Region)
	a.Partition = cmp.Or(a.Partition, b.Partition)
	a.Endpoint = cmp.Or(a.Endpoint, b.Endpoint)
	if a.Expires.IsZero() {
		a.Expires = b.Expires
	}
	return a
}
