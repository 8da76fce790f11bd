package smb

import (
	"context"
	"net"
	"sync"
	"time"

	"mislaid/internal/pace"
	"mislaid/sources/ntacl"
	"mislaid/sources/smb/ad"
	"mislaid/sources/smb/principals"
)

// Limits say how hard servers are worked. The zero value is polite.
type Limits struct {
	Sessions int           // connections to one server at once; 0: 2
	Opens    int           // calls to one server at once; 0: 16
	Timeout  time.Duration // how long one call may take; 0: 30 s
	Patience time.Duration // how long a server that stays away is waited for; 0: 2 min
}

func (l Limits) withDefaults() Limits {
	if l.Sessions <= 0 {
		l.Sessions = 2
	}
	if l.Opens <= 0 {
		l.Opens = 16
	}
	if l.Timeout <= 0 {
		l.Timeout = 30 * time.Second
	}
	if l.Patience <= 0 {
		l.Patience = 2 * time.Minute
	}
	return l
}

// Network is the file servers of a run, with the one account that is used at
// all of them. Safe for concurrent use.
type Network struct {
	account *Account
	limits  Limits
	encrypt bool
	domain  *ad.Domain
	trusts  ntacl.Trusts
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu      sync.Mutex
	users   int // sources that are open
	servers map[string]*server

	replicated map[string]string // share.domain → the server on which it is read
}

// NetworkConfig says how servers are reached.
type NetworkConfig struct {
	Account *Account
	Limits  Limits
	Encrypt bool         // encrypt everything, or fail
	Domain  *ad.Domain   // who is in it; may be nil
	Trusts  ntacl.Trusts // whether other domains are trusted
	// Dial connects; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewNetwork returns a network that has contacted nobody.
func NewNetwork(c NetworkConfig) *Network {
	return &Network{
		account: c.Account, limits: c.Limits.withDefaults(), encrypt: c.Encrypt, domain: c.Domain, trusts: c.Trusts, dial: c.Dial,
		servers: make(map[string]*server), replicated: make(map[string]string),
	}
}

// Account returns who signs in.
func (n *Network) Account() *Account { return n.account }

// server returns the server of a target, always the same one.
func (n *Network) server(t Target) *server {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.servers[t.address()]
	if s == nil {
		s = &server{
			network: n, host: t.Host, address: t.dialAddress(), slots: make(chan struct{}, n.limits.Opens), guards: make(map[string]guard), bins: make(map[string]*bin),
			backoff: pace.Backoff{First: 250 * time.Millisecond, Most: 10 * time.Second},
		}
		s.people = principals.New(principals.Config{Open: s.pipe, Domain: n.domain, Host: t.Host})
		n.servers[t.address()] = s
	}
	return s
}

// use counts a Source that needs the network.
func (n *Network) use() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.users++
}

// leave ends all sessions once no Source needs them.
func (n *Network) leave() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.users--; n.users > 0 {
		return
	}
	for _, s := range n.servers {
		s.close()
	}
	clear(n.servers)
}
