package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fairlead/fairlead/infra/bench/cpu"
	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/booking"
)

// answersIn is what every call of a healthy carrier takes.
const answersIn = 200 * time.Millisecond

// settleWithin is how long a measurement waits for the last of what it ordered.
const settleWithin = 10 * time.Minute

// rig is a local stack with times as deployed, and two carriers that are processes of nobody it measures: the simulator
// runs in this program. Test mode books with the one, live mode with the other.
type rig struct {
	stack      *endtoend.Stack
	test, live *endtoend.Simulator
	data       string
}

// start starts a rig whose functions have at most so many processes for a queue or a route. Close it.
func (b *bench) start(ctx context.Context, name string, processes int) (r *rig, err error) {
	r = &rig{data: filepath.Join(b.data, name)}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	for _, at := range []**endtoend.Simulator{&r.test, &r.live} {
		if *at, err = endtoend.NewSimulator(ctx, 1); err != nil {
			return nil, err
		}
		if err = every((*at).Server, answersIn); err != nil {
			return nil, err
		}
	}
	r.stack, err = endtoend.Start(ctx, endtoend.Options{Root: b.root, Bin: b.bin, Data: r.data, Carrier: r.test.URL, Args: []string{
		"-params", "TimeSet=standard", "-params", "UpsLiveUrl=" + r.live.URL, "-schedule-every", "0s", "-meter=false", "-instances", strconv.Itoa(processes)}})
	return r, err
}

// every makes a carrier take a time for each call but logins.
func every(sim *carriersim.Server, d time.Duration) error {
	var rules []carriersim.Fault
	for _, op := range []fault.Operation{fault.Ship, fault.Rate, fault.Recovery, fault.Track, fault.Void} {
		rules = append(rules, carriersim.Fault{Kind: fault.Slow, Operation: op, DelayMS: d.Milliseconds()})
	}
	return sim.SetFaults(rules...)
}

func (r *rig) close() {
	if r.stack != nil {
		r.stack.Close()
	}
	for _, sim := range []*endtoend.Simulator{r.test, r.live} {
		if sim != nil {
			_ = sim.Close()
		}
	}
}

// log is the log of a function.
func (r *rig) log(function string) string { return filepath.Join(r.data, "logs", function+".log") }

// shop is a tenant with a key and an account.
type shop struct {
	api, key, account string
	client            *http.Client
}

func (r *rig) shop(ctx context.Context, name, mode string) (*shop, error) {
	var tenant struct {
		APIKey struct{ Secret string } `json:"api_key"`
	}
	if err := r.stack.Invoke(ctx, "create-tenant", map[string]string{"name": name, "mode": mode}, &tenant); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1000
	s := &shop{api: r.stack.Where().API, key: tenant.APIKey.Secret, client: &http.Client{Transport: transport, Timeout: 40 * time.Second}}
	var made struct{ ID string }
	err := s.read(ctx, http.MethodPost, "/v1/carrier-accounts", http.Header{"Idempotency-Key": {"account"}}, map[string]any{
		"carrier": "ups", "number": "A1B2C3", "credentials": map[string]string{"client_id": "bench", "client_secret": "bench-secret"},
	}, &made)
	s.account = made.ID
	return s, err
}

// call sends JSON and returns the status and the body.
func (s *shop) call(ctx context.Context, method, path string, h http.Header, in any) (int, []byte, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, body)
	if err != nil {
		return 0, nil, err
	}
	if h != nil {
		req.Header = h.Clone()
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, raw, err
}

// read sends JSON and reads JSON. An answer of 400 or more is an error.
func (s *shop) read(ctx context.Context, method, path string, h http.Header, in, out any) error {
	status, raw, err := s.call(ctx, method, path, h, in)
	switch {
	case err != nil:
		return err
	case status >= 400:
		return fmt.Errorf("%s %s answered %d: %s", method, path, status, raw)
	}
	return json.Unmarshal(raw, out)
}

// create orders a shipment under a request id and returns its id. Anything but 202 is an error.
func (s *shop) create(ctx context.Context, request string, order map[string]any) (string, error) {
	status, raw, err := s.call(ctx, http.MethodPost, "/v1/shipments", http.Header{"X-Request-Id": {request}}, order)
	if err != nil {
		return "", err
	}
	var made struct{ ID string }
	if status != http.StatusAccepted && status != http.StatusOK {
		return "", fmt.Errorf("the order was answered %d: %s", status, raw)
	}
	return made.ID, errors.Join(json.Unmarshal(raw, &made))
}

// bookings counts what the carrier's ledger holds of some shipments: those that it lacks, and those that it has twice.
func bookings(sim *carriersim.Server, ids []string) (lacking, twice int) {
	made := map[string]int{}
	for _, e := range sim.Ledger() {
		made[e.Reference] = len(e.Bookings)
	}
	for _, id := range ids {
		switch n := made[booking.Reference(id)]; {
		case n == 0:
			lacking++
		case n > 1:
			twice++
		}
	}
	return lacking, twice
}

// onceEach asserts what the promise says of shipments whose bookings are over.
func onceEach(sim *carriersim.Server, ids []string) error {
	if lacking, twice := bookings(sim, ids); lacking > 0 || twice > 0 {
		return fmt.Errorf("of %d shipments that were accepted the carrier's ledger lacks %d and holds %d more than once", len(ids), lacking, twice)
	}
	return nil
}

// idle tells whether no booking is on its way any more.
func (r *rig) idle(ctx context.Context) (bool, error) {
	client := r.stack.Queues()
	for _, q := range []string{"urgent", "standard", "bulk", "slow", "events"} {
		url, err := endtoend.QueueURL(ctx, client, q)
		if err != nil {
			return false, err
		}
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		if err != nil {
			return false, err
		}
		for _, n := range []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible} {
			if out.Attributes[string(n)] != "0" {
				return false, nil
			}
		}
	}
	return true, nil
}

// until waits for a condition.
func until(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
}

// spent is the processor time that the parts of a rig have used.
type spent struct {
	function           map[string]time.Duration // by function
	gateway, emulators time.Duration
}

// spent reads it: gateway is the local stack's own process, which is the API gateway, the Lambda service and its event
// sources in one.
func (r *rig) spent(ctx context.Context) (spent, error) {
	all, err := r.stack.Instances(ctx)
	if err != nil {
		return spent{}, err
	}
	at := r.stack.Where()
	out := spent{gateway: cpu.Of(at.Pid), function: map[string]time.Duration{}}
	for _, i := range all {
		out.function[i.Function] += cpu.Of(i.Pid)
	}
	for _, pid := range at.Emulators {
		out.emulators += cpu.Of(pid)
	}
	return out, nil
}

// each is what was used since before, for each of n bookings.
func (s spent) each(before spent, n int) spent {
	d := time.Duration(max(n, 1))
	out := spent{gateway: (s.gateway - before.gateway) / d, emulators: (s.emulators - before.emulators) / d, function: map[string]time.Duration{}}
	for name, used := range s.function {
		if used -= before.function[name]; used > 0 {
			out.function[name] = used / d
		}
	}
	return out
}

// functions is what all functions used.
func (s spent) functions() (sum time.Duration) {
	for _, used := range s.function {
		sum += used
	}
	return sum
}

// byFunction lists what each used, the most first.
func (s spent) byFunction() string {
	names := slices.SortedFunc(maps.Keys(s.function), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.function[b], s.function[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] += " " + took(s.function[name])
	}
	return strings.Join(names, ", ")
}

// tail is the size of a log now, so that what comes later can be read alone.
func tail(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}
