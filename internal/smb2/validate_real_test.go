//go:build real && linux

package smb2_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	gosmb2 "github.com/cloudsoda/go-smb2"

	"mislaid/internal/smb2"
	"mislaid/sources/smb/smbtest"
)

// between is somebody on the way to a server who changes the first message in
// each direction.
func between(t *testing.T, server string, up, down func(msg []byte)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	pass := func(dst, src net.Conn, change func([]byte)) {
		defer dst.Close()
		var prefix [4]byte
		for first := true; ; first = false {
			if _, err := io.ReadFull(src, prefix[:]); err != nil {
				return
			}
			msg := make([]byte, binary.BigEndian.Uint32(prefix[:]))
			if _, err := io.ReadFull(src, msg); err != nil {
				return
			}
			if first && change != nil {
				change(msg)
			}
			if _, err := dst.Write(append(prefix[:], msg...)); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				return
			}
			go pass(to, client, up)
			go pass(client, to, down)
		}
	}()
	return listener.Addr().String()
}

// TestDowngrade: whoever makes both sides speak an older dialect, or think that
// the other cannot encrypt, is found out before anything is read.
func TestDowngrade(t *testing.T) {
	// Offsets into a message: the header has 64 bytes.
	older := func(msg []byte) { // the list of dialects
		at := bytes.LastIndex(msg[:64+36+10], []byte{0x11, 0x03})
		binary.LittleEndian.PutUint16(msg[at:], 0x0302)
	}
	for name, test := range map[string]struct {
		max      string
		up, down func([]byte)
		fails    bool
	}{
		"nobody changes it":   {"SMB3_02", nil, nil, false},
		"3.1.1 is left out":   {"SMB3_11", older, nil, true},
		"no encryption":       {"SMB3_02", nil, func(msg []byte) { msg[64+24] &^= 0x40 }, true},
		"signing optional":    {"SMB3_02", nil, func(msg []byte) { msg[64+2] ^= 2 }, true},
		"3.1.1, its own hash": {"SMB3_11", nil, func(msg []byte) { msg[64+24] ^= 0x40 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := smbtest.Start(t, smbtest.Config{Global: map[string]string{"server max protocol": test.max}, Shares: map[string]map[string]string{"data": nil}})
			var messages atomic.Int32
			down := func(msg []byte) {
				messages.Add(1)
				if test.down != nil {
					test.down(msg)
				}
			}
			conn, err := smb2.Connect(t.Context(), smb2.Config{Host: "127.0.0.1", Address: between(t, s.Addr, test.up, down)})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			err = conn.SignIn(t.Context(), &gosmb2.NTLMInitiator{User: "alice", Password: s.Password("alice")})
			if err == nil {
				_, err = conn.Tree(t.Context(), "data")
			}
			if (err != nil) != test.fails || messages.Load() == 0 {
				t.Errorf("%v; %+v", err, conn.Facts())
			}
			lost, broken := new(smb2.LostError), new(smb2.ProtocolError)
			if test.fails && !errors.As(err, &lost) && !errors.As(err, &broken) {
				t.Errorf("an error of another kind: %v", err)
			}
		})
	}
}
