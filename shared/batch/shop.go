package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// Counter is a Shop over the API's own operation: a row is posted as a shipper would post it.
type Counter struct {
	Post  api.Handler // POST /v1/shipments
	Check api.Checker
	Void  func(ctx context.Context, tenant string, mode ship.Mode, batch, id string) error
	Names Names
}

// Names computes the id of the shipment that a reference, or else a key, names.
type Names struct {
	ByReference, ByKey func(tenant string, mode ship.Mode, name string) string
}

// Create implements Shop. The batch's id is the shipment's correlation id: it is in every event about it.
func (c Counter) Create(ctx context.Context, tenant string, mode ship.Mode, batch string, row string, key string) (id, reference string, reject *Reject, err error) {
	r := api.Request{Tenant: tenant, Mode: mode, Body: withDefaults(row), Check: c.Check, Correlation: batch, Header: http.Header{}}
	reference = referenceOf(row)
	if reference == "" {
		r.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.Post(ctx, r)
	if e, ok := errors.AsType[*api.Error](err); ok && e.Status < http.StatusInternalServerError {
		existing, _ := e.Extra["existing_id"].(string)
		return "", reference, &Reject{Code: e.Code, Detail: e.Detail, Existing: existing, Problems: e.Problems}, nil
	}
	if err != nil {
		return "", reference, nil, err
	}
	s, ok := resp.Body.(v1.Shipment)
	if !ok {
		return "", reference, nil, fmt.Errorf("creating a shipment answered %T", resp.Body)
	}
	return s.Id, reference, nil, nil
}

// Cancel implements Shop.
func (c Counter) Cancel(ctx context.Context, tenant string, mode ship.Mode, batch, id string) error {
	return c.Void(ctx, tenant, mode, batch, id)
}

// ID implements Shop.
func (c Counter) ID(tenant string, mode ship.Mode, row string, key string) string {
	if reference := referenceOf(row); reference != "" {
		return c.Names.ByReference(tenant, mode, reference)
	}
	return c.Names.ByKey(tenant, mode, key)
}

// withDefaults adds what a batch's rows have by default, in front: what the row says itself, also what is wrong with it,
// stays as it was sent.
func withDefaults(row string) []byte {
	var said map[string]json.RawMessage
	rest, ok := strings.CutPrefix(strings.TrimSpace(row), "{")
	if !ok || json.Unmarshal([]byte(row), &said) != nil {
		return []byte(row)
	}
	out := []byte("{")
	for _, d := range [][2]string{{"confirm", "true"}, {"priority", `"bulk"`}} {
		if _, given := said[d[0]]; !given {
			out = append(out, `"`+d[0]+`":`+d[1]+`,`...)
		}
	}
	if len(said) == 0 {
		out = bytes.TrimSuffix(out, []byte(","))
	}
	return append(out, rest...)
}

func referenceOf(row string) string {
	var named struct {
		Reference string `json:"reference"`
	}
	_ = json.Unmarshal([]byte(row), &named) // a row that can't be read is told so when it is created
	return named.Reference
}
