package smb

import (
	"context"
	"fmt"

	"mislaid/internal/smb2"
	"mislaid/sources/smb/msrpc"
)

// Hello signs in and returns what the server said of the session.
func (s *Source) Hello(ctx context.Context) (f smb2.Facts, err error) {
	err = s.call(ctx, "IPC$", func(_ context.Context, t *smb2.Tree) error {
		f = t.Conn().Facts()
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("smb: %w", sentinel(err))
	}
	return f, nil
}

// Who names the account that signs in.
func (s *Source) Who() string { return s.config.Network.account.credential.String() }

// Network is what the source is reached by.
func (s *Source) Network() *Network { return s.config.Network }

// Limits are those of the network, with its defaults.
func (s *Source) Limits() Limits { return s.config.Network.limits }

// GuardsRead reports whether the list that guards a share could be read for any
// of the shares that were listed.
func (s *Source) GuardsRead() bool {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	for _, g := range s.server.guards {
		if g.descriptor != nil {
			return true
		}
	}
	return false
}

// Lockout returns when the server locks its own accounts; on a domain controller
// they are the domain's.
func (s *Source) Lockout(ctx context.Context) (l msrpc.Lockout, err error) {
	rpc, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	machine, err := msrpc.AskMachine(rpc, s.server.pipe, s.server.host)
	if err != nil {
		return l, fmt.Errorf("smb: %w", err)
	}
	accounts, err := msrpc.OpenAccounts(rpc, s.server.pipe, s.server.host)
	if err != nil {
		return l, fmt.Errorf("smb: %w", err)
	}
	defer accounts.Close()
	if l, err = accounts.Lockout(machine.Accounts.SID); err != nil {
		return l, fmt.Errorf("smb: %w", err)
	}
	return l, nil
}
