//go:build real && linux

package msrpc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/smb/msrpc"
	"mislaid/sources/smb/smbtest"
)

func TestRealServer(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{
		Shares: map[string]map[string]string{
			"open": {"comment": "for all"}, "home$": nil, "guarded": {"comment": "Grüße"}, "unseen": {"browseable": "no"},
		},
	})
	s.SetShareSecurity(t, "guarded", "D:(D;;0x1f01ff;;;BG)(A;;0x1200a9;;;AU)")
	ctx := t.Context()
	open := smbtest.Dial(t, s.Addr, "", "bob", s.Password("bob")).Pipe

	shares, err := msrpc.ListShares(ctx, open, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]msrpc.Share{}
	for _, sh := range shares {
		byName[sh.Name] = sh
	}
	for name, comment := range map[string]string{"open": "for all", "home$": "", "guarded": "Grüße"} {
		sh, ok := byName[name]
		if !ok || sh.Comment != comment || sh.Type&msrpc.ShareKinds != msrpc.ShareDisk {
			t.Errorf("%s: %+v, %v", name, sh, ok)
		}
		if sh.Descriptor != nil || !errors.Is(sh.DescriptorErr, sources.ErrDenied) {
			t.Errorf("%s: an ordinary user reads the share's list: %+v, %v", name, sh.Descriptor, sh.DescriptorErr)
		}
	}
	if ipc := byName["IPC$"]; ipc.Type&msrpc.ShareKinds != msrpc.ShareIPC || ipc.Type&msrpc.ShareSpecial == 0 {
		t.Errorf("IPC$: %+v", ipc)
	}
	if _, err := msrpc.ShareDescriptor(ctx, open, "127.0.0.1", "guarded"); !errors.Is(err, sources.ErrDenied) {
		t.Errorf("an ordinary user reads the share's list: %v", err)
	}
	if _, err := msrpc.ShareDescriptor(ctx, open, "127.0.0.1", "nosuch"); err == nil || errors.Is(err, sources.ErrDenied) {
		t.Errorf("no such share: %v", err)
	}

	soft, err := msrpc.AskSoftware(ctx, open, "127.0.0.1")
	if err != nil || !soft.Unix || !strings.HasPrefix(soft.Comment, "Samba") {
		t.Errorf("%+v, %v", soft, err)
	}
	m, err := msrpc.AskMachine(ctx, open, "127.0.0.1")
	if err != nil || m.Accounts.Name != "MISLAIDTEST" || !m.Accounts.SID.Child(1).Account() || !m.Standalone() {
		t.Fatalf("%+v, %v", m, err)
	}
	d := m.Accounts.SID
	sids := []ntacl.SID{ntacl.Users, ntacl.Everyone, ntacl.MakeSID(5, 21, 1, 2, 3, 513), d.Child(1000), d.Child(4711), ntacl.MakeSID(22, 1, 0)}
	for len(sids) < 150 { // more than one question's worth
		sids = append(sids, d.Child(uint32(5000+len(sids))))
	}
	sids = append(sids, d.Child(513))
	names, err := msrpc.Names(ctx, open, "127.0.0.1", sids)
	if err != nil || len(names) != len(sids) {
		t.Fatalf("%d names, %v", len(names), err)
	}
	for i, want := range []string{`BUILTIN\Users`, "Everyone", "", `MISLAIDTEST\games`, "", `Unix User\root`, ""} {
		if i == 3 && !strings.HasPrefix(names[i].String(), `MISLAIDTEST\`) || i != 3 && names[i].String() != want {
			t.Errorf("%s is called %q", sids[i], names[i])
		}
	}
	if last := names[150]; last.Use != msrpc.UseGroup || last.Name != "None" {
		t.Errorf("%+v", last)
	}
	if none, err := msrpc.Names(ctx, open, "127.0.0.1", []ntacl.SID{ntacl.MakeSID(5, 21, 1, 2, 3, 4)}); err != nil || none[0].Name != "" {
		t.Errorf("%v, %v", none, err)
	}

	a, err := msrpc.OpenAccounts(ctx, open, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.AliasMembers(d.Child(4711)); !errors.Is(err, ntacl.ErrNoSuchSID) {
		t.Errorf("no such group: %v", err)
	}
	u, err := a.User(d.Child(1000))
	if err != nil || u.Disabled || !slices.Contains(u.Groups, d.Child(513)) {
		t.Errorf("%+v, %v", u, err)
	}
	if n, err := a.CountUsers(d); err != nil || n != 3 {
		t.Errorf("%d accounts, %v", n, err)
	}
	if l, err := a.Lockout(d); err != nil || l.Threshold != 0 || l.Window.Minutes() != 30 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestRealShareDescriptor(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"guarded": nil}})
	s.AddRoot(t)
	s.SetShareSecurity(t, "guarded", "D:(D;;0x1f01ff;;;BG)(A;;0x1200a9;;;AU)")
	open := smbtest.Dial(t, s.Addr, "", "root", s.Password("root")).Pipe
	d, err := msrpc.ShareDescriptor(t.Context(), open, "127.0.0.1", "guarded")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.DACL) != 2 || d.DACL[0].Effect() != ntacl.Denies || d.DACL[0].SID != ntacl.GuestsGroup || d.DACL[1].SID != ntacl.AuthenticatedUsers {
		t.Errorf("%+v", d)
	}
	shares, err := msrpc.ListShares(t.Context(), open, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(shares, func(s msrpc.Share) bool { return s.Name == "guarded" })
	if i < 0 || shares[i].Descriptor == nil || len(shares[i].Descriptor.DACL) != 2 || shares[i].Path == "" {
		t.Errorf("%+v", shares)
	}
}
