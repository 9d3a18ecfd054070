package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/sim/linear"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// tenants are the shippers of a run. Each has an account of every kind.
var tenants = []string{"tn_a", "tn_b"}

// accountKinds are the kinds of absence there are.
var accountKinds = []struct {
	id, carrier, service string
	rebook               bool
}{
	{"ca_advisory", ups.Name, "ups_ground", false},
	{"ca_rebook", ups.Name, "ups_ground", true},
	{"ca_conclusive", exact, "ground", false},
	{"ca_none", silent, "ground", false},
}

// furnish makes what is there before the first order: accounts and callback endpoints.
func (w *World) furnish() {
	ctx := context.Background()
	store := &dynamo.Store{DB: w.db.Client(ddbsim.ClientOptions{}), Tables: w.tables, Now: time.Now}
	for _, tenant := range tenants {
		for _, k := range accountKinds {
			a := account.Carrier{ID: k.id, Mode: ship.Test, Carrier: k.carrier, Number: "A1B2C3", RebookOnAbsent: k.rebook, CreatedAt: time.Now().UTC()}
			plain, err := json.Marshal(map[string]string{"client_id": "id", "client_secret": "secret"})
			must(err)
			a.Sealed, err = box{}.Seal(ctx, tenant, "carrier-credentials", k.id, plain)
			must(err)
			must(store.PutCarrierAccount(ctx, tenant, a))
		}
		svc := callback.Service{Store: store, Box: box{}, Now: time.Now, NewID: func() string { return tenant }, Random: zeroes{}, AllowLoopback: true}
		_, _, err := svc.CreateEndpoint(ctx, tenant, ship.Test, callback.EndpointInput{URL: "http://127.0.0.1:9/hook"})
		must(err)
	}
	for i, plant := range []struct {
		to   queue.Name
		body string
	}{
		{queue.Standard, "not an envelope"},
		{queue.Urgent, `{"id":"x#1","correlation_id":"","tenant":"tn_a","mode":"test","shipment":"shp_nobody","version":1,"occurred_at":"2000-01-01T00:00:00Z","type":"book","data":{"fp":"none"}}`},
		{queue.Recovery, `{"id":"x#1","correlation_id":"","tenant":"tn_other","mode":"test","shipment":"shp_foreign","version":1,"occurred_at":"2000-01-01T00:00:00Z","type":"recover","data":{"fp":"none"}}`},
	} {
		w.planted = append(w.planted, plant.body)
		w.after(time.Duration(i)*time.Minute/2+w.between(0, w.Window), func() { w.enqueue(plant.to, plant.body, 0) })
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// zeroes is a source of secrets that nobody need guess.
type zeroes struct{}

// Read fills p.
func (zeroes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 7
	}
	return len(p), nil
}

// client is one shipper's program: it orders one shipment, in one of the ways there are, and does not believe
// anything it was not told.
type client struct {
	w         *World
	number    int
	rand      *rand.Rand
	tenant    string
	body      map[string]any
	reference string
	key       string
	draft     bool
	id        string
}

// order brings one order, and sometimes a second program that orders the same at the same time.
func (w *World) order(n int) {
	w.counts.Orders++
	r := rand.New(rand.NewPCG(w.Seed, uint64(1000+n)))
	kind := accountKinds[r.IntN(len(accountKinds))]
	for w.Only != "" && kind.carrier != w.Only {
		kind = accountKinds[r.IntN(len(accountKinds))]
	}
	c := &client{w: w, number: n, rand: r, tenant: tenants[r.IntN(len(tenants))]}
	c.body = map[string]any{
		"service": kind.service, "carrier_account": kind.id,
		"ship_from": address("Shop", "1 Main St", "New York", "NY", "10001"), "ship_to": address("Ann", "2 Oak Ave", "Austin", "TX", "78701"),
		"parcels": []any{map[string]any{"weight_g": 500 + n}}, "priority": []string{"urgent", "standard", "bulk"}[r.IntN(3)],
	}
	style := r.IntN(10)
	if style < 8 {
		c.reference = fmt.Sprintf("order-%d", n)
		c.body["reference"] = c.reference
	}
	if style >= 7 {
		c.key = fmt.Sprintf("key-%d", n)
	}
	c.draft = r.IntN(5) == 0
	if c.reference != "" {
		c.id = booking.IDByReference(c.tenant, ship.Test, c.reference)
	} else {
		c.id = booking.IDByKey(c.tenant, ship.Test, c.key)
	}
	at := time.Duration(r.Int64N(int64(w.Window)))
	if w.Peaks > 0 && r.IntN(2) == 0 {
		at = w.Window*time.Duration(1+r.IntN(w.Peaks))/time.Duration(w.Peaks+1) + time.Duration(r.Int64N(int64(time.Minute)))
	}
	w.start(at, c.run)
	if c.fickle() {
		w.regret(c, at)
	}
	if r.IntN(6) == 0 { // the same order from another machine, with the same body or another one
		twin := *c
		twin.number, twin.rand = w.Orders+n, rand.New(rand.NewPCG(w.Seed, uint64(500_000+n)))
		if r.IntN(3) == 0 {
			twin.body = map[string]any{}
			for k, v := range c.body {
				twin.body[k] = v
			}
			twin.body["order_number"] = "another"
		}
		w.start(at+time.Duration(r.Int64N(int64(20*time.Second))), twin.run)
	}
}

func address(name, line, city, state, postcode string) map[string]any {
	return map[string]any{"name": name, "lines": []any{line}, "city": city, "state": state, "postcode": postcode, "country": "US", "phone": "2125550100"}
}

// start runs a client's program from a time on.
func (w *World) start(at time.Duration, run func()) {
	w.clients++
	w.after(at, func() {
		go func() {
			run()
			w.mu.Lock()
			w.clients--
			w.mu.Unlock()
			w.wake()
		}()
	})
}

// run orders, retries until it has an answer, looks after the shipment now and then, and confirms once more what
// failed.
func (c *client) run() {
	a := c.create()
	if a.status == 0 || a.status >= 400 {
		return
	}
	if c.draft {
		if c.fickle() {
			c.pause(time.Duration(c.rand.Int64N(int64(5 * time.Minute))))
			a.version = c.change(a.version)
		}
		a = c.confirm(a.version, fmt.Sprintf("confirm-%d", c.number))
	}
	for range c.rand.IntN(4) {
		c.pause(time.Duration(1+c.rand.Int64N(240)) * time.Second)
		if c.rand.IntN(4) == 0 {
			a = c.create() // the same request again, long after
			continue
		}
		a = c.once("get", nil, nil)
		if a.state == string(booking.Failed) && c.rand.IntN(2) == 0 {
			if c.fickle() {
				a.version = c.change(a.version)
			}
			a = c.confirm(a.version, fmt.Sprintf("again-%d-%d", c.number, a.version))
		}
	}
}

// answered is what a client saw.
type answered struct {
	status   int // 0: nothing
	state    string
	version  int64
	replayed bool
	late     bool
	existing string
	id       string
}

// create sends the order until it is answered.
func (c *client) create() (a answered) {
	body := map[string]any{"confirm": !c.draft}
	for k, v := range c.body {
		body[k] = v
	}
	for try := range 7 {
		head := map[string]string{}
		if key := c.keyOf(try); key != "" {
			head["Idempotency-Key"] = key
		}
		if a = c.once("create", body, head); a.status != 0 && a.status < 500 {
			return a
		}
		if c.rand.IntN(12) == 0 {
			return answered{} // it gives up, and never learns
		}
		c.pause(time.Duration(500<<try)*time.Millisecond + time.Duration(c.rand.Int64N(int64(time.Second))))
	}
	return a
}

// keyOf is the Idempotency-Key of a try. Where a reference names the shipment, some programs make a new key for each try,
// and some send one only sometimes.
func (c *client) keyOf(try int) string {
	if c.reference == "" || c.key == "" {
		return c.key
	}
	switch c.number % 3 {
	case 0:
		return fmt.Sprintf("%s-%d", c.key, try)
	case 1:
		if try > 0 {
			return ""
		}
	}
	return c.key
}

// confirm asks for a draft or failed shipment to be booked, with the version it has seen.
func (c *client) confirm(version int64, key string) (a answered) {
	for try := range 6 {
		a = c.once("confirm", nil, map[string]string{"If-Match": strconv.FormatInt(version, 10), "Idempotency-Key": key})
		if a.status != 0 && a.status < 500 {
			return a
		}
		c.pause(time.Duration(500<<try)*time.Millisecond + time.Duration(c.rand.Int64N(int64(time.Second))))
	}
	return a
}

// pause waits.
func (c *client) pause(d time.Duration) { time.Sleep(d + time.Duration(c.number)*time.Microsecond) }

// once makes one call and waits for its answer, or for the gateway to give up.
func (c *client) once(operation string, body any, head map[string]string) answered {
	method := map[string]string{"update": "PATCH", "get": "GET"}[operation]
	ev := events.APIGatewayProxyRequest{HTTPMethod: cmp.Or(method, "POST"), Path: "/v1/shipments", Resource: "/v1/shipments", Headers: map[string]string{"Content-Type": "application/json"},
		PathParameters: map[string]string{"id": c.id}}
	ev.RequestContext.RequestID = fmt.Sprintf("req-%d", c.number)
	ev.RequestContext.Authorizer = map[string]any{"tenant": c.tenant, "mode": "test", "key_id": "k_1", "scopes": "read ship"}
	for k, v := range head {
		ev.Headers[k] = v
	}
	if body != nil {
		text, err := json.Marshal(body)
		must(err)
		ev.Body = string(text)
	}
	op := linear.Op{Client: c.number, Call: c.w.moment(), Kind: linear.Kind(operation), Tenant: c.tenant, Mode: "test", ID: c.id, Key: head["Idempotency-Key"]}
	if m, ok := body.(map[string]any); ok {
		op.ConfirmNow, _ = m["confirm"].(bool)
		op.Body = fmt.Sprint(m["order_number"])
	}
	op.Version, _ = strconv.ParseInt(head["If-Match"], 10, 64)
	var got *events.APIGatewayProxyResponse
	x := &call{task: fmt.Sprintf("client-%d", c.number), port: API, what: operation + " " + c.id}
	x.then = func() { c.w.serveAPI(x, operation, ev, &got) }
	if c.w.park(context.Background(), x) != nil {
		got = nil // the run is over
	}
	a := read(got)
	op.Return, op.Status, op.State, op.Answered, op.Replayed, op.Late, op.Existing = c.w.moment(), a.status, a.state, a.version, a.replayed, a.late, a.existing
	if a.status == 0 || a.status >= 500 {
		op.Return, op.Status = -1, 0
	}
	if a.status != 400 && !(a.status == 422 && a.existing == "") {
		c.w.remember(op)
	}
	return a
}

// moment is the virtual time, each call's a nanosecond later than the last one's.
func (w *World) moment() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moments++
	return time.Since(epoch) + time.Duration(w.moments)
}

func (w *World) remember(op linear.Op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, op)
}

// serveAPI runs a call behind the gateway, which gives up after 29 s.
func (w *World) serveAPI(x *call, operation string, ev events.APIGatewayProxyRequest, got **events.APIGatewayProxyResponse) {
	in := w.idle(roleAPI)
	if in == nil {
		w.after(w.between(5*time.Millisecond, 100*time.Millisecond), func() { w.serveAPI(x, operation, ev, got) })
		return
	}
	answeredOnce := false
	reply := func(resp *events.APIGatewayProxyResponse) {
		if answeredOnce {
			return
		}
		answeredOnce = true
		f := w.strike(API)
		if f == LostAnswer {
			w.noteCall(x, f)
			resp = nil
		}
		wait := w.between(time.Millisecond, 30*time.Millisecond)
		if f == Delay {
			wait += w.between(time.Second, 20*time.Second)
		}
		w.after(wait, func() {
			*got = resp
			if resp != nil {
				w.note(x.task, fmt.Sprintf("%s: %d", x.what, resp.StatusCode))
			}
			x.release(nil)
		})
	}
	w.after(29*time.Second, func() { reply(nil) })
	w.invoke(in, 30*time.Second, func(ctx context.Context) any {
		out, err := api.Lambda(served[operation], in.handler(operation), checker, nil, w.log)(ctx, ev)
		must(err)
		return out
	}, func(result any, ok bool) {
		if !ok {
			reply(nil)
			return
		}
		out := result.(events.APIGatewayProxyResponse)
		reply(&out)
	})
}

// read takes an answer apart.
func read(resp *events.APIGatewayProxyResponse) answered {
	if resp == nil {
		return answered{}
	}
	var doc struct {
		Id, Status string
		Version    int64
		Late       []string `json:"late_tracking_numbers"`
		Existing   string   `json:"existing_id"`
		Shipment   *struct {
			Id, Status string
			Version    int64
			Late       []string `json:"late_tracking_numbers"`
		}
	}
	_ = json.Unmarshal([]byte(strings.Replace(resp.Body, `"status":4`, `"code4":4`, 1)), &doc)
	a := answered{status: resp.StatusCode, state: doc.Status, version: doc.Version, late: len(doc.Late) > 0, existing: doc.Existing, id: doc.Id, replayed: resp.Headers["Idempotent-Replayed"] == "true"}
	if doc.Shipment != nil {
		a.state, a.version, a.late = doc.Shipment.Status, doc.Shipment.Version, len(doc.Shipment.Late) > 0
	}
	return a
}
