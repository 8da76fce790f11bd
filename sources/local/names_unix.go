//go:build unix && !darwin

package local

import (
	"context"
	"strconv"
)

// enumerates says that listing the user databases can be complete.
const enumerates = true

// lookUpName asks the name services for a user's name.
func lookUpName(ctx context.Context, uid uint32) string {
	out, err := runGetent(ctx, "/etc", "passwd", strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return ""
	}
	for f := range colonLines(out) {
		return f[0]
	}
	return ""
}
