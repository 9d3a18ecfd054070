package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/demo"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// What the leading open-source platform does, and how that was measured.
const (
	fieldSource = "The field is the leading open-source shipping platform, measured on two such processor cores with 16 clients, a carrier of 0.2 s a call " +
		"and two calls a booking. It books within the create."
	fieldRate   = 8 // bookings a second
	fieldCPU    = 210 * time.Millisecond
	fieldPage   = 3600 * time.Millisecond
	fieldStored = 5483 // shipments when that page was listed
	fieldLabels = 100  // of 50 pairs of identical orders
)

// What is measured beside it, and the goals.
const (
	fieldClients  = 16
	fieldPairs    = 50
	pageSize      = 100
	goalRate      = 10 * fieldRate
	goalCPU       = 10 * time.Millisecond
	fieldProcess  = 8  // processes of a function at most
	warmUps       = 64 // orders before those that count
	rowsPerBatch  = 1000
	pagesMeasured = 20
)

// field measures beside the field: rate and processor time of bookings, identical orders, a page of a list.
func (b *bench) field(ctx context.Context) error {
	r, err := b.start(ctx, "field", fieldProcess)
	if err != nil {
		return err
	}
	defer r.close()
	s, err := r.shop(ctx, "Bench", "test")
	if err != nil {
		return err
	}
	t := &table{title: "Beside the field", head: []string{"", "Fairlead", "the field"}}
	for _, part := range []func(context.Context, *rig, *shop, *table) error{b.bookings, b.pairs, b.pages} {
		if err := part(ctx, r, s, t); err != nil {
			return err
		}
	}
	t.note(fieldSource)
	b.add(t)
	return nil
}

// bookings measures how many bookings a second come of what 16 clients order, and what each costs in processor time.
func (b *bench) bookings(ctx context.Context, r *rig, s *shop, t *table) error {
	if _, err := r.order(ctx, s, "warm", warmUps); err != nil {
		return err
	}
	before, err := r.spent(ctx)
	if err != nil {
		return err
	}
	from, began := tail(r.log("book-shipment")), time.Now()
	ids, err := r.order(ctx, s, "field", b.orders)
	if err != nil {
		return err
	}
	after, err := r.spent(ctx)
	if err != nil {
		return err
	}
	booked, err := r.booked(from)
	if err != nil {
		return err
	}
	b.fail(onceEach(r.test.Server, ids))
	n := len(ids)
	used := after.each(before, n)
	rate, own := perSecond(n, latest(booked, began).Sub(began)), used.functions()+used.gateway
	t.row("bookings a second", fmt.Sprintf("%.0f", rate), fmt.Sprint(fieldRate))
	t.row("processor time a booking, our own", took(own), took(fieldCPU))
	b.figure(figure{name: "bookings a second", measured: fmt.Sprintf("%.0f", rate), goal: fmt.Sprint(goalRate), reached: rate >= goalRate})
	b.figure(figure{name: "processor time a booking, our own processes", measured: took(own), goal: "at most " + took(goalCPU), reached: own <= goalCPU})
	t.row("- the functions", took(used.functions()))
	t.row("- the local gateway, Lambda and its event sources", took(used.gateway))
	t.row("- beside: the emulators of DynamoDB, SQS and S3", took(used.emulators))
	t.note("Bookings: %d orders of the cheapest service by %d clients, each booked by two carrier calls (rates, then ship) of %s.", n, fieldClients, took(answersIn))
	t.note("Processor time by function: %s.", used.byFunction())
	return nil
}

// order has 16 clients order n shipments of the cheapest service as fast as they are answered, and waits until all are
// booked and told of.
func (r *rig) order(ctx context.Context, s *shop, name string, n int) ([]string, error) {
	ids := make([]string, n)
	already := r.test.Calls()[fault.Ship]
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(fieldClients)
	for i := range n {
		group.Go(func() (err error) {
			request := fmt.Sprintf("%s-%d", name, i)
			ids[i], err = s.create(gctx, request, demo.Order(request, ship.Cheapest, s.account))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	err := until(ctx, "the orders are not booked", func() (bool, error) {
		if r.test.Calls()[fault.Ship]-already < n {
			return false, nil
		}
		return r.idle(ctx)
	})
	return ids, err
}

// pairs orders pairs of identical shipments at once: each must come to one shipment with one label.
func (b *bench) pairs(ctx context.Context, r *rig, s *shop, t *table) error {
	var mu sync.Mutex
	made := map[string]map[string]bool{} // the ids that each reference was answered with
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(fieldClients)
	for i := range 2 * fieldPairs {
		group.Go(func() error {
			reference := fmt.Sprintf("pair-%d", i/2)
			id, err := s.create(gctx, fmt.Sprintf("pair-%d-%d", i/2, i%2), demo.Order(reference, "ups_ground", s.account))
			mu.Lock()
			defer mu.Unlock()
			if made[reference] == nil {
				made[reference] = map[string]bool{}
			}
			made[reference][id] = true
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var ids []string
	for reference, of := range made {
		if len(of) != 1 {
			b.fail(fmt.Errorf("two identical orders under %s were answered with %d shipments", reference, len(of)))
		}
		for id := range of {
			ids = append(ids, id)
		}
	}
	if err := until(ctx, "the pairs are not booked", func() (bool, error) { return r.allBooked(ctx, s, ids) }); err != nil {
		return err
	}
	if err := until(ctx, "the queues are not empty", func() (bool, error) { return r.idle(ctx) }); err != nil {
		return err
	}
	labels := 0
	for _, e := range r.test.Ledger() {
		if slices.ContainsFunc(ids, func(id string) bool { return booking.Reference(id) == e.Reference }) {
			labels += len(e.Bookings)
		}
	}
	name := fmt.Sprintf("labels of %d pairs of identical orders", fieldPairs)
	t.row(name, fmt.Sprint(labels), fmt.Sprint(fieldLabels))
	b.figure(figure{name: name, measured: fmt.Sprint(labels), goal: fmt.Sprint(fieldPairs), reached: labels == fieldPairs, asserted: true})
	return nil
}

// allBooked asks the API for each shipment.
func (r *rig) allBooked(ctx context.Context, s *shop, ids []string) (bool, error) {
	for _, id := range ids {
		var now struct{ Status string }
		if err := s.read(ctx, http.MethodGet, "/v1/shipments/"+id, nil, nil, &now); err != nil || now.Status != "booked" {
			return false, err
		}
	}
	return true, nil
}

// pages stores as many shipments as the field had, in a tenant of their own, and reads the list.
func (b *bench) pages(ctx context.Context, r *rig, _ *shop, t *table) error {
	s, err := r.shop(ctx, "Stored", "test")
	if err != nil {
		return err
	}
	if err := s.store(ctx, fieldStored); err != nil {
		return err
	}
	page := fmt.Sprintf("/v1/shipments?limit=%d", pageSize)
	var times []time.Duration
	for range pagesMeasured {
		began := time.Now()
		if err := s.read(ctx, http.MethodGet, page, nil, nil, &struct{}{}); err != nil {
			return err
		}
		times = append(times, time.Since(began))
	}
	began, seen, n := time.Now(), map[string]bool{}, 0
	for query := page; query != ""; n++ {
		var one struct {
			Data       []struct{ ID string }
			NextCursor string `json:"next_cursor"`
		}
		if err := s.read(ctx, http.MethodGet, query, nil, nil, &one); err != nil {
			return err
		}
		for _, d := range one.Data {
			seen[d.ID] = true
		}
		if query = ""; one.NextCursor != "" {
			query = page + "&cursor=" + url.QueryEscape(one.NextCursor)
		}
	}
	all := time.Since(began)
	if len(seen) != fieldStored {
		b.fail(fmt.Errorf("the list of %d shipments shows %d", fieldStored, len(seen)))
	}
	t.row(fmt.Sprintf("a page of %d of %d shipments", pageSize, fieldStored), took(spreadOf(times).at(50)), took(fieldPage))
	t.row(fmt.Sprintf("all %d pages", n), took(all))
	return nil
}

// store creates drafts, a thousand in a batch.
func (s *shop) store(ctx context.Context, n int) error {
	for from := 0; from < n; from += rowsPerBatch {
		rows := make([]map[string]any, min(rowsPerBatch, n-from))
		for i := range rows {
			rows[i] = demo.Order(fmt.Sprintf("stored-%d", from+i), "ups_ground", s.account)
			rows[i]["confirm"] = false
		}
		var made struct{ ID string }
		header := http.Header{"Idempotency-Key": {fmt.Sprintf("stored-%d", from)}}
		if err := s.read(ctx, http.MethodPost, "/v1/batches", header, map[string]any{"shipments": rows}, &made); err != nil {
			return err
		}
		err := until(ctx, "the batch is not created", func() (bool, error) {
			var now struct {
				Status            string
				Created, Rejected int
			}
			err := s.read(ctx, http.MethodGet, "/v1/batches/"+made.ID, nil, nil, &now)
			if err == nil && now.Rejected > 0 {
				err = errors.New("rows of the batch were rejected")
			}
			return now.Created == len(rows), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
