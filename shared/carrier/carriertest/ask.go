package carriertest

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// reply is what every question comes to.
type reply struct {
	kind          carrier.AskKind
	code, message string
	retryAfter    time.Duration
	raw           carrier.Answer
	empty         bool // it holds no answer
}

// askRates asks for the rates of the harness's order, of every service.
func askRates(t *testing.T, h Harness, w Wiring) reply {
	t.Helper()
	r, ok := h.New(w).(carrier.Rater)
	if !ok {
		t.Fatal("the harness says it has rates, and it is no carrier.Rater")
	}
	o := h.Order()
	o.Shipment.Service = ""
	a := r.Rates(t.Context(), o.Shipment, o.Account, call())
	return reply{a.Kind, a.Code, a.Message, a.RetryAfter, a.Raw, len(a.Rates) == 0}
}

// askAddress asks about the address the harness's order goes to.
func askAddress(t *testing.T, h Harness, w Wiring) reply {
	t.Helper()
	c, ok := h.New(w).(carrier.AddressChecker)
	if !ok {
		t.Fatal("the harness says it knows addresses, and it is no carrier.AddressChecker")
	}
	o := h.Order()
	a := c.CheckAddress(t.Context(), o.Shipment.To, o.Account, call())
	verdicts := []carrier.Verdict{carrier.AddressValid, carrier.AddressCorrected, carrier.AddressAmbiguous, carrier.AddressUnknown}
	places := []ship.Place{ship.Residence, ship.Business, ship.UnknownPlace}
	if a.Kind == carrier.Answered && (!slices.Contains(verdicts, a.Verdict) || !slices.Contains(places, a.Place)) {
		t.Errorf("verdict %q of a place %q", a.Verdict, a.Place)
	}
	return reply{a.Kind, a.Code, a.Message, a.RetryAfter, a.Raw, a.Verdict == "" && a.Candidates == nil}
}

func questions(t *testing.T, h Harness, a AskHarness, ask func(*testing.T, Harness, Wiring) reply) {
	with := func(status int) Answer { return Answer{Status: status, Body: a.Refused.Body, Header: a.Refused.Header} }
	cases := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, []byte)
		want   carrier.AskKind
	}{
		{"a whole answer is answered", say(a.Answered), carrier.Answered},
		{"a documented no is refused", say(a.Refused), carrier.AskRefused},
		{"an error with an unsure code is failed", say(h.Unsure), carrier.AskFailed},
		{"a refused token is unauthorized", say(h.Unauthenticated), carrier.AskUnauthorized},
		{"429 is throttled", say(Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}}), carrier.AskThrottled},
		{"an empty 200 is failed", say(Answer{Status: 200}), carrier.AskFailed},
		{"an empty object is failed", say(Answer{Status: 200, Body: "{}"}), carrier.AskFailed},
		{"half an answer is failed", say(Answer{Status: 200, Body: a.Answered.Body[:len(a.Answered.Body)/2]}), carrier.AskFailed},
		{"a no with 200 is failed", say(with(200)), carrier.AskFailed},
		{"an answer with 500 is failed", say(Answer{Status: 500, Body: a.Answered.Body}), carrier.AskFailed},
		{"a page instead of an error is failed", say(Answer{Status: 400, Body: "<html>Bad Request</html>"}), carrier.AskFailed},
		{"a redirect is failed", say(Answer{Status: 302, Header: http.Header{"Location": {"/"}}}), carrier.AskFailed},
		{"408 is failed", say(with(408)), carrier.AskFailed},
		{"503 is failed", say(with(503)), carrier.AskFailed},
		{"hanging up is failed", hangUp, carrier.AskFailed},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.answer)
			got := ask(t, h, Wiring{BaseURL: s.URL})
			if got.kind != tc.want || got.empty != (tc.want != carrier.Answered) {
				t.Errorf("kind %d (%s), empty %v; want %d", got.kind, got.message, got.empty, tc.want)
			}
			if tc.want != carrier.Answered && got.message == "" || tc.want == carrier.AskRefused && got.code == "" {
				t.Errorf("code %q, message %q", got.code, got.message)
			}
			if (got.retryAfter == 7*time.Second) != (tc.want == carrier.AskThrottled) {
				t.Errorf("retry after %v", got.retryAfter)
			}
			if reqs, _ := s.requests(); len(reqs) == 0 || reqs[0].Header.Get("Idempotency-Key") != "" {
				t.Errorf("%d requests", len(reqs))
			}
		})
	}
}

// offers holds the offers of the harness's answer to what the platform does with them.
func offers(t *testing.T, h Harness) {
	s := serve(t, say(h.Rates.Answered))
	c, o := h.New(Wiring{BaseURL: s.URL}), h.Order()
	o.Shipment.Service = ""
	a := c.(carrier.Rater).Rates(t.Context(), o.Shipment, o.Account, call())
	if len(a.Rates) == 0 {
		t.Fatalf("no offer (%s)", a.Message)
	}
	filtered := o.Shipment
	filtered.Service, filtered.Filter = ship.Cheapest, &ship.Filter{Services: []string{a.Rates[0].Service, "no_such_service"}}
	if p := c.Check(filtered); len(p) != 1 || p[0].Field != "filter.services[1]" {
		t.Errorf("a filter for a service that the carrier lacks would find none when it is too late: %v", p)
	}
	for _, r := range a.Rates {
		chosen := o.Shipment
		chosen.Service = r.Service
		if p := c.Check(chosen); len(p) > 0 {
			t.Errorf("the offer of %q can't be booked by: %v", r.Service, p)
		}
		if r.Title == "" || r.Total.Currency == "" || r.Total.Minor < 0 || r.Weight < 0 || r.BusinessDays < 0 {
			t.Errorf("offer %+v", r)
		}
		var sum int64
		for _, part := range r.Charges {
			sum += part.Amount.Minor
			if part.Amount.Currency != r.Total.Currency || part.Code == "" {
				t.Errorf("%s has a charge %+v", r.Service, part)
			}
		}
		if len(r.Charges) > 0 && sum != r.Total.Minor {
			t.Errorf("the parts of %s make %d, and its total is %d", r.Service, sum, r.Total.Minor)
		}
		if _, err := time.Parse(time.DateOnly, r.DeliveryDate); r.DeliveryDate != "" && err != nil {
			t.Errorf("%s arrives on %q", r.Service, r.DeliveryDate)
		}
		if _, err := time.Parse("15:04", r.DeliveryTime); r.DeliveryTime != "" && err != nil {
			t.Errorf("%s arrives at %q", r.Service, r.DeliveryTime)
		}
	}
}
