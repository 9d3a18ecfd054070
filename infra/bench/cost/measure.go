package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/fairlead/fairlead/infra/bench/cpu"
	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local"
)

// warmUps are the bookings before those that count: by then every function has a process that knows the accounts.
const warmUps = 3

// flow is a way to book.
type flow struct {
	name     string
	twoCalls bool // create, then confirm; else both in one call
	endpoint bool // the shop has a callback endpoint
	waiting  bool // with Prefer: wait
	rows     int  // of a batch; 0: each shipment is ordered by itself
}

var flows = []flow{
	{name: "one call", endpoint: true},
	{name: "two calls", endpoint: true, twoCalls: true},
	{name: "no endpoint"},
	{name: "two, no endpoint", twoCalls: true},
	{name: "waiting", endpoint: true, waiting: true},
	{name: "batches of 100", endpoint: true, rows: 100},
}

// outcome is what one flow consumed.
type outcome struct {
	flow
	bookings [][]reading // by booking, or by batch
	took     time.Duration
	work     map[string]work
	logBytes int64 // of all functions, without the meter's lines
	label    int   // bytes of a label
}

// work is what a function did for all bookings of a flow.
type work struct {
	memoryMB    int
	processes   int // at the end
	invocations int64
	cpu         time.Duration // the meter's own included
}

// measure starts a stack with its data in data, and books n shipments in each flow, one after another.
func measure(ctx context.Context, root, bin, data string, n int) ([]outcome, error) {
	j := newJournal("fairlead-")
	s, err := local.Start(ctx, local.Config{
		Template: filepath.Join(root, "template.yaml"), Bin: bin, Data: data, Tools: filepath.Join(root, "infra", "local"),
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", SimListen: "127.0.0.1:0",
		Instances: 1, ScheduleEvery: 24 * time.Hour, Meter: true, Tee: j.add,
		Simulator: func(dir string, log *slog.Logger) (local.Simulator, error) {
			return carriersim.Open(carriersim.Options{Data: filepath.Join(dir, "journal.jsonl"), Log: log})
		},
	})
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	shops := map[bool]*shop{}
	for _, endpoint := range []bool{true, false} {
		sh, err := openShop(ctx, s, fmt.Sprintf("Bench, callbacks %t", endpoint), endpoint)
		if err != nil {
			return nil, fmt.Errorf("opening a shop: %w", err)
		}
		defer sh.close()
		shops[endpoint] = sh
	}
	var out []outcome
	for _, f := range flows {
		b := bench{flow: f, shop: shops[f.endpoint], stack: s, journal: j}
		o, err := b.run(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		out = append(out, o)
	}
	want := 0
	for _, o := range out {
		if o.endpoint {
			want += o.shipments() + o.warmUps()*max(1, o.rows)
		}
	}
	if events, deliveries := shops[true].receiver.came(); events != want || deliveries != events {
		return nil, fmt.Errorf("%d events came in %d deliveries, want %d in as many", events, deliveries, want)
	}
	return out, nil
}

// warmUps of a batch are one: its rows meet every function.
func (f flow) warmUps() int {
	if f.rows > 0 {
		return 1
	}
	return warmUps
}

// shipments is how many were booked.
func (o outcome) shipments() int { return len(o.bookings) * max(1, o.rows) }

// bench measures one flow.
type bench struct {
	flow
	shop    *shop
	stack   *local.Stack
	journal *journal
}

func (b *bench) run(ctx context.Context, n int) (outcome, error) {
	out := outcome{flow: b.flow}
	if b.rows > 0 {
		n = 1 // its rows are the bookings
	}
	for i := range b.warmUps() {
		if _, err := b.book(ctx, fmt.Sprintf("warm-up-%d", i)); err != nil {
			return out, err
		}
	}
	b.journal.take()
	before, began := b.work(), time.Now()
	id := ""
	for i := range n {
		var err error
		if id, err = b.book(ctx, fmt.Sprintf("count-%d", i)); err != nil {
			return out, err
		}
		readings, bytes := b.journal.take()
		out.bookings = append(out.bookings, readings)
		out.logBytes += bytes
	}
	out.work, out.took = b.work(), time.Since(began)
	for name, w := range before {
		after := out.work[name]
		after.invocations, after.cpu = after.invocations-w.invocations, after.cpu-w.cpu
		out.work[name] = after
	}
	if b.rows > 0 {
		return out, nil
	}
	var label []byte
	if _, err := b.shop.call(ctx, http.MethodGet, "/v1/shipments/"+id+"/label", http.Header{"Accept": {"application/zpl"}}, nil, &label); err != nil {
		return out, err
	}
	out.label = len(label)
	return out, nil
}

// book books one shipment and waits until every function is done with it. It returns the shipment's id.
func (b *bench) book(ctx context.Context, reference string) (string, error) {
	request := b.name + "-" + reference
	id, err := b.send(ctx, request)
	if err != nil {
		return "", err
	}
	for _, s := range b.steps(request, id) {
		how, err := b.journal.wait(ctx, s.step, max(1, s.times))
		if err != nil {
			return "", err
		}
		if how != s.want {
			return "", fmt.Errorf("%s ended %q for %s, want %q", s.function, how, s.id, s.want)
		}
	}
	return id, nil
}

func (b *bench) send(ctx context.Context, request string) (string, error) {
	if b.rows > 0 {
		return b.sendBatch(ctx, request)
	}
	var made struct{ ID string }
	header := http.Header{"X-Request-Id": {token(request)}}
	if b.waiting {
		header.Set("Prefer", "wait=20")
	}
	answer, err := b.shop.call(ctx, http.MethodPost, "/v1/shipments", header, b.shop.order(request, !b.twoCalls), &made)
	if err != nil || !b.twoCalls {
		return made.ID, err
	}
	version := answer.Get("ETag")
	if version == "" {
		return "", errors.New("a draft without an ETag")
	}
	header = http.Header{"X-Request-Id": {token(request + "-confirm")}, "If-Match": {version}}
	_, err = b.shop.call(ctx, http.MethodPost, "/v1/shipments/"+made.ID+"/confirm", header, nil, nil)
	return made.ID, err
}

// expected is a step and how it must end.
type expected struct {
	step
	want  string
	times int // 0 is once
}

// steps are what the functions do for one booking, each of which logs one line when it is over; or for one batch, whose
// shipments all carry its id.
func (b *bench) steps(request, id string) []expected {
	mark := token(request)
	var out []expected
	switch {
	case b.rows > 0:
		out, mark = []expected{{step: step{"create-batch", mark}, want: "202"}}, id
	case b.twoCalls:
		out = []expected{{step: step{"create-shipment", mark}, want: "201"}, {step: step{"confirm-shipment", token(request + "-confirm")}, want: "202"}}
	case b.waiting:
		out = []expected{{step: step{"create-shipment", mark}, want: "201"}}
	default:
		out = []expected{{step: step{"create-shipment", mark}, want: "202"}}
	}
	out = append(out, expected{step{"book-shipment", mark}, "Done", b.rows}, expected{step{"fan-out-events", mark}, "done", b.rows})
	if b.endpoint {
		out = append(out, expected{step{"deliver-callback", mark}, "delivered", b.rows})
	}
	return out
}

// work is what each function has done so far.
func (b *bench) work() map[string]work {
	out := map[string]work{}
	for _, f := range b.stack.Template.Functions {
		out[f.Folder] = work{memoryMB: f.MemoryMB}
	}
	for _, i := range b.stack.Runtime.Instances() {
		w := out[i.Function]
		w.processes++
		w.invocations += int64(i.Served)
		w.cpu += cpu.Of(i.Pid)
		out[i.Function] = w
	}
	return out
}
