package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// services are the platform's own parts as one process has them: wired as package boot wires them, with simulated
// drivers underneath.
type services struct {
	store     *dynamo.Store
	book      queue.Consumer
	recovery  queue.Consumer
	fanOut    queue.Consumer
	deliverer queue.Consumer
	outbox    *booking.Relay
	waker     *booking.Waker
	http      *booking.HTTP
}

// consumer is what works on a queue.
func (s *services) consumer(q queue.Name) queue.Consumer {
	switch consumers[q] {
	case roleBook:
		return s.book
	case roleRecover:
		return s.recovery
	case roleFanOut:
		return s.fanOut
	}
	return s.deliverer
}

// wire makes the services of a process.
func (w *World) wire(in *instance) *services {
	n := 0
	ids := func() string { n++; return fmt.Sprintf("%s.%d", in.name, n) }
	s := &services{store: &dynamo.Store{DB: w.database(in), Tables: w.tables, Now: in.now, Blobs: blobs{w, in}}}
	send := sender{w, in}
	registry := w.registry(in)
	accounts := &account.Service{Store: s.store, Box: box{}, Carriers: registry, Now: in.now}
	consumer := func(h queue.Handler) queue.Consumer {
		return queue.Consumer{Handle: w.task(in, h), Dead: send, NewID: ids, Log: w.log}
	}
	switch in.role {
	case roleAPI:
		s.http = &booking.HTTP{Service: &booking.Service{Intake: s.store, Cancels: s.store, Edits: s.store, Reader: s.store, Accounts: finder(accounts.Facts), Carriers: registry, Now: in.now, NewID: ids, Times: w.Times, Answers: booking.NewAnswers(booking.ReplayLimit)}, Lister: s.store, Labels: s.store}
	case roleBook, roleRecover:
		desk := booking.Desk{Reader: s.store, Accounts: orderlyAccounts{finder(accounts.CarrierAccount), w, in}, Carriers: registry,
			Tokens: orderlyTokens{&oauth.Keeper{Store: s.store, Box: box{}, Now: in.now, Sleep: sleep, NewID: ids, Times: oauth.Times{Lease: w.Times.RefreshLease}}, w, in},
			Sender: send, Papers: s.store, Late: s.store, Claimer: s.store, Now: in.now, Times: w.Times, Log: w.log}
		s.book = consumer((&booking.Worker{Desk: desk, Results: s.store, Sleeper: s.store, Sleep: sleep,
			Slots: &ratelimit.Slots{Store: s.store.CarrierSlots(), Now: in.now, Most: queue.MaxDelay}}).Handle)
		if w.Rival != "" {
			s.book = consumer(w.rival(in, desk))
		}
		s.recovery = consumer((&booking.Recovery{Desk: desk, Recoveries: s.store, Voids: s.store, Evidence: s.store}).Handle)
	case roleFanOut:
		s.fanOut = consumer((&callback.FanOut{Endpoints: s.store, Queue: send, Times: callback.Standard(), Now: in.now}).Handle)
	case roleDeliver:
		client := callback.NewClient(callback.ClientOptions{Times: callback.Standard(), Now: in.now, AllowLoopback: true, Dial: w.dialer(in, "shipper")})
		s.deliverer = consumer((&callback.Deliverer{Endpoints: s.store, Records: s.store, Box: box{}, Queue: send, Client: client, Times: callback.Standard(), Now: in.now}).Handle)
		s.deliverer.Group, s.deliverer.PerGroup = callback.Group, callback.PerEndpoint
	case roleRelay:
		s.outbox = &booking.Relay{Sender: send, Dead: send, Now: in.now, Times: w.Times, Log: w.log}
	case roleWake:
		s.waker = &booking.Waker{Sleeper: s.store, Reader: s.store, Sender: send, Shards: dynamo.Shards, Now: in.now, Times: w.Times, Log: w.log}
	}
	return s
}

// task gives each message of a batch its own name and the process's idea of the deadline.
func (w *World) task(in *instance, h queue.Handler) queue.Handler {
	return func(ctx context.Context, m queue.Message) error {
		m.Deadline = m.Deadline.Add(in.skew)
		ctx = sub(ctx, m.Receipt)
		if err := w.line(ctx, in, "begins "+m.ID); err != nil {
			return err
		}
		err := h(ctx, m)
		if err == nil {
			w.rules.acknowledged(taskOf(ctx).name, m)
		}
		return err
	}
}

// registry are the carriers there are, as one process reaches them.
func (w *World) registry(in *instance) carrier.Registry {
	return carrier.Registry{
		ups.Name: taking(ups.New(ups.Options{BaseURL: map[ship.Mode]string{ship.Test: "http://ups.sim"}, Dial: w.dialer(in, ups.Name), Now: in.now}), w, in),
		exact:    taking(voiding{newPlain(exact, carrier.Conclusive, w.dialer(in, exact), in.now)}, w, in),
		silent:   orderly{newPlain(silent, carrier.NoAbsence, w.dialer(in, silent), in.now), w, in},
	}
}

// finder makes booking's port of an account look-up.
type finder func(ctx context.Context, tenant, id string) (carrier.Account, error)

// CarrierAccount implements booking.Accounts.
func (f finder) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	acct, err := f(ctx, tenant, id)
	if errors.Is(err, account.ErrNotFound) {
		err = fmt.Errorf("%w: %w", booking.ErrNotFound, err)
	}
	return acct, err
}

// box seals nothing: what it costs to encrypt proves nothing here.
type box struct{}

// Seal marks the plaintext with what it belongs to.
func (box) Seal(_ context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error) {
	return append([]byte(tenant+"|"+purpose+"|"+id+"|"), plaintext...), nil
}

// Open refuses what belongs to something else.
func (box) Open(_ context.Context, tenant, purpose, id string, sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte(tenant+"|"+purpose+"|"+id+"|"))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

// blobs is the bucket for large labels.
type blobs struct {
	w  *World
	in *instance
}

// Put implements dynamo.Blobs. It is a write like those of the database.
func (b blobs) Put(ctx context.Context, _, key string, data []byte) error {
	t := taskOf(ctx)
	c := &call{in: b.in, task: t.name, port: DBWrite, what: "blob " + key}
	var outcome Fault
	c.then = func() { b.w.pass(c, &outcome, databaseError) }
	if err := b.w.park(ctx, c); err != nil {
		return err
	}
	b.w.mu.Lock()
	b.w.blobs[key] = data
	b.w.mu.Unlock()
	return b.w.acknowledge(ctx, c, outcome, errQueue)
}

// Get implements dynamo.Blobs.
func (b blobs) Get(_ context.Context, _, key string) ([]byte, error) {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	data, ok := b.w.blobs[key]
	if !ok {
		return nil, booking.ErrNotFound
	}
	return data, nil
}

// relay runs the relay over the outbox's next records.
func (w *World) relay(s *shard) {
	if s.busy || s.done >= len(s.records) {
		return
	}
	in := w.idle(roleRelay)
	if in == nil {
		return
	}
	s.busy = true
	from := s.done
	batch := s.records[from:min(from+1+w.rand.IntN(20), len(s.records))]
	if w.chance(Stream, Duplicate) && from > 0 {
		batch = s.records[from-1 : from+len(batch)] // a checkpoint that was not kept
		from--
	}
	changes := make([]booking.Change, len(batch))
	for i, c := range batch {
		changes[i].New, changes[i].Err = dynamo.Decode(c.New)
		if c.Old != nil && changes[i].Err == nil {
			old, err := dynamo.Decode(c.Old)
			changes[i].Old, changes[i].Err = &old, err
		}
	}
	w.invoke(in, w.Times.WorkerTimeout, func(ctx context.Context) any { return in.outbox.Run(ctx, changes) }, func(result any, ok bool) {
		s.busy = false
		if ok {
			s.done = max(s.done, from+result.(int))
		}
		w.pumpStream()
	})
}

// tick runs wake, sometimes twice at once as a scheduler may, and comes back when there can be something to do.
func (w *World) tick() {
	due, open := w.nextDue()
	if !open {
		w.ticking = false
		return
	}
	wait := time.Minute
	if w.calm { // a schedule that runs late: the end of a run is mostly waiting
		wait = 5 * time.Minute
	}
	if early := time.Until(due) - 2*time.Minute; early > wait {
		wait = early / time.Minute * time.Minute
	} else {
		for range 1 + w.twice() {
			if in := w.idle(roleWake); in != nil {
				w.invoke(in, w.Times.WorkerTimeout, func(ctx context.Context) any { return in.waker.Run(ctx) }, func(any, bool) {})
			}
		}
	}
	w.after(wait+w.between(0, 999*time.Microsecond), w.tick)
}

// twice is 1 when the scheduler starts wake twice.
func (w *World) twice() int {
	if !w.calm && w.Rates[Duplicate] > 0 && w.rand.IntN(4) == 0 {
		return 1
	}
	return 0
}

// nextDue is the earliest time at which wake has something to do. Shipments that only wait for a number that nobody can
// void do not count.
func (w *World) nextDue() (time.Time, bool) {
	var first time.Time
	for pk, r := range w.rules.open {
		if w.rules.stuck(pk, r) {
			continue
		}
		if first.IsZero() || r.Due.Before(first) {
			first = r.Due
		}
	}
	return first, !first.IsZero()
}

// served are the operations that shippers call, as the gateway's functions hold requests to them.
var served = map[string]api.Operation{"create": v1.OpCreateShipment, "update": v1.OpUpdateShipment, "confirm": v1.OpConfirmShipment, "cancel": v1.OpCancelShipment,
	"get": v1.OpGetShipment}

// call is a request at the API's handlers, by the code that runs behind the gateway.
func (in *instance) handler(operation string) api.Handler {
	switch operation {
	case "create":
		return in.http.Create
	case "update":
		return in.http.Update
	case "confirm":
		return in.http.Confirm
	case "cancel":
		return in.http.Cancel
	}
	return in.http.Get
}

// checker is the contract's.
var checker api.Checker = contract.Check

// quiet is the log of a run that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
