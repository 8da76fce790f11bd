//go:build unix

package local

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// names turns uids into user names and remembers them. Safe for concurrent use.
type names struct {
	etc  string
	mu   sync.RWMutex
	byID map[uint32]string

	last atomic.Pointer[named] // most files beside one another have one owner
}

// named is a user and the user's name.
type named struct {
	uid  uint32
	name string
}

func newNames(etc string) *names {
	n := &names{etc: etc, byID: map[uint32]string{}}
	if data, err := os.ReadFile(filepath.Join(etc, "passwd")); err == nil {
		p := people{}
		p.addPasswd(data)
		for i := len(p.accounts) - 1; i >= 0; i-- { // the first of several names wins
			n.byID[uint32(p.accounts[i].uid)] = p.accounts[i].name
		}
	}
	return n
}

// nameless begins what stands for the name of a user whom no database knows.
const nameless = "uid "

// nobody reports whether a name stands for a user whom no database knows. User
// names hold no blank.
func nobody(name string) bool { return strings.HasPrefix(name, nameless) }

// of returns the name of the user, or "uid N".
func (n *names) of(ctx context.Context, uid uint32) string {
	if last := n.last.Load(); last != nil && last.uid == uid {
		return last.name
	}
	n.mu.RLock()
	name, ok := n.byID[uid]
	n.mu.RUnlock()
	if ok {
		n.last.Store(&named{uid, name})
		return name
	}
	name = nameless + strconv.FormatUint(uint64(uid), 10)
	if n.etc == "/etc" {
		if found := lookUpName(ctx, uid); found != "" {
			name = found
		}
	}
	if ctx.Err() != nil {
		return name // perhaps not the whole answer
	}
	n.mu.Lock()
	n.byID[uid] = name
	n.mu.Unlock()
	return name
}
