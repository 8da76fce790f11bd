package aws

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// wholeAnchors begin or name the credentials that need no other part. What
// stands near a key id needs none.
var wholeAnchors = []string{
	bedrockPrefix, bedrockShortPrefix, signature, eksPrefix, ecrPayload, ecrAuth, signinToken, signinHost,
	"startUrl", "dpopKey", "git-codecommit", rsaKey,
	"-at-0", "-at-1", "-at-2", "-at-3", "-at-4", "-at-5", "-at-6", "-at-7", "-at-8", "-at-9",
}

// whole appends the credentials that need no other part.
func (r *region) whole(dst []detectors.Atom) []detectors.Atom {
	for _, find := range [...]func(*region, []detectors.Atom) []detectors.Atom{
		(*region).bedrock, (*region).presigned, (*region).tokensOfServices, (*region).codeCommit,
		(*region).console, (*region).caches, (*region).cloudFront, (*region).smtp,
	} {
		dst = find(r, dst)
	}
	return dst
}

// wholeAtom begins the atom of a credential whose secret is value, written at s.
func (r *region) wholeAtom(kind secret.Kind, s span, value []byte) detectors.Atom {
	a := r.atom(detectors.PartWhole, s, r.labelOf(s.from).name)
	a.Kind = kind
	a.Labelled = true
	a.Placeholder = isSampleSecret(value)
	a.Hints.Endpoint, a.Hints.Expires = "", time.Time{}
	a.Value = secret.New(value)
	return a
}

// each calls f with every place at which text stands in the region.
func (r *region) each(text string, f func(i int)) {
	t := []byte(text)
	for i := 0; ; i++ {
		n := bytes.Index(r.Bytes[i:], t)
		if n < 0 {
			return
		}
		i += n
		f(i)
	}
}

// runAt returns the end of the run of characters in class at b[i:], at most
// limit of them.
func runAt(b []byte, i, limit int, in func(byte) bool) int {
	end := i
	for end < len(b) && end-i < limit && in(b[end]) {
		end++
	}
	return end
}

func isBase64URL(c byte) bool { return isBase64(c) || c == '-' || c == '_' }
func isPadded(c byte) bool    { return isBase64URL(c) || c == '=' }

// link is what a signed link says of itself.
type link struct {
	id, region string
	expires    time.Time
	action     string
}

// linkAround reads the signed link around b[at].
func linkAround(b []byte, at int) link {
	const far = reach - hintReach
	inside := func(c byte) bool { return c > ' ' && c != '"' && c != '\'' && c != '<' && c != '>' && c != '`' }
	from, to := at, at
	for from > 0 && at-from < far && inside(b[from-1]) {
		from--
	}
	for to < len(b) && to-at < far && inside(b[to]) {
		to++
	}
	return parseLink(b[from:to])
}

// parseLink reads the parameters of a link. They are escaped at most twice.
func parseLink(b []byte) (l link) {
	text := strings.NewReplacer("&amp;", "&", "%2F", "/", "%2f", "/", "%252F", "/", "%3D", "=", "%26", "&", `\u0026`, "&").Replace(string(b))
	value := func(name string) string {
		i := strings.Index(text, name+"=")
		if i < 0 {
			return ""
		}
		v := text[i+len(name)+1:]
		if n := strings.IndexAny(v, "&\\"); n >= 0 {
			v = v[:n]
		}
		return v
	}
	if scope := strings.Split(value("X-Amz-Credential"), "/"); len(scope) == 5 {
		l.id = scope[0]
		if isRegion(scope[2]) {
			l.region = scope[2]
		}
	}
	l.action = value("Action")
	if at, err := time.Parse("20060102T150405Z", value("X-Amz-Date")); err == nil {
		if s, err := strconv.Atoi(value("X-Amz-Expires")); err == nil && s >= 0 && s <= 7*24*3600 {
			l.expires = at.Add(time.Duration(s) * time.Second)
		}
	}
	return l
}

// apply sets what a link says on its atom.
func (l link) apply(a *detectors.Atom) {
	if len(l.id) == idLen {
		a.Account, _ = accountOf(l.id)
		a.Placeholder = a.Placeholder || isSampleID(l.id)
	}
	if l.region != "" {
		a.Hints.Region = l.region
	}
	a.Hints.Expires = l.expires
}
