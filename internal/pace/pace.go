package pace

import "context"

type Limiter interface {
	Wait(ctx context.Context, n int) error
}
