package smb2

import (
	"bytes"
	"context"
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCMAC has the examples of RFC 4493.
func TestCMAC(t *testing.T) {
	block, err := aes.NewCipher(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	if err != nil {
		t.Fatal(err)
	}
	msg := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	for n, want := range map[int]string{
		0: "bb1d6929e95937287fa37d129b756746", 16: "070a16b46b4d4144f79bdd9dd04a287c",
		40: "dfa66747de9ae63030ca32611497c827", 64: "51f0bebf7e3b9d92fc49741779363cfe",
	} {
		if got := cmac(block, msg[:n]); hex.EncodeToString(got[:]) != want {
			t.Errorf("%d bytes: %x", n, got)
		}
	}
}

func TestCCM(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	c := ccm{block}
	rapid.Check(t, func(t *rapid.T) {
		plain, extra := rapid.SliceOf(rapid.Byte()).Draw(t, "plain"), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "extra")
		nonce := rapid.SliceOfN(rapid.Byte(), 11, 11).Draw(t, "nonce")
		sealed := c.Seal(nil, nonce, plain, extra)
		got, err := c.Open(nil, nonce, sealed, extra)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x, %v", got, err)
		}
		sealed[rapid.IntRange(0, len(sealed)-1).Draw(t, "at")] ^= 1
		if _, err := c.Open(nil, nonce, sealed, extra); err == nil {
			t.Fatal("a changed message opens")
		}
	})
}

func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.SliceOf(rapid.OneOf(rapid.Uint16(), rapid.Uint16Range(0xD800, 0xDFFF))).Draw(t, "units")
		var wire []byte
		for _, u := range units {
			wire = le.AppendUint16(wire, u)
		}
		if got := appendUTF16(nil, string(decodeUTF16(nil, wire))); !bytes.Equal(got, wire) {
			t.Fatalf("% x becomes % x", wire, got)
		}
	})
}

func TestFileTime(t *testing.T) {
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	if got := SnapshotAt(at).Time(); !got.Equal(at) {
		t.Error(got)
	}
	if !fileTime(0).IsZero() || !fileTime(1<<63).IsZero() {
		t.Error("no time is a time")
	}
}

// played is a connection whose other end the test plays.
func played(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	ours, theirs := net.Pipe()
	c := newConn(ours, "fs1")
	go c.receive()
	t.Cleanup(func() {
		_ = c.Close()
		_ = theirs.Close()
		goleak.VerifyNone(t, before)
	})
	return c, theirs
}

// serve answers the next request with what f makes of it.
func serve(t *testing.T, theirs net.Conn, f func(req header) []byte) {
	t.Helper()
	go func() {
		var prefix [4]byte
		if _, err := io.ReadFull(theirs, prefix[:]); err != nil {
			return
		}
		req := make([]byte, binary.BigEndian.Uint32(prefix[:]))
		if _, err := io.ReadFull(theirs, req); err != nil {
			return
		}
		answer := f(req)
		_, _ = theirs.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...))
	}()
}

// reply is an answer to req.
func reply(req header, s Status, body ...byte) header {
	h := header(append(bytes.Clone(req[:headerSize]), body...))
	h.setFlags(flagResponse)
	h.setNext(0)
	le.PutUint32(h[8:], uint32(s))
	return h
}

func TestHostileAnswers(t *testing.T) {
	for name, answer := range map[string]func(req header) []byte{
		"short":         func(header) []byte { return []byte{1, 2, 3} },
		"not SMB":       func(req header) []byte { r := reply(req, 0); r[0] = 'x'; return r },
		"SMB 1":         func(req header) []byte { r := reply(req, 0); r[0] = 0xFF; return r },
		"a request":     func(req header) []byte { return req },
		"another id":    func(req header) []byte { r := reply(req, 0); r[24]++; return r },
		"another kind":  func(req header) []byte { r := reply(req, 0); r[12] = byte(cmdRead); return r },
		"next outside":  func(req header) []byte { r := reply(req, 0); r.setNext(1 << 20); return r },
		"next inside":   func(req header) []byte { r := reply(req, 0); r.setNext(3); return r },
		"sealed":        func(req header) []byte { r := reply(req, 0, make([]byte, 99)...); r[0] = 0xFD; return r },
		"nothing after": func(req header) []byte { r := reply(req, 0, 0, 0); r.setNext(headerSize); return r },
	} {
		t.Run(name, func(t *testing.T) {
			c, theirs := played(t)
			serve(t, theirs, answer)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			a, err := c.do(ctx, request{cmd: cmdTreeConnect, body: make([]byte, 8)})
			a.release()
			if lost := new(LostError); !errors.As(err, &lost) && name != "nothing after" {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("huge", func(t *testing.T) {
		c, theirs := played(t)
		go func() { _, _ = theirs.Write([]byte{0, 0xFF, 0xFF, 0xFF}) }()
		select {
		case <-c.Dead():
		case <-time.After(5 * time.Second):
			t.Error("a frame of 16 MiB is waited for")
		}
	})
}

// TestUnsigned: an answer without the session's signature ends the connection.
func TestUnsigned(t *testing.T) {
	for name, change := range map[string]func(r header, k *keys){
		"unsigned": func(header, *keys) {},
		"forged":   func(r header, k *keys) { r.setFlags(flagResponse | flagSigned); r[48] ^= 1 },
		"of a seal": func(r header, k *keys) {
			r.setFlags(flagResponse | flagSigned)
			sum := k.sign(r, false)
			copy(r.signature(), sum[:])
			r[70] ^= 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, theirs := played(t)
			c.dialect, c.session, c.signed = dialect311, 7, true
			var err error
			if c.keys, err = newKeys(make([]byte, 16), dialect311, signGMAC, cipherGCM, preauth{}); err != nil {
				t.Fatal(err)
			}
			k := c.keys
			serve(t, theirs, func(req header) []byte {
				r := reply(req, StatusOK, make([]byte, 16)...)
				change(r, &k)
				return r
			})
			if a, err := c.do(t.Context(), request{cmd: cmdEcho, body: []byte{4, 0, 0, 0}}); err == nil {
				t.Errorf("it is taken: %x", a.msg)
			}
			<-c.Dead()
		})
	}
}

// TestContext: a call ends with its context though the server says nothing, and
// what comes later is dropped.
func TestContext(t *testing.T) {
	c, theirs := played(t)
	late := make(chan []byte, 1)
	go func() {
		buf := make([]byte, 4096)
		n, _ := theirs.Read(buf)
		late <- buf[4:n]
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if a, err := c.do(ctx, request{cmd: cmdEcho, body: []byte{4, 0, 0, 0}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v, %v", a, err)
	}
	answer := reply(<-late, StatusOK, 4, 0, 0, 0)
	le.PutUint16(answer[14:], 1)
	if _, err := theirs.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...)); err != nil {
		t.Fatal(err)
	}
	serve(t, theirs, func(req header) []byte { return reply(req, StatusOK, 4, 0, 0, 0) })
	if err := c.Echo(t.Context()); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func FuzzEntries(f *testing.F) {
	f.Add(make([]byte, 80))
	f.Add(append(make([]byte, 80), 'a', 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		_ = parseEntries(data, func(e Entry) error {
			if n++; n > len(data) {
				t.Fatal("more entries than bytes")
			}
			if len(e.Name) == 0 || bytes.ContainsAny(e.Name, "/\\\x00") || e.Size < 0 {
				t.Fatalf("%q, %d bytes", e.Name, e.Size)
			}
			return nil
		})
	})
}

func FuzzReferrals(f *testing.F) {
	entry := append([]byte{4, 0, 34, 0, 1, 0, 0, 0, 0, 0, 0, 0, 34, 0, 34, 0, 34, 0}, make([]byte, 16)...)
	f.Add(append(append([]byte{10, 0, 1, 0, 0, 0, 0, 0}, entry...), '\\', 0, 'a', 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		if list, err := parseReferrals(`\fs1\dfs\x`, data); err == nil && len(list) > len(data) {
			t.Fatal("more referrals than bytes")
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add(append(bytes.Repeat([]byte{0}, 64), 89, 0, 0, 0))
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) < headerSize {
			return
		}
		h := header(msg)
		_, _ = parseCreate(h)
		_, _ = readInto(make([]byte, 100), h)
		_, _ = infoAnswer(h)
		if data, err := ioctlAnswer(h); err == nil {
			_, _ = parseSnapshots(data)
		}
		_, _ = entries(h, func(Entry) error { return nil })
		_ = securityBuffer(h)
		_, _ = parseStreams(msg)
		if r, err := checked(h, 65); err == nil {
			_ = new(Conn).contexts(r)
		}
		c := newConn(nil, "")
		frame := newFrame(len(msg))
		copy(frame.buf, msg)
		_ = c.accept(frame)
	})
}
