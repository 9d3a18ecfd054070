package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestBook(t *testing.T) {
	t.Run("answers with the label in one request when the carrier is quick", func(t *testing.T) {
		f := fake(t)
		c, _ := dial(t, f)
		f.Next()
		s, label, err := c.Book(t.Context(), Order("order-1"), time.Minute)
		if err != nil || s.Status != StatusBooked || string(label.Data) != "^XA shp_1 ^XZ" || label.MediaType != "application/zpl" {
			t.Fatalf("%s with %q, error %v", s.Status, label.Data, err)
		}
		if seen := f.Seen(); len(seen) != 1 || seen[0].Header.Get("Prefer") != "wait=20" || !strings.Contains(seen[0].Body, `"confirm":true`) {
			t.Errorf("requests %v", seen)
		}
	})
	t.Run("goes on asking until it is booked, and books once", func(t *testing.T) {
		f := fake(t)
		f.Path = []Status{StatusBooking, StatusUnknown, StatusUnknown, StatusBooked}
		c, pauses := dial(t, f)
		f.Next(lostAfter, refuse(429, "throttled"), nil, refuse(503, ""))
		s, label, err := c.Book(t.Context(), Order(""), time.Minute)
		if err != nil || s.Status != StatusBooked || len(label.Data) == 0 || f.Orders() != 1 {
			t.Errorf("%s with %q, %d orders, error %v", s.Status, label.Data, f.Orders(), err)
		}
		if len(*pauses) < 4 {
			t.Errorf("a server that does not wait was asked without a pause: %v", *pauses)
		}
	})
	t.Run("the label is fetched when it did not come along", func(t *testing.T) {
		f := fake(t)
		c, _ := dial(t, f)
		s, label, err := c.Book(t.Context(), Order("order-1"), 0)
		if nl, ok := errors.AsType[*NoLabel](err); !ok || nl.Shipment.Status != StatusPending || s.Status != StatusPending {
			t.Fatalf("without waiting: %s, error %v", s.Status, err)
		}
		if _, err := c.GetShipment(t.Context(), s.ID); err != nil { // it is booked by now
			t.Fatal(err)
		}
		s, label, err = c.Book(t.Context(), Order("order-1"), 0)
		if err != nil || string(label.Data) != "label as application/zpl" || f.Orders() != 1 {
			t.Errorf("%s with %q, error %v", s.Status, label.Data, err)
		}
	})
	for name, c := range map[string]struct {
		path []Status
		say  string
	}{
		"the carrier refuses":                   {[]Status{StatusFailed}, "was not booked (120100, says the carrier: Missing or invalid shipper number)"},
		"nobody knows as the time is up":        {[]Status{StatusBooking, StatusUnknown}, "is being found out, don't order it again"},
		"it is still at work as the time is up": {[]Status{StatusBooking}, "is still booking; ask for it later"},
		"somebody cancels it":                   {[]Status{StatusBooking, StatusCancelled}, "is cancelled"},
	} {
		t.Run("the shipment is returned, and an error, when "+name, func(t *testing.T) {
			f := fake(t)
			f.Path = c.path
			client, pauses := dial(t, f)
			s, label, err := client.Book(t.Context(), Order("order-1"), time.Minute)
			nl, ok := errors.AsType[*NoLabel](err)
			if !ok || s.Status != c.path[len(c.path)-1] || nl.Shipment.ID != s.ID || label.Data != nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%s, error %v", s.Status, err)
			}
			var waited time.Duration
			for _, p := range *pauses {
				waited += p
			}
			if waited > time.Minute {
				t.Errorf("it took %s", waited)
			}
		})
	}
	t.Run("an order that is refused is a problem", func(t *testing.T) {
		f := fake(t)
		c, _ := dial(t, f)
		order := Order("order-1")
		order.Parcels = []Parcel{{WeightG: -5}}
		if _, _, err := c.Book(t.Context(), order, time.Minute); !IsCode(err, "invalid_request") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("when the context ends, what is known of the shipment is returned", func(t *testing.T) {
		f := fake(t)
		f.Path = []Status{StatusBooking}
		c, _ := dial(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		c.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
		s, _, err := c.Book(ctx, Order("order-1"), time.Hour)
		if !errors.Is(err, context.Canceled) || s.ID != "shp_1" || s.Status != StatusBooking {
			t.Errorf("%s, error %v", s.Status, err)
		}
	})
}

func TestAwait(t *testing.T) {
	f := fake(t)
	f.Path = []Status{StatusBooking, StatusBooked}
	c, _ := dial(t, f)
	s, err := c.CreateShipment(t.Context(), Order("order-1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("does not wait for a draft", func(t *testing.T) {
		f.Next()
		if got, err := c.Await(t.Context(), s.ID, time.Hour); err != nil || got.Status != StatusDraft || len(f.Seen()) != 1 {
			t.Errorf("%s after %d requests, error %v", got.Status, len(f.Seen()), err)
		}
	})
	t.Run("returns the shipment with its label", func(t *testing.T) {
		if _, err := c.ConfirmShipment(t.Context(), s.ID, IfMatch(s.Version)); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Await(t.Context(), s.ID, time.Minute); err != nil || got.Status != StatusBooked || got.LabelFile == nil {
			t.Errorf("%s, error %v", got.Status, err)
		}
	})
	t.Run("leaves the caller's options alone", func(t *testing.T) {
		options := make([]Option, 1, 2)
		options[0] = RequestID("mine")
		if _, err := c.Await(t.Context(), s.ID, time.Minute, options...); err != nil || options[:2][1] != nil {
			t.Errorf("an option was written behind them, error %v", err)
		}
	})
}

func TestEnded(t *testing.T) {
	for name, c := range map[string]struct {
		s    Shipment
		want bool
	}{
		"booked with its label":                 {Shipment{Status: StatusBooked, Document: DocumentStateReady}, true},
		"booked, the label is yet to come":      {Shipment{Status: StatusBooked, Document: DocumentStatePending}, false},
		"booked, and a void is asked for":       {Shipment{Status: StatusBooked, Document: DocumentStateReady, Cancellation: &Cancellation{Status: CancellationStatusInProgress}}, false},
		"booked, and a void was refused":        {Shipment{Status: StatusBooked, Document: DocumentStateReady, Cancellation: &Cancellation{Status: CancellationStatusRefused}}, true},
		"unknown":                               {Shipment{Status: StatusUnknown}, false},
		"unknown, and a person has to find out": {Shipment{Status: StatusUnknown, Held: true}, true},
		"pending":                               {Shipment{Status: StatusPending}, false},
		"cancelling":                            {Shipment{Status: StatusCancelling}, false},
		"cancelled":                             {Shipment{Status: StatusCancelled}, true},
		"cancelled locally":                     {Shipment{Status: StatusCancelledLocally}, true},
		"failed":                                {Shipment{Status: StatusFailed}, true},
		"of a status that is newer than we are": {Shipment{Status: "returned"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.s.Ended(); got != c.want {
				t.Errorf("ended: %v", got)
			}
		})
	}
}
