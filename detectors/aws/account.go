package aws

import (
	"fmt"
)

// origin says what an id tells of the account it belongs to.
type origin uint8

const (
	unknowable origin = iota // an id of the old layout, or a sample
	impossible               // the layout names an account that cannot exist
	decoded
)

// testAccount is the account of the keys that LocalStack and moto make: nobody's.
const testAccount = "000000000000"

// accountOf reads the account from an id.
//
// Ids made since about 2019 carry it: the 16 characters after the prefix are
// base32, their first bit tells the layout, and the next 40 bits are the
// account (public write-ups by A. Steele, 2020, and T. Be'ery, 2023). Ids of the older
// layout, whose first bit is 0, do not.
func accountOf(id string) (account string, from origin) {
	const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	if len(id) != idLen || isSampleID(id) {
		return "", unknowable
	}
	var v uint64
	for i := range 10 {
		d := -1
		for k := range len(base32) {
			if base32[k] == id[4+i] {
				d = k
			}
		}
		if d < 0 {
			return "", unknowable
		}
		v = v<<5 | uint64(d)
	}
	// v holds 50 bits: the flag, 40 bits of account, 9 more.
	if v>>49 == 0 {
		return "", unknowable
	}
	n := v >> 9 & (1<<40 - 1)
	if n > 999_999_999_999 {
		return "", impossible
	}
	return fmt.Sprintf("%012d", n), decoded
}
