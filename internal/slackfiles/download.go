package slackfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"mislaid/internal/pace"
)

// download reads a file. It belongs to one goroutine.
type download struct {
	ctx    context.Context
	client *Client
	file   File
	at     address
	off    int64 // bytes that were read
	lost   int   // connections

	r      io.ReadCloser
	framed bool               // the answer said where it ends
	end    context.CancelFunc // of the request that r belongs to
	watch  *time.Timer        // ends the request when nothing comes
	closed bool
}

// ask makes the request for what has not been read.
func (d *download) ask() error {
	ctx, end := context.WithCancel(d.ctx)
	resp, err := d.client.fetch(ctx, d.file, d.at, d.off)
	if err != nil {
		end()
		return err
	}
	d.r, d.framed, d.end, d.watch = resp.Body, resp.ContentLength >= 0, end, time.AfterFunc(stalled, end)
	return nil
}

// release ends the request.
func (d *download) release() {
	if d.r == nil {
		return
	}
	d.watch.Stop()
	d.end()
	_ = d.r.Close()
	d.r = nil
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	if d.closed {
		return 0, fs.ErrClosed
	}
	for {
		if d.r == nil {
			if err := sleep(d.ctx, pace.Backoff{}.Wait(d.lost-1)); err != nil {
				return 0, err
			}
			if err := d.ask(); err != nil {
				return 0, err
			}
		}
		n, err := d.r.Read(p)
		d.off += int64(n)
		if n > 0 {
			d.watch.Reset(stalled)
		}
		whole := errors.Is(err, io.EOF) && (d.framed || d.file.Size <= 0 || d.off >= d.file.Size)
		if err == nil || whole || d.ctx.Err() != nil {
			return n, err
		}
		d.release()
		if d.lost++; d.lost > d.client.retries {
			return n, fmt.Errorf("slack: file %s: the connection was lost again and again: %w", d.file.ID, io.ErrUnexpectedEOF)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// Close ends the download.
func (d *download) Close() error {
	if d.closed {
		return fs.ErrClosed
	}
	d.closed = true
	d.release()
	return nil
}
