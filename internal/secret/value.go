package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Masked is what a Value prints as, whatever prints it.
const Masked = "[secret]"

// Value holds secret bytes and cannot be printed.
//
// The bytes sit behind a closure, because fmt reaches unexported fields by
// reflection and a func is the one thing it never looks into. The zero Value
// is empty. A Value may be copied; the copies share the bytes. Reveal and
// Destroy must not run concurrently.
type Value struct{ reveal func() []byte }

// New returns a Value that holds a copy of b.
func New(b []byte) Value {
	own := append([]byte(nil), b...)
	return Value{reveal: func() []byte { return own }}
}

// Reveal returns the secret bytes themselves, not a copy; the caller must not
// keep or change them. Who may call it is kept by a test in internal/rooms.
func (v Value) Reveal() []byte {
	if v.reveal == nil {
		return nil
	}
	return v.reveal()
}

// IsZero reports whether v holds no bytes, or bytes that Destroy has cleared.
func (v Value) IsZero() bool {
	for _, c := range v.Reveal() {
		if c != 0 {
			return false
		}
	}
	return true
}

// Equal reports whether v and w hold the same bytes.
func (v Value) Equal(w Value) bool { return string(v.Reveal()) == string(w.Reveal()) }

// Clone returns a Value with bytes of its own.
func (v Value) Clone() Value {
	if v.reveal == nil {
		return v
	}
	return New(v.Reveal())
}

// Destroy clears the bytes, for every copy of v.
func (v Value) Destroy() { clear(v.Reveal()) }

// String returns Masked.
func (v Value) String() string { return Masked }

// GoString returns Masked.
func (v Value) GoString() string { return Masked }

// Format writes Masked for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Masked) }

// LogValue returns Masked.
func (v Value) LogValue() slog.Value { return slog.StringValue(Masked) }

// MarshalJSON writes Masked as a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(Masked) }

// MarshalText returns Masked.
func (v Value) MarshalText() ([]byte, error) { return []byte(Masked), nil }
