//go:build !unix

package local

import (
	"context"

	"mislaid/sources"
)

// Audience is not known on this platform.
func (s *Source) Audience(ctx context.Context, _ sources.Item) (sources.Audience, error) {
	return unknownAudience("local audience is not known on Windows"), ctx.Err()
}
