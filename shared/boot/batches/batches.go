// Package batches wires batches: their operations, and the worker that creates their shipments.
package batches

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/carriers"
	"github.com/fairlead/fairlead/shared/boot/labels"
	"github.com/fairlead/fairlead/shared/boot/queues"
	"github.com/fairlead/fairlead/shared/boot/shipping"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// margin is how much of an invocation must be left for a chunk of rows.
const margin = 15 * time.Second

// Operations are those of the API.
func Operations(a *boot.App) *batch.HTTP {
	store := labels.Store(a)
	return &batch.HTTP{
		Service:   &batch.Service{Reader: store, Writer: store, Now: time.Now, Due: a.Times.DueFirst},
		Shipments: shipments{store, shipping.Labels(a)}, NewID: func(r api.Request) string { return api.NewID("bat_", r.Seed, boot.NewID) },
	}
}

// Expander consumes the queue of batches. check is for rows.
func Expander(a *boot.App, check api.Checker) queue.Consumer {
	store, sender := labels.Store(a), queues.Sender(a)
	orders := shipping.Ordering(a, carriers.Registry(a))
	orders.Service.Answers = nil // a row is rarely repeated
	x := &batch.Expander{Reader: store, Writer: store, Sender: sender, Now: time.Now, Margin: margin / time.Duration(max(a.Times.Divisor, 1)), Skew: a.Times.Skew, Due: a.Times.DueFirst, Log: a.Log, Tenants: &account.Standings{Store: store, Now: time.Now},
		Shop: batch.Counter{Post: orders.Create, Check: check, Void: voider(store, orders.Service), Names: batch.Names{ByReference: booking.IDByReference, ByKey: booking.IDByKey}}}
	return queue.Consumer{Handle: x.Handle, Dead: sender, NewID: boot.NewID, Log: a.Log}
}

// voider cancels a shipment if it is the batch's own: a row may have named one that was there before.
func voider(store *dynamo.Store, service *booking.Service) func(ctx context.Context, tenant string, mode ship.Mode, batch, id string) error {
	return func(ctx context.Context, tenant string, mode ship.Mode, batch, id string) error {
		r, err := store.Record(ctx, tenant, mode, id)
		if errors.Is(err, booking.ErrNotFound) || err == nil && r.Correlation != batch {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = service.Cancel(ctx, tenant, mode, id, nil)
		if _, past := errors.AsType[*booking.NotCancellable](err); past {
			return nil
		}
		return err
	}
}

// shipments makes batch's port of shipments.
type shipments struct {
	store *dynamo.Store
	http  *booking.HTTP
}

// Show implements batch.Shipments.
func (s shipments) Show(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[string]v1.Shipment, error) {
	found, err := s.store.Many(ctx, tenant, mode, ids)
	out := map[string]v1.Shipment{}
	for _, f := range found {
		out[f.Record.ID] = booking.Present(f)
	}
	return out, err
}

// Count implements batch.Shipments.
func (s shipments) Count(ctx context.Context, tenant string, mode ship.Mode, ids []string) (map[v1.Status]int64, error) {
	counted, err := s.store.Count(ctx, tenant, mode, ids)
	out := map[v1.Status]int64{}
	for st, n := range counted {
		out[v1.Status(st)] = n
	}
	return out, err
}

// Labels implements batch.Shipments.
func (s shipments) Labels(ctx context.Context, r api.Request, ids []string, name string) (api.Response, error) {
	found, err := s.store.Many(ctx, r.Tenant, r.Mode, ids)
	if err != nil {
		return api.Response{}, err
	}
	return s.http.PackAll(ctx, r, found, name)
}
