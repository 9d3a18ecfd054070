package endtoend_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// listener keeps the last request that came, as it came.
type listener struct {
	mu     sync.Mutex
	status int
	header http.Header
	body   []byte
	n      int
}

// listen adds an endpoint that listens. It returns the answer that holds its secret.
func (p *shipper) listen(l *listener, events ...string) answer {
	p.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.header, l.body, l.n = r.Header.Clone(), body, l.n+1
		if l.status != 0 {
			w.WriteHeader(l.status)
		}
	}))
	p.t.Cleanup(srv.Close)
	a := p.call("POST", "/v1/callback-endpoints", map[string]any{"url": srv.URL + "/hook", "events": events}, nil)
	p.want(a, 201, "")
	return a
}

// answers sets the status that the listener answers from now on.
func (l *listener) answers(status int) { l.mu.Lock(); defer l.mu.Unlock(); l.status = status }

// came tells how many requests came, and whether each secret verifies the last.
func (l *listener) came(t *testing.T, secrets ...string) (n int, verified []bool) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range secrets {
		w, err := webhooks.NewWebhook(s)
		if err != nil {
			t.Fatal(err)
		}
		verified = append(verified, l.n > 0 && w.Verify(l.body, l.header) == nil)
	}
	return l.n, verified
}

func endpoints(t *testing.T, p *shipper) {
	l := &listener{}
	made := p.listen(l, "shipment.booked")
	path, old := "/v1/callback-endpoints/"+made.Str("id"), made.Str("secret")
	t.Run("an endpoint is listed without its secret, and changed", func(t *testing.T) {
		p := p.in(t)
		for range 2 {
			p.listen(&listener{}, "shipment.failed")
		}
		got := p.all("/v1/callback-endpoints", 2)
		if ids := column(got, "id"); len(ids) != 3 || !slices.Contains(ids, made.Str("id")) || got[0]["secret"] != nil {
			t.Errorf("%v", got)
		}
		for _, all := range []any{nil, []any{}} {
			a := p.call("PATCH", path, map[string]any{"events": all}, nil)
			if p.want(a, 200, ""); len(a.JSON["events"].([]any)) != 0 {
				t.Errorf("%s", a.Body)
			}
		}
		a := p.call("PATCH", path, map[string]any{"events": []any{"shipment.booked", "shipment.cancelled"}}, nil)
		if got := p.call("GET", path, nil, nil); string(got.Body) != string(a.Body) || len(got.JSON["events"].([]any)) != 2 || got.JSON["secret"] != nil {
			t.Errorf("%s, want %s", got.Body, a.Body)
		}
		for _, body := range []map[string]any{{}, {"events": []any{"shipment.lost"}}, {"url": "http://10.0.0.1/"}, {"disabled": "no"}} {
			if a := p.call("PATCH", path, body, nil); a.Status != 422 {
				t.Errorf("%v: %d %s", body, a.Status, a.Body)
			}
		}
	})
	t.Run("a test event is sent now, signed, and its answer told", func(t *testing.T) {
		p := p.in(t)
		a := p.call("POST", path+"/test", nil, nil)
		p.want(a, 200, "")
		if n, ok := l.came(t, old); a.JSON["delivered"] != true || a.Num("http_status") != 200 || n != 1 || !ok[0] || !strings.Contains(string(l.body), `"type":"endpoint.test"`) {
			t.Errorf("%s %d %v %s", a.Body, n, ok, l.body)
		}
		l.answers(http.StatusTeapot)
		if a := p.call("POST", path+"/test", nil, nil); a.JSON["delivered"] != false || a.Num("http_status") != 418 || a.Str("detail") == "" {
			t.Errorf("%s", a.Body)
		}
		l.answers(0)
		key := map[string]string{"Idempotency-Key": "one test"}
		first := p.call("POST", path+"/test", nil, key)
		before, _ := l.came(t)
		if again := p.call("POST", path+"/test", nil, key); string(again.Body) != string(first.Body) || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%v %s", again.Header, again.Body)
		}
		if after, _ := l.came(t); after != before {
			t.Error("it was sent twice")
		}
	})
	t.Run("a new secret and the old one both sign, until the old one ends", func(t *testing.T) { rotates(t, p.in(t), l, path, old) })
	t.Run("an endpoint that is gone is disabled, tells nothing, and works again once enabled", func(t *testing.T) { disabled(t, p.in(t)) })
	t.Run("a deleted endpoint gets nothing and is nowhere", func(t *testing.T) {
		p := p.in(t)
		p.want(p.call("DELETE", path, nil, nil), 204, "")
		p.gone(path)
		p.want(p.call("POST", path+"/test", nil, nil), 404, "not_found")
		p.want(p.call("POST", path+"/rotate-secret", nil, nil), 404, "not_found")
	})
}

// rotates changes an endpoint's secret, with and without an overlap.
func rotates(t *testing.T, p *shipper, l *listener, path, old string) {
	rotate := func(body any, key string) answer {
		return p.call("POST", path+"/rotate-secret", body, map[string]string{"Idempotency-Key": key})
	}
	second := rotate(map[string]any{"overlap_s": 3600}, "rotate-1")
	if p.want(second, 200, ""); second.Str("secret") == old || second.Str("old_secret_expires_at") == "" {
		t.Fatalf("%s", second.Body)
	}
	p.want(rotate(map[string]any{"overlap_s": 3600}, "rotate-1"), 409, "secret_shown_once")
	p.want(rotate(map[string]any{"overlap_s": -1}, "rotate-x"), 422, "invalid_request")
	p.want(p.call("POST", path+"/test", nil, nil), 200, "")
	if _, ok := l.came(t, old, second.Str("secret")); !slices.Equal(ok, []bool{true, true}) {
		t.Errorf("the old secret and the new one verify: %v", ok)
	}
	// A booking's own event as well, as soon as every process knows the new secret.
	await(t, 30*time.Second, "an event that both secrets verify", func() bool {
		n, _ := l.came(t)
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed(fmt.Sprint("rotated-", n)), waiting), 201)
		var ok []bool
		await(t, 30*time.Second, "the event", func() bool { m, v := l.came(t, old, second.Str("secret")); ok = v; return m > n }, nil)
		return slices.Equal(ok, []bool{true, true})
	}, nil)
	third := rotate(nil, "rotate-2")
	p.want(third, 200, "")
	p.want(rotate(nil, "rotate-3"), 409, "too_many_secrets")
	last := rotate(map[string]any{"overlap_s": 0}, "rotate-4")
	if p.want(last, 200, ""); last.JSON["old_secret_expires_at"] != nil {
		t.Errorf("%s", last.Body)
	}
	p.want(p.call("POST", path+"/test", nil, nil), 200, "")
	if _, ok := l.came(t, old, second.Str("secret"), third.Str("secret"), last.Str("secret")); !slices.Equal(ok, []bool{false, false, false, true}) {
		t.Errorf("the secrets verify, the newest last: %v", ok)
	}
}

// disabled is an endpoint that answers 410 to an event.
func disabled(t *testing.T, p *shipper) {
	l := &listener{status: http.StatusGone}
	path := "/v1/callback-endpoints/" + p.listen(l, "shipment.booked").Str("id")
	orders := 0
	order := func() {
		orders++
		p.fresh(p.call("POST", "/v1/shipments", p.Confirmed(fmt.Sprint("gone-", orders)), waiting), 201)
	}
	await(t, 30*time.Second, "the endpoint to be disabled", func() bool { order(); return p.call("GET", path, nil, nil).JSON["disabled"] == true }, nil)
	l.answers(0)
	if a := p.call("POST", path+"/test", nil, nil); a.JSON["delivered"] != true {
		t.Errorf("%s", a.Body)
	}
	if a := p.call("PATCH", path, map[string]any{"disabled": false}, nil); a.Status != 200 || a.JSON["disabled"] != false {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	n, _ := l.came(t)
	await(t, 30*time.Second, "an event after it was enabled", func() bool {
		order()
		m, _ := l.came(t)
		return m > n
	}, nil)
}
