package ad

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"mislaid/sources"
)

// page is how many entries are asked for at once; controllers give no more than
// 1000 (MS-ADTS 3.1.1.3.4.6, MaxPageSize).
const page = 500

var errNotThere = errors.New("no such entry")

// search lists entries.
func (d *Domain) search(ctx context.Context, base string, scope int, filter string, attributes ...string) iter.Seq2[*ldap.Entry, error] {
	return d.entries(ctx, ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, int(d.config.Timeout/time.Second), false, filter, attributes, nil))
}

// entries lists the entries that a request finds, page by page unless it is
// about one entry. An error ends the list. A connection that turns out to have
// ended is opened again once.
func (d *Domain) entries(ctx context.Context, req *ldap.SearchRequest) iter.Seq2[*ldap.Entry, error] {
	return func(yield func(*ldap.Entry, error) bool) {
		paging := ldap.NewControlPaging(page)
		if req.Scope != ldap.ScopeBaseObject {
			req.Controls = append(req.Controls, paging)
		}
		for fresh := true; fresh || len(paging.Cookie) > 0; fresh = false {
			p, err := d.page(ctx, req, fresh, yield)
			if err != nil {
				yield(nil, typed(err))
				return
			}
			if p.stopped {
				return
			}
			paging.SetCookie(p.cookie)
		}
	}
}

// answer is what became of asking for one page.
type answer struct {
	n       int    // entries
	stopped bool   // no more are wanted
	cookie  []byte // for the next page; empty: this was the last
}

// page asks for one page, and if that is the first one again where the
// controller had ended an idle connection.
func (d *Domain) page(ctx context.Context, req *ldap.SearchRequest, first bool, yield func(*ldap.Entry, error) bool) (answer, error) {
	for again := first; ; again = false {
		conn, err := d.connection(ctx)
		if err != nil {
			return answer{}, err
		}
		a, err := d.ask(ctx, conn, req, yield)
		if err == nil || !again || a.n > 0 || !ldap.IsErrorWithCode(err, ldap.ErrorNetwork) || ctx.Err() != nil {
			return a, err
		}
		_ = conn.Close()
	}
}

func (d *Domain) ask(ctx context.Context, conn *ldap.Conn, req *ldap.SearchRequest, yield func(*ldap.Entry, error) bool) (a answer, err error) {
	timed, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel() // ends the search where no more is wanted
	r := conn.SearchAsync(timed, req, 16)
	done := false
	for r.Next() {
		if e := r.Entry(); e != nil {
			a.n++
			if !yield(e, nil) {
				a.stopped = true
				return a, nil
			}
		}
		if c, ok := ldap.FindControl(r.Controls(), ldap.ControlTypePaging).(*ldap.ControlPaging); ok {
			a.cookie, done = c.Cookie, true
		}
	}
	switch {
	case r.Err() != nil:
		return a, r.Err()
	case ctx.Err() != nil:
		return a, ctx.Err()
	case timed.Err() != nil:
		return a, fmt.Errorf("no answer within %v", d.config.Timeout)
	case conn.IsClosing() && !done:
		return a, ldap.NewError(ldap.ErrorNetwork, errors.New("the connection ended"))
	}
	return a, nil
}

// typed gives an error of the server the word that a Source has for it, and
// leaves out what the server said beside its code.
func typed(err error) error {
	var le *ldap.Error
	if !errors.As(err, &le) || le.ResultCode >= ldap.ErrorNetwork {
		return err
	}
	word := ldap.LDAPResultCodeMap[le.ResultCode]
	if word == "" {
		word = "LDAP result " + strconv.Itoa(int(le.ResultCode))
	}
	switch le.ResultCode {
	case ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultOperationsError: // the latter is what who did not sign in gets
		return fmt.Errorf("%w: %s", sources.ErrDenied, word)
	case ldap.LDAPResultNoSuchObject:
		return fmt.Errorf("%w: %s", errNotThere, word)
	}
	return errors.New(word)
}

// one returns the only entry that matches.
func (d *Domain) one(ctx context.Context, base string, scope int, filter string, attributes ...string) (*ldap.Entry, error) {
	var found *ldap.Entry
	for e, err := range d.search(ctx, base, scope, filter, attributes...) {
		if err != nil {
			return nil, err
		}
		if found != nil {
			return nil, errors.New("more than one entry matches")
		}
		found = e
	}
	if found == nil {
		return nil, errNotThere
	}
	return found, nil
}

// maxCount is how far matching entries are counted.
const maxCount = 100_000

// count counts the entries below the domain that match, up to maxCount.
func (d *Domain) count(ctx context.Context, filter string) (n int, more bool, err error) {
	for _, err := range d.search(ctx, d.root.base, ldap.ScopeWholeSubtree, filter, "1.1") {
		if err != nil {
			return n, false, err
		}
		if n++; n >= maxCount {
			return n, true, nil
		}
	}
	return n, false, nil
}

// number reads an attribute that is a number; 0 when it is not there.
func number(e *ldap.Entry, name string) int64 {
	n, _ := strconv.ParseInt(e.GetAttributeValue(name), 10, 64)
	return n
}

// epochGap is the seconds from 1601, where Windows counts from, to 1970.
const epochGap = 11644473600

// fileTime reads a Windows time, in tenths of microseconds since 1601; zero for
// none and for never.
func fileTime(v int64) time.Time {
	if v <= 0 || v == 1<<63-1 {
		return time.Time{}
	}
	return time.Unix(v/1e7-epochGap, v%1e7*100).UTC()
}

// toFileTime is the Windows time of t.
func toFileTime(t time.Time) int64 {
	return (t.Unix()+epochGap)*1e7 + int64(t.Nanosecond()/100)
}

// lazy is something that is asked for once, unless asking failed.
type lazy struct {
	mu    sync.Mutex
	known bool
	heads sources.Heads
}

func (l *lazy) get(ask func() (sources.Heads, error)) sources.Heads {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.known {
		h, err := ask()
		if err != nil {
			return sources.Heads{Max: -1}
		}
		l.heads, l.known = h, true
	}
	return l.heads
}
