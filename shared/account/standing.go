package account

import (
	"context"
	"errors"
	"maps"
	"sync"
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

	mu    sync.Mutex
	known map[string]standing
}

type standing struct {
	suspended, erased bool
	until             time.Time
}

// Standing tells whether a tenant is suspended, and whether its data is erased. A tenant that does not exist any more
// counts as erased.
func (s *Standings) Standing(ctx context.Context, tenant string) (suspended, erased bool, err error) {
	now := s.Now()
	if k, ok := s.look(tenant, now); ok {
		return k.suspended, k.erased, nil
	}
	t, err := s.Store.TenantLately(ctx, tenant)
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !gone {
		return false, false, err
	}
	k := standing{!t.Suspended.IsZero(), gone || !t.Erased.IsZero(), now.Add(s.keep())}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= cacheSize {
		maps.DeleteFunc(s.known, func(_ string, old standing) bool { return !now.Before(old.until) })
	}
	if s.known == nil || len(s.known) >= cacheSize {
		s.known = map[string]standing{}
	}
	s.known[tenant] = k
	return k.suspended, k.erased, nil
}

func (s *Standings) look(tenant string, now time.Time) (standing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.known[tenant]
	return k, ok && now.Before(k.until)
}

func (s *Standings) keep() time.Duration {
	if s.Keep > 0 {
		return s.Keep
	}
	return standardKeep
}
