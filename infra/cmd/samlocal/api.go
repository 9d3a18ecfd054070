package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const servesWithin = 2 * time.Minute

// caller calls the API of sam local start-api, as a tenant does.
type caller struct {
	url, key string
	calls    int
}

// api makes a tenant by sam local invoke, and has it create and read a shipment through start-api, whose authorizer must
// let in its key and nobody else's.
func (c containers) api(ctx context.Context) (calls int, err error) {
	key, err := c.tenantKey(ctx)
	if err != nil {
		return 0, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	running, stop := context.WithCancel(ctx)
	cmd := command(running, c.sam, append([]string{"local", "start-api", "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--warm-containers", "LAZY"}, c.flags()...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		stop()
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	p := &caller{url: "http://127.0.0.1:" + strconv.Itoa(port), key: key}
	err = p.ready(ctx, ended)
	if err == nil {
		err = p.story(ctx)
	}
	stop()
	<-ended // it has removed its containers
	if err != nil {
		return p.calls, fmt.Errorf("sam local start-api: %w\n%s", err, tail(log.Bytes()))
	}
	return p.calls, nil
}

// tenantKey makes a tenant and gives its key.
func (c containers) tenantKey(ctx context.Context) (string, error) {
	all, err := events(regexp.MustCompile("^create-tenant/test$"))
	if err != nil {
		return "", err
	}
	answer, log, err := c.call(ctx, all[0])
	if err != nil {
		return "", err
	}
	var made struct {
		APIKey struct{ Secret string } `json:"api_key"`
	}
	if err := json.Unmarshal(answer, &made); err != nil || made.APIKey.Secret == "" {
		return "", fmt.Errorf("create-tenant answered %s\n%s", answer, tail(log))
	}
	return made.APIKey.Secret, nil
}

// ready waits until the port is open.
func (p *caller) ready(ctx context.Context, ended chan error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(servesWithin); ; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(p.url, "http://"))
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it does not listen within %v", servesWithin)
		}
		select {
		case <-tick.C:
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// story creates a shipment and reads it. Who has no key, or a wrong one, gets nothing.
func (p *caller) story(ctx context.Context) error {
	account, err := p.call(ctx, http.MethodPost, "/v1/carrier-accounts", p.key, map[string]any{"carrier": "sim", "number": "SIM"}, http.StatusCreated)
	if err != nil {
		return err
	}
	at := map[string]any{"name": "Jo Doe", "lines": []string{"100 Main Street"}, "city": "New York", "state": "NY", "postcode": "10001", "country": "US", "phone": "2125550100"}
	order := map[string]any{"reference": "sam-1", "service": "sim_ground", "carrier_account": account["id"], "ship_from": at, "ship_to": at,
		"parcels": []any{map[string]any{"weight_g": 1200}}, "label": map[string]any{"format": "zpl", "size": "4x6"}}
	made, err := p.call(ctx, http.MethodPost, "/v1/shipments", p.key, order, http.StatusCreated)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("/v1/shipments/%v", made["id"])
	shown, err := p.call(ctx, http.MethodGet, path, p.key, nil, http.StatusOK)
	if err != nil {
		return err
	}
	if shown["reference"] != "sam-1" || shown["status"] != "draft" || shown["id"] != made["id"] {
		return fmt.Errorf("created %v, shown %v", made, shown)
	}
	if _, err := p.call(ctx, http.MethodPost, "/v1/shipments", p.key, order, http.StatusOK); err != nil {
		return fmt.Errorf("the same order again: %w", err)
	}
	// API Gateway answers both with 401. SAM does so without a key only: the error Unauthorized, which is how an
	// authorizer says 401, it takes for a failure of the function.
	for key, want := range map[string]int{"": http.StatusUnauthorized, "fl_test_aaaaaaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb": http.StatusBadGateway} {
		if got, err := p.call(ctx, http.MethodGet, path, key, nil, want); err != nil || got["id"] != nil {
			return fmt.Errorf("with the key %q: %v, %w", key, got, err)
		}
	}
	return nil
}

func (p *caller) call(ctx context.Context, method, path, key string, body any, want int) (map[string]any, error) {
	p.calls++
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != want {
		return nil, fmt.Errorf("%s %s: want %d, got %d %s", method, path, want, resp.StatusCode, answer)
	}
	var out map[string]any
	return out, json.Unmarshal(answer, &out)
}
