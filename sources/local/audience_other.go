//go:build !unix

package local

import (
	"context"

	"mislaid/sources"
)

// view is what a Source sees of the machine around its tree: nothing.
type view struct{}

func newView(string) view { return view{} }

func (view) notes(string) []string { return nil }

// Audience is not known on this platform.
func (s *Source) Audience(ctx context.Context, _ sources.Item) (sources.Audience, error) {
	return unknownAudience("local audience is not known on Windows"), ctx.Err()
}
