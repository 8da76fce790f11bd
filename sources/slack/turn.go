package slack

import "context"

// turn lets one goroutine at a time do what calls Slack, which may take long: the
// others wait for it, or for the end of their context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// take waits for the turn. It is given back by the function that is returned.
func (t turn) take(ctx context.Context) (back func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
