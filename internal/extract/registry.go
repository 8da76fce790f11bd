package extract

import (
	"bufio"
	"bytes"
	"io"
)

// isRegistry reports whether head begins an export of the Windows registry, as
// UTF-16 or as the bytes that older programs write.
func isRegistry(head []byte) bool {
	if order, wide := UTF16(head); wide {
		b, err := io.ReadAll(Narrow(bytes.NewReader(head[:min(len(head), 256)]), order))
		if err != nil {
			return false
		}
		head = bytes.TrimPrefix(b, []byte{0xFF})
	}
	return begins("Windows Registry Editor Version ", "REGEDIT4\r", "REGEDIT4\n")(head)
}

// unpackRegistry hands over an export of the registry with the values that are
// written as hexadecimal bytes, over many lines, as the text they are. Lines
// keep their numbers.
func unpackRegistry(w *walk, p place, in Input) error {
	r := bufio.NewReaderSize(in.Reader, 64<<10)
	if head, _ := r.Peek(headSize); len(head) > 0 { // an error comes again with the next read
		if order, wide := UTF16(head); wide {
			r = bufio.NewReaderSize(Narrow(r, order), 64<<10)
		}
	}
	x := &registry{r: r}
	return w.derived(p, "", &produced{step: x.step}, nil)
}

// registry reads an export.
type registry struct {
	r     *bufio.Reader
	value []byte
	lines int // line breaks in the value
}

// maxRegistryValue is how much of a value is put together at once, in bytes.
const maxRegistryValue = 1 << 20

// step reads a line, or a value that goes over several.
func (x *registry) step(dst []byte) ([]byte, error) {
	line, err := x.r.ReadSlice('\n')
	begin := hexValue(line)
	if begin < 0 {
		return append(dst, line...), regular(err)
	}
	dst = append(append(dst, line[:begin]...), '"')
	x.value, x.lines = x.value[:0], 0
	line = line[begin:]
	line = line[bytes.IndexByte(line, ':')+1:]
	for {
		half := -1
		more := false
		for _, c := range line {
			switch d := hexDigit(c); {
			case d >= 0 && half < 0:
				half = d
			case d >= 0:
				x.value = append(x.value, byte(half<<4|d))
				half = -1
			case c == '\\':
				more = true
			case c == '\n':
				x.lines++
			}
		}
		if len(x.value) > maxRegistryValue {
			dst = x.text(dst)
		}
		if err == nil && !more {
			break
		}
		if err != nil && regular(err) != nil {
			break
		}
		line, err = x.r.ReadSlice('\n')
	}
	dst = append(x.text(dst), '"')
	for range x.lines {
		dst = append(dst, '\n')
	}
	return dst, regular(err)
}

// regular is err, unless it only says that a line is long.
func regular(err error) error {
	if err == bufio.ErrBufferFull { //nolint:errorlint // bufio returns it as it is
		return nil
	}
	return err
}

// text appends the value that was read: UTF-16 as its characters, and what parts
// strings in it as spaces.
func (x *registry) text(dst []byte) []byte {
	wide := 0
	for i := 1; i < len(x.value); i += 2 {
		if x.value[i] == 0 {
			wide++
		}
	}
	step := 1
	if 2*wide >= len(x.value)*9/10-2 && len(x.value) > 1 {
		step = 2
	}
	for i := 0; i < len(x.value); i += step {
		c := x.value[i]
		if c < ' ' || step == 2 && i+1 < len(x.value) && x.value[i+1] != 0 {
			c = ' '
		}
		dst = append(dst, c)
	}
	clear(x.value)
	x.value = x.value[:0]
	return dst
}

// hexValue returns where in a line a value of bytes begins ("hex:", "hex(2):"),
// -1 if there is none.
func hexValue(line []byte) int {
	i := bytes.Index(line, []byte("=hex"))
	if i < 1 || line[i-1] != '"' && line[i-1] != '@' {
		return -1
	}
	rest := line[i+4:]
	if len(rest) > 2 && rest[0] == '(' {
		end := bytes.IndexByte(rest[:min(len(rest), 12)], ')')
		if end < 0 {
			return -1
		}
		rest = rest[end+1:]
	}
	if len(rest) == 0 || rest[0] != ':' {
		return -1
	}
	return i + 1
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
