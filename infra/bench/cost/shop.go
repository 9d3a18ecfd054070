package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local"
	"github.com/fairlead/fairlead/infra/local/demo"
)

// shop is a tenant with a carrier account at the simulator, and perhaps a callback endpoint.
type shop struct {
	api, key, account string
	receiver          *receiver // nil without an endpoint
}

// openShop makes one. The receiver is the caller's to close.
func openShop(ctx context.Context, s *local.Stack, name string, endpoint bool) (*shop, error) {
	var tenant struct {
		APIKey struct{ Secret string } `json:"api_key"`
	}
	if err := s.Invoke(ctx, "create-tenant", map[string]string{"name": name, "mode": "test"}, &tenant); err != nil {
		return nil, err
	}
	sh := &shop{api: s.Where.API, key: tenant.APIKey.Secret}
	var account struct{ ID string }
	_, err := sh.call(ctx, http.MethodPost, "/v1/carrier-accounts", http.Header{"Idempotency-Key": {"account"}}, map[string]any{
		"carrier": "ups", "number": "A1B2C3", "credentials": map[string]string{"client_id": "bench", "client_secret": "bench-secret"},
	}, &account)
	if err != nil {
		return nil, err
	}
	sh.account = account.ID
	if !endpoint {
		return sh, nil
	}
	if sh.receiver, err = newReceiver(); err != nil {
		return nil, err
	}
	_, err = sh.call(ctx, http.MethodPost, "/v1/callback-endpoints", http.Header{"Idempotency-Key": {"endpoint"}}, map[string]string{"url": sh.receiver.url}, nil)
	return sh, err
}

func (s *shop) close() {
	if s.receiver != nil {
		_ = s.receiver.server.Close()
	}
}

// call sends JSON and reads JSON. An answer of 400 or more is an error.
func (s *shop) call(ctx context.Context, method, path string, h http.Header, in, out any) (http.Header, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, body)
	if err != nil {
		return nil, err
	}
	if h != nil {
		req.Header = h.Clone()
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		return nil, fmt.Errorf("%s %s answered %d: %s", method, path, resp.StatusCode, raw)
	}
	switch out := out.(type) {
	case nil:
	case *[]byte:
		*out = raw
	default:
		err = json.Unmarshal(raw, out)
	}
	return resp.Header, err
}

// order is one parcel across the country.
func (s *shop) order(reference string, confirm bool) map[string]any {
	o := demo.Order(reference, "ups_ground", s.account)
	o["confirm"] = confirm
	return o
}

// receiver is a callback endpoint that accepts everything and counts the events.
type receiver struct {
	url    string
	server *http.Server

	mu     sync.Mutex
	events map[string]int // by webhook-id
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/callbacks", events: map[string]int{}}
	r.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		r.mu.Lock()
		r.events[req.Header.Get("Webhook-Id")]++
		r.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

// came tells how many events came, and how many deliveries there were.
func (r *receiver) came() (events, deliveries int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.events {
		deliveries += n
	}
	return len(r.events), deliveries
}
