package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/queue/sqsqueue"
	"github.com/fairlead/fairlead/shared/ship"
)

// blow is one thing that was done to the platform.
type blow struct {
	From, To  time.Time // it happened in between
	What      string    // the function whose process was killed, "the whole stack", or the queue of a message
	Kind      blowKind
	Reference string // of the call the carrier held
	Shipment  string // of the message
	Message   string
}

type blowKind string

const (
	killed     blowKind = "killed"
	holding    blowKind = "killed while the carrier held its call"
	crashed    blowKind = "killed with all it ran"
	stopped    blowKind = "stopped"
	duplicated blowKind = "message sent again"
)

// strikes remembers every blow.
type strikes struct {
	mu  sync.Mutex
	all []blow
}

func (s *strikes) add(b blow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.To = time.Now()
	s.all = append(s.all, b)
}

func (s *strikes) list() []blow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

type strikeCount struct{ killed, holding, restarts, crashed, duplicated int } // killed includes holding, restarts crashed

func (s *strikes) count() (c strikeCount) {
	for _, b := range s.list() {
		switch b.Kind {
		case holding:
			c.holding++
			c.killed++
		case killed:
			c.killed++
		case crashed:
			c.crashed++
			c.restarts++
		case stopped:
			c.restarts++
		case duplicated:
			c.duplicated++
		}
	}
	return c
}

func (s *strikes) enough(p Plan) bool {
	c := s.count()
	return c.holding >= p.holds() && c.killed >= p.Kills && c.restarts >= p.Restarts && c.duplicated >= p.Duplicates
}

// chances are one striker's own.
func (r *run) chances(striker uint64) *rand.Rand { return rand.New(rand.NewPCG(r.Seed, striker)) }

// due is how many of so many blows are due by now. They are spread over the first four fifths of the run, so that
// orders are left for those that were held up.
func (r *run) due(of int) int {
	return min(of, r.board.count().attempted*5*of/(4*r.Bookings)+1)
}

// behind tells whether a blow is due that was not dealt yet: the orders then wait for it, and not it for them.
func (r *run) behind() bool {
	c := r.strikes.count()
	return c.holding < r.due(r.holds()) || c.killed-c.holding < r.due(r.Kills-r.holds()) || c.duplicated < r.due(r.Duplicates)
}

// storm draws the rates of a phase. One phase in five is nearly calm.
func (r *run) storm(phase int) error {
	rnd := r.chances(100 + uint64(phase))
	calm := 1
	if rnd.IntN(5) == 0 {
		calm = 4
	}
	var rules []carriersim.Fault
	add := func(op fault.Operation, least, most int, kinds ...fault.Kind) {
		for _, k := range kinds {
			share := (least + rnd.IntN(most-least+1)) / calm
			rules = append(rules, carriersim.Fault{Kind: k, Operation: op, Probability: share, DelayMS: delay(rnd, k), Status: status(rnd, k)})
		}
	}
	add(fault.Ship, 40, 75, fault.Unauthorized, fault.Throttled, fault.Refuse, fault.ErrorBefore, fault.ErrorAfter, fault.Empty, fault.EmptyAfter, fault.Garbled, fault.DropBefore, fault.DropAfter, fault.Slow, fault.Late)
	add(fault.Ship, 100, 300, fault.Lag) // drawn apart, of what is booked: a lost answer and a lag together are the case worth testing
	for _, op := range []fault.Operation{fault.Recovery, fault.Track} {
		add(op, 10, 50, fault.Unauthorized, fault.Throttled, fault.ErrorBefore, fault.ErrorAfter, fault.Empty, fault.DropBefore, fault.DropAfter, fault.Slow)
	}
	add(fault.Token, 20, 100, fault.Throttled, fault.ErrorBefore, fault.DropBefore) // a refused login would need a person
	r.rules.Lock()
	defer r.rules.Unlock()
	return r.sim.SetFaults(rules...)
}

// slowOnce has the carrier hold the next booking call, unless it is about to.
func (r *run) slowOnce() error {
	r.rules.Lock()
	defer r.rules.Unlock()
	rules := r.sim.Faults()
	if slices.ContainsFunc(rules, func(f carriersim.Fault) bool { return f.Times > 0 }) {
		return nil
	}
	return r.sim.SetFaults(slices.Insert(rules, 0, carriersim.Fault{Kind: fault.Slow, Operation: fault.Ship, Times: 1})...)
}

// delay is how late the carrier executes, or how long it hides what it booked, in milliseconds. Both together stay
// well within the settling time, which is the promise's condition.
func delay(rnd *rand.Rand, k fault.Kind) int64 {
	if k == fault.Late || k == fault.Lag {
		return 200 + rnd.Int64N(4800)
	}
	return 0
}

func status(rnd *rand.Rand, k fault.Kind) int {
	if k == fault.ErrorBefore || k == fault.ErrorAfter {
		return []int{500, 502, 503}[rnd.IntN(3)]
	}
	return 0
}

// restart takes the whole stack down, as a power cut or in order, and starts it again.
func (r *run) restart(ctx context.Context, crash bool) error {
	b := blow{From: time.Now(), What: "the whole stack", Kind: stopped}
	if crash {
		b.Kind = crashed
		r.stack.Kill()
	} else {
		r.stack.Stop()
	}
	r.strikes.add(b)
	return r.stack.Run(context.WithoutCancel(ctx)) // the end of the blows must not cut it short
}

// duplicate sends messages that the platform sent itself once more.
func (r *run) duplicate(ctx context.Context) error {
	rnd := r.chances(3)
	for n := 0; n < r.Duplicates && pause(ctx, 10*time.Millisecond); {
		if n >= r.due(r.Duplicates) {
			continue
		}
		if b, err := r.sendAgain(ctx, rnd); err == nil && b != nil {
			r.strikes.add(*b)
			n++
		}
	}
	return nil
}

// sendAgain sends one message of a shipment's life again, to its queue. It is nil when the shipment chosen had none.
func (r *run) sendAgain(ctx context.Context, rnd *rand.Rand) (*blow, error) {
	id, ok := r.board.pick(rnd)
	if !ok {
		return nil, nil
	}
	st, err := r.stack.Store(ctx)
	if err != nil {
		return nil, err
	}
	rec, err := st.Record(ctx, r.shipper.Tenant, ship.Test, id)
	if err != nil {
		return nil, err
	}
	sent := messages(rec, r.times)
	if len(sent) == 0 {
		return nil, nil
	}
	m := sent[rnd.IntN(len(sent))]
	client := r.stack.Queues()
	url, err := endtoend.QueueURL(ctx, client, string(m.To))
	if err != nil {
		return nil, err
	}
	b := &blow{From: time.Now(), What: string(m.To), Kind: duplicated, Shipment: id, Message: m.Envelope.ID}
	sender := sqsqueue.Sender{Client: client, URL: map[queue.Name]string{m.To: url}}
	return b, sender.Send(ctx, m.To, m.Envelope, 0)
}

// messages are what the outbox announced in a shipment's life so far, as far as its item still tells: every message to
// book it or to look for it, and the events of its last change.
func messages(r booking.Record, t booking.Times) []queue.Outgoing {
	var out []queue.Outgoing
	then := r
	then.Status, then.NotBefore, then.Owner, then.Late, then.Held = "", time.Time{}, "", nil, ""
	for i, e := range r.History {
		if e.Status != booking.Pending && e.Status != booking.Unknown {
			continue
		}
		then.Status, then.Version, then.History = e.Status, r.Moved+int64(i)+1, r.History[:i+1]
		for _, m := range booking.Announce(nil, then, e.At, t) {
			if m.To != queue.Events {
				out = append(out, m)
			}
		}
	}
	for _, m := range booking.Announce(nil, r, r.Updated(), t) {
		if !slices.ContainsFunc(out, func(o queue.Outgoing) bool { return o.Envelope.ID == m.Envelope.ID }) {
			out = append(out, m)
		}
	}
	return out
}
