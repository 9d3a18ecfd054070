package linear

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/booking"
)

// TestPlacingChangesNoVerdict: without it the search is slower and says the same, of histories that took place and
// of such where one thing was changed.
func TestPlacingChangesNoVerdict(t *testing.T) {
	verdicts := map[bool]int{}
	for seed := range uint64(4000) {
		random := rand.New(rand.NewPCG(seed, 0))
		ops, spoilt := history(random), seed%4 > 0
		if spoilt {
			spoil(&ops[random.IntN(len(ops))], random)
		}
		fast, slow := spec{WarmReplay().claims, shipment{}}.check(ops), spec{WarmReplay().said, shipment{}}.check(ops)
		if errors.Is(slow, ErrTangled) {
			continue
		}
		if !errors.Is(fast, slow) || !spoilt && fast != nil {
			t.Fatalf("seed %d: placed %v, else %v:\n%s", seed, fast, slow, listed(ops, len(ops)))
		}
		verdicts[fast == nil]++
	}
	if verdicts[true] < 500 || verdicts[false] < 500 {
		t.Errorf("verdicts %v: one of them is hardly tried", verdicts)
	}
}

// history is what clients see of one shipment that takes one call at a time, each somewhere within its interval.
func history(random *rand.Rand) []Op {
	at, now, ops := shipment{}, time.Duration(0), []Op{}
	for range 4 + random.IntN(9) {
		now += time.Duration(1 + random.IntN(10))
		if to := moves[at.status]; len(to) > 0 && random.IntN(2) == 0 {
			at.status, at.version = to[random.IntN(len(to))], at.version+1
		}
		o := Op{Client: len(ops), Call: max(0, now-time.Duration(random.IntN(20))), Return: now + time.Duration(random.IntN(20)), ID: "x",
			Kind: []Kind{Create, Update, Confirm, Cancel, Get}[random.IntN(5)], Body: []string{"a", "a", "b"}[random.IntN(3)], Key: []string{"", "k"}[random.IntN(2)]}
		o.ConfirmNow, o.Version = o.Kind == Create && random.IntN(2) == 0, max(1, at.version-int64(random.IntN(3)/2))
		at = at.take(&o)
		if random.IntN(6) == 0 {
			o.Return, o.Status, o.State, o.Answered, o.Replayed = -1, 0, "", 0, false
		}
		ops = append(ops, o)
	}
	return ops
}

// take makes the call and answers it.
func (s shipment) take(o *Op) shipment {
	next, ok := s.written(*o)
	switch {
	case o.Kind == Cancel:
		next = s.taken()
	case o.Kind == Get || !ok:
		next = s
	}
	o.State, o.Answered = string(next.status), next.version
	statuses := []int{201, 202, 412, 409} // the one that is right is found by the specification
	if o.Kind == Update || o.Kind == Cancel {
		statuses = []int{200, 202, 412, 409}
		o.Replayed = o.Kind == Cancel && next == s || o.Kind == Update && !ok && next.version == o.Version+1
	}
	switch {
	case next.version == 0 && o.Kind != Create:
		o.Status, o.State = 404, ""
		return next
	case o.Kind == Create && next.body != o.Body:
		o.Status, o.State, o.Answered, o.Existing = 422, "", 0, o.ID
		return next
	case o.Kind == Get, o.Kind == Create && !ok, o.Kind == Confirm && !ok && next.confirm == confirmKey(o.Key, o.Version):
		o.Status, o.Replayed = 200, o.Kind != Get
		return next
	}
	o.Status = statuses[slices.IndexFunc(statuses, func(status int) bool { o.Status = status; return next.answers(*o) })]
	return next
}

// taken is the shipment after it was cancelled, as far as it can be.
func (s shipment) taken() shipment {
	switch s.status {
	case booking.Draft, booking.Pending:
		s.status, s.version = booking.Cancelled, s.version+1
	case booking.Booking, booking.Unknown, booking.Booked:
		s.version++
	}
	return s
}

// spoil changes one thing of a call.
func spoil(o *Op, random *rand.Rand) {
	switch random.IntN(4) {
	case 0:
		o.Answered = max(1, o.Answered+int64(random.IntN(3))-1)
	case 1:
		o.State = string([]booking.Status{booking.Pending, booking.Failed, booking.Booked, booking.Cancelled}[random.IntN(4)])
	case 2:
		o.Call, o.Return = o.Call+40, o.Return+40
	case 3:
		o.Body, o.Key = "c", "l"
	}
}

func TestWhatIsLedToLeadsToItself(t *testing.T) {
	for from, tos := range moves {
		for _, to := range tos {
			if !slices.Contains(moves[to], to) {
				t.Errorf("%s leads to %s, which does not lead to itself: moved counts on that", from, to)
			}
		}
	}
}
