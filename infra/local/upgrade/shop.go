package upgrade

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/endtoend"
)

// shop is a shipper that orders at an even pace, whatever becomes of the orders, and never sends anything again: what
// fails once has failed.
type shop struct {
	*endtoend.Shipper
	keys []string // of the same shipper

	mu       sync.Mutex
	phase    string
	orders   map[string]*order // by reference
	begun    int
	requests int
	failed   []string // requests that were not answered as they must be
}

// order is one order and what became of it.
type order struct {
	by        *endtoend.Shipper // with the key it is asked with
	id, phase string
	number    string // its tracking number, "" until it is booked
	label     string // its label as it was first read
}

const (
	keys     = 40 // a key that was seen within a minute asks no authorizer
	perKey   = 5  // orders with one key, before it is another's turn
	pageSize = "5"
)

// newShop makes a shop with many keys.
func newShop(ctx context.Context, p *endtoend.Shipper) (*shop, error) {
	s := &shop{Shipper: p, orders: map[string]*order{}}
	for i := range keys {
		a, err := p.Call(ctx, http.MethodPost, "/v1/api-keys", map[string]any{"name": fmt.Sprint("till ", i), "scopes": []string{"read", "ship"}}, nil)
		if err == nil && a.Status != http.StatusCreated {
			err = fmt.Errorf("making a key: %d %s", a.Status, a.Body)
		}
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, a.Str("key"))
	}
	return s, nil
}

// enter begins a phase; orders remember in which they were begun.
func (s *shop) enter(phase string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = phase
}

func (s *shop) line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d orders, %d requests, %d failed", s.begun, s.requests, len(s.failed))
}

// trade orders until loading ends, and lets what was begun come to its end, or to that of ctx.
func (s *shop) trade(loading, ctx context.Context, rate float64) {
	var running sync.WaitGroup
	defer running.Wait()
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-loading.Done():
			return
		case <-tick.C:
			running.Go(func() { s.journey(ctx, i) })
		}
	}
}

// journey is one order: every other one is a draft first. Each asks for its shipment until it is booked and takes its
// label.
func (s *shop) journey(ctx context.Context, i int) {
	o := s.begin(s.keys[i/perKey%len(s.keys)])
	reference := fmt.Sprintf("upgrade-%05d", i)
	if i%2 == 0 {
		a, ok := s.ask(ctx, o.by, http.MethodPost, "/v1/shipments", s.Confirmed(reference), nil, http.StatusAccepted)
		if !ok {
			return
		}
		s.accepted(o, reference, a.Str("id"))
	} else {
		a, ok := s.ask(ctx, o.by, http.MethodPost, "/v1/shipments", s.Order(reference), nil, http.StatusCreated)
		if !ok {
			return
		}
		s.accepted(o, reference, a.Str("id"))
		if _, ok = s.ask(ctx, o.by, http.MethodPost, "/v1/shipments/"+o.id+"/confirm", nil, map[string]string{"If-Match": `"1"`}, http.StatusAccepted); !ok {
			return
		}
	}
	if i%5 == 0 {
		s.ask(ctx, o.by, http.MethodGet, "/v1/shipments?limit="+pageSize, nil, nil, http.StatusOK)
	}
	_ = until(ctx, settlesWithin, func() (bool, error) { return s.look(ctx, o), nil })
}

func (s *shop) begin(key string) *order {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	by := *s.Shipper
	by.Key = key
	return &order{by: &by, phase: s.phase}
}

func (s *shop) accepted(o *order, reference, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.id = id
	s.orders[reference] = o
}

// look asks for a shipment, and for its label once there is one. It is true when there is nothing more to come.
func (s *shop) look(ctx context.Context, o *order) bool {
	a, ok := s.ask(ctx, o.by, http.MethodGet, "/v1/shipments/"+o.id, nil, nil, http.StatusOK)
	if !ok || a.Str("status") == "failed" {
		return true
	}
	if a.Str("status") != "booked" || a.Str("document") != "ready" {
		return false
	}
	label, ok := s.ask(ctx, o.by, http.MethodGet, "/v1/shipments/"+o.id+"/label", nil, map[string]string{"Accept": "application/zpl"}, http.StatusOK)
	if ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.number, o.label = a.Str("tracking_number"), string(label.Body)
	}
	return true
}

// ask sends one request, once. It is false when it was not answered as it must be, which is kept.
func (s *shop) ask(ctx context.Context, by *endtoend.Shipper, method, path string, body any, header map[string]string, want int) (endtoend.Answer, bool) {
	a, err := by.Call(ctx, method, path, body, header)
	if ctx.Err() != nil {
		return a, false // interrupted: nobody's fault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	switch {
	case err != nil:
		s.failed = append(s.failed, fmt.Sprintf("%s %s, %s: %v", method, path, s.phase, err))
	case a.Status != want:
		s.failed = append(s.failed, fmt.Sprintf("%s %s, %s: %d %s", method, path, s.phase, a.Status, a.Body))
	}
	return a, err == nil && a.Status == want
}
