package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/endtoend"
)

// board is what the shipper knows: its orders, and each shipment as it was last seen.
type board struct {
	mu      sync.Mutex
	ids     map[string]string // by reference
	order   []string          // ids, as they were accepted
	seen    map[string]sight  // by id
	replays int               // orders that were sent again
	refused []string          // answers that no good order may get
	moved   time.Time         // when anything changed last
}

// sight is a shipment as a list shows it.
type sight struct {
	status, document  string
	version, attempts int64
	held              bool
}

// ended tells whether a shipment has come to its end.
func (s sight) ended() bool {
	return s.status == "failed" || s.status == "unknown" && s.held || s.status == "booked" && s.document == "ready"
}

func sighted(m map[string]any) sight {
	a := endtoend.Answer{JSON: m}
	held, _ := m["held"].(bool)
	return sight{a.Str("status"), a.Str("document"), a.Num("version"), a.Num("attempts"), held}
}

func newBoard() *board {
	return &board{ids: map[string]string{}, seen: map[string]sight{}, moved: time.Now()}
}

// accept notes an accepted order. One reference is one shipment, however often it is sent.
func (b *board) accept(reference, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch known := b.ids[reference]; known {
	case "":
		b.ids[reference], b.order, b.moved = id, append(b.order, id), time.Now()
	case id:
		b.replays++
	default:
		b.refused = append(b.refused, fmt.Sprintf("%s is shipment %s and, sent again, %s", reference, known, id))
	}
}

// all are the shipments' ids by reference.
func (b *board) all() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.ids)
}

func (b *board) refuse(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = append(b.refused, what)
}

func (b *board) see(id string, s sight) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[id] != s {
		b.seen[id], b.moved = s, time.Now()
	}
}

// stuck tells that nothing has changed for so long that nothing will.
func (b *board) stuck() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.moved) > stall
}

type boardCount struct{ accepted, attempted, coming, ended int } // coming: the carrier will be asked to book them

func (b *board) count() boardCount {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := boardCount{accepted: len(b.ids)}
	for _, s := range b.seen {
		if s.attempts > 0 {
			c.attempted++
		}
		if s.ended() {
			c.ended++
		} else if s.status == "pending" || s.status == "booking" {
			c.coming++
		}
	}
	return c
}

// pick chooses an accepted shipment, mostly one of the last.
func (b *board) pick(rnd *rand.Rand) (id string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.order)
	if n == 0 {
		return "", false
	}
	if newest := min(n, 2*backlog); rnd.IntN(4) > 0 {
		return b.order[n-1-rnd.IntN(newest)], true
	}
	return b.order[rnd.IntN(n)], true
}

// accept creates the orders, as fast as they are attempted and what is due to strike them has struck.
func (r *run) accept(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	gate := make(chan struct{}, atOnce)
	for i := range r.Bookings {
		r.until(ctx, func() bool {
			c := r.board.count()
			waiting := c.accepted - c.attempted
			return waiting == 0 || waiting < backlog && !r.behind()
		})
		times := 1
		if i%sentTwice == 0 {
			times = 2
		}
		for range times {
			gate <- struct{}{}
			wg.Go(func() {
				defer func() { <-gate }()
				r.send(ctx, i)
			})
		}
	}
}

// send sends an order as a shipper does that repeats what got no answer.
func (r *run) send(ctx context.Context, i int) {
	reference := fmt.Sprintf("chaos-%05d", i)
	o := r.shipper.Confirmed(reference)
	o["priority"] = []string{"urgent", "standard", "bulk"}[i%3]
	if i%rebooked == 0 {
		o["carrier_account"] = r.rebook
	}
	for wait := 20 * time.Millisecond; !r.board.stuck(); wait = min(2*wait, time.Second) {
		a, err := r.shipper.Call(ctx, http.MethodPost, "/v1/shipments", o, nil)
		switch _, disobeys := errors.AsType[*endtoend.Disobedience](err); {
		case disobeys:
			r.board.refuse(err.Error())
			return
		case err == nil && (a.Status == http.StatusAccepted || a.Status == http.StatusOK):
			r.board.accept(reference, a.Str("id"))
			return
		case err == nil && a.Status < 500:
			r.board.refuse(fmt.Sprintf("%s: %d %s", reference, a.Status, a.Body))
			return
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// watch looks at all shipments again and again, and rests in between: it must not be what keeps the machine busy.
func (r *run) watch(ctx context.Context) {
	for told := time.Now(); ; {
		began := time.Now()
		r.look(ctx)
		if began.Sub(told) >= sayEvery {
			told = began
			r.say()
		}
		if !pause(ctx, max(250*time.Millisecond, 3*time.Since(began))) {
			return
		}
	}
}

// look reads all pages. One that fails ends it: the next look is soon.
func (r *run) look(ctx context.Context) {
	for query := "?limit=100"; query != ""; {
		a, err := r.shipper.Call(ctx, http.MethodGet, "/v1/shipments"+query, nil, nil)
		if _, disobeys := errors.AsType[*endtoend.Disobedience](err); disobeys {
			r.board.refuse(err.Error())
		}
		data, ok := a.JSON["data"].([]any)
		if err != nil || !ok {
			return
		}
		for _, x := range data {
			m, _ := x.(map[string]any)
			id, _ := m["id"].(string)
			r.board.see(id, sighted(m))
		}
		if query = ""; a.Str("next_cursor") != "" {
			query = "?limit=100&cursor=" + url.QueryEscape(a.Str("next_cursor"))
		}
	}
}
