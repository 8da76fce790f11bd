package scan

import "context"

// batchSize is how many listed items go to a worker at once when the workers
// are busy, and queuedBatches how many batches may wait. Together they bound
// how far a listing runs ahead.
const (
	batchSize     = 64
	queuedBatches = 8
)

// queue hands listed items to the workers of one source: one by one while a
// worker waits for them, in batches when none does, because waking a goroutine
// for every small file costs as much as reading it. put and flush belong to the
// lister.
type queue struct {
	full    chan []job
	empty   chan []job
	pending []job
}

func newQueue() *queue {
	return &queue{full: make(chan []job, queuedBatches), empty: make(chan []job, queuedBatches+1)}
}

// put hands over j, now or together with those that follow.
func (q *queue) put(ctx context.Context, j job) error {
	if q.pending == nil {
		select {
		case q.pending = <-q.empty:
		default:
			q.pending = make([]job, 0, batchSize)
		}
	}
	q.pending = append(q.pending, j)
	if len(q.pending) == batchSize {
		return q.flush(ctx)
	}
	if len(q.full) > 0 {
		return nil // nobody waits
	}
	select {
	case q.full <- q.pending:
		q.pending = nil
	default:
	}
	return nil
}

// flush hands over what is pending.
func (q *queue) flush(ctx context.Context) error {
	if len(q.pending) > 0 {
		select {
		case q.full <- q.pending:
			q.pending = nil
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// recycle takes back a batch that was worked off.
func (q *queue) recycle(batch []job) {
	clear(batch)
	select {
	case q.empty <- batch[:0]:
	default:
	}
}
