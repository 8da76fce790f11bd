package slackexport

import (
	"archive/zip"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflaters are those that nobody needs: an export has many small files.
var inflaters sync.Pool

// inflate is a decompressor of ZIPs.
func inflate(r io.Reader) io.ReadCloser {
	if z, ok := inflaters.Get().(io.ReadCloser); ok && z.(flate.Resetter).Reset(r, nil) == nil {
		return &inflater{z}
	}
	return &inflater{flate.NewReader(r)}
}

var _ zip.Decompressor = inflate

// inflater gives its reader back when it is closed.
type inflater struct{ z io.ReadCloser }

// Read implements io.Reader.
func (i *inflater) Read(p []byte) (int, error) {
	if i.z == nil {
		return 0, io.ErrClosedPipe
	}
	return i.z.Read(p)
}

// Close implements io.Closer.
func (i *inflater) Close() error {
	if i.z == nil {
		return nil
	}
	err := i.z.Close()
	inflaters.Put(i.z)
	i.z = nil
	return err
}
