package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Shipper is a tenant with its key and an account at the simulator.
type Shipper struct {
	Tenant, Key, Account string
	Number               string // of all its accounts at the simulator, and of nobody else's

	stack *Stack
}

// Shipper makes a tenant with an account at the simulator.
func (s *Stack) Shipper(ctx context.Context, name string) (*Shipper, error) {
	var made struct {
		Tenant struct{ ID string }
		APIKey struct{ Secret string } `json:"api_key"`
	}
	if err := s.Invoke(ctx, "create-tenant", map[string]string{"name": name, "mode": "test"}, &made); err != nil {
		return nil, err
	}
	p := &Shipper{stack: s, Tenant: made.Tenant.ID, Key: made.APIKey.Secret, Number: fmt.Sprintf("S%05d", s.shippers.Add(1))}
	var err error
	p.Account, err = p.AddAccount(ctx, false)
	return p, err
}

// At is the same shipper as another stack knows it, one that has the tables of the first.
func (p *Shipper) At(s *Stack) *Shipper {
	q := *p
	q.stack = s
	return &q
}

// AddAccount adds an account at the simulator and returns its id. rebook lets Fairlead book again what the carrier
// says twice that it does not know.
func (p *Shipper) AddAccount(ctx context.Context, rebook bool) (string, error) {
	a, err := p.Call(ctx, "POST", "/v1/carrier-accounts", map[string]any{
		"carrier": "ups", "number": p.Number, "credentials": map[string]string{"client_id": "test", "client_secret": "test-secret"}, "rebook_on_absent": rebook}, nil)
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("adding an account: %d %s", a.Status, a.Body)
	}
	return a.Str("id"), err
}

// Answer is a response of the API, checked against the contract.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	JSON   map[string]any
}

// Str is a field of the answer's object, "" when it is no string.
func (a Answer) Str(field string) string { v, _ := a.JSON[field].(string); return v }

// Num is a field of the answer's object, 0 when it is no number.
func (a Answer) Num(field string) int64 { v, _ := a.JSON[field].(float64); return int64(v) }

// Call sends a request. body is JSON, unless it is []byte, which goes as it is; an empty header is removed. The error
// says that there was no answer, or one that disobeys the contract.
func (p *Shipper) Call(ctx context.Context, method, path string, body any, header map[string]string) (Answer, error) {
	send, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if send, err = json.Marshal(body); err != nil {
			return Answer{}, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, p.stack.Where().API+path, bytes.NewReader(send))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Key)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		if req.Header.Set(k, v); v == "" {
			req.Header.Del(k)
		}
	}
	return p.Do(req)
}

// Do sends a request as it is.
func (p *Shipper) Do(req *http.Request) (Answer, error) {
	resp, err := p.stack.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	if len(a.Body) > 0 && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(a.Body, &a.JSON); err != nil {
			return a, fmt.Errorf("%w in %q", err, a.Body)
		}
	}
	operation, err := obeys(req, a)
	p.stack.answered.add(operation, a.Status)
	return a, err
}

// Order is a good order.
func (p *Shipper) Order(reference string) map[string]any {
	address := func(name string) map[string]any {
		return map[string]any{"name": name, "lines": []string{"100 Main Street"}, "city": "New York", "state": "NY", "postcode": "10001", "country": "US", "phone": "2125550100"}
	}
	return map[string]any{"reference": reference, "service": "ups_ground", "carrier_account": p.Account, "ship_from": address("Sender Ltd"), "ship_to": address("Jo Doe"),
		"parcels": []any{map[string]any{"weight_g": 1200, "length_mm": 300, "width_mm": 200, "height_mm": 100}}, "label": map[string]any{"format": "zpl", "size": "4x6"}}
}

// Confirmed is a good order that is booked at once.
func (p *Shipper) Confirmed(reference string) map[string]any {
	o := p.Order(reference)
	o["confirm"] = true
	return o
}
