package extract

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// frameKind is the first byte of a frame.
type frameKind byte

// What the parent says.
const (
	frameKeys  frameKind = 'K' // JSON of the passwords to try in the jobs that follow
	frameJob   frameKind = 'J' // JSON of a job
	frameData  frameKind = 'D' // an answer: bytes
	frameEOF   frameKind = 'E' // an answer: the end
	frameError frameKind = 'X' // an answer: reading failed
)

// What the child says.
const (
	frameNext  frameKind = 'S' // asks for the next bytes: how many, 4 bytes
	frameAt    frameKind = 'R' // asks for bytes at random: offset 8, how many 4
	frameText  frameKind = 'B' // a text begins: its inner path
	frameBytes frameKind = 'T' // bytes of the text
	framePlace frameKind = 'P' // a place of the text: offset 8, name
	frameDone  frameKind = 'F' // the text ends: 1 if it has places
	frameGap   frameKind = 'G' // JSON of a complaint
	frameOver  frameKind = 'O' // JSON of an outcome: the job is done
)

// maxFrame is the longest frame, in bytes: a peer that announces more is
// broken.
const maxFrame = 256 << 10

// job is what a child is asked to do.
type job struct {
	Format   string
	Inner    string
	Depth    int
	Size     int64
	Random   bool
	Limits   Limits // what is left of them
	Item     int64  // size of the whole item
	Produced int64
	Entries  int
}

// complaint is an error on its way between processes.
type complaint struct {
	Inner string `json:",omitempty"`
	Kind  int    // index in kinds; -1: of no kind
	What  string
}

// outcome says how a job ended, and what it cost.
type outcome struct {
	complaint
	OK       bool
	Over     bool // a limit of the whole item was reached
	Tired    bool // the process should do no other job
	Produced int64
	Entries  int
}

// frames reads and writes frames. It belongs to one goroutine.
type frames struct {
	r   *bufio.Reader
	w   *bufio.Writer
	buf []byte
}

func newFrames(r io.Reader, w io.Writer) *frames {
	return &frames{r: bufio.NewReaderSize(r, 64<<10), w: bufio.NewWriterSize(w, 64<<10)}
}

// read returns the next frame, valid until the next call.
func (f *frames) read() (frameKind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	if cap(f.buf) < int(n) {
		f.buf = make([]byte, n)
	}
	f.buf = f.buf[:n]
	_, err := io.ReadFull(f.r, f.buf)
	return frameKind(head[0]), f.buf, err
}

// write sends a frame, of which parts are one payload. It stays in the buffer
// until flush.
func (f *frames) write(kind frameKind, parts ...[]byte) error {
	var head [5]byte
	head[0] = byte(kind)
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	binary.LittleEndian.PutUint32(head[1:], uint32(n))
	if _, err := f.w.Write(head[:]); err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := f.w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func (f *frames) writeJSON(kind frameKind, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.write(kind, b)
}

// forget clears the bytes of the last frame.
func (f *frames) forget() { clear(f.buf[:cap(f.buf)]) }
