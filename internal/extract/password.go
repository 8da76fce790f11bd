package extract

// Passwords are tried, one after the other, on what is protected by one. They
// cannot be printed: fmt looks into no function. The zero value holds none.
type Passwords struct{ reveal func() []string }

// NewPasswords returns Passwords that hold a copy of list.
func NewPasswords(list []string) Passwords {
	own := append([]string(nil), list...)
	return Passwords{reveal: func() []string { return own }}
}

// Len is how many there are.
func (p Passwords) Len() int { return len(p.list()) }

func (p Passwords) list() []string {
	if p.reveal == nil {
		return nil
	}
	return p.reveal()
}

// String returns what stands for passwords wherever one is printed.
func (p Passwords) String() string { return "[passwords]" }

// GoString is String.
func (p Passwords) GoString() string { return p.String() }

// MarshalText returns String: passwords are in no document of ours.
func (p Passwords) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// keys are the passwords of one walker, and of them the one that opened
// something last: what lies side by side was locked by one hand.
type keys struct {
	passwords []string
	last      int
}

// open calls try with one password after the other until it reports that the
// password fits, and reports whether one did. Its error is of try, or of the
// walk's end.
func (w *walk) open(try func(password string) (bool, error)) (bool, error) {
	k := w.keys
	if k == nil {
		return false, nil
	}
	for i := range k.passwords {
		// The last one first, and then the others in their order.
		n := i
		switch {
		case i == 0:
			n = k.last
		case i <= k.last:
			n = i - 1
		}
		if full := w.exhausted(); full != nil {
			return false, full
		}
		ok, err := try(k.passwords[n])
		if err != nil {
			return false, err
		}
		if ok {
			k.last = n
			return true, nil
		}
	}
	return false, nil
}

// locked is what is said of a thing that no password opened.
func (w *walk) locked() error {
	if w.keys == nil || len(w.keys.passwords) == 0 {
		return ErrEncrypted
	}
	return errNoneFits
}
