package extract

import (
	"encoding/base64"
	"strings"
	"testing"
)

func sampleMail(t testing.TB) string {
	t.Helper()
	attached := base64.StdEncoding.EncodeToString(zipOf(t, entry{"keys.txt", "in the zip"}))
	lines := strings.Join(strings.Split(attached, ""), "")
	var wrapped strings.Builder
	for len(lines) > 76 {
		wrapped.WriteString(lines[:76] + "\r\n")
		lines = lines[76:]
	}
	wrapped.WriteString(lines)
	return strings.ReplaceAll(`From: a@example.org
To: b@example.org
Subject: =?utf-8?B?`+base64.StdEncoding.EncodeToString([]byte("the subject"))+`?=
Date: Mon, 1 Jan 2024 00:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=xx

--xx
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

secret=3Dabc=
def
--xx
Content-Type: application/zip; name=keys.zip
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=keys.zip

`, "\n", "\r\n") + wrapped.String() + strings.ReplaceAll(`
--xx
Content-Type: message/rfc822

From: c@example.org
Subject: inner
Date: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.org>

the inner mail
--xx--
`, "\n", "\r\n")
}

func TestMail(t *testing.T) {
	v := walkBytes(t, Limits{}, []byte(sampleMail(t)))
	for inner, want := range map[string][]string{
		"":                               {"Subject: the subject", "secret=abcdef"},
		"!attachment keys.zip!/keys.txt": {"in the zip"},
	} {
		for _, s := range want {
			if !strings.Contains(v.texts[inner], s) {
				t.Errorf("%q does not hold %q: %q", inner, s, v.texts[inner])
			}
		}
	}
	inner := ""
	for _, text := range v.texts {
		inner += text
	}
	if !strings.Contains(inner, "the inner mail") {
		t.Error("the mail within the mail was not read")
	}
	if len(v.gaps) > 0 {
		t.Errorf("gaps: %v", v.gaps)
	}

	box := "From a@example.org Mon Jan  1 00:00:00 2024\n" + sampleMail(t) + "\n\nFrom c Mon Jan  1 00:00:00 2024\nFrom: c\nSubject: s\nDate: d\n\nsecond\n>From here\n"
	v = walkBytes(t, Limits{}, []byte(box))
	if !strings.Contains(v.texts["!message 1"], "secret=abcdef") || !strings.Contains(v.texts["!message 2"], "second\n>From here") {
		t.Errorf("the box holds %d texts: %q", len(v.texts), v.texts["!message 2"])
	}
}

func TestIsMail(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		want bool
	}{
		"mail":    {"Received: from x\r\n by y\r\nFrom: a\r\nSubject: s\r\n\r\nbody", true},
		"mhtml":   {"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://x\r\nSubject: s\r\nDate: d\r\nMIME-Version: 1.0\r\n\r\n", true},
		"mbox":    {"From a@b Mon\nFrom: a\nDate: d\nSubject: s\n\n", true},
		"yaml":    {"from: a\nto: b\nname: c\n\n", false},
		"yaml 2":  {"subject: a\nfrom: b\ndate: c\n  x: y\nbad line\n", false},
		"prose":   {"Subject: hello\n\nFrom: x\n", false},
		"http":    {"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: y\r\n\r\n", false},
		"nothing": {"", false},
	} {
		if got := isMail([]byte(c.head)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
