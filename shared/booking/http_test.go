package booking_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestList(t *testing.T) {
	d := newDesk(t)
	h := &booking.HTTP{Service: d.service, Lister: d.store}
	for name, query := range map[string]string{
		"a parameter that is not there is refused, not ignored": "reference=r", "a limit of nothing is refused": "limit=0", "a limit in words is refused": "limit=ten", "a made-up cursor is refused": "cursor=abc",
	} {
		t.Run(name, func(t *testing.T) {
			q, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.List(d.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Query: q})
			if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 400 {
				t.Errorf("got %v", err)
			}
		})
	}
}
