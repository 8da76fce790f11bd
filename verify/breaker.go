package verify

import "time"

// breaker notices that the endpoint cannot be reached at all, so that thousands
// of keys do not each wait for a timeout. When several key ids in a row have
// failed on the network it lets one call through after a while, the probe, and
// holds the others back. When that fails too it has given up: whatever is due
// is answered at once, but for one probe now and then. Any answer closes it.
type breaker struct {
	failed   map[string]bool // key ids whose calls failed, with no answer since
	probe    time.Time       // while open: no call before
	probing  string          // key id of the running probe
	hopeless bool            // a probe has failed
}

func (b *breaker) open() bool { return len(b.failed) >= breakAfter }

// blocks reports whether no call may be made now.
func (b *breaker) blocks(now time.Time) bool { return b.open() && now.Before(b.probe) }

// gaveUp reports whether what is due need not wait for the next probe.
func (b *breaker) gaveUp(now time.Time) bool { return b.blocks(now) && b.hopeless }

// calls notes that a call starts.
func (b *breaker) calls(keyID string, now time.Time) {
	if b.open() {
		b.probe, b.probing = now.Add(probeEvery), keyID
	}
}

// note takes the outcome of a call. Whatever the server says, that it answers
// means that it is there.
func (b *breaker) note(keyID string, v Verdict, now time.Time) {
	if v.Status != 0 || v.State != Unknown || v.Why != WhyNetwork {
		*b = breaker{}
		return
	}
	if b.open() {
		b.hopeless = b.hopeless || keyID == b.probing
		return
	}
	if b.failed == nil {
		b.failed = make(map[string]bool)
	}
	if b.failed[keyID] = true; b.open() {
		b.probe = now.Add(probeFirst)
	}
}
