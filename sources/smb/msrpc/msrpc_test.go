package msrpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/ntacl/ntacltest"
)

// replay is a pipe that answers every message with the next of its own.
type replay struct {
	answers [][]byte
	next    bytes.Buffer
	asked   [][]byte
	closed  bool
}

func (r *replay) Write(b []byte) (int, error) {
	r.asked = append(r.asked, bytes.Clone(b))
	if len(r.answers) > 0 {
		r.next.Write(r.answers[0])
		r.answers = r.answers[1:]
	}
	return len(b), nil
}

func (r *replay) Read(b []byte) (int, error) {
	if r.next.Len() == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return r.next.Read(b)
}

func (r *replay) Close() error { r.closed = true; return nil }

func (r *replay) open(context.Context, string) (io.ReadWriteCloser, error) { return r, nil }

// recorded is the messages that Samba 4.17 answered root with: a share guarded by
// D:(D;;0x1f01ff;;;BG)(A;;0x1200a9;;;AU), and the users games, news and mail.
func recorded(t testing.TB, name string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for _, line := range strings.Fields(string(data)) {
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

var server = ntacl.MakeSID(5, 21, 1109361600, 3085878377, 740951881)

func TestRecordedAnswers(t *testing.T) {
	ctx := t.Context()
	r := func(name string) *replay { return &replay{answers: recorded(t, name)} }

	pipe := r("shares")
	shares, err := ListShares(ctx, pipe.open, "FILES")
	if err != nil || len(shares) != 2 || shares[0].Name != "guarded" || shares[0].Comment != "Grüße" || shares[1].Type != ShareIPC|ShareSpecial {
		t.Errorf("%+v, %v", shares, err)
	}
	if d := shares[0].Descriptor; d == nil || len(d.DACL) != 2 || d.DACL[0].SID != ntacl.GuestsGroup || d.DACL[0].Effect() != ntacl.Denies {
		t.Errorf("%+v", d)
	}
	if !pipe.closed {
		t.Error("the pipe is left open")
	}
	if d, err := ShareDescriptor(ctx, r("share").open, "FILES", "guarded"); err != nil || len(d.DACL) != 2 || d.DACL[1].SID != ntacl.AuthenticatedUsers {
		t.Errorf("%+v, %v", d, err)
	}
	if s, err := AskSoftware(ctx, r("software").open, "FILES"); err != nil || !s.Unix || s.Major != 6 || !strings.HasPrefix(s.Comment, "Samba 4.17") {
		t.Errorf("%+v, %v", s, err)
	}
	names, err := Names(ctx, r("names").open, "FILES", []ntacl.SID{ntacl.Users, server.Child(513), ntacl.MakeSID(5, 21, 1, 2, 3, 4), ntacl.MakeSID(22, 1, 0)})
	if err != nil || len(names) != 4 || names[0].String() != `BUILTIN\Users` || names[1].Use != UseGroup || names[2].String() != "" || names[3].String() != `Unix User\root` {
		t.Errorf("%+v, %v", names, err)
	}

	a, err := OpenAccounts(ctx, r("accounts").open, "FILES")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if u, err := a.User(server.Child(1000)); err != nil || u.Disabled || !slices.Equal(u.Groups, []ntacl.SID{server.Child(513)}) {
		t.Errorf("%+v, %v", u, err)
	}
	if list, err := a.GroupMembers(server.Child(513)); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if l, err := a.Lockout(server); err != nil || l.Threshold != 0 || l.Duration.Minutes() != 30 {
		t.Errorf("%+v, %v", l, err)
	}
	if n, err := a.CountUsers(server); err != nil || n != 4 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestTornAnswers: an answer that ends early, wherever, is an error and nothing
// else.
func TestTornAnswers(t *testing.T) {
	for name, ask := range map[string]func(Opener) error{
		"shares":   func(o Opener) error { _, err := enumerate(t.Context(), o, "FILES", level502); return err },
		"share":    func(o Opener) error { _, err := ShareDescriptor(t.Context(), o, "FILES", "guarded"); return err },
		"software": func(o Opener) error { _, err := AskSoftware(t.Context(), o, "FILES"); return err },
		"names": func(o Opener) error {
			_, err := Names(t.Context(), o, "FILES", []ntacl.SID{ntacl.Users, ntacl.Users, ntacl.Users, ntacl.Users})
			return err
		},
	} {
		whole := recorded(t, name)
		last := len(whole) - 1
		if name == "names" {
			last = 2 // what follows closes the policy
		}
		for cut := headerSize + 8; cut < len(whole[last]); cut++ {
			torn := slices.Clone(whole)
			torn[last] = bytes.Clone(whole[last][:cut])
			binary.LittleEndian.PutUint16(torn[last][8:], uint16(cut))
			if err := ask((&replay{answers: torn}).open); err == nil {
				t.Errorf("%s: %d of %d bytes are an answer", name, cut, len(whole[last]))
			}
		}
	}
}

func answer(kind byte, flags byte, call uint32, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	b[0], b[2], b[3], b[4] = 5, kind, flags, 0x10
	binary.LittleEndian.PutUint16(b[8:], uint16(headerSize+len(body)))
	binary.LittleEndian.PutUint32(b[12:], call)
	return append(b, body...)
}

func TestFragments(t *testing.T) {
	whole := recorded(t, "shares")
	stub := whole[1][headerSize+8:]
	var parts []byte
	for i := 0; i < len(stub); i += 7 {
		flags := byte(0)
		if i+7 >= len(stub) {
			flags = 2
		}
		parts = append(parts, answer(ptResponse, flags, 2, append(make([]byte, 8), stub[i:min(i+7, len(stub))]...))...)
	}
	list, err := ListShares(t.Context(), (&replay{answers: [][]byte{whole[0], parts}}).open, "FILES")
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestRefusals(t *testing.T) {
	ack := recorded(t, "shares")[0]
	fault := func(code uint32) []byte {
		return answer(ptFault, 3, 2, binary.LittleEndian.AppendUint32(make([]byte, 8), code))
	}
	refused := bytes.Clone(ack)
	refused[len(refused)-24] = 2
	for name, test := range map[string]struct {
		answers [][]byte
		denied  bool
	}{
		"bind nak":          {[][]byte{answer(ptBindNak, 3, 1, make([]byte, 8))}, false},
		"interface refused": {[][]byte{refused}, false},
		"empty bind ack":    {[][]byte{answer(ptBindAck, 3, 1, nil)}, false},
		"denied":            {[][]byte{ack, fault(5), ack, fault(5)}, true},
		"fault":             {[][]byte{ack, fault(0x1C010003), ack, fault(0x1C010003)}, false},
		"torn fault":        {[][]byte{ack, answer(ptFault, 3, 2, make([]byte, 8))}, false},
		"another call":      {[][]byte{ack, answer(ptResponse, 3, 9, make([]byte, 40))}, false},
		"another kind":      {[][]byte{ack, answer(ptRequest, 3, 2, make([]byte, 40))}, false},
		"with a verifier":   {[][]byte{ack, func() []byte { b := answer(ptResponse, 3, 2, make([]byte, 40)); b[10] = 8; return b }()}, false},
		"big-endian":        {[][]byte{ack, func() []byte { b := answer(ptResponse, 3, 2, make([]byte, 40)); b[4] = 0; return b }()}, false},
		"silence":           {[][]byte{ack}, false},
	} {
		pipe := &replay{answers: test.answers}
		list, err := ListShares(t.Context(), pipe.open, "FILES")
		if err == nil || errors.Is(err, sources.ErrDenied) != test.denied || !pipe.closed {
			t.Errorf("%s: %v, %v, closed %v", name, list, err, pipe.closed)
		}
	}
	failing := func(context.Context, string) (io.ReadWriteCloser, error) { return nil, sources.ErrDenied }
	if _, err := ListShares(t.Context(), failing, "FILES"); !errors.Is(err, sources.ErrDenied) {
		t.Errorf("%v", err)
	}
}

// TestFallsBackToNames: who may not read the lists is told the shares.
func TestFallsBackToNames(t *testing.T) {
	ack := recorded(t, "shares")[0]
	denied := binary.LittleEndian.AppendUint32(nil, level502)
	for _, v := range []uint32{level502, 0, 0, 0, win32AccessDenied} {
		denied = binary.LittleEndian.AppendUint32(denied, v)
	}
	var e encoder
	e.u32(level1)
	e.u32(level1)
	e.pointer()
	e.u32(1)
	e.pointer()
	e.u32(1)
	e.pointer()
	e.u32(ShareDisk)
	e.pointer()
	e.text("data$")
	e.text("all data")
	e.u32(1)
	e.u32(0)
	e.u32(0)
	list, err := ListShares(t.Context(), (&replay{answers: [][]byte{
		ack, answer(ptResponse, 3, 2, append(make([]byte, 8), denied...)), ack, answer(ptResponse, 3, 2, append(make([]byte, 8), e.b...)),
	}}).open, "FILES")
	if err != nil || len(list) != 1 || list[0].Name != "data$" || list[0].Comment != "all data" {
		t.Fatalf("%+v, %v", list, err)
	}
	if list[0].Descriptor != nil || !errors.Is(list[0].DescriptorErr, sources.ErrDenied) {
		t.Errorf("%+v", list[0])
	}
}

// TestCountsThatLie: a count costs no memory before its elements are there.
func TestCountsThatLie(t *testing.T) {
	huge := binary.LittleEndian.AppendUint32(nil, 1<<32-1)
	pointer := []byte{0, 0, 2, 0}
	for name, run := range map[string]func(d *decoder){
		"numbers": func(d *decoder) { d.numbers() },
		"sid":     func(d *decoder) { d.sid() },
		"shares":  func(d *decoder) { decodeShareArray(d, level502) },
	} {
		d := &decoder{b: slices.Concat(huge, pointer, huge, huge, make([]byte, 64))}
		if run(d); d.err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	d := &decoder{b: slices.Concat(huge, pointer, huge, make([]byte, 64))}
	if d.sids(); d.err == nil {
		t.Error("sids: no error")
	}
}

func TestQuestionsFit(t *testing.T) {
	var sids []ntacl.SID
	for range maxSIDs {
		sids = append(sids, ntacl.MakeSID(5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14))
	}
	whole := recorded(t, "names")
	pipe := &replay{answers: whole[:2]}
	if _, err := Names(t.Context(), pipe.open, "FILES", sids); err == nil || len(pipe.asked) < 3 || len(pipe.asked[2]) > maxFrag {
		t.Errorf("%v after %d questions", err, len(pipe.asked))
	}
	c := conn{pipe: &replay{}}
	if err := c.send(ptRequest, make([]byte, maxFrag)); err == nil {
		t.Error("a question that is too long is sent")
	}
	var none encoder
	none.sid(ntacl.SID{})
	if _, err := c.ask(0, &none); err == nil {
		t.Error("no SID is asked about")
	}
}

func TestInterval(t *testing.T) {
	for v, want := range map[int64]string{0: "0s", -18000000000: "30m0s", -1 << 63: "-1ns", -600000000: "1m0s", 18000000000: "30m0s", -18000000001: "30m0s"} {
		if got := Interval(v).String(); got != want {
			t.Errorf("%d: %s, want %s", v, got, want)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for i, name := range []string{"shares", "share", "software", "machine", "names", "accounts"} {
		for _, m := range recorded(f, name) {
			if len(m) > headerSize+8 {
				f.Add(byte(i), m[headerSize+8:])
			}
		}
	}
	f.Add(byte(6), ntacltest.Encode(server, server))
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		d := &decoder{b: b}
		switch which % 10 {
		case 0:
			list, _, _, err := decodeShares(d, level502)
			if err == nil {
				for _, s := range list {
					if s.Descriptor == nil && s.DescriptorErr == nil {
						t.Error("a list that is neither read nor missing")
					}
				}
			}
		case 1:
			_, _ = decodeShareInfo(d)
		case 2:
			_, _ = decodeSoftware(d)
		case 3:
			_, _ = decodePolicyDomain(d, policyAccountDomain)
		case 4:
			if names, err := decodeNames(d, 4); err == nil && len(names) != 4 {
				t.Errorf("%d names", len(names))
			}
		case 5:
			_, _ = decodeLockout(d)
		case 6:
			_, _ = decodeGroupMembers(d)
		case 7:
			_, _ = decodeUserGroups(d)
		case 8:
			_, _, _, _ = decodeUsers(d)
		case 9:
			_, _ = decodeUserControl(d)
			_ = bindAccepted(b)
		}
	})
}

func FuzzConn(f *testing.F) {
	for _, name := range []string{"shares", "names"} {
		f.Add(bytes.Join(recorded(f, name), nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		pipe := &replay{answers: [][]byte{b}}
		if list, err := enumerate(t.Context(), pipe.open, "FILES", level502); err != nil && list != nil {
			t.Error("a list and an error")
		}
		if !pipe.closed {
			t.Error("the pipe is left open")
		}
	})
}
