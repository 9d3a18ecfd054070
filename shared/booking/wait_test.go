package booking_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

const waitBody = `{"reference":"r","confirm":true,"service":"ground","carrier_account":"ca_1",
	"ship_from":{"name":"A","lines":["1 St"],"city":"New York","state":"NY","postcode":"10001","country":"US"},
	"ship_to":{"name":"A","lines":["1 St"],"city":"New York","state":"NY","postcode":"10001","country":"US"},"parcels":[{"weight_g":500}]}`

// waiting is a desk in virtual time that counts what its database is asked, and reads stale views as lag says.
type waiting struct {
	*desk
	reads, writes int
	lag           time.Duration
	labels        booking.Labels // nil: the store's
}

func newWaiting(t *testing.T) *waiting {
	w := &waiting{}
	tables, names := ddbsim.Template("")
	client := ddbsim.New(ddbsim.Options{Now: time.Now, Tables: tables}).Client(ddbsim.ClientOptions{
		Attempts: 1, Lag: func(context.Context, *ddbsim.Op) time.Duration { return w.lag },
		Record: func(_ context.Context, r dynamo.Reading) {
			if r.Write > 0 {
				w.writes++
			} else {
				w.reads++
			}
		},
	})
	w.desk = deskOn(t, &dynamo.Store{DB: client, Tables: names, Now: time.Now})
	w.carrier.book = always(done("N1"))
	return w
}

// unreadable are labels that can't be read.
type unreadable struct{ booking.Labels }

// Label implements booking.Labels.
func (unreadable) Label(context.Context, string, ship.Mode, string, string) (ship.Label, error) {
	return ship.Label{}, errLost
}

// create sends the order with a preference, and returns the answer and how long it took.
func (w *waiting) create(prefer string) (api.Response, time.Duration) {
	w.t.Helper()
	began := time.Now()
	h := w.http()
	if w.labels != nil {
		h.Labels = w.labels
	}
	resp, err := h.Create(w.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Body: []byte(waitBody), Check: contract.Check, Header: http.Header{"Prefer": {prefer}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, time.Since(began)
}

// bookAfter has the worker book the order after a while, and returns when that is done.
func (w *waiting) bookAfter(d time.Duration) (done func()) {
	end := make(chan struct{})
	go func() {
		defer close(end)
		time.Sleep(d) // virtual
		w.book(booking.IDByReference(tenant, ship.Test, "r"))
	}()
	return func() { <-end }
}

func TestWait(t *testing.T) {
	run := func(name string, test func(t *testing.T, w *waiting)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { test(t, newWaiting(t)) }) })
	}
	run("a create answers the booked shipment with its label", func(t *testing.T, w *waiting) {
		defer w.bookAfter(3 * time.Second)()
		resp, took := w.create("respond-async, wait=20")
		s := resp.Body.(v1.Shipment)
		if resp.Status != 201 || s.Status != "booked" || s.LabelFile == nil || string(s.LabelFile.Content) != "^XAN1" || s.LabelFile.MediaType != "application/zpl" {
			t.Errorf("%d %+v", resp.Status, s)
		}
		if took < 3*time.Second || took > 4*time.Second || resp.Header["Preference-Applied"] != "wait=20" || resp.Header["ETag"] != `"3"` {
			t.Errorf("after %v, %v", took, resp.Header)
		}
	})
	run("the whole time is waited, and looked at once more at its end", func(t *testing.T, w *waiting) {
		defer w.bookAfter(1900 * time.Millisecond)()
		resp, took := w.create("wait=2")
		if s := resp.Body.(v1.Shipment); resp.Status != 201 || s.Status != "booked" || took != 2*time.Second {
			t.Errorf("%d %s after %v", resp.Status, s.Status, took)
		}
	})
	run("what takes longer is 202, and waiting has written nothing", func(t *testing.T, w *waiting) {
		resp, _ := w.create("")
		before, reads := w.writes, w.reads
		resp, took := w.create("wait=1000")
		if resp.Status != 202 || took > 20*time.Second || took < 18*time.Second || resp.Header["Preference-Applied"] != "wait=20" || resp.Header["Idempotent-Replayed"] != "" {
			t.Errorf("%d after %v, %v", resp.Status, took, resp.Header)
		}
		if w.writes-before > 1 || w.reads-reads > 30 { // the repeated create asks by its refused write
			t.Errorf("%d writes, %d reads", w.writes-before, w.reads-reads)
		}
	})
	run("a failure is an answer as well", func(t *testing.T, w *waiting) {
		w.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "120202", Message: "no such street"})
		defer w.bookAfter(time.Second)()
		resp, took := w.create("wait=20")
		if s := resp.Body.(v1.Shipment); resp.Status != 201 || s.Status != "failed" || s.Error.Code != "120202" || s.LabelFile != nil || took > 3*time.Second {
			t.Errorf("%d %+v after %v", resp.Status, s, took)
		}
	})
	run("a repeated create is a replay with the label", func(t *testing.T, w *waiting) {
		w.create("")
		w.bookAfter(0)()
		resp, took := w.create("wait=5")
		if s := resp.Body.(v1.Shipment); resp.Status != 200 || resp.Header["Idempotent-Replayed"] != "true" || s.LabelFile == nil || took > 0 {
			t.Errorf("%d %v after %v", resp.Status, resp.Header, took)
		}
	})
	run("a label that is still to be fetched is waited for, and the outcome told when it does not come", func(t *testing.T, w *waiting) {
		o := done("N1")
		o.Booking.Label = nil
		w.carrier.book = always(o)
		defer w.bookAfter(time.Second)()
		resp, took := w.create("wait=4")
		if s := resp.Body.(v1.Shipment); resp.Status != 202 || s.Status != "booked" || s.Document != "pending" || s.LabelFile != nil || took < 3*time.Second {
			t.Errorf("%d %+v after %v", resp.Status, s, took)
		}
	})
	run("a label that can't be read is left out, with its address", func(t *testing.T, w *waiting) {
		w.labels = unreadable{w.store}
		defer w.bookAfter(time.Second)()
		resp, _ := w.create("wait=20")
		if s := resp.Body.(v1.Shipment); resp.Status != 201 || s.Status != "booked" || s.LabelFile != nil || s.LabelUrl == nil {
			t.Errorf("%d %+v", resp.Status, s)
		}
	})
	run("an older view that a read returns is no news", func(t *testing.T, w *waiting) {
		w.lag = 2 * time.Second
		defer w.bookAfter(time.Second)()
		resp, took := w.create("wait=10")
		if s := resp.Body.(v1.Shipment); resp.Status != 201 || s.Status != "booked" || took < 3*time.Second {
			t.Errorf("%d %s after %v", resp.Status, s.Status, took)
		}
	})
	run("the invocation's end comes first", func(t *testing.T, w *waiting) {
		ctx, cancel := context.WithTimeout(w.ctx, 8*time.Second)
		defer cancel()
		w.ctx = ctx
		if resp, took := w.create("wait=20"); resp.Status != 202 || took > 6*time.Second {
			t.Errorf("%d after %v", resp.Status, took)
		}
	})
	for _, prefer := range []string{"", "wait", "wait=", "wait=-1", "wait=1.5", "wait=0", "wait=99999999999999999999", "return=minimal", "waiting=5"} {
		run("a preference that can't be followed is ignored: "+prefer, func(t *testing.T, w *waiting) {
			if resp, took := w.create(prefer); resp.Status != 202 || took > 0 || resp.Header["Preference-Applied"] != "" {
				t.Errorf("%d after %v, %v", resp.Status, took, resp.Header)
			}
		})
	}
}
