package callback_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/queue"
)

// again is a stand on which an event was delivered, and is sent again by an operator.
type again struct {
	*world
	r      *receiver
	id     string
	status int
	first  parcel // of the event's own way
}

func delivered(t *testing.T) *again {
	a := &again{status: 200}
	a.r = newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(a.status) })
	a.world = newWorld(t, a.r.Certificate())
	now := time.Now()
	a.deliverer.Now = func() time.Time { now = now.Add(time.Millisecond); return now } // no two records at once
	a.id, _ = a.endpoint(a.r.URL)
	a.first = a.fan(a.event(1, "shipment.booked"))[0]
	a.deliver(a.first)
	return a
}

// replayed is the message by which an operator sends the event again.
func (a *again) replayed() parcel {
	a.t.Helper()
	e, err := callback.Readdress(a.event(1, "shipment.booked").Envelope, a.id, a.record().At)
	if err == nil {
		e.OccurredAt = received(a.t, a.first).OccurredAt
		err = a.queue.Send(a.t.Context(), queue.Callbacks, e, 0)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return a.queue.take()[0]
}

func (a *again) record() callback.Delivery {
	a.t.Helper()
	got := a.deliveries(a.id)
	if len(got) != 1 {
		a.t.Fatalf("recorded %+v", got)
	}
	return got[0]
}

func TestDeliveredBeforeAndReplayed(t *testing.T) {
	t.Run("it is tried again as any other, and fails in the end", func(t *testing.T) {
		a := delivered(t)
		left := []parcel{a.replayed()}
		a.status = 500
		for n := 1; n < a.deliverer.Times.Attempts(); n++ {
			if left = a.deliver(left[0]); len(left) != 1 || left[0].to != queue.CallbackRetries {
				t.Fatalf("after attempt %d: %+v", n, left)
			}
			if got := a.record(); got.State != callback.Pending || got.Attempt != n {
				t.Fatalf("after attempt %d: %+v", n, got)
			}
		}
		if left = a.deliver(left[0]); len(left) != 0 || a.record().State != callback.Failed {
			t.Errorf("sent %+v, recorded %+v", left, a.record())
		}
	})
	t.Run("it is tried again, and delivered", func(t *testing.T) {
		a := delivered(t)
		message := a.replayed()
		a.status = 500
		left := a.deliver(message)
		if a.status = 200; len(left) != 1 || len(a.deliver(left[0])) != 0 {
			t.Fatalf("sent %+v", left)
		}
		if got := a.record(); got.State != callback.Delivered || got.Attempt != 2 {
			t.Errorf("recorded %+v", got)
		}
	})
	t.Run("a copy that fails after it was delivered takes nothing back", func(t *testing.T) {
		a := delivered(t)
		message := a.replayed()
		a.deliver(message)
		a.status = 500
		if left := a.deliver(message); len(left) != 0 || a.record().State != callback.Delivered {
			t.Errorf("sent %+v, recorded %+v", left, a.record())
		}
	})
	t.Run("a copy that fails first ends when the other is delivered", func(t *testing.T) {
		a := delivered(t)
		message := a.replayed()
		a.status = 500
		left := a.deliver(message)
		a.status = 200
		a.deliver(message)
		a.status = 500
		if left = a.deliver(left[0]); len(left) != 0 || a.record().State != callback.Delivered {
			t.Errorf("sent %+v, recorded %+v", left, a.record())
		}
	})
	t.Run("a late copy of its first way takes nothing back", func(t *testing.T) {
		a := delivered(t)
		a.deliver(a.replayed())
		a.status = 500
		if left := a.deliver(a.first); len(left) != 0 || a.record().State != callback.Delivered {
			t.Errorf("sent %+v, recorded %+v", left, a.record())
		}
	})
	t.Run("to a receiver that is gone it fails", func(t *testing.T) {
		a := delivered(t)
		message := a.replayed()
		a.status = 410
		if left := a.deliver(message); len(left) != 0 || a.record().State != callback.Failed {
			t.Errorf("sent %+v, recorded %+v", left, a.record())
		}
	})
}
