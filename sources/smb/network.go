package smb

import (
	"context"
	"net"
	"slices"
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
	notes   []string
	probes  bool
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu      sync.Mutex
	users   int // sources that are open
	servers map[string]*server

	replicated map[string]string // share.domain → the server on which it is read

	targets []Target          // that sources have
	routes  []route           // DFS links whose targets are known
	claims  map[string]string // spots that links lead to, by spot.key → who reads them
}

// NetworkConfig says how servers are reached.
type NetworkConfig struct {
	Account *Account
	Limits  Limits
	Encrypt bool         // encrypt everything, or fail
	Domain  *ad.Domain   // who is in it; may be nil
	Trusts  ntacl.Trusts // whether other domains are trusted
	Notes   []string     // what a reader of every report must know, as that the domain could not be asked
	// Probe tries, of each file of which it is asked who can read it, whether it
	// can be opened without an account.
	Probe bool
	// Dial connects; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewNetwork returns a network that has contacted nobody.
func NewNetwork(c NetworkConfig) *Network {
	return &Network{
		account: c.Account, limits: c.Limits.withDefaults(), encrypt: c.Encrypt, domain: c.Domain, trusts: c.Trusts, notes: c.Notes, probes: c.Probe, dial: c.Dial,
		servers: make(map[string]*server), replicated: make(map[string]string),
		claims: make(map[string]string),
	}
}

// Account returns who signs in.
func (n *Network) Account() *Account { return n.account }

// Domain returns who is asked who somebody is, nil for nobody.
func (n *Network) Domain() *ad.Domain { return n.domain }

// Trusts says whether the domain lets in users of others.
func (n *Network) Trusts() ntacl.Trusts { return n.trusts }

// Notes are what a reader must know about everything that is read by it.
func (n *Network) Notes() []string { return slices.Clone(n.notes) }

// server returns the server of a target, always the same one.
func (n *Network) server(t Target) *server {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.servers[t.address()]
	if s == nil {
		s = &server{
			network: n, host: t.Host, port: t.Port, address: t.dialAddress(), slots: make(chan struct{}, n.limits.Opens), guards: make(map[string]guard),
			backoff: pace.Backoff{First: 250 * time.Millisecond, Most: 10 * time.Second},
		}
		s.people = principals.New(principals.Config{Open: s.pipe, Domain: n.domain, Host: t.Host})
		s.strangers = strangers(s)
		n.servers[t.address()] = s
	}
	return s
}

// use counts a Source that needs the network.
func (n *Network) use(t Target) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.users++
	n.targets = append(n.targets, t)
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
	if n.domain != nil {
		n.domain.Rest()
	}
	clear(n.servers)
	clear(n.claims)
	n.routes, n.targets = nil, nil
}
