package account

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Glance reads a tenant as cheaply as can be: eventually consistent. It returns ErrNotFound when there is none.
type Glance interface {
	TenantLately(ctx context.Context, tenant string) (Tenant, error)
}

// Standings tell workers whether a tenant is suspended or erased. A process keeps what it was told for Keep, so that this
// costs next to no reads. It is safe for concurrent use and must not be copied once used.
type Standings struct {
	Store Glance
	Now   func() time.Time
	Keep  time.Duration // zero: a minute

	known cache[standing]
}

type standing struct{ suspended, erased bool }

// Standing tells whether a tenant is suspended, and whether its data is erased. A tenant that does not exist any more
// counts as erased.
func (s *Standings) Standing(ctx context.Context, tenant string) (suspended, erased bool, err error) {
	k, err := s.known.get(ctx, s.Now, cmp.Or(s.Keep, standardKeep), tenant, func(ctx context.Context) (standing, error) {
		t, err := s.Store.TenantLately(ctx, tenant)
		gone := errors.Is(err, ErrNotFound)
		if err != nil && !gone {
			return standing{}, err
		}
		return standing{!t.Suspended.IsZero(), gone || !t.Erased.IsZero()}, nil
	})
	return k.suspended, k.erased, err
}
