package state

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Party is one end of a shipment as it is printed on a label.
type Party struct {
	Name      string   `json:"name"`
	Attention string   `json:"attention,omitempty"`
	Phone     string   `json:"phone,omitempty"`
	Lines     []string `json:"lines"`
	City      string   `json:"city"`
	State     string   `json:"state,omitempty"`
	Postcode  string   `json:"postcode,omitempty"`
	Country   string   `json:"country"`
	// Residential is what the caller said of it.
	Residential bool `json:"residential,omitempty"`
}

// Parcel is one box of a booking. Weight is the decimal text of the request, in Unit (the carrier's own word).
type Parcel struct {
	Number     string    `json:"number"`
	References []string  `json:"references,omitempty"`
	Weight     string    `json:"weight"`
	Unit       string    `json:"unit"`
	VoidedAt   time.Time `json:"voided_at,omitzero"`
}

// Booking is one shipment that the carrier accepted.
type Booking struct {
	Carrier     string        `json:"carrier"`
	ID          string        `json:"id"`      // the carrier's shipment number
	Account     string        `json:"account"` // the shipper's number at the carrier
	References  []string      `json:"references,omitempty"`
	Service     string        `json:"service"` // the carrier's code
	ServiceName string        `json:"service_name"`
	Format      string        `json:"format"` // of the label that was asked for
	From        Party         `json:"from"`
	To          Party         `json:"to"`
	Parcels     []Parcel      `json:"parcels"`
	Invoice     string        `json:"invoice,omitempty"` // number of the customs invoice that was made with it
	RequestID   string        `json:"request_id,omitempty"`
	BookedAt    time.Time     `json:"booked_at"`
	Lag         time.Duration `json:"lag_ns,omitempty"` // hidden from look-ups for so long, besides the general lag
}

// Live tells whether a parcel of the booking has not been voided.
func (b Booking) Live() bool {
	return slices.ContainsFunc(b.Parcels, func(p Parcel) bool { return p.VoidedAt.IsZero() })
}

// Numbers are the tracking numbers of every parcel, in order.
func (b Booking) Numbers() []string {
	numbers := make([]string, len(b.Parcels))
	for i, p := range b.Parcels {
		numbers[i] = p.Number
	}
	return numbers
}

// Entry is everything booked under one reference of one account.
type Entry struct {
	Reference string    `json:"reference"`
	Account   string    `json:"account"`
	Live      int       `json:"live"`    // bookings not voided: more than one is a duplicate label
	Numbers   []string  `json:"numbers"` // shipment numbers of the live ones
	Bookings  []Booking `json:"bookings"`
}

// ErrTaken is returned by Book for a number that is booked already.
var ErrTaken = errors.New("number is taken")

// Ledger holds every booking, in the order of booking. It is safe for concurrent use.
type Ledger struct {
	mu       sync.RWMutex
	journal  *Journal
	bookings []*Booking
	byNumber map[string]*Booking
	byRef    map[[3]string][]*Booking // carrier, account, reference
}

// NewLedger returns an empty ledger that writes nothing to disk.
func NewLedger() *Ledger {
	return &Ledger{byNumber: map[string]*Booking{}, byRef: map[[3]string][]*Booking{}}
}

// Keep makes every later change go to j first. Call it before the ledger is shared.
func (l *Ledger) Keep(j *Journal) { l.journal = j }

// Journal kinds of the ledger.
const (
	KindBooked = "booked"
	KindVoided = "voided"
)

type voiding struct {
	Numbers []string  `json:"numbers"`
	At      time.Time `json:"at"`
}

// Apply takes back one line of the journal. Kinds of others are left alone (false).
func (l *Ledger) Apply(kind string, data json.RawMessage) (bool, error) {
	switch kind {
	case KindBooked:
		var b Booking
		if err := json.Unmarshal(data, &b); err != nil {
			return true, err
		}
		l.index(&b)
	case KindVoided:
		var v voiding
		if err := json.Unmarshal(data, &v); err != nil {
			return true, err
		}
		l.void(v)
	default:
		return false, nil
	}
	return true, nil
}

// Book records b. It fails with ErrTaken when one of its numbers exists, and when the journal can't be written;
// in both cases nothing is booked.
func (l *Ledger) Book(b Booking) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range b.Parcels {
		if _, ok := l.byNumber[p.Number]; ok {
			return fmt.Errorf("%w: %s", ErrTaken, p.Number)
		}
	}
	if err := l.journal.Append(KindBooked, b); err != nil {
		return err
	}
	l.index(clone(&b))
	return nil
}

func (l *Ledger) index(b *Booking) {
	l.bookings = append(l.bookings, b)
	for _, p := range b.Parcels {
		l.byNumber[p.Number] = b
	}
	for _, ref := range b.References {
		key := [3]string{b.Carrier, b.Account, ref}
		l.byRef[key] = append(l.byRef[key], b)
	}
}

// Void marks parcels as voided at the given time. Numbers that are unknown or voided already are left alone; it
// fails only when the journal can't be written, and then voids nothing.
func (l *Ledger) Void(numbers []string, at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := voiding{slices.Clone(numbers), at}
	if err := l.journal.Append(KindVoided, v); err != nil {
		return err
	}
	l.void(v)
	return nil
}

func (l *Ledger) void(v voiding) {
	for _, n := range v.Numbers {
		b := l.byNumber[n]
		if b == nil {
			continue
		}
		for i := range b.Parcels {
			if p := &b.Parcels[i]; p.Number == n && p.VoidedAt.IsZero() {
				p.VoidedAt = v.At
			}
		}
	}
}

// ByNumber finds the booking that a tracking number belongs to.
func (l *Ledger) ByNumber(number string) (Booking, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	b, ok := l.byNumber[number]
	if !ok {
		return Booking{}, false
	}
	return *clone(b), true
}

// ByReference finds every booking under a reference, voided ones included. An empty account matches any.
func (l *Ledger) ByReference(carrier, account, reference string) []Booking {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var found []Booking
	if account != "" {
		for _, b := range l.byRef[[3]string{carrier, account, reference}] {
			found = append(found, *clone(b))
		}
		return found
	}
	for _, b := range l.bookings {
		if b.Carrier == carrier && slices.Contains(b.References, reference) {
			found = append(found, *clone(b))
		}
	}
	return found
}

// Len is how many bookings were made, voided ones included.
func (l *Ledger) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.bookings)
}

// Entries is the whole ledger by account and reference, sorted. Bookings without a reference stand under "".
func (l *Ledger) Entries() []Entry {
	l.mu.RLock()
	defer l.mu.RUnlock()
	byKey := map[[2]string]*Entry{}
	for _, b := range l.bookings {
		refs := b.References
		if len(refs) == 0 {
			refs = []string{""}
		}
		for _, ref := range refs {
			key := [2]string{b.Account, ref}
			e := byKey[key]
			if e == nil {
				e = &Entry{Reference: ref, Account: b.Account, Numbers: []string{}}
				byKey[key] = e
			}
			e.Bookings = append(e.Bookings, *clone(b))
			if b.Live() {
				e.Live++
				e.Numbers = append(e.Numbers, b.ID)
			}
		}
	}
	entries := make([]Entry, 0, len(byKey))
	for _, e := range byKey {
		entries = append(entries, *e)
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Account, b.Account))
	})
	return entries
}

// clone copies what the ledger changes later, so that a reader holds no part of it.
func clone(b *Booking) *Booking {
	c := *b
	c.Parcels = slices.Clone(b.Parcels)
	return &c
}
