// Package demo does what a new shipper would: it makes a tenant, connects a UPS account, registers a callback
// endpoint, books one shipment and shows each step as it happens.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	pollEvery  = 20 * time.Millisecond
	bookWithin = 90 * time.Second
)

// Platform is the running stack.
type Platform interface {
	// Invoke runs a function that has no route.
	Invoke(ctx context.Context, function string, in, out any) error
}

// Demo is one demonstration on a running stack.
type Demo struct {
	Platform Platform
	API      string // its URL
	Dir      string // where state and labels are kept
	Out      io.Writer
	Now      func() time.Time

	state    state
	receiver *receiver
}

// state is kept between runs, in a file for its owner only.
type state struct {
	Tenant         string `json:"tenant"`
	Key            string `json:"key"`
	CarrierAccount string `json:"carrier_account"`
	Endpoint       string `json:"endpoint"`
	CallbackAddr   string `json:"callback_addr"`
	Secret         string `json:"secret"`
}

// Run seeds what is not there yet, books one shipment and tells how to go on. The callback receiver then goes
// on listening until Close.
func (d *Demo) Run(ctx context.Context) error {
	if err := d.load(ctx); err != nil {
		return err
	}
	if err := d.seed(ctx); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := d.book(ctx); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// Close ends the callback receiver.
func (d *Demo) Close() {
	if d.receiver != nil {
		d.receiver.close()
	}
}

func (d *Demo) file() string { return filepath.Join(d.Dir, "demo.json") }

// load reads the state of an earlier run, unless its key is no longer known.
func (d *Demo) load(ctx context.Context) error {
	raw, err := os.ReadFile(d.file())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if json.Unmarshal(raw, &d.state) != nil || d.state.Key == "" {
		d.state = state{}
		return nil
	}
	var page struct{}
	if err := d.call(ctx, "GET", "/v1/shipments?limit=1", "", nil, &page); err != nil {
		var p *problem
		if errors.As(err, &p) && p.Status == http.StatusUnauthorized {
			d.state = state{}
			return nil
		}
		return err
	}
	return nil
}

func (d *Demo) save() error {
	raw, err := json.MarshalIndent(d.state, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(d.file(), append(raw, '\n'), 0o600)
}

// seed makes the tenant, its carrier account and its callback endpoint, each saved as soon as it exists.
func (d *Demo) seed(ctx context.Context) error {
	if d.state.Key == "" {
		var made struct {
			Tenant struct{ ID string }
			APIKey struct{ Secret string } `json:"api_key"`
		}
		if err := d.Platform.Invoke(ctx, "create-tenant", map[string]string{"name": "Demo Ltd", "mode": "test"}, &made); err != nil {
			return err
		}
		d.state.Tenant, d.state.Key = made.Tenant.ID, made.APIKey.Secret
		if err := d.save(); err != nil {
			return err
		}
	}
	if d.state.CarrierAccount == "" {
		var made struct{ ID string }
		err := d.call(ctx, "POST", "/v1/carrier-accounts", "demo-account-"+d.state.Tenant, map[string]any{
			"carrier": "ups", "number": "A1B2C3", "credentials": map[string]string{"client_id": "demo", "client_secret": "demo-secret"},
		}, &made)
		if err != nil {
			return err
		}
		d.state.CarrierAccount = made.ID
		if err := d.save(); err != nil {
			return err
		}
	}
	return d.listen(ctx)
}

// listen starts the callback receiver where the endpoint of an earlier run expects it, else somewhere new.
func (d *Demo) listen(ctx context.Context) error {
	r, err := newReceiver(d.state.CallbackAddr, d.Now)
	if err != nil {
		return err
	}
	d.receiver = r
	if r.addr == d.state.CallbackAddr && d.state.Secret != "" {
		return r.serve(d.state.Secret)
	}
	var made struct{ ID, Secret string }
	err = d.call(ctx, "POST", "/v1/callback-endpoints", "demo-endpoint-"+r.addr, map[string]string{"url": "http://" + r.addr + "/callbacks"}, &made)
	if err != nil {
		return err
	}
	d.state.CallbackAddr, d.state.Endpoint, d.state.Secret = r.addr, made.ID, made.Secret
	if err := d.save(); err != nil {
		return err
	}
	return r.serve(made.Secret)
}

// problem is an error answer of the API.
type problem struct {
	Status int
	Code   string
	Detail string
	Errors []struct{ Field, Detail string }
}

func (p *problem) Error() string {
	text := fmt.Sprintf("the API answered %d %s: %s", p.Status, p.Code, p.Detail)
	for _, e := range p.Errors {
		text += fmt.Sprintf("; %s: %s", e.Field, e.Detail)
	}
	return text
}

// call sends JSON and reads JSON. An answer of 400 or more is a *problem.
func (d *Demo) call(ctx context.Context, method, path, idempotencyKey string, in, out any) error {
	raw, err := d.fetch(ctx, method, path, idempotencyKey, "application/json", in)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

func (d *Demo) fetch(ctx context.Context, method, path, idempotencyKey, accept string, in any) ([]byte, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.API+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.state.Key)
	req.Header.Set("Accept", accept)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", idempotencyKey)
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
		p := &problem{}
		if json.Unmarshal(raw, p) != nil {
			p.Detail = string(raw)
		}
		p.Status = resp.StatusCode
		return nil, fmt.Errorf("%s %s: %w", method, path, p)
	}
	return raw, nil
}
