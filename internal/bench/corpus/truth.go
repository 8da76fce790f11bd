package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

// Names below -dir.
const (
	treeName  = "tree"
	truthName = "truth.json"
)

// class is what a plant tests.
type class string

const (
	pair        class = "pair"        // a long-term id and its secret
	session     class = "session"     // a temporary id, its secret and its token
	loneID      class = "lone-id"     // an id without a secret
	loneSecret  class = "lone-secret" // a labelled secret without an id
	other       class = "other-kind"  // another AWS credential
	placeholder class = "placeholder" // what must not be reported as a leak
	lookalike   class = "look-alike"  // the same: a file that holds no AWS credential
	compatible  class = "compatible"  // a key for S3-compatible storage
)

var classes = []class{pair, session, loneID, loneSecret, other, placeholder, lookalike, compatible}

// plant is one thing that was put into the tree. It holds no secret.
type plant struct {
	Path     string   `json:"path"` // below the tree, with slashes
	Class    class    `json:"class"`
	Shape    string   `json:"shape"`
	Encoding string   `json:"encoding"`
	Distance string   `json:"distance"`
	Order    string   `json:"order"`
	Rows     int      `json:"rows"`           // credentials of this shape in the file
	ID       string   `json:"id,omitempty"`   // key id: not a secret
	Pair     string   `json:"pair,omitempty"` // fingerprints
	OnlyID   string   `json:"only_id,omitempty"`
	Secret   string   `json:"secret,omitempty"`
	Kinds    []string `json:"kinds,omitempty"` // of other kinds: parts of the kinds' names that count
}

// where names a plant for a list of misses.
func (p *plant) where() string {
	return fmt.Sprintf("%s  [%s, %s, %s, %s, %d in file]", p.Path, p.Shape, p.Encoding, p.Distance, p.Order, p.Rows)
}

// truth is what was planted.
type truth struct {
	Seed   uint64  `json:"seed"`
	Files  int     `json:"files"`
	Plants []plant `json:"plants"`
}

func (t *truth) write(name string) error {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o600)
}

func readTruth(name string) (*truth, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t := new(truth)
	if err := json.Unmarshal(b, t); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// fingerprint is how reports of mislaid name a credential; computed here anew,
// so that a change of it there is noticed.
func fingerprint(id, secret string) string {
	sum := sha256.Sum256([]byte("mislaid/v1\x00" + id + "\x00" + secret))
	return hex.EncodeToString(sum[:])[:32]
}
