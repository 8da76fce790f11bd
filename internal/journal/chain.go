package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// A journal is lines, one per commit:
//
//	{"chain":"<64 hex digits>","commit":[{record},…]}
//
// where chain is SHA-256 over the previous line's chain and the bytes of the
// commit array as they stand. A line that was changed, lost or inserted breaks
// every line after it.
const (
	genesis    = "mislaid/journal/v1" // stands for the chain before the first line
	linePrefix = `{"chain":"`
	lineMiddle = `","commit":`
	lineSuffix = `}`
	chainLen   = 2 * sha256.Size
	lineHead   = len(linePrefix) + chainLen + len(lineMiddle)
)

// maxLine bounds the memory of a reader, in bytes.
const maxLine = 256 << 20

// link returns the chain of the line that holds raw and follows prev.
func link(prev string, raw []byte) string {
	h := sha256.New()
	_, _ = io.WriteString(h, prev)
	_, _ = h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}

// appendLine appends the line of a commit with its newline.
func appendLine(dst []byte, chain string, raw []byte) []byte {
	dst = append(dst, linePrefix...)
	dst = append(dst, chain...)
	dst = append(dst, lineMiddle...)
	dst = append(dst, raw...)
	dst = append(dst, lineSuffix...)
	return append(dst, '\n')
}

// splitLine takes a line without its newline apart.
func splitLine(line []byte) (chain string, raw []byte, ok bool) {
	if len(line) < lineHead+len(lineSuffix) ||
		!bytes.HasPrefix(line, []byte(linePrefix)) || !bytes.HasSuffix(line, []byte(lineSuffix)) {
		return "", nil, false
	}
	chain = string(line[len(linePrefix) : len(linePrefix)+chainLen])
	if string(line[len(linePrefix)+chainLen:lineHead]) != lineMiddle {
		return "", nil, false
	}
	return chain, line[lineHead : len(line)-len(lineSuffix)], true
}

// lineState says what lineReader.next found.
type lineState int

const (
	lineGood   lineState = iota
	lineEnd              // nothing follows
	lineTorn             // the last line is not whole
	lineBroken           // the chain is broken, or this version cannot read the line
)

// lineReader reads a journal line by line and checks the chain. It holds one
// line at a time.
type lineReader struct {
	br     *bufio.Reader
	prev   string // chain of the last good line
	line   int    // number of the last good line
	good   int64  // offset behind the last good line
	reason string // why the line after it is broken
	buf    []byte
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{br: bufio.NewReaderSize(r, 64<<10), prev: genesis}
}

// next returns the records of the next line. The error is one of the
// underlying reader; a broken line is a state with a reason.
func (r *lineReader) next() ([]Record, lineState, error) {
	whole, err := r.read()
	if err != nil {
		return nil, lineBroken, err
	}
	if !whole && len(r.buf) == 0 {
		return nil, lineEnd, nil
	}
	if !whole {
		r.reason = fmt.Sprintf("line %d is cut off", r.line+1)
		return nil, lineTorn, nil
	}
	if len(r.buf) > maxLine {
		return r.tail("is too long")
	}
	line := r.buf[:len(r.buf)-1]
	chain, raw, ok := splitLine(line)
	if !ok {
		return r.tail("is not a line of a journal")
	}
	if link(r.prev, raw) != chain {
		return r.tail("does not continue the chain")
	}
	// From here on the line is what was written: whatever is wrong with it, it
	// is not a torn tail that may be dropped.
	records, err := decode(raw)
	if err != nil {
		r.reason = fmt.Sprintf("line %d %v", r.line+1, err)
		return nil, lineBroken, nil
	}
	r.prev = chain
	r.line++
	r.good += int64(len(r.buf))
	return records, lineGood, nil
}

// read fills buf with the next line, its newline included, up to a little more
// than maxLine bytes. whole is false at the end of the journal.
func (r *lineReader) read() (whole bool, err error) {
	r.buf = r.buf[:0]
	if cap(r.buf) > 4<<20 {
		r.buf = nil // a giant line does not hold its memory for the rest of the journal
	}
	for len(r.buf) <= maxLine {
		part, err := r.br.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, io.EOF):
			return false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return false, err
		}
	}
	return true, nil
}

// tail decides about a line that is not whole: at the end of the journal,
// where only zeros of a power cut may follow, it is torn, elsewhere broken.
func (r *lineReader) tail(reason string) ([]Record, lineState, error) {
	r.reason = fmt.Sprintf("line %d %s", r.line+1, reason)
	if bytes.LastIndex(r.buf, []byte(linePrefix)) > 0 {
		return nil, lineBroken, nil // it runs into the next one: records escape the quotes of the prefix
	}
	for {
		c, err := r.br.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return nil, lineTorn, nil
		case err != nil:
			return nil, lineBroken, err
		case c != 0:
			return nil, lineBroken, nil
		}
	}
}

// Join adds another journal's chain to c: what one of them lacks, both lack.
func (c Chain) Join(o Chain) Chain {
	c.Records += o.Records
	c.Torn = c.Torn || o.Torn
	if c.Err != "" && o.Err != "" {
		c.Err += "; " + o.Err
	} else {
		c.Err += o.Err
	}
	return c
}
