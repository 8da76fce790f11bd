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
func (t *produced) Read(p []byte) (int, error) {
	for t.off == len(t.buf) {
		if t.err != nil {
			clear(t.buf)
			return 0, t.err
		}
		t.buf, t.err = t.step(t.buf[:0])
		t.off = 0
	}
	n := copy(p, t.buf[t.off:])
	t.off += n
	return n, nil
}
