package carriertest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
)

func voider(t *testing.T, h Harness, w Wiring) carrier.Voider {
	t.Helper()
	v, ok := h.New(w).(carrier.Voider)
	if !ok {
		t.Fatal("the harness says it can void, and it is no carrier.Voider")
	}
	return v
}

// void holds a void to the rules of a booking: only a body says yes, only a documented error says no, and it is sent
// once.
func void(t *testing.T, h Harness) {
	v := *h.Void
	with := func(status int) Answer { return Answer{Status: status, Body: v.Refused.Body, Header: v.Refused.Header} }
	cases := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, []byte)
		want   carrier.VoidKind
	}{
		{"a whole yes is voided", say(v.Voided), carrier.Voided},
		{"a documented no is refused", say(v.Refused), carrier.VoidRefused},
		{"a no with an unsure code is unknown", say(v.Unsure), carrier.VoidUnknown},
		{"a refused token is unauthenticated", say(h.Unauthenticated), carrier.VoidUnauthenticated},
		{"429 is throttled", say(Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}}), carrier.VoidThrottled},
		{"an empty 200 is unknown", say(Answer{Status: 200}), carrier.VoidUnknown},
		{"an empty object is unknown", say(Answer{Status: 200, Body: "{}"}), carrier.VoidUnknown},
		{"half a yes is unknown", say(Answer{Status: 200, Body: v.Voided.Body[:len(v.Voided.Body)/2]}), carrier.VoidUnknown},
		{"a no with 200 is unknown", say(with(200)), carrier.VoidUnknown},
		{"the answer to a booking is unknown", say(h.Booked), carrier.VoidUnknown},
		{"a page instead of an error is unknown", say(Answer{Status: 400, Body: "<html>Bad Request</html>"}), carrier.VoidUnknown},
		{"an empty 404 is unknown", say(Answer{Status: 404}), carrier.VoidUnknown},
		{"a redirect is unknown and not followed", say(Answer{Status: 307, Header: http.Header{"Location": {"/"}}}), carrier.VoidUnknown},
		{"408 is unknown", say(with(408)), carrier.VoidUnknown},
		{"409 is unknown", say(with(409)), carrier.VoidUnknown},
		{"500 is unknown", say(with(500)), carrier.VoidUnknown},
		{"503 is unknown", say(with(503)), carrier.VoidUnknown},
		{"a yes with 500 is unknown", say(Answer{Status: 500, Body: v.Voided.Body}), carrier.VoidUnknown},
		{"hanging up is unknown", hangUp, carrier.VoidUnknown},
		{"a reset is unknown", resetBy, carrier.VoidUnknown},
	}
	if v.VoidedBefore.Status != 0 {
		cases = append(cases, cases[0])
		last := &cases[len(cases)-1]
		last.name, last.answer = "void already is voided", say(v.VoidedBefore)
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.answer)
			got := voider(t, h, Wiring{BaseURL: s.URL}).Void(t.Context(), h.Order(), h.Number, call())
			if got.Kind != tc.want || !got.Raw.Sent {
				t.Errorf("%v (%s), sent %v; want %v", got.Kind, got.Message, got.Raw.Sent, tc.want)
			}
			reqs, _ := s.requests()
			if len(reqs) != 1 {
				t.Fatalf("%d requests, want 1", len(reqs))
			}
			if reqs[0].Header.Get("Idempotency-Key") != "" || reqs[0].ProtoMajor != 1 {
				t.Errorf("sent over %s with headers %v", reqs[0].Proto, reqs[0].Header)
			}
			switch tc.want {
			case carrier.VoidThrottled:
				if got.RetryAfter != 7*time.Second {
					t.Errorf("retry after %v, want 7s", got.RetryAfter)
				}
			case carrier.VoidRefused:
				if got.Code == "" || got.Message == "" {
					t.Error("a refusal without the carrier's code and words")
				}
			case carrier.VoidUnknown:
				if got.Message == "" {
					t.Error("unknown, and no word why")
				}
			}
		})
	}
}

func voidNotSent(t *testing.T, h Harness) {
	s := serve(t, say(h.Void.Voided))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := call()
	c.SendBy = time.Now().Add(-time.Second)
	if got := voider(t, h, Wiring{BaseURL: s.URL}).Void(t.Context(), h.Order(), h.Number, c); got.Kind != carrier.VoidNotSent || got.Raw.Sent {
		t.Errorf("past send-by: %v (%s), want NotSent", got.Kind, got.Message)
	}
	if got := voider(t, h, Wiring{BaseURL: gone.URL}).Void(t.Context(), h.Order(), h.Number, call()); got.Kind != carrier.VoidNotSent {
		t.Errorf("connection refused: %v (%s), want NotSent", got.Kind, got.Message)
	}
	// The clock jumps while the connection is being made: the worker was frozen there.
	var late time.Duration
	slept := voider(t, h, Wiring{BaseURL: s.URL, Now: func() time.Time { return time.Now().Add(late) },
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			late = time.Hour
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}})
	if got := slept.Void(t.Context(), h.Order(), h.Number, call()); got.Kind != carrier.VoidNotSent {
		t.Errorf("frozen while dialling: %v (%s), want NotSent", got.Kind, got.Message)
	}
	if reqs, _ := s.requests(); len(reqs) != 0 {
		t.Errorf("%d requests arrived, want none", len(reqs))
	}
}
