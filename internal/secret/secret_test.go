package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

type holder struct {
	Public  Value
	private Value
	deep    struct{ c Credential }
	ptr     *Value
	list    []Value
	m       map[string]Value
}

// TestNothingPrints tries every common way of printing, the value exposed and
// hidden in unexported fields, where fmt does not call String.
func TestNothingPrints(t *testing.T) {
	plain := []byte("s3cr3t/bytes+that-must-not-show")
	v := New(plain)
	h := holder{Public: v, private: v, ptr: &v, list: []Value{v}, m: map[string]Value{"k": v}}
	h.deep.c = Credential{Kind: AccessKey, ID: "id", Secret: v, Token: v}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%b", "%t", "%p", "%w"} {
		for _, x := range []any{v, &v, h, &h, h.deep.c, []any{v, h}} {
			fmt.Fprintf(&out, verb+"\n", x)
		}
	}
	for _, x := range []any{v, h, h.deep.c} {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", x)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", x)
	}
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(h)
	}()

	low := strings.ToLower(out.String())
	for name, form := range map[string]string{
		"plain":   string(plain),
		"hex":     hex.EncodeToString(plain),
		"base64":  base64.StdEncoding.EncodeToString(plain),
		"printed": strings.Trim(fmt.Sprint(plain), "[]"),
		"golang":  strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", plain), "[]byte{"), "}"),
	} {
		if strings.Contains(low, strings.ToLower(form)) {
			t.Errorf("the secret shows in %s form", name)
		}
	}
	if !strings.Contains(low, Masked) {
		t.Error("nothing was masked: the test printed nothing")
	}
}

func TestDestroyReachesCopies(t *testing.T) {
	v := New([]byte("abc"))
	w := v
	v.Destroy()
	if !w.IsZero() || !v.IsZero() || !(Value{}).IsZero() {
		t.Error("Destroy left bytes behind")
	}
}

func TestNewCopies(t *testing.T) {
	b := []byte("abc")
	v := New(b)
	b[0] = 'x'
	if string(v.Reveal()) != "abc" {
		t.Error("New kept the caller's slice")
	}
}

// TestFingerprint pins the published formula with values computed apart.
func TestFingerprint(t *testing.T) {
	for _, tt := range []struct {
		c    Credential
		want Fingerprint
	}{
		// printf 'mislaid/v1\0an-id\0a-secret' | sha256sum | cut -c1-32
		{Credential{ID: "an-id", Secret: New([]byte("a-secret")), Token: New([]byte("any"))}, "13224fca934aa8583dfadc93c2116461"},
		{Credential{ID: "an-id"}, "8b53af861924ed8ef712dd37f7291a39"},
		{Credential{Secret: New([]byte("a-secret"))}, "e53ef71e1ecd37d33c11c4b5edf40555"},
	} {
		if got := tt.c.Fingerprint(); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.c.ID, got, tt.want)
		}
	}
}
