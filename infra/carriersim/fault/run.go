package fault

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Answer is what a carrier would say.
type Answer struct {
	Write   func(http.ResponseWriter)
	Garbled func(http.ResponseWriter) // Write with the carrier's known defect; nil where it has none
	Booked  bool                      // the carrier booked while making it
	Voided  bool                      // the carrier voided while making it
}

// Call is one request that the carrier understood and would carry out.
type Call struct {
	Operation Operation
	Reference string
	RequestID string
	// Do carries it out, once. A booking it makes is hidden from look-ups for lag.
	Do func(lag time.Duration) Answer
	// Fail answers a fault that has an answer of its own (401, 429, a refusal, 5xx, empty) in the carrier's words.
	Fail func(http.ResponseWriter, Fault)
}

// Clock is the time the runner works with.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

// Held is a request in the carrier's hands. Kind is empty while it is simply being worked on.
type Held struct {
	ID        int       `json:"id"`
	Operation Operation `json:"operation"`
	Reference string    `json:"reference,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Since     time.Time `json:"since"`
	Remote    string    `json:"remote"` // the caller's TCP address
	Kind      Kind      `json:"kind,omitempty"`
	Booked    bool      `json:"booked"` // already booked; only the answer is held
	Voided    bool      `json:"voided"` // already voided; only the answer is held
}

// Runner carries out calls, with the faults its injector chooses. It is safe for concurrent use.
type Runner struct {
	injector *Injector
	clock    Clock
	defaults func(Kind) time.Duration
	ctx      context.Context
	stop     context.CancelFunc
	late     sync.WaitGroup

	mu     sync.Mutex
	nextID int
	held   map[int]Held
}

// NewRunner takes the delay of slow, late and lag from defaults where a rule has none.
func NewRunner(in *Injector, clock Clock, defaults func(Kind) time.Duration) *Runner {
	ctx, stop := context.WithCancel(context.Background())
	return &Runner{injector: in, clock: clock, defaults: defaults, ctx: ctx, stop: stop, held: map[int]Held{}}
}

// Close gives up what is still to be executed late and lets every held answer go.
func (rn *Runner) Close() {
	rn.mu.Lock()
	rn.stop()
	rn.mu.Unlock()
	rn.late.Wait()
}

// Inflight is every request in hand, the oldest first.
func (rn *Runner) Inflight() []Held {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	return slices.SortedFunc(maps.Values(rn.held), func(a, b Held) int { return a.ID - b.ID })
}

// Run carries out one call. The request's body must have been read, or a caller that leaves is not noticed.
func (rn *Runner) Run(w http.ResponseWriter, r *http.Request, c Call) {
	asked, err := FromHeader(r.Header.Get(Header))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f := rn.injector.draw(c.Operation, c.Reference)
	if asked.Kind != none && asked.Kind != Lag {
		f = asked
	}
	t := turn{rn: rn, r: r, c: c, f: rn.timed(f), asked: asked, id: rn.enter(r, c)}
	if t.f.Kind != none {
		t.struck = t.strike(t.f)
	}
	if t.f.Kind == Late {
		rn.later(t)
		drop(w)
		return
	}
	defer rn.leave(t.id)
	t.serve(w)
}

// later executes a call after its delay, unless the runner is closed.
func (rn *Runner) later(t turn) {
	rn.hold(t.id, Late, Answer{})
	rn.mu.Lock()
	defer rn.mu.Unlock()
	if rn.ctx.Err() == nil {
		rn.late.Go(t.execute)
	} else {
		delete(rn.held, t.id)
	}
}

// turn is one call with the fault that was chosen for it.
type turn struct {
	rn     *Runner
	r      *http.Request
	c      Call
	f      Fault // what spoils the answer; Kind none: nothing does
	asked  Fault // what the caller's header asked for
	id     int   // in Runner.held
	struck int   // in the injector's list; 0 without a fault
}

func (t turn) serve(w http.ResponseWriter) {
	switch t.f.Kind {
	case Unauthorized, Throttled, Refuse, ErrorBefore, Empty:
		t.c.Fail(w, t.f)
	case DropBefore:
		drop(w)
	case ErrorAfter, EmptyAfter:
		t.do()
		t.c.Fail(w, t.f)
	case Garbled:
		a := t.do()
		if a.Garbled == nil {
			a.Garbled = a.Write
		}
		a.Garbled(w)
	case DropAfter:
		t.do()
		drop(w)
	case Slow:
		t.slow(w, t.do())
	default:
		t.do().Write(w)
	}
}

// do lets the carrier act, with the lag that strikes this booking.
func (t turn) do() Answer {
	lag := Fault{}
	if t.asked.Kind == Lag {
		lag = t.asked
	} else if t.c.Operation == Ship {
		lag = t.rn.injector.drawLag(t.c.Operation, t.c.Reference)
	}
	lag = t.rn.timed(lag)
	a := t.c.Do(lag.Delay())
	if (a.Booked || a.Voided) && t.struck > 0 {
		t.rn.injector.amend(t.struck, func(i *Injected) { i.Booked, i.Voided = a.Booked, a.Voided })
	}
	if lag.Kind != none {
		id := t.strike(lag)
		t.rn.injector.amend(id, func(i *Injected) { i.Booked = a.Booked })
	}
	return a
}

func (t turn) slow(w http.ResponseWriter, a Answer) {
	t.rn.hold(t.id, Slow, a)
	select {
	case <-t.rn.clock.After(t.f.Delay()):
		a.Write(w)
	case <-t.r.Context().Done(): // what was booked stays booked
		t.rn.injector.amend(t.struck, func(i *Injected) { i.Left = true })
	case <-t.rn.ctx.Done():
		drop(w)
	}
}

func (t turn) execute() {
	defer t.rn.leave(t.id)
	select {
	case <-t.rn.clock.After(t.f.Delay()):
		t.do()
	case <-t.rn.ctx.Done():
	}
}

func (t turn) strike(f Fault) int {
	return t.rn.injector.struck(Injected{Time: t.rn.clock.Now(), Operation: t.c.Operation, Reference: t.c.Reference,
		Kind: f.Kind, RequestID: t.c.RequestID, Remote: t.r.RemoteAddr, Rule: f.ID, DelayMS: f.DelayMS})
}

// timed fills in the delay of a fault that brings none.
func (rn *Runner) timed(f Fault) Fault {
	if f.Kind != none && f.DelayMS == 0 {
		f.DelayMS = rn.defaults(f.Kind).Milliseconds()
	}
	return f
}

func (rn *Runner) enter(r *http.Request, c Call) int {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	rn.nextID++
	rn.held[rn.nextID] = Held{ID: rn.nextID, Operation: c.Operation, Reference: c.Reference,
		RequestID: c.RequestID, Since: rn.clock.Now(), Remote: r.RemoteAddr}
	return rn.nextID
}

func (rn *Runner) hold(id int, k Kind, a Answer) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	h := rn.held[id]
	h.Kind, h.Booked, h.Voided = k, a.Booked, a.Voided
	rn.held[id] = h
}

func (rn *Runner) leave(id int) {
	rn.mu.Lock()
	defer rn.mu.Unlock()
	delete(rn.held, id)
}

// drop resets the connection, so that the caller reads no byte of an answer. Where it can't be taken over
// (HTTP/2), the server is told to abort it.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	raw := conn
	if t, ok := conn.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if t, ok := raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = raw.Close()
}
