package extract

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // registers its decoder
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os/exec"
	"time"
)

// OCR reads text in pictures with the tesseract program, which gets a picture
// on its standard input and answers on its standard output: no file is written.
// It may take as much time and memory as is said here and no more.
type OCR struct {
	Program string        // a path
	Timeout time.Duration // for one picture; 0: a minute
}

// FindOCR returns what reads pictures on this machine. The error tells a user
// what to do.
func FindOCR() (*OCR, error) {
	path, err := exec.LookPath("tesseract")
	if err != nil {
		return nil, errors.New("--ocr reads pictures with the program tesseract, which is not installed: install it (Debian: apt install tesseract-ocr) or leave --ocr out")
	}
	return &OCR{Program: path}, nil
}

// Bounds of one picture.
const (
	maxPicture    = 32 << 20 // bytes of a file
	maxPixels     = 64 << 20 // of what is enlarged
	maxRecognised = 1 << 20  // bytes of the text in it
	maxOCR        = 1 << 30  // bytes of memory that the program may use
)

// isPicture reports whether head begins a format that tesseract's library reads.
var isPicture = begins("\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF87a", "GIF89a", "II*\x00", "MM\x00*", "BM", "P4\n", "P5\n", "P6\n", "\x00\x00\x00\x0cjP  ")

// pictureReader is a Visitor that has the text in pictures read, and hands it to
// another beside the pictures themselves.
type pictureReader struct {
	Visitor
	ocr *OCR
	ctx context.Context
}

// Text implements Visitor.
func (v *pictureReader) Text(inner string, r io.Reader, at *Places) error {
	br := bufio.NewReader(r)
	if head, _ := br.Peek(16); !isPicture(head) { // an error comes again with the next read
		return v.Visitor.Text(inner, br, at)
	}
	b, err := io.ReadAll(io.LimitReader(br, maxPicture+1))
	defer clear(b)
	if stop := v.Visitor.Text(inner, io.MultiReader(bytes.NewReader(b), br), at); stop != nil {
		return stop
	}
	inner += "!ocr"
	switch {
	case err != nil:
		return nil // whoever made the stream tells of it
	case len(b) > maxPicture:
		v.Gap(inner, limitf("a picture of more than %d bytes", maxPicture))
		return nil
	}
	text, err := v.ocr.read(v.ctx, b)
	defer clear(text)
	if err != nil {
		v.Gap(inner, err)
		return nil
	}
	return v.Visitor.Text(inner, bytes.NewReader(text), &Places{guessed: true})
}

// read returns the text in a picture.
func (o *OCR) read(ctx context.Context, picture []byte) ([]byte, error) {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = time.Minute
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, o.Program, "stdin", "stdout")
	cmd.Env = []string{"OMP_THREAD_LIMIT=1"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	dieWithParent(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("ocr: %w: %w", ErrFailed, err)
	}
	out := &capped{most: maxRecognised}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("ocr: %w: %w", ErrFailed, err)
	}
	limitProcess(cmd.Process.Pid, maxOCR, timeout)
	_, werr := io.Copy(stdin, enlarged(picture)) // it may end before it has read all
	cerr := stdin.Close()
	if err := cmd.Wait(); err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return nil, limitf("reading a picture took more than %s", timeout)
		}
		return nil, fmt.Errorf("ocr: %w: tesseract could not read the picture", ErrFailed)
	}
	if err := errors.Join(werr, cerr); err != nil && len(out.b) == 0 {
		return nil, fmt.Errorf("ocr: %w: tesseract took no picture", ErrFailed)
	}
	return out.b, nil
}

// capped keeps the beginning of what is written to it.
type capped struct {
	b    []byte
	most int
}

// Write implements io.Writer.
func (c *capped) Write(p []byte) (int, error) {
	c.b = append(c.b, p[:min(len(p), c.most-len(c.b))]...)
	return len(p), nil
}

// small is the width, in pixels, below which a picture is taken for a screen's:
// its letters are too small to be told apart unless it is enlarged.
const small = 2400

// enlarged returns a picture three times as large where that helps, else as it
// is.
func enlarged(b []byte) (r io.Reader) {
	r = bytes.NewReader(b)
	defer func() {
		if recover() != nil { // a decoder gave up: the program may do better
			r = bytes.NewReader(b)
		}
	}()
	c, _, err := image.DecodeConfig(bytes.NewReader(b))
	const by = 3
	if err != nil || c.Width >= small || c.Width < 1 || c.Height < 1 || c.Width*c.Height > maxPixels/(by*by) {
		return r
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return r
	}
	gray := make([]byte, c.Width*c.Height)
	at := m.Bounds().Min
	for y := range c.Height {
		for x := range c.Width {
			red, green, blue, alpha := m.At(at.X+x, at.Y+y).RGBA()
			white := 0xffff - alpha
			gray[y*c.Width+x] = byte((299*(red+white) + 587*(green+white) + 114*(blue+white)) / 1000 >> 8)
		}
	}
	out := fmt.Appendf(make([]byte, 0, by*by*len(gray)+32), "P5\n%d %d\n255\n", by*c.Width, by*c.Height)
	pixel := func(x, y int) int {
		return int(gray[min(max(y, 0), c.Height-1)*c.Width+min(max(x, 0), c.Width-1)])
	}
	for y := range by * c.Height {
		// The middle of pixel y lies at (y+½)/3-½ in the old picture: in sixths.
		y0, fy := floorDiv(2*y+1-by, 2*by)
		for x := range by * c.Width {
			x0, fx := floorDiv(2*x+1-by, 2*by)
			top := pixel(x0, y0)*(2*by-fx) + pixel(x0+1, y0)*fx
			bottom := pixel(x0, y0+1)*(2*by-fx) + pixel(x0+1, y0+1)*fx
			out = append(out, byte((top*(2*by-fy)+bottom*fy)/(4*by*by)))
		}
	}
	return bytes.NewReader(out)
}

// floorDiv returns the quotient, rounded down, and the remainder.
func floorDiv(a, b int) (q, r int) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}
