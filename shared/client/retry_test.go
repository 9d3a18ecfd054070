package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnOrderIsMadeOnce(t *testing.T) {
	for name, c := range map[string]struct {
		faults   []fault
		requests int
	}{
		"when nothing fails":                        {nil, 1},
		"when the request is lost":                  {[]fault{lostBefore}, 2},
		"when the answer is lost":                   {[]fault{lostAfter}, 2},
		"when the answer breaks off":                {[]fault{brokenOff}, 2},
		"when the server fails after it was done":   {[]fault{done(500, "internal_error"), done(502, ""), done(503, ""), done(504, "timeout")}, 5},
		"when it comes too fast, twice":             {[]fault{refuse(429, "rate_limited"), refuse(429, "throttled")}, 3},
		"when all of it fails, one after the other": {[]fault{lostAfter, refuse(429, "throttled"), brokenOff, done(504, "timeout"), lostBefore}, 6},
	} {
		for which, order := range map[string]ShipmentRequest{"with a reference": Order("order-1"), "without a reference": Order("")} {
			t.Run(name+", "+which, func(t *testing.T) {
				f := fake(t)
				client, _ := dial(t, f)
				f.Next(c.faults...)
				s, err := client.CreateShipment(t.Context(), order)
				if err != nil || s.ID != "shp_1" || f.Orders() != 1 {
					t.Fatalf("shipment %q, %d orders, error %v", s.ID, f.Orders(), err)
				}
				seen := f.Seen()
				if len(seen) < c.requests { // net/http itself may send again what is lost, under the same key
					t.Errorf("%d requests, want %d", len(seen), c.requests)
				}
				for _, r := range seen {
					if r.Body != seen[0].Body || r.Header.Get("Idempotency-Key") != seen[0].Header.Get("Idempotency-Key") {
						t.Errorf("an attempt differs: %v", r)
					}
				}
				// The reference is a key of its own; another one would cost the server a write.
				if key := seen[0].Header.Get("Idempotency-Key"); (key == "") != (order.Reference != nil) {
					t.Errorf("Idempotency-Key %q", key)
				}
			})
		}
	}
	t.Run("every other POST has a key of its own", func(t *testing.T) {
		f := fake(t)
		c, _ := dial(t, f)
		s, err := c.CreateShipment(t.Context(), Order("order-1"))
		if err != nil {
			t.Fatal(err)
		}
		f.Next()
		_, _ = c.ConfirmShipment(t.Context(), s.ID, IfMatch(1))
		_, _ = c.CancelShipment(t.Context(), s.ID)
		seen := f.Seen()
		a, b := seen[0].Header.Get("Idempotency-Key"), seen[1].Header.Get("Idempotency-Key")
		if a == "" || b == "" || a == b {
			t.Errorf("keys %q and %q", a, b)
		}
	})
}

func TestPauses(t *testing.T) {
	const unit = time.Second
	for name, c := range map[string]struct {
		faults []fault
		want   []time.Duration
	}{
		"grow": {[]fault{refuse(503, ""), refuse(503, ""), refuse(503, ""), refuse(503, "")}, []time.Duration{unit / 4, unit / 2, unit, 2 * unit}},
		"are those that the server asks for, and a little by chance": {[]fault{refuse(429, "rate_limited", "Retry-After", "7"), refuse(409, "request_in_flight", "Retry-After", "2")},
			[]time.Duration{7*unit + unit/4, 2*unit + unit/2}},
		"follow a date":          {[]fault{refuse(503, "", "Retry-After", noon.Add(9*time.Second).Format(http.TimeFormat))}, []time.Duration{9*unit + unit/4}},
		"ignore what is no time": {[]fault{refuse(503, "", "Retry-After", "soon")}, []time.Duration{unit / 4}},
	} {
		t.Run(name, func(t *testing.T) {
			f := fake(t)
			client, pauses := dial(t, f)
			f.Next(c.faults...)
			if _, err := client.CreateShipment(t.Context(), Order("order-1")); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *pauses); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("are by chance up to half", func(t *testing.T) {
		c, err := New("k", Options{BaseURL: "http://127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		different := map[time.Duration]bool{}
		for range 100 {
			d := c.pause(3, nil)
			if d < unit/2 || d > unit {
				t.Fatalf("the third pause is %s", d)
			}
			different[d] = true
		}
		if len(different) < 50 {
			t.Errorf("%d different pauses of 100", len(different))
		}
	})
}

func TestWhatIsNotSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
	}{
		"a wrong body": {422, "invalid_request"}, "a wrong key": {401, "unauthorized"}, "another version": {412, "version_mismatch"},
		"a conflict": {409, "not_confirmable"}, "a secret that was shown": {409, "secret_shown_once"}, "a quota that is used up": {429, "quota_exceeded"},
		"what is not implemented": {501, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fake(t)
			client, pauses := dial(t, f)
			f.Next(refuse(c.status, c.code))
			_, err := client.CreateShipment(t.Context(), Order("order-1"))
			if !IsCode(err, c.code) || len(f.Seen()) != 1 || len(*pauses) > 0 {
				t.Errorf("%d requests, error %v", len(f.Seen()), err)
			}
		})
	}
	t.Run("what would have to wait longer than we do", func(t *testing.T) {
		f := fake(t)
		client, pauses := dial(t, f)
		f.Next(refuse(429, "throttled", "Retry-After", "3600"))
		_, err := client.CreateShipment(t.Context(), Order("order-1"))
		if !IsCode(err, "throttled") || len(f.Seen()) != 1 || len(*pauses) > 0 {
			t.Errorf("%d requests, error %v", len(f.Seen()), err)
		}
	})
	t.Run("what would have to wait longer than the context lives", func(t *testing.T) {
		f := fake(t)
		client, pauses := dial(t, f)
		client.now = time.Now
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		f.Next(refuse(429, "throttled", "Retry-After", "20"))
		_, err := client.CreateShipment(ctx, Order("order-1"))
		if !IsCode(err, "throttled") || len(f.Seen()) != 1 || len(*pauses) > 0 {
			t.Errorf("%d requests, error %v", len(f.Seen()), err)
		}
	})
	t.Run("anything more often than was said", func(t *testing.T) {
		f := fake(t)
		client, _ := dial(t, f)
		client.attempts = 3
		f.Next(refuse(503, "x"), refuse(503, "x"), refuse(503, "last"), refuse(503, "x"))
		_, err := client.GetShipment(t.Context(), "shp_1")
		if !IsCode(err, "last") || len(f.Seen()) != 3 {
			t.Errorf("%d requests, error %v", len(f.Seen()), err)
		}
	})
	t.Run("anything once the context has ended", func(t *testing.T) {
		f := fake(t)
		client, _ := dial(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		client.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
		f.Next(refuse(503, "x"))
		_, err := client.GetShipment(ctx, "shp_1")
		if !errors.Is(err, context.Canceled) || !IsCode(err, "x") || len(f.Seen()) != 1 {
			t.Errorf("%d requests, error %v", len(f.Seen()), err)
		}
	})
	for name, passes := range map[string]error{
		"to a host that there is not":         &net.DNSError{Name: "api.example.com", IsNotFound: true},
		"to one whose certificate is not its": &tls.CertificateVerificationError{Err: errors.New("for another name")},
	} {
		t.Run(name, func(t *testing.T) {
			tried := 0
			c, err := New("k", Options{BaseURL: "https://api.example.com", HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				tried++
				return nil, passes
			})}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = c.ListCarriers(t.Context()); !errors.Is(err, passes) || tried != 1 {
				t.Errorf("%d attempts, error %v", tried, err)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestALostAnswerToADelete(t *testing.T) {
	f := fake(t)
	c, _ := dial(t, f)
	if _, err := c.CreateAPIKey(t.Context(), APIKeyRequest{Name: "till"}); err != nil {
		t.Fatal(err)
	}
	t.Run("is a success when nothing is there any more", func(t *testing.T) {
		f.Next(lostAfter)
		if err := c.RevokeAPIKey(t.Context(), "k1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("without one, nothing to delete is a mistake", func(t *testing.T) {
		if err := c.RevokeAPIKey(t.Context(), "k1"); !IsCode(err, "not_found") {
			t.Error(err)
		}
	})
	t.Run("and after a refusal that did nothing as well", func(t *testing.T) {
		f.Next(refuse(429, "throttled"))
		if err := c.RevokeAPIKey(t.Context(), "k1"); !IsCode(err, "not_found") {
			t.Error(err)
		}
	})
}

func TestALostAnswerToAChange(t *testing.T) {
	patch := Patch{"order_number": "A-7", "parcels": []Parcel{{WeightG: 1500}}, "ship_to": map[string]any{"state": nil, "city": "Salem"}}
	draft := func(t *testing.T) (*Fake, *Client, Shipment) {
		f := fake(t)
		c, _ := dial(t, f)
		s, err := c.CreateShipment(t.Context(), Order("order-1"))
		if err != nil {
			t.Fatal(err)
		}
		return f, c, s
	}
	t.Run("is found in the state, and the change was made once", func(t *testing.T) {
		f, c, s := draft(t)
		f.Next(lostAfter)
		got, err := c.UpdateShipment(t.Context(), s.ID, patch, IfMatch(s.Version))
		if err != nil || got.Version != s.Version+1 || *got.OrderNumber != "A-7" || got.ShipTo.State != nil || got.ShipTo.City != "Salem" {
			t.Errorf("version %d, error %v", got.Version, err)
		}
	})
	t.Run("is not mistaken for somebody else's change", func(t *testing.T) {
		f, c, s := draft(t)
		f.Next(nil, done(502, ""), nil)
		if _, err := c.UpdateShipment(t.Context(), s.ID, Patch{"order_number": "other"}, IfMatch(s.Version)); err != nil {
			t.Fatal(err)
		}
		_, err := c.UpdateShipment(t.Context(), s.ID, patch, IfMatch(s.Version))
		p, ok := errors.AsType[*Problem](err)
		if !ok || p.Code != "version_mismatch" || p.Shipment == nil || *p.Shipment.OrderNumber != "other" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("is not taken for done when more has changed since", func(t *testing.T) {
		f, c, s := draft(t)
		f.Next(func(w http.ResponseWriter, do func() *httptest.ResponseRecorder) {
			do()
			f.shipments[0].Version++ // as if somebody had changed something else
			hangUp(w)
		})
		if _, err := c.UpdateShipment(t.Context(), s.ID, patch, IfMatch(s.Version)); !IsCode(err, "version_mismatch") {
			t.Errorf("error %v", err)
		}
	})
}
