package booking

import (
	"sync"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// How long an answer may be shown again as it was. What is not listed here is always read anew.
const (
	replayOver    = time.Hour       // cancelled with nothing left open: it never moves again
	replaySettled = 2 * time.Second // booked, failed: it may have been confirmed or cancelled by another process
)

// ReplayLimit is how many answers a function's process keeps: some 10 MB of ordinary orders, and at most 60.
const ReplayLimit = 4096

// largestMetadata is how many bytes of a shipper's own metadata are kept. All else in a shipment is small by contract.
const largestMetadata = 4 << 10

// Answers is what a process has answered, so that a repetition costs little or nothing. It is bounded; what was not
// used for longest is dropped first, in whole halves. A nil one keeps nothing.
//
// It holds two kinds of knowledge. That an id was created with a fingerprint, confirmed with a key and has this
// canonical request never changes, and saves everything but the read of the state. How the shipment stood is right
// only for as long as the constants above say; a draft is never answered from here, for it may have expired.
type Answers struct {
	limit int

	mu         sync.Mutex
	young, old map[answerID]known // old is dropped when young has half the limit
}

type answerID struct {
	tenant string
	mode   ship.Mode
	id     string
}

// known is an answer as it was given. Its shipment is shared: read only.
type known struct {
	Accepted
	alias string    // an Idempotency-Key that is bound to it as well
	at    time.Time // before its state was asked for
}

// NewAnswers returns an empty memory for at most limit answers.
func NewAnswers(limit int) *Answers { return &Answers{limit: limit, young: map[answerID]known{}} }

// current tells whether the answer may be shown at now without looking.
func (k known) current(now time.Time) bool {
	var keep time.Duration
	switch k.Record.Status {
	case Cancelled, CancelledLocally:
		if keep = replayOver; !k.Record.Due.IsZero() { // a late number or an audit is left
			keep = replaySettled
		}
	case Booked, Failed:
		keep = replaySettled
	}
	age := now.Sub(k.at)
	return age >= 0 && age < keep
}

// find returns what is known of a shipment.
func (a *Answers) find(tenant string, mode ship.Mode, id string) (known, bool) {
	if a == nil {
		return known{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.get(answerID{tenant, mode, id})
}

// keep remembers an answer whose state was asked for at a time. alias is the Idempotency-Key it came with when that is
// no part of the id.
func (a *Answers) keep(tenant string, mode ship.Mode, out Accepted, alias string, at time.Time) {
	if a == nil || metadataSize(out.Shipment) > largestMetadata {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := answerID{tenant, mode, out.Record.ID}
	last, _ := a.get(key)
	if last.Record.Version > out.Record.Version {
		return // a slower call saw an earlier state
	}
	if alias == "" {
		alias = last.alias
	}
	out.Replayed = true
	a.put(key, known{out, alias, at})
}

// get makes what it finds young again.
func (a *Answers) get(key answerID) (known, bool) {
	k, ok := a.young[key]
	if !ok {
		if k, ok = a.old[key]; ok {
			a.put(key, k)
		}
	}
	return k, ok
}

func (a *Answers) put(key answerID, k known) {
	if _, ok := a.young[key]; !ok && len(a.young) >= max(a.limit/2, 1) {
		a.young, a.old = map[answerID]known{}, a.young
	}
	a.young[key] = k
}

func metadataSize(s ship.Shipment) (n int) {
	for k, v := range s.Metadata {
		n += len(k) + len(v)
	}
	return n
}
