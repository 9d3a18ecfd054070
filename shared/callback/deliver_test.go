package callback_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/queue"
)

func TestDelivered(t *testing.T) {
	r := newReceiver(t, answering(204))
	w := newWorld(t, r.Certificate())
	id, secret := w.endpoint(r.URL)
	first, second := w.fan(w.event(1, "shipment.booked")), w.fan(w.event(2, "shipment.failed"))
	if left := w.deliver(first[0]); len(left) != 0 {
		t.Fatalf("sent %v", left)
	}

	t.Run("verifies, and obeys the contract", func(t *testing.T) {
		got := r.arrivals()
		if len(got) != 1 || got[0].header.Get("webhook-id") != "evt_0001" {
			t.Fatalf("%d arrived", len(got))
		}
		verified(t, secret, got[0])
		asSchema(t, "Event", got[0].body)
	})
	t.Run("is recorded", func(t *testing.T) {
		want := []callback.Delivery{{Endpoint: id, EventID: "evt_0001", Type: "shipment.booked", Shipment: "shp_1", State: callback.Delivered, Attempt: 1, Status: 204}}
		if diff := cmp.Diff(want, w.deliveries(id), cmpopts.IgnoreFields(callback.Delivery{}, "At", "OccurredAt")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("costs one write of one unit and no read while the process is warm", func(t *testing.T) {
		reads, writes, units := w.db.reads, w.db.writes, w.db.units
		w.deliver(second[0])
		if r, n, u := w.db.reads-reads, w.db.writes-writes, w.db.units-units; r != 0 || n != 1 || u != 1 {
			t.Errorf("%d reads, %d writes of %v units", r, n, u)
		}
	})
	t.Run("is on its message's line and in its metrics, without URL, secret or body", func(t *testing.T) {
		lines := attemptLines(t, w.log.String())
		if len(lines) != 2 {
			t.Fatalf("%d lines", len(lines))
		}
		got := lines[0]
		if got["endpoint"] != id || got["event"] != "shipment.booked" || got["attempt"] != 1.0 || got["status"] != 204.0 || got["outcome"] != "delivered" || got["Callbacks"] != 1.0 || got["Outcome"] != "delivered" || got["CallbackMs"] == nil {
			t.Errorf("got %v", got)
		}
		for _, banned := range []string{secret, strings.TrimPrefix(secret, "whsec_"), r.URL, "R&D", `R\u0026D`} {
			if strings.Contains(w.log.String(), banned) {
				t.Errorf("the log holds %q", banned[:4])
			}
		}
	})
}

func TestSchedule(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		w.Write([]byte("database is full"))
	})
	w := newWorld(t, r.Certificate())
	w.deliverer.Times.Retry = callback.Standard().Retry
	w.deliverer.Jitter = func(d time.Duration) time.Duration { return d + d/10 }
	id, secret := w.endpoint(r.URL)

	left := w.fan(w.event(1, "shipment.booked"))
	for n, pause := range []int{33, 66, 132, 330, 330} {
		left = w.deliver(left[0])
		if len(left) != 1 || left[0].to != queue.CallbackRetries || left[0].delay != time.Duration(pause)*time.Second {
			t.Fatalf("after attempt %d: %+v, want one message after %d s", n+1, left, pause)
		}
		want := []callback.Delivery{{Endpoint: id, EventID: "evt_0001", Type: "shipment.booked", Shipment: "shp_1", State: callback.Pending, Attempt: n + 1,
			Status: 500, Reason: callback.ReasonStatus, Answer: "database is full"}}
		if diff := cmp.Diff(want, w.deliveries(id), cmpopts.IgnoreFields(callback.Delivery{}, "At", "OccurredAt")); diff != "" {
			t.Fatal(diff)
		}
	}
	if left = w.deliver(left[0]); len(left) != 0 {
		t.Errorf("a seventh attempt: %+v", left)
	}
	if got := w.deliveries(id); len(got) != 1 || got[0].State != callback.Failed || got[0].Attempt != 6 {
		t.Errorf("recorded %+v", got)
	}
	got := r.arrivals()
	if len(got) != 6 {
		t.Fatalf("%d attempts", len(got))
	}
	for _, a := range got {
		if a.header.Get("webhook-id") != "evt_0001" || string(a.body) != string(got[0].body) {
			t.Errorf("an attempt changed: %s %s", a.header.Get("webhook-id"), a.body)
		}
		verified(t, secret, a)
	}
}

func TestAttemptFails(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		delay   time.Duration
		want    callback.Delivery
	}{
		{"slow: it is tried again", hanging, 2 * time.Second, callback.Delivery{Reason: callback.ReasonTimeout}},
		{"redirecting: it is tried again", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://example.com/")
			w.WriteHeader(302)
		}, 2 * time.Second, callback.Delivery{Status: 302, Reason: callback.ReasonStatus}},
		{"refusing: it is tried again", answering(400), 2 * time.Second, callback.Delivery{Status: 400, Reason: callback.ReasonStatus}},
		{"asking for time: it gets it", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(429)
		}, 17 * time.Second, callback.Delivery{Status: 429, Reason: callback.ReasonStatus}},
		{"asking for a day: it gets the longest pause", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(503)
		}, 45 * time.Second, callback.Delivery{Status: 503, Reason: callback.ReasonStatus}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newReceiver(t, tt.handler)
			w := newWorld(t, r.Certificate())
			if tt.want.Reason == callback.ReasonTimeout {
				w.patience(300 * time.Millisecond)
			}
			id, _ := w.endpoint(r.URL)
			left := w.deliver(w.fan(w.event(1, "shipment.booked"))[0])
			if len(left) != 1 || left[0].delay != tt.delay || left[0].to != queue.CallbackRetries {
				t.Errorf("sent %+v", left)
			}
			tt.want.Endpoint, tt.want.EventID, tt.want.Type, tt.want.Shipment = id, "evt_0001", "shipment.booked", "shp_1"
			tt.want.State, tt.want.Attempt = callback.Pending, 1
			if diff := cmp.Diff([]callback.Delivery{tt.want}, w.deliveries(id), cmpopts.IgnoreFields(callback.Delivery{}, "At", "OccurredAt")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGone(t *testing.T) {
	r := newReceiver(t, answering(410))
	w := newWorld(t, r.Certificate())
	id, _ := w.endpoint(r.URL)
	first, second := w.fan(w.event(1, "shipment.booked")), w.fan(w.event(2, "shipment.booked"))

	t.Run("fails and disables the endpoint", func(t *testing.T) {
		if left := w.deliver(first[0]); len(left) != 0 {
			t.Errorf("sent %+v", left)
		}
		if got := w.deliveries(id); len(got) != 1 || got[0].State != callback.Failed || got[0].Reason != callback.ReasonGone || got[0].Status != 410 {
			t.Errorf("recorded %+v", got)
		}
		if e, err := w.store.Endpoint(t.Context(), w.tenant, id); err != nil || !e.Disabled || e.URL != r.URL {
			t.Errorf("endpoint %+v, %v", e, err)
		}
	})
	t.Run("what was on its way fails without an attempt", func(t *testing.T) {
		if left := w.deliver(second[0]); len(left) != 0 || len(r.arrivals()) != 1 {
			t.Errorf("sent %+v, %d attempts", left, len(r.arrivals()))
		}
		if got := w.deliveries(id); len(got) != 2 || got[1].State != callback.Failed || got[1].Reason != callback.ReasonDisabled || got[1].Attempt != 0 {
			t.Errorf("recorded %+v", got)
		}
	})
	t.Run("another process sends it nothing", func(t *testing.T) {
		fresh := &callback.FanOut{Endpoints: w.store, Queue: w.queue, Times: w.fanOut.Times, Now: time.Now}
		if err := fresh.Handle(t.Context(), w.event(3, "shipment.booked")); err != nil || len(w.queue.take()) != 0 {
			t.Errorf("it was sent, or %v", err)
		}
	})
	t.Run("an endpoint that has moved meanwhile stays", func(t *testing.T) {
		moved, _ := w.endpoint("https://example.com/moved")
		if err := w.store.DisableEndpoint(t.Context(), w.tenant, moved, r.URL); err != nil {
			t.Fatal(err)
		}
		if e, err := w.store.Endpoint(t.Context(), w.tenant, moved); err != nil || e.Disabled {
			t.Errorf("endpoint %+v, %v", e, err)
		}
	})
	t.Run("an endpoint that was deleted does not come back", func(t *testing.T) {
		if err := w.store.DisableEndpoint(t.Context(), w.tenant, "ce_none", r.URL); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Endpoint(t.Context(), w.tenant, "ce_none"); !errors.Is(err, callback.ErrNoEndpoint) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWithoutEndpoint(t *testing.T) {
	r := newReceiver(t, answering(200))
	w := newWorld(t, r.Certificate())
	id, _ := w.endpoint(r.URL)
	message := w.fan(w.event(1, "shipment.booked"))[0]
	t.Run("an unknown endpoint fails", func(t *testing.T) {
		unknown := message
		unknown.body = strings.ReplaceAll(message.body, id, "ce_none")
		if left := w.deliver(unknown); len(left) != 0 {
			t.Errorf("sent %+v", left)
		}
		if got := w.deliveries("ce_none"); len(got) != 1 || got[0].State != callback.Failed || got[0].Reason != callback.ReasonUnknown {
			t.Errorf("recorded %+v", got)
		}
	})
	t.Run("another tenant's endpoint is unknown", func(t *testing.T) {
		foreign := message
		foreign.body = strings.ReplaceAll(message.body, w.tenant, "ten_other")
		if left := w.deliver(foreign); len(left) != 0 || len(r.arrivals()) != 0 {
			t.Errorf("sent %+v, %d arrived", left, len(r.arrivals()))
		}
		if got := w.deliveries(id); len(got) != 0 {
			t.Errorf("the owner sees %+v", got)
		}
	})
	t.Run("an endpoint of the other mode is unknown", func(t *testing.T) {
		test := message
		test.body = strings.ReplaceAll(message.body, `"mode":"live"`, `"mode":"test"`)
		if left := w.deliver(test); len(left) != 0 || len(r.arrivals()) != 0 {
			t.Errorf("sent %+v, %d arrived", left, len(r.arrivals()))
		}
	})
}

func TestRepeated(t *testing.T) {
	status := 200
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	w := newWorld(t, r.Certificate())
	id, _ := w.endpoint(r.URL)
	fresh := func(n int) parcel { return w.fan(w.event(n, "shipment.booked"))[0] }

	t.Run("a delivery that can't be recorded is repeated with the same id", func(t *testing.T) {
		message := fresh(1)
		w.db.failPut = func(*dynamodb.PutItemInput) bool { return true }
		if err := w.deliverer.Handle(t.Context(), received(t, message)); !errors.Is(err, errDown) {
			t.Errorf("it would not be received again: %v", err)
		}
		w.db.failPut = nil
		w.deliver(message)
		got := r.arrivals()
		if len(got) != 2 || got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") || string(got[0].body) != string(got[1].body) {
			t.Errorf("%d arrived", len(got))
		}
	})
	t.Run("a copy that fails late takes nothing back and is not tried again", func(t *testing.T) {
		message := fresh(2)
		w.deliver(message)
		status = 500
		if left := w.deliver(message); len(left) != 0 {
			t.Errorf("sent %+v", left)
		}
		if got := w.deliveries(id); len(got) != 2 || got[1].State != callback.Delivered {
			t.Errorf("recorded %+v", got)
		}
	})
	t.Run("a retry that can't be sent starts no second chain", func(t *testing.T) {
		message := fresh(3)
		w.queue.refuse = func(queue.Name, queue.Envelope) bool { return true }
		if err := w.deliverer.Handle(t.Context(), received(t, message)); !errors.Is(err, errDown) {
			t.Errorf("it would not be received again: %v", err)
		}
		w.queue.refuse = nil
		if left := w.deliver(message); len(left) != 1 {
			t.Errorf("sent %+v", left)
		}
	})
	t.Run("a retry is not sent before its record is kept", func(t *testing.T) {
		message := fresh(4)
		w.db.failPut = func(*dynamodb.PutItemInput) bool { return true }
		if err := w.deliverer.Handle(t.Context(), received(t, message)); !errors.Is(err, errDown) || len(w.queue.take()) != 0 {
			t.Errorf("got %v, or a retry was sent", err)
		}
		w.db.failPut = nil
	})
	t.Run("without time left it is handed on and costs no attempt", func(t *testing.T) {
		m := received(t, fresh(5))
		m.Deadline = time.Now().Add(w.deliverer.Times.Total)
		before := len(r.arrivals())
		if err := w.deliverer.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		left := w.queue.take()
		if len(left) != 1 || len(r.arrivals()) != before {
			t.Fatalf("sent %+v", left)
		}
		if again := received(t, left[0]); string(again.Data) != string(m.Data) || left[0].delay != 0 {
			t.Errorf("sent %s", left[0].body)
		}
	})
}

func TestAMemberOfANewerReleaseIsIgnored(t *testing.T) {
	r := newReceiver(t, answering(204))
	w := newWorld(t, r.Certificate())
	w.endpoint(r.URL)
	good := w.fan(w.event(1, "shipment.booked"))[0]
	good.body = strings.Replace(good.body, `"attempt":1`, `"attempt":1,"since":"the next release"`, 1)
	if err := w.deliverer.Handle(t.Context(), received(t, good)); err != nil || len(r.arrivals()) != 1 {
		t.Errorf("%v, delivered %d times", err, len(r.arrivals()))
	}
}

func TestMalformed(t *testing.T) {
	w := newWorld(t)
	w.endpoint("https://example.com/")
	good := w.fan(w.event(1, "shipment.booked"))[0]
	spoiled := map[string][2]string{
		"another type":       {`"type":"deliver"`, `"type":"shipment.booked"`},
		"no endpoint":        {`"endpoint":"ce_`, `"endpoint":"","x":"`},
		"attempt 0":          {`"attempt":1`, `"attempt":0`},
		"a negative attempt": {`"attempt":1`, `"attempt":-1`},
		"attempt as text":    {`"attempt":1`, `"attempt":"1"`},
		"no event":           {`"event":{`, `"events":{`},
		"an unknown event":   {`"type":"shipment.booked"`, `"type":"shipment.lost"`},
		"data as a list":     {`"data":{"endpoint"`, `"data":[1],"data2":{"endpoint"`},
	}
	for name, change := range spoiled {
		t.Run(name+" is poison", func(t *testing.T) {
			p := good
			if p.body = strings.Replace(good.body, change[0], change[1], 1); p.body == good.body {
				t.Fatal("nothing was spoiled")
			}
			e, err := queue.Decode(p.body)
			if err == nil {
				err = w.deliverer.Handle(t.Context(), queue.Message{Envelope: e, Queue: p.to})
			}
			if _, ok := queue.IsPoison(err); !ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
