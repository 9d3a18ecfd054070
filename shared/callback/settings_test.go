package callback_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// ask is a request of the world's tenant in live mode.
func (w *world) ask(id, body string) api.Request {
	return api.Request{Check: contract.Check, Tenant: w.tenant, Mode: ship.Live, Body: []byte(body), Params: map[string]string{"id": id}, Correlation: "cor_1"}
}

// do makes a call that succeeds.
func (w *world) do(call api.Handler, r api.Request) api.Response {
	w.t.Helper()
	resp, err := call(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp
}

func (w *world) get(id string) v1.CallbackEndpoint {
	w.t.Helper()
	resp := w.do(w.service.Get, w.ask(id, ""))
	asSchema(w.t, "CallbackEndpoint", resp.Body)
	return resp.Body.(v1.CallbackEndpoint)
}

// failed tells the status and the code of an error, and field and code of each problem.
func failed(_ api.Response, err error) (int, []string) {
	e, ok := errors.AsType[*api.Error](err)
	if !ok {
		return 0, []string{fmt.Sprint(err)}
	}
	said := []string{e.Code}
	for _, p := range e.Problems {
		said = append(said, p.Field+" "+p.Code)
	}
	return e.Status, said
}

func TestEndpointLife(t *testing.T) { dynamotest.Each(t, testEndpointLife) }

func testEndpointLife(t *testing.T) {
	w := newWorld(t)
	id, _ := w.endpoint("https://example.com/a", "shipment.booked")
	want := w.get(id)
	t.Run("is read as it was made, without its secret", func(t *testing.T) {
		if want.Url != "https://example.com/a" || want.Disabled || want.Mode != "live" || !slices.Equal(want.Events, []v1.EventType{"shipment.booked"}) || want.OldSecretExpiresAt != nil {
			t.Errorf("got %+v", want)
		}
	})
	for _, c := range []struct {
		name, body string
		apply      func()
	}{
		{"the url", `{"url":"https://example.com/b"}`, func() { want.Url = "https://example.com/b" }},
		{"the events", `{"events":["shipment.failed","shipment.unknown"]}`, func() { want.Events = []v1.EventType{"shipment.failed", "shipment.unknown"} }},
		{"the events, to all as an answer shows them", `{"events":[]}`, func() { want.Events = []v1.EventType{} }},
		{"disabled, and the events to all", `{"disabled":true,"events":null}`, func() { want.Disabled, want.Events = true, []v1.EventType{} }},
		{"disabled back", `{"disabled":false}`, func() { want.Disabled = false }},
	} {
		t.Run("changing "+c.name+" changes nothing else", func(t *testing.T) {
			c.apply()
			resp := w.do(w.service.Update, w.ask(id, c.body))
			asSchema(t, "CallbackEndpoint", resp.Body)
			if diff := cmp.Diff(want, resp.Body); resp.Status != http.StatusOK || diff != "" {
				t.Error(resp.Status, diff)
			}
			if diff := cmp.Diff(want, w.get(id)); diff != "" {
				t.Error(diff)
			}
		})
	}
	w.service.AllowLoopback = false
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"to nothing":                 {`{}`, []string{" minProperties"}},
		"to a private address":       {`{"url":"https://10.0.0.1/"}`, []string{"url prohibited_host"}},
		"to loopback":                {`{"url":"https://localhost/"}`, []string{"url prohibited_host"}},
		"to http":                    {`{"url":"http://example.com"}`, []string{"url insecure_url"}},
		"to events twice, and http":  {`{"url":"http://example.com","events":["shipment.booked","shipment.booked"]}`, []string{"url insecure_url", "events[1] duplicate"}},
		"the secret":                 {`{"secret":"whsec_x"}`, []string{"secret unknown_field"}},
		"to null for what has to be": {`{"url":null,"disabled":null}`, []string{"disabled nullable", "url nullable"}},
	} {
		t.Run("changing it "+name+" is refused and changes nothing", func(t *testing.T) {
			if status, said := failed(w.service.Update(t.Context(), w.ask(id, c.body))); status != 422 || !slices.Equal(said[1:], c.want) {
				t.Errorf("got %d %q", status, said)
			}
			if diff := cmp.Diff(want, w.get(id)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("is deleted once", func(t *testing.T) {
		resp := w.do(w.service.Delete, w.ask(id, ""))
		if resp.Status != http.StatusNoContent || resp.Body != nil {
			t.Error(resp)
		}
		for name, call := range w.onOne() {
			if status, _ := failed(call(t.Context(), w.ask(id, `{"disabled":false}`))); status != 404 {
				t.Errorf("%s: %d", name, status)
			}
		}
	})
}

// onOne are the operations on one endpoint.
func (w *world) onOne() map[string]api.Handler {
	bare := func(h api.Handler) api.Handler { // without a body
		return func(ctx context.Context, r api.Request) (api.Response, error) { r.Body = nil; return h(ctx, r) }
	}
	return map[string]api.Handler{
		"Get": w.service.Get, "Update": w.service.Update, "Delete": w.service.Delete, "Test": bare(w.service.Test), "Rotate": bare(w.service.Rotate),
	}
}

func TestForeign(t *testing.T) { dynamotest.Each(t, testForeign) }

func testForeign(t *testing.T) {
	r := newReceiver(t, answering(204))
	w := newWorld(t, r.Certificate())
	id, _ := w.endpoint(r.URL)
	before, err := w.store.EndpointNow(t.Context(), w.tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"disabled":true}`
	other, test := w.ask(id, body), w.ask(id, body)
	other.Tenant, test.Mode = "ten_other", ship.Test
	for name, call := range w.onOne() {
		for whose, r := range map[string]api.Request{
			"another tenant's": other, "the other mode's": test, "one that never was": w.ask(another(id), body), "none": w.ask("", body),
			"an endless one": w.ask(strings.Repeat("ce_", 2000), body), "one of odd bytes": w.ask("ce_\x00#\xff", body), "another kind's": w.ask("ca_1", body),
		} {
			t.Run(name+" with "+whose+" is 404", func(t *testing.T) {
				if status, said := failed(call(t.Context(), r)); status != 404 || said[0] != "not_found" {
					t.Errorf("got %d %s", status, said)
				}
			})
		}
	}
	t.Run("and nothing has changed or been sent", func(t *testing.T) {
		after, err := w.store.EndpointNow(t.Context(), w.tenant, id)
		if diff := cmp.Diff(before, after); err != nil || diff != "" || len(r.arrivals()) != 0 {
			t.Error(err, diff)
		}
	})
}

// another is an id that nothing has.
func another(id string) string {
	last := "7"
	if strings.HasSuffix(id, last) {
		last = "5"
	}
	return id[:len(id)-1] + last
}

func TestListEndpoints(t *testing.T) {
	w := newWorld(t)
	var want []string
	for range 5 {
		id, _ := w.endpoint("https://example.com/")
		want = append(want, id)
		if _, _, err := w.service.CreateEndpoint(t.Context(), w.tenant, ship.Test, callback.EndpointInput{URL: "https://example.com/"}); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	list := func(t *testing.T, tenant string, limit int) (ids []string) {
		t.Helper()
		r := w.ask("", "")
		r.Tenant, r.Query = tenant, map[string][]string{"limit": {fmt.Sprint(limit)}}
		for {
			resp := w.do(w.service.List, r)
			asSchema(t, "CallbackEndpointPage", resp.Body)
			page := resp.Body.(v1.CallbackEndpointPage)
			for _, e := range page.Data {
				ids = append(ids, e.Id)
			}
			if page.NextCursor == nil {
				return ids
			}
			r.Query["cursor"] = []string{*page.NextCursor}
		}
	}
	for _, limit := range []int{1, 2, 5, 100} {
		t.Run(fmt.Sprintf("shows those of this mode in pages of %d", limit), func(t *testing.T) {
			if diff := cmp.Diff(want, list(t, w.tenant, limit)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("shows another tenant none", func(t *testing.T) {
		if got := list(t, "ten_other", 10); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("a cursor of another list is refused", func(t *testing.T) {
		r := w.ask("", "")
		r.Query = map[string][]string{"cursor": {*api.NextCursor("ca_1")}}
		if status, said := failed(w.service.List(t.Context(), r)); status != 400 || said[0] != "invalid_cursor" {
			t.Errorf("got %d %s", status, said)
		}
	})
}

func TestCreateSeed(t *testing.T) {
	w := newWorld(t)
	r := w.ask("", `{"url":"https://example.com/"}`)
	r.Seed = "seed-1"
	first := w.do(w.service.Create, r).Body.(v1.CallbackEndpointWithSecret)
	before, err := w.store.EndpointNow(t.Context(), w.tenant, first.Id)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a repeated request makes one endpoint, whose secret stays, and says that it was shown", func(t *testing.T) {
		_, err := w.service.Create(t.Context(), r)
		e, _ := errors.AsType[*api.Error](err)
		if e == nil || e.Status != 409 || e.Code != "secret_shown_once" || e.Extra["existing_id"] != first.Id {
			t.Errorf("got %v", err)
		}
		all, err := w.store.Endpoints(t.Context(), w.tenant)
		if diff := cmp.Diff([]callback.Endpoint{before}, all); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestEnabledAgain(t *testing.T) {
	var status atomic.Int64
	status.Store(http.StatusGone)
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })
	w := newWorld(t, r.Certificate())
	id, _ := w.endpoint(r.URL)
	w.deliver(w.fan(w.event(1, "shipment.booked"))[0])
	if !w.get(id).Disabled {
		t.Fatal("410 did not disable it")
	}
	status.Store(http.StatusNoContent)
	w.do(w.service.Update, w.ask(id, `{"disabled":false}`))
	w.deliver(w.fan(w.event(2, "shipment.booked"))[0])
	if got := w.deliveries(id); len(got) != 2 || got[1].State != callback.Delivered {
		t.Errorf("got %+v", got)
	}
}
