package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// plan says what to plant.
type plan struct {
	seed  uint64
	pairs int
	only  string // part of the names of the shapes to plant; "" all
}

// distance is how far apart the halves of a credential stand.
type distance struct {
	name  string
	lines int // at least
	bytes int // at least
}

var (
	adjacent  = distance{name: "adjacent"}
	distances = []distance{{"6 lines", 6, 0}, {"2 kB", 0, 2 << 10}, {"5 MB", 0, 5 << 20}}
)

// builder writes the tree.
type builder struct {
	root  string
	r     *rand.Rand
	keys  *keys
	truth *truth
	far   int // files of 5 MB left to write
}

func newBuilder(root string, seed uint64) *builder {
	r := rand.New(rand.NewPCG(seed, 0x6d69736c616964))
	return &builder{root: root, r: r, keys: newKeys(r), truth: &truth{Seed: seed}}
}

// writer fills in the texts of a file that is written in one way.
func (b *builder) writer(v variant) *writer {
	w := &writer{r: b.r, keys: b.keys, memo: make(map[string]string), file: make(map[string]string), value: func(s string) string { return s }}
	if v.coding != nil && v.coding.value != nil {
		w.value = func(s string) string { return v.coding.value(b.r, s) }
	}
	return w
}

// build makes the tree of a plan below dir.
func build(dir string, p plan) (*truth, error) {
	all, err := shapes()
	if err != nil {
		return nil, err
	}
	b := newBuilder(filepath.Join(dir, treeName), p.seed)
	b.far = 4 + p.pairs/80
	if err := os.Mkdir(b.root, 0o700); err != nil {
		return nil, err
	}
	var wanted []shape
	for _, s := range all {
		if strings.Contains(s.name, p.only) {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("no shape is named like %q", p.only)
	}
	// Every shape once as it is; then the shapes in turn in all their ways,
	// until there are enough pairs.
	for i := range wanted {
		if err := b.plant(&wanted[i], variant{distance: adjacent}); err != nil {
			return nil, err
		}
	}
	for b.pairs() < p.pairs {
		before := b.pairs()
		for n, i := range b.r.Perm(len(wanted)) {
			s := &wanted[i]
			if s.rows > 3 && b.r.IntN(s.rows) > 2 { // not most pairs from tables
				continue
			}
			if err := b.plant(s, b.choose(s)); err != nil {
				return nil, err
			}
			if n%16 == 0 {
				if err := b.crowd(wanted); err != nil {
					return nil, err
				}
			}
		}
		if before == b.pairs() {
			break // the wanted shapes hold no pairs
		}
	}
	return b.truth, nil
}

// pairs counts the pairs that have been planted.
func (b *builder) pairs() int {
	n := 0
	for i := range b.truth.Plants {
		if c := b.truth.Plants[i].Class; c == pair || c == session {
			n++
		}
	}
	return n
}

// variant is one way of writing a shape.
type variant struct {
	distance    distance
	secretFirst bool
	coding      *coding // nil: plain
}

// choose draws a way that suits the shape.
func (b *builder) choose(s *shape) variant {
	v := variant{distance: adjacent}
	if s.halves() && !s.fixed {
		v.secretFirst = b.r.IntN(5) < 2
		switch n := b.r.IntN(40); {
		case n < 6:
			v.distance = distances[0]
		case n < 13:
			v.distance = distances[1]
		case n == 13 && b.far > 0:
			v.distance = distances[2]
			b.far--
			return v
		}
	}
	if b.r.IntN(2) == 0 {
		var fit []*coding
		for i := range codings {
			if c := &codings[i]; c.suits(s) {
				fit = append(fit, c)
				if len(c.syntax) > 0 || c.ja { // few shapes have these
					fit = append(fit, c, c)
				}
			}
		}
		v.coding = fit[b.r.IntN(len(fit))]
	}
	return v
}

// plant writes one file of a shape.
func (b *builder) plant(s *shape, v variant) error {
	w := b.writer(v)
	text, creds := b.text(w, s, v)
	name := w.expand(s.file)
	if w.noValue {
		return fmt.Errorf("shape %s asks for a value that there is not", s.name)
	}
	if s.class == placeholder || s.class == lookalike || s.class == compatible {
		creds = creds[:1]
	}
	p := v.plant(s)
	p.Rows = len(creds)
	var plants []plant
	for _, c := range creds {
		plants = append(plants, p.of(c))
	}
	return b.write(w, v, name, text, plants)
}

// plant is what is known of a plant of a shape before its credential is.
func (v variant) plant(s *shape) plant {
	p := plant{Class: s.class, Shape: s.name, Encoding: "plain", Distance: v.distance.name, Order: "id first", Kinds: s.kinds}
	if v.coding != nil {
		p.Encoding = v.coding.name
	}
	if v.secretFirst {
		p.Order = "secret first"
	}
	return p
}

// write encodes text, writes it into a file of its own and notes its plants.
func (b *builder) write(w *writer, v variant, name, text string, plants []plant) error {
	if v.coding != nil && v.coding.text != nil {
		text = v.coding.text(w, text)
	}
	if v.coding != nil && v.coding.bytes != nil {
		var err error
		if text, err = v.coding.bytes(text); err != nil {
			return fmt.Errorf("%s as %s: %w", name, v.coding.name, err)
		}
	}
	b.truth.Files++
	path := fmt.Sprintf("%s/%05d/%s", folder(b.r), b.truth.Files, name)
	for _, p := range plants {
		p.Path = path
		b.truth.Plants = append(b.truth.Plants, p)
	}
	file := filepath.Join(b.root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

// of is the plant of one credential.
func (p plant) of(c credential) plant {
	switch p.Class {
	case pair, session:
		p.ID, p.Pair, p.OnlyID, p.Secret = c.id, fingerprint(c.id, c.secret), fingerprint(c.id, ""), fingerprint("", c.secret)
	case loneID:
		p.ID, p.OnlyID = c.id, fingerprint(c.id, "")
	case loneSecret:
		p.Secret = fingerprint("", c.secret)
	case other:
		p.ID, p.OnlyID = c.id, fingerprint(c.id, "")
	}
	return p
}

// folder is where a file lies.
func folder(r *rand.Rand) string {
	return pick(r, "share/IT", "share/projects", "share/old", "home/alice", "home/deploy", "backup/2023", "export/chat", "share/営業部", "share/Finance (old)")
}
