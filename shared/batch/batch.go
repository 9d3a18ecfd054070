// Package batch creates up to a thousand shipments from one request. Accepting stores the rows and answers; a worker
// then creates them in chunks, each row exactly as POST /v1/shipments would, so that doing a row again replays it. That
// is what makes a batch resumable after any crash without repeating a label.
package batch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

const (
	// MostRows is how many shipments one batch has at most.
	MostRows = 1000
	// ChunkRows is how many rows are created before what became of them is recorded, and so how many are replayed after a
	// crash at the most.
	ChunkRows = 50
	// mostProblems is how many problems are kept of one row.
	mostProblems = 10
)

// Status is how far a batch is.
type Status string

// The statuses.
const (
	Processing Status = "processing" // rows are being created
	Created    Status = "created"    // every row was created or rejected
	Cancelling Status = "cancelling" // no further row is created; those that were are being cancelled
	Cancelled  Status = "cancelled"
)

// Batch is a batch as it is stored. A zero time is an absent attribute.
type Batch struct {
	Tenant      string // in pk
	Mode        ship.Mode
	ID          string // "bat_…"
	Status      Status // bs
	Version     int64  // ver, grows with every write but that of `due`
	Correlation string // cid
	Rows        int64  // bn
	Done        int64  // bd: the rows before it are decided, and their outcomes are recorded
	Accepted    int64  // ba: rows that became shipments
	Rejected    int64  // no
	Undone      int64  // bu: while cancelling, the rows before it are cancelled
	Owner       string // own: who creates rows, fresh per message receipt
	Lease       time.Time
	Due         time.Time // due: when wake looks at it; zero when nothing is left to do
	Created     time.Time // in ls
	Updated     time.Time // bt
}

// Outcome is what became of one row.
type Outcome struct {
	Row       int64   `json:"row"` // from 1
	Reference string  `json:"ref,omitempty"`
	Shipment  string  `json:"id,omitempty"`
	Reject    *Reject `json:"no,omitempty"` // why it is no shipment
}

// Reject is the problem of a row that could not be created.
type Reject struct {
	Code     string         `json:"code"`
	Detail   string         `json:"detail"`
	Existing string         `json:"existing,omitempty"` // the shipment that has its reference
	Problems []ship.Problem `json:"problems,omitempty"`
}

// ErrBadCursor is a list position that none of our answers held.
var ErrBadCursor = errors.New("not a cursor of ours")

// ErrNotFound means that there is no such batch.
var ErrNotFound = errors.New("no such batch")

// Refused is a conditional write that was refused; Old is the batch as it stood, nil when there is none.
type Refused struct{ Old *Batch }

// Error says what stood there.
func (e *Refused) Error() string {
	if e.Old == nil {
		return "write refused: no such batch"
	}
	return fmt.Sprintf("write refused: the batch is %s at row %d", e.Old.Status, e.Old.Done)
}

// Reader reads batches.
type Reader interface {
	Batch(ctx context.Context, tenant string, mode ship.Mode, id string) (Batch, error) // strongly; absent is ErrNotFound
	// Batches is a page, newest first, and the position of the next, "" on the last.
	Batches(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]Batch, string, error)
	// Outcomes of a chunk, from 0; nil while it is not recorded.
	Outcomes(ctx context.Context, tenant string, mode ship.Mode, id string, chunk int64) ([]Outcome, error)
	// Source is the rows as they were sent.
	Source(ctx context.Context, tenant string, mode ship.Mode, id string) ([]string, error)
}

// Writer writes batches. Every write that is given a Batch answers it as it is now, or *Refused.
type Writer interface {
	PutSource(ctx context.Context, tenant string, mode ship.Mode, id string, rows []string) error
	OpenBatch(ctx context.Context, tenant string, b Batch) (Batch, error) // refused when it is there
	// TakeBatch makes owner the one who creates rows until the lease is over, unless somebody else is.
	TakeBatch(ctx context.Context, tenant string, b Batch, owner string, now, lease, due time.Time) (Batch, error)
	// PutOutcomes records a chunk, once: another record of it that comes later changes nothing.
	PutOutcomes(ctx context.Context, tenant string, mode ship.Mode, id string, chunk int64, o []Outcome) error
	// AdvanceBatch counts a chunk as done, under the owner's lease; with the last one the batch is Created.
	AdvanceBatch(ctx context.Context, tenant string, b Batch, done, accepted, rejected int64, now time.Time) (Batch, error)
	// StopBatch is a wish: from now on no row is begun.
	StopBatch(ctx context.Context, tenant string, b Batch, now, due time.Time) (Batch, error)
	// UndoBatch counts rows as cancelled, and those that were recorded too late to be counted before; with the last one
	// the batch is Cancelled.
	UndoBatch(ctx context.Context, tenant string, b Batch, undone, accepted, rejected int64, now time.Time) (Batch, error)
	// PostponeBatch moves `due`, so that one wake sends one message.
	PostponeBatch(ctx context.Context, tenant string, b Batch, next time.Time) (Batch, error)
}

// TypeExpand is the type of the message that moves a batch on.
const TypeExpand = "expand"

// Announce tells which message a change of a batch calls for: a new one, and one that is to be cancelled.
func Announce(old *Batch, now Batch) []queue.Outgoing {
	if (old == nil || old.Status != now.Status) && (now.Status == Processing || now.Status == Cancelling) {
		return []queue.Outgoing{{To: queue.Batches, Envelope: Envelope(now)}}
	}
	return nil
}

// Envelope is the message that moves a batch on. It is a hint: the batch's own conditions decide.
func Envelope(b Batch) queue.Envelope {
	return queue.Envelope{ID: b.ID + "#" + strconv.FormatInt(b.Version, 10), Correlation: b.Correlation, Tenant: b.Tenant, Mode: b.Mode, Shipment: b.ID, Version: b.Version,
		OccurredAt: b.Updated, Type: TypeExpand}
}

// NextWake is the `due` after a wake-up at now: first soon, then as long as the batch has not moved, an hour at most.
func NextWake(b Batch, now time.Time, first, most time.Duration) time.Time {
	return now.Add(min(max(now.Sub(b.Updated), first), most))
}
