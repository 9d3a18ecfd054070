package booking_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ratelimit"
)

// asked are the slots of a database, and what was asked of them.
type asked struct {
	*ratelimit.Slots
	keys   []string
	everys []time.Duration
	pushed []time.Time
	err    error // of every call, when set
}

func (a *asked) Reserve(ctx context.Context, key string, every time.Duration) (time.Time, bool, error) {
	a.keys, a.everys = append(a.keys, key), append(a.everys, every)
	if a.err != nil {
		return time.Time{}, false, a.err
	}
	return a.Slots.Reserve(ctx, key, every)
}

func (a *asked) Push(ctx context.Context, key string, until time.Time) error {
	a.pushed = append(a.pushed, until)
	if a.err != nil {
		return a.err
	}
	return a.Slots.Push(ctx, key, until)
}

// paced gives the desk's carrier a limit of bookings a minute.
func (d *desk) paced(perMinute int64) *asked {
	d.carrier.desc.BookLimit = &carrier.Limit{PerMinute: perMinute, Credential: "client_id"}
	d.carrier.book = func(n int) carrier.Outcome { return done("1Z" + strings.Repeat("9", n)) }
	a := &asked{Slots: &ratelimit.Slots{Store: d.store.CarrierSlots(), Now: d.clock, Most: queue.MaxDelay}}
	d.worker.Slots, d.worker.Sleeper = a, d.store
	d.worker.Sleep = func(_ context.Context, wait time.Duration) error { d.tick(wait); return nil }
	return a
}

// taken takes the next slots, as other bookings do.
func (d *desk) taken(slots *asked, n int) {
	d.t.Helper()
	if len(slots.keys) == 0 {
		d.t.Fatal("no booking has told the key yet")
	}
	for range n {
		if _, ok, err := slots.Slots.Reserve(d.ctx, slots.keys[0], slots.everys[0]); err != nil || !ok {
			d.t.Fatal(ok, err)
		}
	}
}

// returned receives the last message that was sent.
func (d *desk) returned() queue.Message {
	d.t.Helper()
	if len(d.sent.sent) == 0 {
		d.t.Fatal("no message was sent")
	}
	out := d.sent.sent[len(d.sent.sent)-1]
	return queue.Message{Envelope: out.Envelope, Queue: out.To, Receipt: "again", Received: 1, Deadline: d.clock().Add(time.Minute)}
}

// named is accepted for tests with several shipments.
func (d *desk) named(reference string) string {
	d.t.Helper()
	a, err := d.service.Create(d.ctx, tenant, "test", d.order(reference, true))
	if err != nil {
		d.t.Fatal(err)
	}
	return a.Record.ID
}

func slotOf(t *testing.T, e queue.Envelope) int64 {
	t.Helper()
	var hint booking.Hint
	if err := json.Unmarshal(e.Data, &hint); err != nil {
		t.Fatal(err)
	}
	return hint.Slot
}

func TestCarrierWithALimit(t *testing.T) {
	t.Run("a booking whose turn it is goes on at once", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(100)
		id := d.accepted()
		d.book(id)
		d.want(id, booking.Booked)
		if len(slots.keys) != 1 || slots.everys[0] != 600*time.Millisecond || len(d.sent.sent) != 0 {
			t.Errorf("asked %v every %v, sent %v", slots.keys, slots.everys, d.sent.sent)
		}
	})
	t.Run("one whose turn is later comes back then with its slot, and does not ask again", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(6)
		d.book(d.named("first"))
		d.taken(slots, 2)
		id := d.named("second")
		d.book(id)
		if r := d.want(id, booking.Pending); r.Attempts != 0 || d.carrier.booked != 1 {
			t.Errorf("%d attempts, %d calls", r.Attempts, d.carrier.booked)
		}
		if out := d.sent.sent[0]; len(d.sent.sent) != 1 || out.To != queue.Standard || out.Delay != 30*time.Second {
			t.Fatalf("sent %+v", d.sent.sent)
		}
		m := d.returned()
		d.tick(20 * time.Second) // too early: clocks differ
		if err := d.worker.Handle(d.ctx, m); err != nil || d.carrier.booked != 1 {
			t.Fatal(err, d.carrier.booked)
		}
		if out := d.sent.sent[1]; out.Delay != 10*time.Second || slotOf(t, out.Envelope) != slotOf(t, m.Envelope) {
			t.Errorf("sent again %+v", out)
		}
		d.tick(10 * time.Second)
		if err := d.worker.Handle(d.ctx, d.returned()); err != nil {
			t.Fatal(err)
		}
		d.want(id, booking.Booked)
		if len(slots.keys) != 2 {
			t.Errorf("the limiter was asked %d times for two bookings", len(slots.keys))
		}
	})
	t.Run("one whose turn is within a second waits for it", func(t *testing.T) {
		d := newDesk(t)
		d.paced(100)
		d.book(d.named("first"))
		begun, id := d.clock(), d.named("second")
		d.book(id)
		d.want(id, booking.Booked)
		if waited := d.clock().Sub(begun); waited != 600*time.Millisecond || len(d.sent.sent) != 0 {
			t.Errorf("waited %v, sent %v", waited, d.sent.sent)
		}
	})
	t.Run("a slot that was missed by more than a minute is not used", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(6)
		d.book(d.named("first"))
		id := d.named("second")
		d.book(id)
		d.tick(10*time.Second + time.Minute + time.Millisecond)
		if err := d.worker.Handle(d.ctx, d.returned()); err != nil {
			t.Fatal(err)
		}
		d.want(id, booking.Booked)
		if len(slots.keys) != 3 {
			t.Errorf("the limiter was asked %d times", len(slots.keys))
		}
	})
	t.Run("one whose turn is out of reach is left to wake", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(1)
		d.book(d.named("first"))
		d.taken(slots, 15)
		id := d.named("second")
		d.book(id)
		if r := d.want(id, booking.Pending); len(d.sent.sent) != 0 || r.Due.IsZero() {
			t.Errorf("sent %v, due %v", d.sent.sent, r.Due)
		}
	})
	t.Run("one that was out of reach for long is looked at again before the slots that are in reach are used up", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(1)
		d.book(d.named("first"))
		id := d.named("second")
		d.tick(80 * time.Minute)
		d.taken(slots, 16)
		seen, now := d.record(id).Due, d.clock()
		if err := d.store.Wake(d.ctx, tenant, "test", id, seen, now.Add(time.Hour)); err != nil { // NextWake
			t.Fatal(err)
		}
		d.book(id)
		if wait := d.record(id).Due.Sub(now); wait <= 0 || wait >= queue.MaxDelay {
			t.Errorf("wake looks in %v; by then the carrier has stood idle", wait)
		}
	})
	t.Run("wake does not look before a slot, and so takes no second one", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(1)
		d.book(d.named("first"))
		d.taken(slots, 9)
		id := d.named("second")
		d.book(id)
		if r := d.record(id); !r.Due.Equal(d.clock().Add(10*time.Minute + d.worker.Times.DueFirst)) {
			t.Errorf("due %v after the slot's", r.Due.Sub(d.clock())-10*time.Minute)
		}
	})
	t.Run("without its limiter nothing is claimed, and the message comes back", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(100)
		slots.err = errors.New("throttled")
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Pending); r.Attempts != 0 || d.carrier.booked != 0 {
			t.Errorf("%d attempts, %d calls", r.Attempts, d.carrier.booked)
		}
		if out := d.sent.sent; len(out) != 1 || out[0].Delay <= 0 || slotOf(t, out[0].Envelope) != 0 {
			t.Fatalf("sent %+v", out)
		}
		slots.err = nil
		d.again()
		d.want(id, booking.Booked)
	})
	t.Run("a message that comes back for another attempt has no slot", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(6)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.NotSent, RetryAfter: 40 * time.Second})
		id := d.accepted()
		d.book(id) // attempt 1: back, not before 40 s
		d.taken(slots, 1)
		m := d.message(id, booking.TypeBook)
		var hint booking.Hint
		_ = json.Unmarshal(m.Data, &hint)
		hint.Slot = d.clock().UnixMilli() // the slot of attempt 1, received twice
		m.Data, _ = json.Marshal(hint)
		if err := d.worker.Handle(d.ctx, m); err != nil {
			t.Fatal(err)
		}
		if out := d.sent.sent[len(d.sent.sent)-1]; slotOf(t, out.Envelope) != 0 || d.carrier.booked != 1 {
			t.Errorf("sent %+v after %d calls", out, d.carrier.booked)
		}
	})
}

func TestCarrierThatThrottles(t *testing.T) {
	for name, c := range map[string]struct {
		after, least, most time.Duration
	}{
		"its Retry-After holds for the whole fleet":              {45 * time.Second, 45 * time.Second, 45 * time.Second},
		"without one the fleet waits as the shipment does":       {0, time.Second, 2 * time.Second},
		"a Retry-After of days keeps the fleet away for an hour": {72 * time.Hour, time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			slots := d.paced(100)
			d.carrier.book = always(carrier.Outcome{Kind: carrier.Throttled, RetryAfter: c.after})
			d.book(d.named("first"))
			at, _, err := slots.Slots.Reserve(d.ctx, slots.keys[0], slots.everys[0])
			if err != nil {
				t.Fatal(err)
			}
			if wait := at.Sub(d.clock()); len(slots.pushed) != 1 || wait < c.least || wait > c.most {
				t.Errorf("the next slot is in %v, pushed %v", wait, slots.pushed)
			}
		})
	}
	t.Run("a slot that was given before is not used while the carrier takes no more", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(6)
		d.book(d.named("first"))
		d.book(d.named("second")) // its slot is in ten seconds
		waiting := d.returned()
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Throttled, RetryAfter: 5 * time.Minute})
		d.tick(11 * time.Second)
		third := d.returned()
		third.Deadline = d.clock().Add(time.Minute)
		if err := d.worker.Handle(d.ctx, third); err != nil || len(slots.pushed) != 1 {
			t.Fatal(err, slots.pushed)
		}
		asked, sent := d.carrier.booked, len(d.sent.sent)
		fourth := d.message(d.named("fourth"), booking.TypeBook)
		fourth.Data = waiting.Data
		hint, err := json.Marshal(booking.Hint{Request: d.record(fourth.Shipment).RequestFP, Slot: slotOf(t, waiting.Envelope)})
		if err != nil {
			t.Fatal(err)
		}
		fourth.Data = hint
		if err := d.worker.Handle(d.ctx, fourth); err != nil {
			t.Fatal(err)
		}
		if d.carrier.booked != asked || len(d.sent.sent) != sent+1 || d.sent.sent[sent].Delay < 4*time.Minute {
			t.Errorf("asked %d times more, sent %v", d.carrier.booked-asked, d.sent.sent[sent:])
		}
	})
	t.Run("a fleet that can't be told is no harm to the booking", func(t *testing.T) {
		d := newDesk(t)
		slots := d.paced(100)
		d.carrier.book = func(int) carrier.Outcome {
			slots.err = errors.New("throttled")
			return carrier.Outcome{Kind: carrier.Throttled}
		}
		id := d.accepted()
		d.book(id)
		d.want(id, booking.Pending)
	})
}

func TestWhoSharesALimit(t *testing.T) {
	key := func(t *testing.T, change func(*desk)) (string, time.Duration) {
		t.Helper()
		d := newDesk(t)
		slots := d.paced(100)
		change(d)
		d.book(d.accepted())
		return slots.keys[0], slots.everys[0]
	}
	one, every := key(t, func(*desk) {})
	t.Run("accounts with the same credential do", func(t *testing.T) {
		if other, _ := key(t, func(d *desk) { d.account.Number = "Z9Y8X7" }); other != one {
			t.Errorf("%s and %s", one, other)
		}
	})
	t.Run("accounts with another one do not", func(t *testing.T) {
		if other, _ := key(t, func(d *desk) { d.account.Credentials = map[string]string{"client_id": "other"} }); other == one {
			t.Errorf("both are %s", one)
		}
	})
	t.Run("a credential is never in the key", func(t *testing.T) {
		secret, _ := key(t, func(d *desk) { d.account.Credentials = map[string]string{"client_id": "very-own-client"} })
		if strings.Contains(secret, "very-own-client") || !strings.HasPrefix(secret, "acme#test#") {
			t.Errorf("key %s", secret)
		}
	})
	t.Run("an account's own number takes the place of the carrier's", func(t *testing.T) {
		other, own := key(t, func(d *desk) { d.account.BookingsPerMinute = 600 })
		if other != one || every != 600*time.Millisecond || own != 100*time.Millisecond {
			t.Errorf("every %v and %v", every, own)
		}
	})
}

// TestSlotsBehindASlowQueue: what comes later than its slot may be used takes another one; were that to come as late again, the
// slots would all be given and none used.
func TestSlotsBehindASlowQueue(t *testing.T) {
	const waiting = 30
	for _, lag := range []time.Duration{0, 50 * time.Second, 65 * time.Second, 5 * time.Minute} {
		t.Run(lag.String(), func(t *testing.T) {
			d := newDesk(t)
			slots := d.paced(6)
			begun, at := d.clock(), map[time.Time][]queue.Message{}
			for i := range waiting {
				at[begun.Add(lag)] = append(at[begun.Add(lag)], d.message(d.named(fmt.Sprint("box-", i)), booking.TypeBook))
			}
			for len(at) > 0 && d.carrier.booked < waiting && d.clock().Sub(begun) < time.Hour {
				next := slices.MinFunc(slices.Collect(maps.Keys(at)), time.Time.Compare)
				messages := at[next]
				delete(at, next)
				d.tick(max(next.Sub(d.clock()), 0))
				for _, m := range messages {
					m.Deadline, m.Receipt = d.clock().Add(time.Minute), fmt.Sprint(m.Shipment, len(slots.keys), d.clock())
					sent := len(d.sent.sent)
					if err := d.worker.Handle(d.ctx, m); err != nil {
						t.Fatal(err)
					}
					for _, o := range d.sent.sent[sent:] {
						due := d.clock().Add(o.Delay + lag)
						at[due] = append(at[due], queue.Message{Envelope: o.Envelope, Queue: o.To, Received: 1})
					}
				}
			}
			if took := d.clock().Sub(begun); d.carrier.booked != waiting || took > 20*time.Minute {
				t.Errorf("%d of %d booked in %v, the limiter asked %d times", d.carrier.booked, waiting, took, len(slots.keys))
			}
		})
	}
}
