package booking_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// shelf is a database of one answer, that of every id, which counts what it is asked.
type shelf struct {
	booking.Intake
	booking.Accounts
	mu    sync.Mutex
	r     booking.Record
	asked int
	read  func() // before the answer of a read leaves
}

func (s *shelf) PutRequest(context.Context, string, ship.Mode, string, string, ship.Shipment) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return false, nil
}

func (s *shelf) Record(_ context.Context, tenant string, mode ship.Mode, id string) (booking.Record, error) {
	s.mu.Lock()
	s.asked++
	r, read := s.r, s.read
	s.mu.Unlock()
	if read != nil {
		read()
	}
	r.Tenant, r.Mode, r.ID = tenant, mode, id
	return r, nil
}

// Confirm finds that it was confirmed with this very key.
func (s *shelf) Confirm(_ context.Context, tenant string, mode ship.Mode, id string, _ int64, key string, _, _ time.Time) (booking.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	s.r.ConfirmKey = key
	old := s.r
	old.Tenant, old.Mode, old.ID = tenant, mode, id
	return booking.Record{}, &booking.Refused{Old: &old}
}

func (s *shelf) Request(context.Context, string, ship.Mode, string, string) (ship.Shipment, error) {
	return shipment("stored"), nil
}

func (s *shelf) set(f func(*booking.Record)) { s.mu.Lock(); defer s.mu.Unlock(); f(&s.r) }

// took is how many calls f makes.
func (s *shelf) took(f func()) int {
	s.mu.Lock()
	before := s.asked
	s.mu.Unlock()
	f()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked - before
}

// shelved is a service over a shelf, which holds what was accepted as `status` for any order.
func shelved(t testing.TB, st booking.Status, limit int) (*booking.Service, *shelf, *time.Time) {
	now := time.UnixMilli(1_800_000_000_000).UTC()
	s := &shelf{r: booking.Record{Status: st, Version: 3, RequestFP0: "fp0", CreateRequest: "rq", TrackingNumber: "1Z1", Document: booking.DocumentReady, Created: now}}
	d := &desk{account: carrier.Account{ID: acct, Tenant: tenant, Mode: ship.Test, Carrier: "acme"}}
	return &booking.Service{Intake: s, Reader: s, Accounts: d, Carriers: carrier.Registry{"acme": &scripted{}}, Now: func() time.Time { return now },
		NewID: func() string { return "1" }, Times: booking.StandardTimes(), Answers: booking.NewAnswers(limit)}, s, &now
}

// shelvedOrder is an order whose canonical request is the stored one.
func shelvedOrder(t testing.TB, s *shelf, reference string) booking.Order {
	o := booking.Order{Shipment: shipment(reference), Fingerprint: "fp0", Confirm: true}
	fp, err := booking.Fingerprint(o.Shipment)
	if err != nil {
		t.Fatal(err)
	}
	s.set(func(r *booking.Record) { r.RequestFP = fp })
	return o
}

func TestHowLongAnAnswerIsShown(t *testing.T) {
	const never, short, long = 0, 2 * time.Second, time.Hour
	for _, c := range []struct {
		st   booking.Status
		open bool
		keep time.Duration
	}{
		{booking.Pending, true, never}, {booking.Booking, true, never}, {booking.Unknown, true, never}, {booking.Unknown, false, never}, {booking.Cancelling, true, never},
		{booking.Booked, false, short}, {booking.Booked, true, short}, {booking.Failed, false, short}, {booking.Failed, true, short},
		{booking.Cancelled, true, short}, {booking.CancelledLocally, true, short}, {booking.Cancelled, false, long}, {booking.CancelledLocally, false, long},
	} {
		t.Run(fmt.Sprintf("%s, open %v: %v", c.st, c.open, c.keep), func(t *testing.T) {
			s, shelf, now := shelved(t, c.st, 10)
			o := shelvedOrder(t, shelf, "r")
			if c.open {
				shelf.r.Due = *now
			}
			read := func() {
				if a, err := s.Create(t.Context(), tenant, ship.Test, o); err != nil || !a.Replayed || a.Record.Status != c.st {
					t.Errorf("%+v, %v", a, err)
				}
			}
			if n := shelf.took(read); n != 2 {
				t.Errorf("cold: %d calls", n)
			}
			start := *now
			for _, age := range []time.Duration{0, short - time.Millisecond, long - time.Millisecond} {
				*now = start.Add(age)
				want := 0
				if age >= c.keep {
					want = 1
				}
				if n := shelf.took(read); n != want {
					t.Errorf("after %v: %d calls, want %d", age, n, want)
				}
			}
			*now = start.Add(3 * time.Hour)
			if n := shelf.took(read); n != 1 {
				t.Errorf("late: %d calls, want 1", n)
			}
			*now = now.Add(-time.Second) // a clock that was set back proves nothing
			if n := shelf.took(read); n != 1 {
				t.Errorf("before it was asked for: %d calls, want 1", n)
			}
		})
	}
}

func TestAnswersAreBounded(t *testing.T) {
	replays := func(t *testing.T, s *booking.Service, shelf *shelf, from, to int) (free int) {
		t.Helper()
		for i := from; i < to; i++ {
			o := shelvedOrder(t, shelf, fmt.Sprint("r", i))
			if shelf.took(func() { _, _ = s.Create(t.Context(), tenant, ship.Test, o) }) == 0 {
				free++
			}
		}
		return free
	}
	t.Run("by number, and what is used stays", func(t *testing.T) {
		s, shelf, _ := shelved(t, booking.Booked, 8)
		for i := range 100 {
			replays(t, s, shelf, i, i+1)
			if free := replays(t, s, shelf, 0, 1); i > 0 && free != 1 {
				t.Fatalf("what is asked for all the time was forgotten at %d", i)
			}
		}
		s, shelf, _ = shelved(t, booking.Booked, 8)
		replays(t, s, shelf, 0, 96)
		kept := 0
		for replays(t, s, shelf, 95-kept, 96-kept) == 1 {
			kept++
		}
		if kept < 4 || kept > 8 {
			t.Errorf("the last %d are known, want half of 8 to all of them", kept)
		}
	})
	t.Run("a request with large metadata is not kept", func(t *testing.T) {
		s, shelf, _ := shelved(t, booking.Booked, 8)
		o := booking.Order{Shipment: shipment("r"), Fingerprint: "fp0", Confirm: true}
		o.Shipment.Metadata = map[string]string{"k": strings.Repeat("x", 5<<10)}
		fp, err := booking.Fingerprint(o.Shipment)
		if err != nil {
			t.Fatal(err)
		}
		shelf.r.RequestFP = fp
		for range 2 {
			if n := shelf.took(func() { _, err = s.Create(t.Context(), tenant, ship.Test, o) }); n != 2 || err != nil {
				t.Errorf("%d calls, %v", n, err)
			}
		}
	})
}

func TestReplayOfWhatWasEdited(t *testing.T) {
	s, shelf, now := shelved(t, booking.Booked, 8)
	o := shelvedOrder(t, shelf, "r")
	ask := func() string {
		a, err := s.Create(t.Context(), tenant, ship.Test, o)
		if err != nil {
			t.Fatal(err)
		}
		return a.Shipment.Reference
	}
	if got := ask(); got != "r" {
		t.Errorf("the order's own request is %q", got)
	}
	shelf.set(func(r *booking.Record) { r.RequestFP, r.Version = "edited", 4 })
	*now = now.Add(2 * time.Second)
	if got := ask(); got != "stored" {
		t.Errorf("the request is that of %q", got)
	}
	if n := shelf.took(func() { ask() }); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestReplaysAtOnce(t *testing.T) {
	t.Run("a slow call does not bring an earlier state back", func(t *testing.T) {
		s, shelf, _ := shelved(t, booking.Booked, 8)
		o := shelvedOrder(t, shelf, "r")
		reading, proceed := make(chan struct{}), make(chan struct{})
		shelf.set(func(*booking.Record) { shelf.read = func() { close(reading); <-proceed } })
		var slow sync.WaitGroup
		slow.Go(func() { _, _ = s.Create(t.Context(), tenant, ship.Test, o) })
		<-reading
		shelf.set(func(r *booking.Record) { r.Version, shelf.read = 4, nil })
		_, _ = s.Create(t.Context(), tenant, ship.Test, o)
		close(proceed)
		slow.Wait()
		if n := shelf.took(func() {
			if a, err := s.Create(t.Context(), tenant, ship.Test, o); err != nil || a.Record.Version != 4 {
				t.Errorf("version %d, %v", a.Record.Version, err)
			}
		}); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
	t.Run("many at once, of few shipments, see their own", func(t *testing.T) {
		m := newMetered(t)
		m.service.Answers = booking.NewAnswers(4)
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				o := m.order(fmt.Sprint("r", i%6), true)
				for range 3 {
					if a, err := m.service.Create(m.ctx, tenant, ship.Test, o); err != nil || a.Record.Reference != o.Shipment.Reference || a.Shipment.Reference != o.Shipment.Reference {
						t.Errorf("%s answered %s with %s, %v", o.Shipment.Reference, a.Record.Reference, a.Shipment.Reference, err)
					}
					if a, err := m.service.Confirm(m.ctx, tenant, ship.Test, booking.IDByReference(tenant, ship.Test, o.Shipment.Reference), 1, "k"); err == nil {
						t.Errorf("confirmed twice: %+v", a)
					}
				}
			})
		}
		wg.Wait()
	})
}

const orderBody = `{"reference": "r", "confirm": true, "service": "ground", "carrier_account": "ca_1", "parcels": [{"weight_g": 500}],
	"ship_from": {"name": "A", "lines": ["1 St"], "city": "New York", "state": "NY", "postcode": "10001", "country": "US"},
	"ship_to": {"name": "B", "lines": ["2 St"], "city": "Portland", "state": "OR", "postcode": "97214", "country": "US"}}`

// BenchmarkWarmReplay is an answer asked again of a process that knows it: no call leaves.
func BenchmarkWarmReplay(b *testing.B) {
	for name, ask := range map[string]func(b *testing.B, h *booking.HTTP, s *shelf) func() (bool, error){
		"create, the rules": func(b *testing.B, h *booking.HTTP, s *shelf) func() (bool, error) {
			o := shelvedOrder(b, s, "r")
			return func() (bool, error) {
				a, err := h.Service.Create(b.Context(), tenant, ship.Test, o)
				return a.Replayed, err
			}
		},
		"create, from body to answer": func(b *testing.B, h *booking.HTTP, s *shelf) func() (bool, error) {
			parsed, err := contract.Check([]byte(orderBody), "ShipmentRequest")
			if err != nil {
				b.Fatal(err)
			}
			s.set(func(r *booking.Record) { r.RequestFP0 = booking.Fingerprint0(parsed) })
			ask := api.Request{Check: contract.Check, Tenant: tenant, Mode: ship.Test, Body: []byte(orderBody)}
			return func() (bool, error) { return replayed(h.Create(b.Context(), ask)) }
		},
		"confirm, from headers to answer": func(b *testing.B, h *booking.HTTP, _ *shelf) func() (bool, error) {
			ask := api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": "shp_1"}, Header: http.Header{"If-Match": {`"1"`}, "Idempotency-Key": {"k"}}}
			return func() (bool, error) { return replayed(h.Confirm(b.Context(), ask)) }
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, shelf, _ := shelved(b, booking.Booked, booking.ReplayLimit)
			f := ask(b, &booking.HTTP{Service: s}, shelf)
			if _, err := f(); err != nil { // the first is cold
				b.Fatal(err)
			}
			b.ReportAllocs()
			n := shelf.took(func() {
				for b.Loop() {
					if again, err := f(); err != nil || !again {
						b.Fatalf("replayed %v, %v", again, err)
					}
				}
			})
			if n != 0 {
				b.Fatalf("%d calls", n)
			}
		})
	}
}

func replayed(r api.Response, err error) (bool, error) {
	return r.Status == http.StatusOK && r.Header["Idempotent-Replayed"] == "true", err
}
