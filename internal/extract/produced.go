package extract

// produced is a reader of text that is made step by step. step appends to dst;
// its error ends the text after what it appended.
type produced struct {
	step func(dst []byte) ([]byte, error)
	buf  []byte
	off  int
	err  error
}

// Read implements io.Reader.
func (t *produced) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if t.off == len(t.buf) {
			if t.err != nil {
				clear(t.buf)
				if n > 0 {
					break
				}
				return 0, t.err
			}
			t.buf, t.err = t.step(t.buf[:0])
			t.off = 0
		}
		m := copy(p[n:], t.buf[t.off:])
		n += m
		t.off += m
	}
	return n, nil
}
