package smb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"mislaid/internal/pace"
	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/smb/principals"
)

// server is one file server with its sessions. Safe for concurrent use.
type server struct {
	network *Network
	host    string
	port    int // as the target had it; 0: the usual one
	address string
	slots   chan struct{} // one for each call under way
	backoff pace.Backoff

	mu    sync.Mutex
	links []*link
	known bool      // it has answered
	dfs   bool      // it said that it knows DFS
	away  time.Time // since when no call has succeeded; zero: the last one did
	gone  error     // why nobody calls it any more
	ended bool

	guards map[string]guard // of shares, by lower-case name
	people *principals.Directory

	strangers []*stranger // who try what can be read without an account
}

// link is one connection with its session and the shares it is connected to.
type link struct {
	calls int // under way; guarded by server.mu

	ready chan struct{} // closed when conn or err is there
	conn  *smb2.Conn
	err   error

	mu    sync.Mutex
	trees map[string]*tree
}

type tree struct {
	ready chan struct{}
	tree  *smb2.Tree
	err   error
}

// dialTimeout bounds connecting and negotiating, signInTimeout signing in: the
// latter holds up all sign-ins with the same password.
const (
	dialTimeout   = 10 * time.Second
	signInTimeout = 15 * time.Second
)

// call calls f with a tree of the share, and again on a new connection when the
// one it had was lost, until the server has stayed away longer than patience
// allows. The context of f ends after Limits.Timeout.
func (s *server) call(ctx context.Context, share string, f func(context.Context, *smb2.Tree) error) error {
	return s.callOn(ctx, share, new(*link), f)
}

// callOn is call on the connection at pin while that lives. It leaves there
// which one was used.
func (s *server) callOn(ctx context.Context, share string, pin **link, f func(context.Context, *smb2.Tree) error) error {
	for attempt := 0; ; attempt++ {
		err := s.once(ctx, share, pin, f)
		if err == nil || ctx.Err() != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			s.heard(err)
			return err
		}
		if !lost(err) {
			if !errors.Is(err, sources.ErrSession) {
				s.heard(nil) // an answer, though not the one we hoped for
			}
			return err
		}
		if err := s.missed(err); err != nil {
			return err
		}
		wait := time.NewTimer(s.backoff.Wait(attempt))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}

// heard notes that the server answered, if err is nil.
func (s *server) heard(err error) {
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.away = true, time.Time{}
}

// strangerPatience is how long a server is waited for that has never answered.
const strangerPatience = time.Second

// missed notes that the server did not answer. It returns an error when that has
// been so for too long.
func (s *server) missed(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil {
		return s.gone
	}
	now := time.Now()
	if s.away.IsZero() {
		s.away = now
	}
	patience := s.network.limits.Patience
	if !s.known {
		patience = min(patience, strangerPatience)
	}
	if now.Sub(s.away) < patience {
		return nil
	}
	s.gone = fmt.Errorf("%s does not come back: %w: %w", s.host, cause, sources.ErrSession)
	return s.gone
}

// lost reports whether an error means that the connection or session is no more,
// and the call may succeed on another.
func lost(err error) bool {
	if connection := new(smb2.LostError); errors.As(err, &connection) {
		return true
	}
	if errors.Is(err, errAway) {
		return true
	}
	switch status, _ := smb2.StatusOf(err); status {
	case smb2.StatusNetworkNameDeleted, smb2.StatusUserSessionDeleted, smb2.StatusNetworkSessionExpired, smb2.StatusRequestNotAccepted,
		smb2.StatusInsufficientResources, smb2.StatusInsuffServerResources, smb2.StatusFileClosed, smb2.StatusServerUnavailable, smb2.StatusFileNotAvailable:
		return true
	}
	return false
}

// errAway says that a server could not be reached or did not answer.
var errAway = errors.New("no answer")

// once is one try of callOn.
func (s *server) once(ctx context.Context, share string, pin **link, f func(context.Context, *smb2.Tree) error) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	l, err := s.link(ctx, *pin)
	if err != nil {
		return err
	}
	*pin = l
	err = s.on(ctx, l, share, f)
	s.release(l, err != nil && lost(err))
	return err
}

// on calls f on a connection.
func (s *server) on(ctx context.Context, l *link, share string, f func(context.Context, *smb2.Tree) error) error {
	callCtx, cancel := context.WithTimeout(ctx, s.network.limits.Timeout)
	defer cancel()
	t, err := l.tree(callCtx, share)
	if err == nil {
		err = f(callCtx, t)
	}
	if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if l.conn.Silent() < s.network.limits.Timeout {
		// The server answers others: this one thing takes too long.
		return fmt.Errorf("no answer within %v: %w", s.network.limits.Timeout, os.ErrDeadlineExceeded)
	}
	_ = l.conn.Close()
	return fmt.Errorf("the server is silent for %v: %w", s.network.limits.Timeout, errAway)
}

// link returns the preferred connection if it lives, else the one with the
// fewest calls under way, or a new one.
func (s *server) link(ctx context.Context, prefer *link) (*link, error) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil, fs.ErrClosed
	}
	if s.gone != nil {
		defer s.mu.Unlock()
		return nil, s.gone
	}
	s.links = slices.DeleteFunc(s.links, func(l *link) bool { return l.dead() })
	best := s.choose(prefer)
	if best == nil || best != prefer && best.calls > 0 && len(s.links) < s.network.limits.Sessions {
		best = &link{ready: make(chan struct{}), trees: make(map[string]*tree)}
		s.links = append(s.links, best)
		go s.connect(best)
	}
	best.calls++
	s.mu.Unlock()
	select {
	case <-best.ready:
	case <-ctx.Done():
		s.release(best, false)
		return nil, ctx.Err()
	}
	if best.err != nil {
		s.release(best, true)
		return nil, best.err
	}
	return best, nil
}

// choose returns the preferred connection if it lives, else the one with the
// fewest calls under way; nil if there is none. s.mu is held.
func (s *server) choose(prefer *link) *link {
	var best *link
	for _, l := range s.links {
		if l == prefer {
			return l
		}
		if best == nil || l.calls < best.calls {
			best = l
		}
	}
	return best
}

// dead reports whether the connection is of no use any more.
func (l *link) dead() bool {
	select {
	case <-l.ready:
	default:
		return false
	}
	if l.err != nil {
		return true
	}
	select {
	case <-l.conn.Dead():
		return true
	default:
		return false
	}
}

// release gives a connection back, or drops it.
func (s *server) release(l *link, drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.calls--
	if drop {
		s.links = slices.DeleteFunc(s.links, func(o *link) bool { return o == l })
		if l.conn != nil {
			_ = l.conn.Close()
		}
	}
}

// connect makes the session of a link. It ends by its own timeouts: several
// callers may wait for it.
func (s *server) connect(l *link) {
	defer close(l.ready)
	conn, err := s.open(s.network.account)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.ended {
		_ = conn.Close()
		err = fs.ErrClosed
	}
	if errors.Is(err, sources.ErrSession) && s.gone == nil {
		s.gone = err // it answered: asking again changes nothing
	}
	l.conn, l.err = conn, err
	s.dfs = s.dfs || err == nil && conn.Facts().DFS
}

// open connects and signs in.
func (s *server) open(account *Account) (*smb2.Conn, error) {
	if err := account.Stopped(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(dialTimeout, s.network.limits.Timeout))
	defer cancel()
	conn, err := smb2.Connect(ctx, smb2.Config{
		Host: s.host, Address: s.address, Encrypt: s.network.encrypt, Keyless: account.credential.keyless(), Dial: s.network.dial,
	})
	if errors.Is(err, smb2.ErrNoEncryption) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", s.host, err, errAway)
	}
	ctx, cancel = context.WithTimeout(context.Background(), signInTimeout)
	defer cancel()
	if err := account.signIn(ctx, conn, s.host); err != nil {
		_ = conn.Close()
		return nil, s.signInError(err)
	}
	return conn, nil
}

// signInError tells what the failure to sign in means for the server.
func (s *server) signInError(err error) error {
	switch {
	case errors.Is(err, sources.ErrSession):
		return err
	case lost(err), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("sign in at %s: %w: %w", s.host, err, errAway)
	}
	return fmt.Errorf("sign in at %s: %w: %w", s.host, err, sources.ErrSession)
}

// tree connects to a share, once for each connection.
func (l *link) tree(ctx context.Context, share string) (*smb2.Tree, error) {
	l.mu.Lock()
	t := l.trees[share]
	if t == nil {
		t = &tree{ready: make(chan struct{})}
		l.trees[share] = t
		l.mu.Unlock()
		t.tree, t.err = l.conn.Tree(ctx, share)
		if t.err != nil { // perhaps another time
			l.mu.Lock()
			delete(l.trees, share)
			l.mu.Unlock()
		}
		close(t.ready)
		return t.tree, t.err
	}
	l.mu.Unlock()
	select {
	case <-t.ready:
		return t.tree, t.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close ends all sessions. No call may follow.
func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, x := range s.strangers {
		x.close()
	}
	for _, l := range s.links {
		if l.conn != nil {
			_ = l.conn.Close()
		}
	}
	s.links = nil
}
