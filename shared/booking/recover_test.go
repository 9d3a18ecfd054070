package booking_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestUnknown(t *testing.T) {
	lost := carrier.Outcome{Kind: carrier.Unknown, Message: "connection reset"}
	t.Run("a lost answer is unknown and never sent again; a look-up adopts what the carrier made", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(lost)
		d.carrier.find = always(foundAt("1Z7"))
		d.carrier.label = func(int) (ship.Label, error) {
			return ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte("^XA")}}, nil
		}
		id := d.accepted()
		d.book(id)
		d.want(id, booking.Unknown)
		d.book(id) // a duplicate of the message
		d.recover(id)
		d.want(id, booking.Unknown) // its time has not come
		d.tick(31 * time.Second)
		d.recover(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z7" || r.Document != booking.DocumentPending || r.Due.IsZero() {
			t.Errorf("%+v", r)
		}
		d.recover(id) // the relay announces what is booked without its label
		if r := d.want(id, booking.Booked); r.Document != booking.DocumentReady || !r.Due.IsZero() {
			t.Errorf("document %s, due %v", r.Document, r.Due)
		}
		if d.carrier.booked != 1 {
			t.Errorf("%d calls", d.carrier.booked)
		}
	})
	t.Run("what is found is adopted with the numbers of all its parcels, and none of them is a duplicate", func(t *testing.T) {
		d := newDesk(t)
		d.account.RebookOnAbsent = true
		d.carrier.book = always(lost)
		all := carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{{TrackingNumber: "1Z1", Numbers: []string{"1Z1", "1Z2"}}}}
		d.carrier.find = always(all)
		id := d.accepted()
		d.book(id)
		d.tick(31 * time.Second)
		d.recover(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z1" || len(r.Numbers) != 1 || r.Numbers[0] != "1Z2" || r.Late != nil {
			t.Errorf("number %s, further %v, late %v", r.TrackingNumber, r.Numbers, r.Late)
		}
	})
	t.Run("an advisory absence ends with a person after a day, never with a second booking", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book, d.carrier.find = always(lost), always(absent)
		id := d.accepted()
		d.book(id)
		announced := 0
		for range 200 {
			d.tick(10 * time.Minute)
			before := d.record(id)
			d.recover(id)
			if r := d.record(id); before.AbsenceSettled.IsZero() && !r.AbsenceSettled.IsZero() {
				announced++
			}
		}
		if r := d.want(id, booking.Unknown); r.Held == "" || announced != 1 || d.carrier.booked != 1 || !r.Due.IsZero() {
			t.Errorf("held %q, announced %d times, %d calls, due %v", r.Held, announced, d.carrier.booked, r.Due)
		}
	})
	t.Run("a conclusive absence is booked again by itself, and the audit finds nothing", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.desc.Absence = carrier.Conclusive
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return lost
			}
			return done("1Z2")
		}
		d.carrier.find = func(n int) carrier.Finding {
			if d.carrier.booked == 1 {
				return absent
			}
			return foundAt("1Z2")
		}
		id := d.accepted()
		d.book(id)
		for d.record(id).Status == booking.Unknown {
			d.tick(2 * time.Minute)
			d.recover(id)
		}
		d.book(id)
		r := d.want(id, booking.Booked)
		if !r.AuditOwed || r.Due.IsZero() || d.carrier.booked != 2 {
			t.Fatalf("audit %v, due %v, %d calls", r.AuditOwed, r.Due, d.carrier.booked)
		}
		d.tick(24*time.Hour + time.Second)
		d.recover(id)
		if r := d.want(id, booking.Booked); r.AuditOwed || !r.Due.IsZero() {
			t.Errorf("audit %v, due %v", r.AuditOwed, r.Due)
		}
	})
	t.Run("the audit finds a carrier that executed too late, and the other number is not lost", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.desc.Absence = carrier.Advisory
		d.account.RebookOnAbsent = true
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return lost
			}
			return done("1Z2")
		}
		d.carrier.find = func(int) carrier.Finding {
			if d.carrier.booked == 1 {
				return absent
			}
			return foundAt("1Z1", "1Z2")
		}
		id := d.accepted()
		d.book(id)
		for d.record(id).Status == booking.Unknown {
			d.tick(2 * time.Minute)
			d.recover(id)
		}
		d.book(id)
		d.want(id, booking.Booked)
		d.tick(24*time.Hour + time.Second)
		d.recover(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z2" || len(r.Late) != 1 || r.Late[0] != "1Z1" || r.Due.IsZero() {
			t.Errorf("number %s, late %v, due %v", r.TrackingNumber, r.Late, r.Due)
		}
	})
	t.Run("the audit is made when wake brings it, and only then", func(t *testing.T) {
		d := newDesk(t)
		d.account.RebookOnAbsent = true
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return lost
			}
			return done("1Z2")
		}
		audits := 0
		d.carrier.find = func(int) carrier.Finding {
			if d.carrier.booked == 1 {
				return absent
			}
			audits++
			return foundAt("1Z1", "1Z2")
		}
		id := d.accepted()
		d.book(id)
		for d.record(id).Status == booking.Unknown {
			d.tick(2 * time.Minute)
			d.recover(id)
		}
		d.book(id)
		w := d.waker()
		for range 30 * 6 { // thirty hours
			d.tick(10 * time.Minute)
			d.sent.sent = nil
			if err := w.Run(d.ctx); err != nil {
				t.Fatal(err)
			}
			for range d.sent.sent {
				d.recover(id)
			}
			if audits > 0 {
				break
			}
		}
		if r := d.want(id, booking.Booked); audits != 1 || len(r.Late) != 1 || r.Late[0] != "1Z1" {
			t.Errorf("%d audits, late %v", audits, r.Late)
		}
	})
	t.Run("every number a look-up found is kept when another recovery was faster", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(lost)
		id := d.accepted()
		d.book(id)
		d.tick(31 * time.Second)
		d.carrier.find = func(n int) carrier.Finding {
			if n == 1 { // frozen here, past the lease; the other one adopts what it sees
				d.tick(10 * time.Minute)
				d.recover(id)
				return foundAt("1ZA", "1ZB")
			}
			return foundAt("1ZA")
		}
		d.recover(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1ZA" || len(r.Late) != 1 || r.Late[0] != "1ZB" {
			t.Errorf("number %s, late %v", r.TrackingNumber, r.Late)
		}
	})
	t.Run("a label that can't be fetched is asked for at wake's pace, and given up after a day", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = func(int) carrier.Outcome { o := done("1Z1"); o.Booking.Label = nil; return o }
		d.carrier.label = func(int) (ship.Label, error) { return ship.Label{}, errors.New("not in this format") }
		id := d.accepted()
		d.book(id)
		d.recover(id)
		w := d.waker()
		for range 26 * 6 {
			d.tick(10 * time.Minute)
			d.sent.sent = nil
			if err := w.Run(d.ctx); err != nil {
				t.Fatal(err)
			}
			for range d.sent.sent {
				d.recover(id)
			}
		}
		if r := d.want(id, booking.Booked); r.Document != booking.DocumentFailed || !r.Due.IsZero() || d.carrier.asked > 40 {
			t.Errorf("document %s, due %v, asked %d times", r.Document, r.Due, d.carrier.asked)
		}
	})
	t.Run("a late number that nobody voids does not make the audit go on for ever", func(t *testing.T) {
		d := newDesk(t)
		d.account.RebookOnAbsent = true
		d.carrier.book = func(n int) carrier.Outcome {
			if n == 1 {
				return lost
			}
			o := done("1Z2")
			o.Booking.Label = nil
			return o
		}
		d.carrier.label = func(int) (ship.Label, error) { return ship.Label{}, errors.New("down") }
		audits := 0
		d.carrier.find = func(int) carrier.Finding {
			if d.carrier.booked == 1 {
				return absent
			}
			audits++
			return foundAt("1Z1", "1Z2")
		}
		id := d.accepted()
		d.book(id)
		for d.record(id).Status == booking.Unknown {
			d.tick(2 * time.Minute)
			d.recover(id)
		}
		d.book(id)
		w := d.waker()
		for range 5 * 24 {
			d.tick(time.Hour)
			d.sent.sent = nil
			if err := w.Run(d.ctx); err != nil {
				t.Fatal(err)
			}
			for range d.sent.sent {
				d.recover(id)
			}
		}
		r := d.want(id, booking.Booked)
		if audits != 2 || r.AuditOwed || len(r.Late) != 1 || r.Document != booking.DocumentFailed || r.Due.IsZero() {
			t.Errorf("%d audits (one that finds, one that is clean), owed %v, late %v, document %s, due %v", audits, r.AuditOwed, r.Late, r.Document, r.Due)
		}
	})
	t.Run("a label that is stored although nobody heard of it is not asked for again", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(done("1Z1"))
		d.worker.Papers = deaf{d.store}
		id := d.accepted()
		d.book(id)
		if r := d.want(id, booking.Booked); r.Document != booking.DocumentPending {
			t.Fatalf("document %s", r.Document)
		}
		d.recover(id)
		if r := d.want(id, booking.Booked); r.Document != booking.DocumentReady || d.carrier.asked != 0 || !r.Due.IsZero() {
			t.Errorf("document %s, asked %d times, due %v", r.Document, d.carrier.asked, r.Due)
		}
	})
	t.Run("a carrier that refuses every token for a day ends it, with the cause", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Unauthenticated, Code: "250002"})
		id := d.accepted()
		for range 1000 {
			if d.record(id).Status != booking.Pending {
				break
			}
			d.tick(10 * time.Minute)
			d.book(id)
		}
		if r := d.want(id, booking.Failed); r.Failure.Code != "given_up" || r.Failure.Source != "fairlead" {
			t.Errorf("failure %v", r.Failure)
		}
	})
	t.Run("wake leaves an unknown shipment to its look-ups", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book, d.carrier.find = always(lost), always(absent)
		id := d.accepted()
		d.book(id)
		w := d.waker()
		for range 12 * 12 {
			d.tick(5 * time.Minute)
			d.sent.sent = nil
			if err := w.Run(d.ctx); err != nil {
				t.Fatal(err)
			}
			if len(d.sent.sent) != 0 && d.record(id).NotBefore.After(d.clock()) {
				t.Fatal("woken although its look-up was announced")
			}
			if !d.record(id).NotBefore.After(d.clock()) {
				d.recover(id)
			}
		}
		if d.carrier.looked > 12*4+5 {
			t.Errorf("%d look-ups in 12 hours", d.carrier.looked)
		}
	})
	t.Run("a worker that died is unknown when its lease has ended, not before", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		if _, err := d.store.Claim(d.ctx, tenant, booking.Claim{Mode: ship.Test, ID: id, Me: "dead", Request: d.record(id).RequestFP, Now: d.now, Lease: d.now.Add(75 * time.Second), SendBy: d.now.Add(15 * time.Second), Account: acct, Service: "ground"}); err != nil {
			t.Fatal(err)
		}
		d.tick(74 * time.Second)
		d.book(id)
		d.want(id, booking.Booking)
		if len(d.sent.sent) != 1 || d.sent.sent[0].Delay != 6*time.Second {
			t.Errorf("sent %v", d.sent.sent)
		}
		d.tick(2 * time.Second)
		d.book(id)
		d.want(id, booking.Unknown)
		if d.carrier.booked != 0 {
			t.Errorf("%d calls", d.carrier.booked)
		}
	})
	t.Run("a worker that thaws with a yes after it was given up keeps its number", func(t *testing.T) {
		d := newDesk(t)
		id := d.accepted()
		d.carrier.book = func(int) carrier.Outcome { // the machine is frozen while the carrier answers
			d.tick(5 * time.Minute)
			r := d.record(id)
			if _, err := d.store.Expire(d.ctx, tenant, r, d.now, d.now); err != nil {
				t.Error(err)
			}
			return done("1Z5")
		}
		d.book(id)
		if r := d.want(id, booking.Unknown); len(r.Late) != 1 || r.Late[0] != "1Z5" {
			t.Fatalf("late %v", r.Late)
		}
		d.carrier.find = func(int) carrier.Finding { t.Error("a number that is known needs no look-up"); return absent }
		d.recover(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z5" || r.Late != nil {
			t.Errorf("number %s, late %v", r.TrackingNumber, r.Late)
		}
	})
	t.Run("a late number of several parcels is adopted with those of the others", func(t *testing.T) {
		for name, c := range map[string]struct {
			finding carrier.Finding
			numbers []string
			late    []string
		}{
			"found":          {carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{{TrackingNumber: "1Z1", Numbers: []string{"1Z1", "1Z2"}}}}, []string{"1Z2"}, nil},
			"another first":  {carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{{TrackingNumber: "1Z2", Numbers: []string{"1Z1", "1Z2"}}}}, []string{"1Z2"}, nil},
			"and one beside": {carrier.Finding{Kind: carrier.Found, Bookings: []ship.Booking{{TrackingNumber: "1Z7"}, {TrackingNumber: "1Z1", Numbers: []string{"1Z1", "1Z2"}}}}, []string{"1Z2"}, []string{"1Z7"}},
			"not found":      {absent, nil, nil},
			"not answered":   {carrier.Finding{}, nil, nil},
		} {
			d := inMemory(t)
			d.carrier.book, d.carrier.find = always(carrier.Outcome{Kind: carrier.Unknown}), always(c.finding)
			id := d.ordered(func(s *ship.Shipment) { s.Parcels = append(s.Parcels, ship.Parcel{Weight: 1}) })
			d.book(id)
			d.cameLate(id, "1Z1")
			d.recover(id)
			if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z1" || !slices.Equal(r.Numbers, c.numbers) || !slices.Equal(r.Late, c.late) {
				t.Errorf("%s: number %s, further %v, late %v", name, r.TrackingNumber, r.Numbers, r.Late)
			}
		}
	})
	t.Run("a late number of a failed shipment reopens it, and it is adopted", func(t *testing.T) {
		d := newDesk(t)
		d.carrier.book = always(carrier.Outcome{Kind: carrier.Refused, Code: "1"})
		id := d.accepted()
		d.book(id)
		d.want(id, booking.Failed)
		if _, err := d.store.Late(d.ctx, tenant, ship.Test, id, "1Z6", d.now, d.now); err != nil {
			t.Fatal(err)
		}
		d.recover(id)
		d.want(id, booking.Unknown)
		d.recover(id)
		if r := d.want(id, booking.Booked); r.TrackingNumber != "1Z6" || r.Failure != nil {
			t.Errorf("number %s, failure %v", r.TrackingNumber, r.Failure)
		}
	})
}
