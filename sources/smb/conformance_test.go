//go:build real && linux

package smb

import (
	"testing"

	"mislaid/sources/smb/smbtest"
	"mislaid/sources/sourcetest"
)

// notUTF8 are names that smbd shows to no client.
var notUTF8 = []string{"invalid\xff\xfe", "\xc3", "half\xe2\x82"}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		return newPlace(t, smbtest.Config{}, NetworkConfig{}, "alice")
	}, notUTF8...)
}

func TestConformanceEncrypted(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		return newPlace(t, smbtest.Config{}, NetworkConfig{Encrypt: true}, "alice")
	}, notUTF8...)
}

func TestConformanceUnprivileged(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		return newPlace(t, smbtest.Config{Unprivileged: true}, NetworkConfig{}, smbtest.Nobody)
	}, notUTF8...)
}

// TestConformanceOld runs the suite with the oldest dialect: 64 KiB at a time.
func TestConformanceOld(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		return newPlace(t, smbtest.Config{Global: map[string]string{"server max protocol": "SMB2_02"}}, NetworkConfig{}, "alice")
	}, notUTF8...)
}
