package extract

import "io"

// span is a range of a stream: what stands in it was read as its format has it.
type span struct{ from, to int64 }

// outside reads what of a stream lies in none of the spans, as the bytes it is,
// a line break for each span: text that no reader of the format shows may still
// stand there. Spans must ascend.
func outside(r io.ReaderAt, size int64, read []span) io.Reader {
	at := int64(0)
	buf := make([]byte, 16<<10)
	return &produced{step: func(dst []byte) ([]byte, error) {
		for len(read) > 0 && read[0].from <= at {
			at = max(at, read[0].to)
			read = read[1:]
			dst = append(dst, '\n')
			if len(dst) > 4<<10 {
				return dst, nil
			}
		}
		if at >= size {
			return dst, io.EOF
		}
		end := size
		if len(read) > 0 {
			end = min(end, read[0].from)
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), end-at)], at)
		at += int64(n)
		if n == 0 && err != nil {
			return dst, torn(err)
		}
		return append(dst, buf[:n]...), nil
	}}
}
