package endtoend_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// repeating sends requests again that are repeated by their Idempotency-Key alone.
func repeating(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Repeats")
	account := func(number string) map[string]any {
		return map[string]any{"carrier": "ups", "number": number, "credentials": map[string]any{"client_id": "i", "client_secret": "hush-3"}}
	}
	keyed := func(p *shipper, key string, body any) answer {
		return p.call("POST", "/v1/carrier-accounts", body, map[string]string{"Idempotency-Key": key})
	}
	t.Run("fifty times the same request at once adds one account", func(t *testing.T) {
		p := p.in(t)
		before := p.stored()
		answers := make([]answer, 50)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				for end := time.Now().Add(20 * time.Second); ; {
					if answers[i] = keyed(p, "fifty", account("B1B2C3")); answers[i].Str("code") != "request_in_flight" || time.Now().After(end) {
						return
					}
				}
			})
		}
		all.Wait()
		replayed := 0
		for _, a := range answers {
			if a.Status != 201 || a.Str("id") != answers[0].Str("id") {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			if a.Header.Get("Idempotent-Replayed") == "true" {
				replayed++
			}
		}
		if replayed != 49 {
			t.Errorf("%d of 50 are replays", replayed)
		}
		for table, n := range p.stored() {
			if n > before[table]+1 {
				t.Errorf("%s: %d items, %d before", table, n, before[table])
			}
		}
	})
	p.unchanged(t, sim, "the same key with another body is 422", func(t *testing.T, p *shipper) {
		refused(t, keyed(p, "fifty", account("C1B2C3")), 422, "idempotency_key_reused")
	})
	t.Run("a key that met a refusal takes the corrected request", func(t *testing.T) {
		p := p.in(t)
		refused(t, keyed(p, "corrected", account("1")), 422, "invalid_request")
		if a := keyed(p, "corrected", account("D1B2C3")); a.Status != 201 || a.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}

// edges are requests that no operation takes, whatever it does.
func edges(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Edges")
	id := p.call("POST", "/v1/shipments", p.Order("edge"), nil).Str("id")
	for name, c := range map[string]struct {
		method, path, body, header, value string
		status                            int
		code                              string
	}{
		"a form":                      {"POST", "/v1/shipments", "a=b", "Content-Type", "application/x-www-form-urlencoded", 415, "unsupported_media_type"},
		"a name twice":                {"POST", "/v1/shipments", `{"service":"a","service":"b"}`, "", "", 400, "duplicate_key"},
		"a parameter that is not":     {"GET", "/v1/shipments?colour=red", "", "", "", 400, "unknown_parameter"},
		"a parameter of another":      {"GET", "/v1/shipments/" + id + "?limit=1", "", "", "", 400, "unknown_parameter"},
		"a parameter twice":           {"GET", "/v1/shipments?limit=1&limit=2", "", "", "", 400, "repeated_parameter"},
		"a parameter without a value": {"GET", "/v1/shipments?reference=", "", "", "", 400, "empty_parameter"},
		"a version that is not":       {"GET", "/v1/shipments", "", "Api-Version", "2020-02-02", 400, "unknown_api_version"},
		"a body where none belongs":   {"POST", "/v1/shipments/" + id + "/confirm", `{"service":"x"}`, "If-Match", `"1"`, 400, "unexpected_body"},
		"a key that can't be printed": {"POST", "/v1/carrier-accounts", "{}", "Idempotency-Key", "a\tb", 400, "invalid_idempotency_key"},
	} {
		p.unchanged(t, sim, fmt.Sprintf("%s is %d", name, c.status), func(t *testing.T, p *shipper) {
			header := http.Header{}
			if c.header != "" {
				header.Set(c.header, c.value)
			}
			a := p.rawBody(c.method, c.path, []byte(c.body), header)
			refused(t, a, c.status, c.code)
			if want := "/dev/v1/reference#error-" + c.code; a.Str("type") != want || a.Header.Get("Api-Version") == "" {
				t.Errorf("type %s, headers %v", a.Str("type"), a.Header)
			}
		})
	}
}
