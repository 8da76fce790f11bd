package smb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	gosmb2 "github.com/cloudsoda/go-smb2"

	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/ntacl"
)

// stranger is somebody without an account at one server: who tries whether a
// file can be read without one. It opens and reads nothing of it. Safe for
// concurrent use.
type stranger struct {
	server *server
	how    string // in words
	user   string // that no server knows; "" nobody

	mu    sync.Mutex
	conn  *smb2.Conn
	no    error // the server's answer that it lets no stranger in
	trees map[string]*smb2.Tree
}

// StrangerName is the user that is tried where a server may make a guest of
// whoever it does not know. It is nobody's account, so none can be locked.
const StrangerName = "mislaid-probe"

func strangers(s *server) []*stranger {
	return []*stranger{
		{server: s, how: "an anonymous session"},
		{server: s, how: "a guest session, under a name that the server does not know", user: StrangerName},
	}
}

// answers reports whether an error is the server's word, and not silence.
func answers(err error) bool {
	_, ok := smb2.StatusOf(err)
	return ok && !lost(err)
}

// session signs in, once for as long as the connection lives. x.mu is held.
func (x *stranger) session(ctx context.Context) error {
	if x.no != nil {
		return x.no
	}
	if x.conn != nil {
		select {
		case <-x.conn.Dead():
			x.conn = nil
		default:
			return nil
		}
	}
	n := x.server.network
	conn, err := smb2.Connect(ctx, smb2.Config{Host: x.server.host, Address: x.server.address, Keyless: true, Dial: n.dial})
	if err != nil {
		return err
	}
	initiator := &gosmb2.NTLMInitiator{User: x.user}
	if x.user != "" {
		initiator.Password = rand.Text()
	}
	if err := conn.SignIn(ctx, initiator); err != nil {
		_ = conn.Close()
		if answers(err) {
			x.no = err
		}
		return err
	}
	x.conn, x.trees = conn, make(map[string]*smb2.Tree)
	return nil
}

// try says whether the stranger can open what lies at a path of a share to read
// it.
func (x *stranger) try(ctx context.Context, share, path string, directory bool) (ntacl.Proof, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, x.server.network.limits.Timeout)
	defer cancel()
	err := x.session(ctx)
	if err == nil {
		err = x.open(ctx, share, path, directory)
	}
	switch {
	case err == nil:
		return ntacl.Proven, nil
	case answers(err):
		return ntacl.Refused, nil
	}
	return ntacl.Untried, err
}

func (x *stranger) open(ctx context.Context, share, path string, directory bool) error {
	t := x.trees[share]
	if t == nil {
		var err error
		if t, err = x.conn.Tree(ctx, share); err != nil {
			return err
		}
		x.trees[share] = t
	}
	if directory {
		err := t.ReadDir(ctx, path, 0, func(smb2.Entry) error { return errEnough })
		if errors.Is(err, errEnough) {
			err = nil
		}
		return err
	}
	_, _, err := t.Open(ctx, path, 0, nil, 0, false)
	return err
}

var errEnough = errors.New("enough")

func (x *stranger) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conn != nil {
		_ = x.conn.Close()
	}
}

// probe tries what strangers can read, and puts it into what is known of the
// server for this one file. It returns the evidence.
func (s *server) probe(ctx context.Context, p spot, directory bool, about *ntacl.Server) (grants []sources.Grant, unresolved []string) {
	for i, proof := range []*ntacl.Proof{&about.Null, &about.Guest} {
		x := s.strangers[i]
		got, err := x.try(ctx, p.share, p.path, directory)
		*proof = got
		switch got {
		case ntacl.Proven:
			grants = append(grants, sources.Grant{
				Who: "anyone on the network, without an account", By: "opened by " + x.how, Level: sources.AnyoneLink, Heads: sources.Heads{Max: -1},
			})
		case ntacl.Untried:
			unresolved = append(unresolved, fmt.Sprintf("whether %s can read it could not be tried (%v)", x.how, err))
		}
	}
	return grants, unresolved
}
