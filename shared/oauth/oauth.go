// Package oauth keeps one carrier token for all workers: shared through the database, cached in each process, and
// refreshed by one worker at a time, however many see it refused. It knows no carrier and no grant: logging in is
// the carrier's part.
package oauth

import (
	"context"
	"errors"
	"time"
)

// Record is a token as it is stored. A record is only ever replaced by one of a higher generation.
type Record struct {
	Generation int64     // from 1; 0: there is no record
	Expires    time.Time // zero: the carrier did not say
	Sealed     []byte    // the bearer token; empty: the tokens up to this generation are over
}

// LastRevision is a revision of an account's credentials that no credentials have: a token record at its Floor ends all
// tokens of an account for good.
const LastRevision = 1<<31 - 1

// Floor is the highest generation that a token of earlier credentials than these can have. Each revision has a range of
// generations of its own, so that who still knows the earlier credentials can neither hand on their token as one of the
// later ones nor replace it.
func Floor(revision int64) int64 { return revision << 32 }

// Store keeps token records, and leases on the right to refresh them.
type Store interface {
	// Token reads strongly consistent. It returns the zero Record when there is none.
	Token(ctx context.Context, tenant, account string) (Record, error)
	// SaveToken returns ErrSuperseded when a record of the same or a higher generation is stored.
	SaveToken(ctx context.Context, tenant, account string, r Record) error
	// AcquireRefresh takes the lease when nobody has it or the last one is over, and tells whether it did.
	AcquireRefresh(ctx context.Context, tenant, account, owner string, until time.Time) (bool, error)
	// ReleaseRefresh ends owner's lease; it is no error when it was lost meanwhile.
	ReleaseRefresh(ctx context.Context, tenant, account, owner string) error
}

// Box seals tokens so that they open only for the same tenant, purpose and id.
type Box interface {
	Seal(ctx context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error)
}

// ErrBusy means that another worker is refreshing the token and did not finish in the time there was: try again
// later. Nothing was sent to the carrier.
var ErrBusy = errors.New("oauth: the token is being refreshed by another worker")

// ErrReplaced means that the credentials a worker has are no longer the account's, and the token of the new ones is no use
// either: try again when they are known. Nothing was sent to the carrier.
var ErrReplaced = errors.New("oauth: the account's credentials have been replaced or deleted meanwhile")

// ErrSuperseded is returned by Store.SaveToken when the stored token is as new or newer.
var ErrSuperseded = errors.New("oauth: the stored token is as new or newer")

// Times are how long things take. The zero value of a field stands for its standard.
type Times struct {
	Margin time.Duration // a token is not used in this last part of its life; standard 60 s
	Lease  time.Duration // how long one login may take, and how long a dead worker keeps others waiting; standard 10 s
	Poll   time.Duration // first wait for another's refresh; doubled each time up to 20 times this; standard 50 ms
}

func (t Times) orStandard() Times {
	if t.Margin == 0 {
		t.Margin = 60 * time.Second
	}
	if t.Lease == 0 {
		t.Lease = 10 * time.Second
	}
	if t.Poll == 0 {
		t.Poll = 50 * time.Millisecond
	}
	return t
}
