package pace

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Backoff says how long to wait before trying again. The zero value waits
// about one second first and about a minute at most.
type Backoff struct {
	First time.Duration // before the first retry. 0: 1 s
	Most  time.Duration // never longer than this. 0: 1 min
}

// Wait returns how long to wait before retry n, counted from 0: it doubles
// each time, and varies by up to a fifth either way, so that many callers that
// failed together do not return together.
func (b Backoff) Wait(n int) time.Duration {
	first, most := b.First, b.Most
	if first <= 0 {
		first = time.Second
	}
	if most <= 0 {
		most = time.Minute
	}
	d := first
	for range n {
		if d >= most {
			break
		}
		d *= 2
	}
	d = min(d, most)
	return min(d-d/5+rand.N(2*(d/5)+1), most)
}

// MostRetryAfter bounds what RetryAfter returns: a longer wish is cut.
const MostRetryAfter = time.Hour

// RetryAfter reads a Retry-After header: seconds or an HTTP date (RFC 9110,
// section 10.2.3). ok is false when the header is absent or makes no sense; a
// date that has passed means no wait.
func RetryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if isDigits(header) {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(MostRetryAfter/time.Second) {
			return MostRetryAfter, true // more digits than a number holds
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), MostRetryAfter), true
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
