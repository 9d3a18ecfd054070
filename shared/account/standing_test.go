package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/account"
)

// glances answers and counts.
type glances struct {
	tenant account.Tenant
	err    error
	reads  int
}

func (g *glances) TenantLately(context.Context, string) (account.Tenant, error) {
	g.reads++
	return g.tenant, g.err
}

func TestStandings(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	g := &glances{}
	s := &account.Standings{Store: g, Now: func() time.Time { return now }}
	want := func(suspended, erased bool, reads int) {
		t.Helper()
		sus, era, err := s.Standing(t.Context(), "tn_1")
		if err != nil || sus != suspended || era != erased || g.reads != reads {
			t.Errorf("suspended %v, erased %v after %d reads, %v; want %v, %v after %d", sus, era, g.reads, err, suspended, erased, reads)
		}
	}
	want(false, false, 1)
	g.tenant.Suspended = now
	want(false, false, 1) // what was read is trusted for a minute
	now = now.Add(time.Minute)
	want(true, false, 2)
	now = now.Add(time.Minute)
	g.err = errors.New("away")
	if _, _, err := s.Standing(t.Context(), "tn_1"); err == nil {
		t.Error("who can't be read is in good standing")
	}
	g.err = account.ErrNotFound
	g.tenant = account.Tenant{}
	want(false, true, 4) // one that is gone is erased
}
