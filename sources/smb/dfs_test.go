package smb

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestConsumed(t *testing.T) {
	n := NewNetwork(NetworkConfig{Account: NewAccount(Credential{Method: Anonymous})})
	s := n.server(Target{Host: "ns"})
	for _, test := range []struct{ path, referred, want string }{
		{"a/link/deep/f", `\ns\dfs\a\link`, "a/link"},
		{"a/link", `\NS\DFS\A\LINK\`, "A/LINK"},
		{"x", `\ns\dfs`, ""}, // the whole share lies elsewhere
	} {
		if got, err := consumed(spot{s, "dfs", test.path}, test.referred); err != nil || got != test.want {
			t.Errorf("%s of %s: %q, %v", test.referred, test.path, got, err)
		}
	}
	for _, bad := range []string{"", `\`, `\ns`, `\ns\dfs\other`, `\ns\dfs\a\lin`} {
		if got, err := consumed(spot{s, "dfs", "a/link"}, bad); err == nil {
			t.Errorf("%s is taken for %q", bad, got)
		}
	}
}

// TestFollow: whatever routes there are, a path is followed to its end, and what
// is below a link stays below it.
func TestFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := NewNetwork(NetworkConfig{Account: NewAccount(Credential{Method: Anonymous})})
		place := rapid.Custom(func(t *rapid.T) spot {
			path := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "B", "ab"}), 0, 3).Draw(t, "path"), "/")
			return spot{n.server(Target{Host: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "host")}), rapid.SampledFrom([]string{"s", "T"}).Draw(t, "share"), path}
		})
		for range rapid.IntRange(0, 4).Draw(t, "routes") {
			if r := (route{place.Draw(t, "link"), place.Draw(t, "to")}); r.link.key() != r.to.key() {
				n.remember(r)
			}
		}
		p := place.Draw(t, "from")
		got := n.follow(p) // circles end too
		if len(n.routes) == 0 && got != p {
			t.Fatalf("%v leads to %v without a link", p, got)
		}
		if below := n.follow(p.join("leaf")); len(n.routes) == 1 && below.key() != got.join("leaf").key() {
			t.Fatalf("%v lies at %v, and what is below it at %v", p, got, below)
		}
	})
}

func TestClaim(t *testing.T) {
	n := NewNetwork(NetworkConfig{Account: NewAccount(Credential{Method: Anonymous})})
	n.use(Target{Host: "fs1"})
	n.use(Target{Host: "fs2", Share: "data", Path: "sub"})
	at := func(host, share, path string) spot { return spot{n.server(Target{Host: host}), share, path} }
	for _, test := range []struct {
		p      spot
		wanted bool
		want   string
	}{
		{at("fs1", "any", "x"), true, "smb://fs1/any"},
		{at("fs1", "any", "x"), false, "me"}, // left out by its name
		{at("fs1", "C$", "x"), true, "me"},   // left out by its type
		{at("fs2", "DATA", "Sub/x"), true, "smb://fs2/data/sub"},
		{at("fs2", "data", "subway"), true, "me"},
		{at("fs2", "data", ""), true, "me"},
		{at("fs3", "data", "x"), true, "me"},
	} {
		if got := n.claim(test.p, "me", test.wanted); got != test.want {
			t.Errorf("%v is read by %q, want %q", test.p, got, test.want)
		}
	}
	if got := n.claim(at("fs3", "Data", "X"), "another", true); got != "me" {
		t.Errorf("the second link to a place is read by %q", got)
	}
}

func TestQualified(t *testing.T) {
	n := NewNetwork(NetworkConfig{Account: NewAccount(Credential{Method: Anonymous})})
	for _, test := range []struct{ teller, host, want string }{
		{"ns.corp.example", "fs1", "fs1.corp.example"}, {"ns.corp.example", "fs1.other.example", "fs1.other.example"},
		{"ns", "fs1", "fs1"}, {"10.0.0.1", "fs1", "fs1"}, {"ns.corp.example", "10.0.0.2", "10.0.0.2"}, {"ns.corp.example", "fe80::1", "fe80::1"},
	} {
		if got := n.qualified(test.teller, test.host); got != test.want {
			t.Errorf("%s, told by %s, is %s", test.host, test.teller, got)
		}
	}
}
