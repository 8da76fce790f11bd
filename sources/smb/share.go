package smb

import (
	"context"
	"errors"
)

// Share is a share as its server lists it.
type Share struct {
	Name    string
	Comment string
	LeftOut string // why it is not crawled; "" it is
}

// Shares lists the shares of the server.
func (s *Source) Shares(ctx context.Context) ([]Share, error) {
	return nil, errors.New("not yet")
}
