package rooms

import (
	"slices"
	"strings"
	"testing"
)

// room says what a package may import besides the standard library.
type room struct {
	ours   []string          // packages of this repository
	theirs map[string]string // modules of others, each with the reason
	notStd []string          // packages of the standard library that it must do without
}

// pure is what a detector has no use for: it is data and pure functions.
var pure = []string{"net", "os", "io/ioutil", "context", "log", "syscall"}

const xsys = "golang.org/x/sys"

// rooms is the whole house. A package that is not in it does not belong to it.
var rooms = map[string]room{
	"sources": {},
	"sources/local": {
		ours:   []string{"sources", "sources/ntacl", "internal/pace", "internal/paths"},
		theirs: map[string]string{xsys: "openat, fstat and POSIX ACLs are not in the standard library"},
	},
	// No connector: what a Windows security descriptor means is the same on a
	// file server and on a mounted share, so both sources use it.
	"sources/ntacl":           {ours: []string{"sources"}},
	"sources/ntacl/ntacltest": {ours: []string{"sources/ntacl"}},
	"sources/smb/msrpc":       {ours: []string{"sources", "sources/ntacl"}},
	"sources/smb": {
		ours: []string{
			"sources", "sources/ntacl", "sources/smb/msrpc", "sources/smb/ad", "sources/smb/principals", "internal/pace", "internal/paths", "internal/secret", "internal/smb2",
		},
		theirs: map[string]string{
			"github.com/cloudsoda/go-smb2":   "NTLM, which no other kept library has with session keys",
			"github.com/jcmturner/gokrb5/v8": "Kerberos without a C library",
		},
	},
	"sources/smb/ad": {
		ours: []string{"sources", "sources/ntacl"},
		theirs: map[string]string{
			"github.com/go-ldap/ldap/v3":     "LDAP",
			"github.com/jcmturner/gokrb5/v8": "the tickets that a connector signs in by",
		},
	},
	"sources/smb/principals": {ours: []string{"sources", "sources/ntacl", "sources/smb/ad", "sources/smb/msrpc"}},
	"sources/smb/smbtest": {
		theirs: map[string]string{
			"github.com/cloudsoda/go-smb2": "tests see what another program's client can do",
			"github.com/go-ldap/ldap/v3":   "fills the directory of a real domain controller",
		},
	},
	"sources/slack": {
		ours:   []string{"sources", "internal/slackjson", "internal/pace"},
		theirs: map[string]string{"github.com/slack-go/slack": "calls Slack's methods; BSD, released every few weeks, so it is pinned and behind a few functions"},
	},
	"sources/slackexport": {
		ours:   []string{"sources", "internal/slackjson", "internal/slackfiles"},
		theirs: map[string]string{"github.com/klauspost/compress": "deflate at twice the speed of the standard library's"},
	},
	"internal/slackfiles":     {ours: []string{"sources", "internal/pace"}},
	"sources/slack/slacktest": {},
	"internal/slackjson":      {ours: []string{"sources"}},
	"sources/sourcetest": {
		ours:   []string{"sources"},
		theirs: map[string]string{"go.uber.org/goleak": "a source must leave no goroutine behind"},
	},

	"detectors":              {ours: []string{"internal/secret", "detectors/anchor", "detectors/unwrap"}, notStd: pure},
	"detectors/unwrap":       {notStd: pure},
	"detectors/anchor":       {theirs: map[string]string{xsys: "which vector instructions the processor has"}, notStd: pure},
	"detectors/aws":          {ours: []string{"detectors", "detectors/unwrap", "internal/secret"}, notStd: pure},
	"detectors/rules":        {ours: []string{"detectors", "detectors/anchor", "internal/secret", "internal/stricttoml"}, notStd: pure},
	"detectors/extra":        {ours: []string{"detectors", "detectors/rules", "internal/secret"}, notStd: pure},
	"detectors/marks":        {ours: []string{"detectors"}, notStd: pure},
	"detectors/detectortest": {ours: []string{"detectors", "internal/secret"}},

	"verify": {
		ours:   []string{"internal/secret"},
		theirs: map[string]string{"github.com/bmatcuk/doublestar/v4": "globs with ** of places whose keys are never verified"},
	},
	"verify/aws": {
		ours: []string{"verify", "verify/aws/audit", "internal/secret", "internal/pace"},
		theirs: map[string]string{
			"github.com/aws/aws-sdk-go-v2":             "signs and sends GetCallerIdentity",
			"github.com/aws/aws-sdk-go-v2/service/sts": "the call itself",
			"github.com/aws/aws-sdk-go-v2/service/iam": "what a key may read of itself, where that is asked for",
			"github.com/aws/smithy-go":                 "the vendor's error codes and the steps of a call",
		},
	},
	"verify/aws/policy":     {},
	"verify/aws/capability": {ours: []string{"verify", "verify/aws/policy"}},
	"verify/aws/audit": {
		ours: []string{"verify", "verify/aws/capability", "verify/aws/policy", "internal/pace"},
		theirs: map[string]string{
			"github.com/aws/aws-sdk-go-v2":                       "the responder's configuration and retries",
			"github.com/aws/aws-sdk-go-v2/config":                "the responder's own profile, single sign-on included; never a found key's",
			"github.com/aws/aws-sdk-go-v2/credentials":           "the responder's read-only role in other accounts",
			"github.com/aws/aws-sdk-go-v2/service/iam":           "whose key it is, whether it is active, what its owner may do",
			"github.com/aws/aws-sdk-go-v2/service/organizations": "names of accounts, and service control policies",
			"github.com/aws/aws-sdk-go-v2/service/cloudtrail":    "whether anything is logged, and from where a key was used",
			"github.com/aws/aws-sdk-go-v2/service/sts":           "who the responder is, and the account of an old key",
			"github.com/aws/smithy-go":                           "the vendor's error codes",
		},
	},
	"tools/policyoracle": {
		ours: []string{"verify/aws/policy"},
		theirs: map[string]string{
			"github.com/versity/versitygw": "somebody else's reading of IAM policies, to compare ours with",
		},
	},
	"verify/awstest": {},

	"internal/stricttoml": {theirs: map[string]string{"github.com/pelletier/go-toml/v2": "TOML files that people write, with line and column for what is wrong"}},
	"internal/ignore": {
		ours: []string{"internal/stricttoml"},
		theirs: map[string]string{
			"github.com/pelletier/go-toml/v2":  "the type of a day",
			"github.com/bmatcuk/doublestar/v4": "globs with **, as --exclude takes them",
		},
	},

	"internal/secret": {},
	"internal/pick":   {theirs: map[string]string{"github.com/bmatcuk/doublestar/v4": "globs with ** for names"}},
	"internal/pace":   {theirs: map[string]string{"golang.org/x/time": "a token bucket"}},
	"internal/extract": {theirs: map[string]string{
		"github.com/klauspost/compress":   "gzip, deflate and zstd at twice the speed of others, and zstd at all",
		"github.com/ulikunitz/xz":         "xz",
		"github.com/bodgit/sevenzip":      "7z",
		"github.com/nwaples/rardecode/v2": "rar",
		"github.com/jhillyerd/enmime/v2":  "mail as it really is: broken headers, nested parts",
		"github.com/richardlehane/mscfb":  "compound files: doc, xls, ppt, msg",
		xsys:                              "limits of the child process",
	}},
	"internal/smb2":  {},
	"internal/paths": {theirs: map[string]string{"github.com/bmatcuk/doublestar/v4": "globs with ** for --include and --exclude"}},
	"internal/journal": {
		ours: []string{"sources", "detectors", "verify", "internal/ignore", "internal/secret"},
		theirs: map[string]string{
			xsys:                        "file locks, and opening files without following links",
			"github.com/dchest/siphash": "a fast keyed hash of 64 bits (CC0)",
		},
	},
	"internal/report": {
		ours:   []string{"internal/ignore", "internal/journal", "internal/secret", "sources", "detectors", "verify"},
		theirs: map[string]string{"golang.org/x/text": "columns of East Asian names in a terminal"},
	},
	"internal/scan": {
		ours:   []string{"sources", "detectors", "verify", "internal/extract", "internal/journal", "internal/pace", "internal/pick", "internal/secret"},
		theirs: map[string]string{"golang.org/x/sync": "errgroup"},
	},
	"internal/rooms": {},
	"internal/bench": {
		ours: []string{"detectors", "detectors/aws", "internal/extract", "sources/slack/slacktest", "sources/smb/smbtest"},
		theirs: map[string]string{
			"github.com/klauspost/compress": "writes what is measured: zstd",
			"github.com/ulikunitz/xz":       "writes what is measured: xz",
		},
	},
	"internal/bench/corpus": {
		ours:   []string{"detectors/detectortest"},
		theirs: map[string]string{"golang.org/x/text": "writes files in Japanese character sets"},
	},

	"cmd/mislaid": {
		ours: []string{"internal"}, // and everything else: see refuses
		theirs: map[string]string{
			"github.com/spf13/cobra":        "commands, completion and manual pages",
			"github.com/spf13/pflag":        "cobra's flags",
			"golang.org/x/term":             "whether stderr is a terminal, how wide, and prompts that show nothing",
			"github.com/zalando/go-keyring": "tokens of ours that the user keeps in the desktop's keyring",
			xsys:                            "core dumps are switched off",
		},
	},
}

// testModules may be imported by any test.
var testModules = map[string]string{
	"pgregory.net/rapid":                       "property tests",
	"github.com/google/go-cmp":                 "differences that a person can read",
	"go.uber.org/goleak":                       "no goroutine left behind",
	"github.com/rogpeppe/go-internal":          "testscript sessions",
	"github.com/santhosh-tekuri/jsonschema/v6": "reports are checked against their published schema",
	"github.com/cloudsoda/go-smb2":             "NTLM, where a file server is spoken to without package smb",
	"golang.org/x/sys":                         "FIFOs, devices and pages that must not be touched",
}

func TestImports(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range goFiles(t, true) {
		name := strings.TrimPrefix(f.pkg, module+"/")
		r, ok := rooms[name]
		if !ok {
			t.Errorf("%s: %s is in no room; say in this test what it may import", f.name, name)
			continue
		}
		seen[name] = true
		for _, path := range f.imports() {
			if why := r.refuses(name, path, f.test); why != "" {
				t.Errorf("%s imports %s: %s", f.name, path, why)
			}
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("there is no package %s", name)
		}
	}
}

// TestNoSpareRoom: what nobody imports any more is not allowed any more.
func TestNoSpareRoom(t *testing.T) {
	imported := make(map[string][]string)
	for _, f := range goFiles(t, true) {
		name := strings.TrimPrefix(f.pkg, module+"/")
		imported[name] = append(imported[name], f.imports()...)
	}
	for name, r := range rooms {
		if name == "cmd/mislaid" {
			r.ours = nil // it may import everything
		}
		for _, ours := range r.ours {
			if !slices.Contains(imported[name], module+"/"+ours) {
				t.Errorf("%s does not import %s", name, ours)
			}
		}
		for mod := range r.theirs {
			if !slices.ContainsFunc(imported[name], func(path string) bool { return under(path, mod) }) {
				t.Errorf("%s does not import %s", name, mod)
			}
		}
	}
}

// refuses says why a package may not import path; "" if it may.
func (r room) refuses(name, path string, test bool) string {
	if ours, ok := strings.CutPrefix(path, module+"/"); ok {
		switch {
		case ours == name, slices.ContainsFunc(r.ours, func(p string) bool { return p == ours || p == "internal" && under(ours, p) }):
			return ""
		case name == "cmd/mislaid" && (under(ours, "sources") || under(ours, "detectors") || under(ours, "verify")):
			return ""
		case test && (strings.HasSuffix(ours, "test") || under(ours, name) || under(name, "internal/scan") || under(name, "cmd")):
			return ""
		}
		return "it may import " + strings.Join(r.ours, ", ") + " and nothing else of ours"
	}
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") {
		if !test && slices.ContainsFunc(r.notStd, func(p string) bool { return under(path, p) }) {
			return "it must do without"
		}
		return ""
	}
	for mod := range r.theirs {
		if under(path, mod) {
			return ""
		}
	}
	for mod := range testModules {
		if test && under(path, mod) {
			return ""
		}
	}
	return "no reason is given for that module"
}

// TestRefuses makes sure that the rules refuse something.
func TestRefuses(t *testing.T) {
	for _, bad := range [][2]string{
		{"detectors/aws", "net/http"}, {"detectors/aws", "os"}, {"detectors", "context"}, {"sources", module + "/internal/secret"},
		{"sources/local", module + "/sources/smb"}, {"verify", module + "/detectors"}, {"internal/report", module + "/internal/scan"},
		{"internal/secret", "github.com/spf13/cobra"}, {"internal/journal", "github.com/spf13/cobra"},
	} {
		if rooms[bad[0]].refuses(bad[0], bad[1], false) == "" {
			t.Errorf("%s may import %s", bad[0], bad[1])
		}
	}
	for _, good := range [][2]string{
		{"detectors/aws", "bytes"}, {"internal/scan", module + "/sources"}, {"cmd/mislaid", module + "/verify/aws"}, {"cmd/mislaid", "github.com/spf13/cobra/doc"},
	} {
		if why := rooms[good[0]].refuses(good[0], good[1], false); why != "" {
			t.Errorf("%s may not import %s: %s", good[0], good[1], why)
		}
	}
}
