package smb

import (
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for in, want := range map[string]Target{
		"smb://fs1":                            {Host: "fs1"},
		"smb://FS1.Corp.Example/":              {Host: "fs1.corp.example"},
		"smb://fs1:445/data":                   {Host: "fs1", Share: "data"},
		"smb://fs1:1445/data/a/b":              {Host: "fs1", Port: 1445, Share: "data", Path: "a/b"},
		"smb://alice@fs1/data":                 {User: "alice", Host: "fs1", Share: "data"},
		"smb://CORP;alice@fs1/home$":           {Domain: "CORP", User: "alice", Host: "fs1", Share: "home$"},
		"smb://CORP;svc%20scan@fs1/My%20Share": {Domain: "CORP", User: "svc scan", Host: "fs1", Share: "My Share"},
		"smb://fs1/My Share/50%25":             {Host: "fs1", Share: "My Share", Path: "50%"},
		"smb://[fe80::1]:445/data":             {Host: "fe80::1", Share: "data"},
		"smb://[fe80::1]/data":                 {Host: "fe80::1", Share: "data"},
		"smb://10.0.0.1//data//x/":             {Host: "10.0.0.1", Share: "data", Path: "x"},
		`\\fs1\data\a b\c`:                     {Host: "fs1", Share: "data", Path: "a b/c"},
		"smb://u@corp.example@fs1/data":        {User: "u@corp.example", Host: "fs1", Share: "data"},
		`\\fs1`:                                {Host: "fs1"},
		`//fs1/data/a#b?c`:                     {Host: "fs1", Share: "data", Path: "a#b?c"},
		`//fs1/シークレット`:                         {Host: "fs1", Share: "シークレット"},
	} {
		got, err := ParseTarget(in)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", in, got, err, want)
		}
		if again, err := ParseTarget(got.String()); err != nil || again != got {
			t.Errorf("%s: %s gives %+v, %v", in, got, again, err)
		}
	}
}

func TestParseTargetErrors(t *testing.T) {
	for in, want := range map[string]string{
		"smb:":                 "not spelled",
		"smb://":               "the server is missing",
		"smb:///share":         "the server is missing",
		"smb://u:pw@fs1/data":  "--smb-password",
		"smb://fs1/data?x":     "%3F",
		"smb://fs1/data#x":     "%23",
		"smb://fs1:0/data":     "port",
		"smb://fs1:99999/data": "port",
		"smb://a b/data":       "",
		"smb://fs1/data/../x":  "..",
		"smb://fs1/data/a:b":   "no name",
		`smb://fs1/data\x`:     "slashes",
		`\\`:                   "missing",
		`\\fs1\data\..\x`:      "..",
		`//fs1/da\ta`:          "mixed",
		"smb://CORP;@fs1":      "domain;user",
		"smb://fs1/%00":        "no name",
		"smb://fs1/50%/x":      "%25",
	} {
		got, err := ParseTarget(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", in, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw@") {
			t.Errorf("%s: the error shows the password: %v", in, err)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"smb://CORP;alice@fs1:1445/da ta$/%41/x", `\\fs1\share\a`, "//[::1]/x", "smb://[fe80::1%25eth0]:1/", "smb://a/%2f%5c/%2e%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTarget(s)
		if err != nil {
			return
		}
		if got.Host == "" || strings.ContainsAny(got.Share, "/\\:\x00") || got.Path != "" && !validPath(got.Path) {
			t.Fatalf("%q gives %+v", s, got)
		}
		again, err := ParseTarget(got.String())
		if err != nil || again != got {
			t.Fatalf("%q gives %+v, whose normal form %q gives %+v, %v", s, got, got.String(), again, err)
		}
	})
}

func FuzzContainerID(f *testing.F) {
	for _, s := range []string{"data", "data/a/b", "data/a:b.txt", "data:x", "/", ":", `da\x0ata/x`, "a/../b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		r, ok := parseRoot(id)
		if !ok {
			return
		}
		if r.id() != id || strings.Contains("/"+r.path("x")+"/", "/../") {
			t.Fatalf("%q is %+v, called %q", id, r, r.id())
		}
	})
}
