package extract

import (
	"errors"
	"fmt"
	"time"
)

// What can be wrong with what lies in an item. Errors given to Visitor.Gap wrap
// one of them.
var (
	ErrLimit       = errors.New("a limit of unpacking was reached")
	ErrEncrypted   = errors.New("protected by a password")
	ErrTorn        = errors.New("damaged or cut off")
	ErrUnsupported = errors.New("of a kind that is not read")
	ErrFailed      = errors.New("its reader failed")
)

// errNoneFits says that passwords were tried.
var errNoneFits = fmt.Errorf("%w, which none of those given opens", ErrEncrypted)

// Limits bound what unpacking one item may cost. A zero field means its
// default.
type Limits struct {
	Depth   int           // wrappings within one another
	Bytes   int64         // bytes produced from one item, all layers together
	Ratio   int64         // bytes that a layer, or all together, may produce for each byte it was made of
	Entries int           // things that lie in one item
	Timeout time.Duration // for one item
	Memory  int64         // bytes held of things that must be read at random and cannot be
}

// DefaultLimits hold for fields that are zero.
var DefaultLimits = Limits{
	Depth: 8, Bytes: 32 << 30, Ratio: 300, Entries: 1_000_000, Timeout: 10 * time.Minute, Memory: 64 << 20,
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	for _, f := range []struct{ own, def *int64 }{{&l.Bytes, &d.Bytes}, {&l.Ratio, &d.Ratio}, {&l.Memory, &d.Memory}} {
		if *f.own <= 0 {
			*f.own = *f.def
		}
	}
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	if l.Entries <= 0 {
		l.Entries = d.Entries
	}
	if l.Timeout <= 0 {
		l.Timeout = d.Timeout
	}
	return l
}

// itemFloor is what all layers of an item may produce in any case.
const itemFloor = 16 * ratioFloor

// ratioFloor is what a layer may produce in any case: small texts repeat
// themselves more than any honest large one.
const ratioFloor = 16 << 20

// LimitError says which limit was reached. It wraps ErrLimit.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What }

// Unwrap makes errors.Is(e, ErrLimit) true.
func (e *LimitError) Unwrap() error { return ErrLimit }

func limitf(format string, args ...any) error {
	return &LimitError{What: fmt.Sprintf(format, args...)}
}
