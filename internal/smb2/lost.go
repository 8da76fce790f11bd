package smb2

// LostError says that the connection is dead and why. Whoever wants to go on
// connects anew.
type LostError struct{ Err error }

func (e *LostError) Error() string { return "connection lost: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }
