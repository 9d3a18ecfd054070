package ups

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

const voidPath = "/api/shipments/v2409/void/cancel/" + number1

func TestVoid(t *testing.T) {
	malformed := http.Header{"APIErrorCode": {"1"}}
	cases := []struct {
		name, file string
		status     int
		header     http.Header
		want       carrier.VoidKind
		code       string
	}{
		{"every package voided", "void/voided", 200, nil, carrier.Voided, ""},
		{"its package as an object, under the other name", "void/package_as_object", 200, nil, carrier.Voided, ""},
		{"no word on packages", "void/without_packages", 200, nil, carrier.Voided, ""},
		{"carriage returns around everything", "void/carriage_returns", 200, nil, carrier.Voided, ""},
		{"the pickup stays, the shipment is void", "void/pickup_stays", 200, nil, carrier.Voided, ""},
		{"400 190117 was voided before", "void/voided_before", 400, nil, carrier.Voided, "190117"},
		{"a package that was not voided is unknown", "void/one_package_not", 200, nil, carrier.VoidUnknown, ""},
		{"a package without a status is unknown", "void/package_without_status", 200, nil, carrier.VoidUnknown, ""},
		{"a summary that says no with 200 is unknown", "void/not_voided", 200, nil, carrier.VoidUnknown, ""},
		{"status other than 1 is unknown", "void/status_not_one", 200, nil, carrier.VoidUnknown, ""},
		{"an empty 200 is unknown", "", 200, malformed, carrier.VoidUnknown, ""},
		{"a booking's answer is no void", "ship/success", 200, nil, carrier.VoidUnknown, ""},
		{"a refusal with 200 is unknown", "void/refused", 200, nil, carrier.VoidUnknown, "190102"},
		{"a yes with 500 is unknown", "void/voided", 500, nil, carrier.VoidUnknown, ""},
		{"400 190102 is refused, never voided", "void/refused", 400, nil, carrier.VoidRefused, "190102"},
		{"400 190101 is refused", "void/too_late", 400, nil, carrier.VoidRefused, "190101"},
		{"a refusal that names the shipment is refused", "void/names_the_shipment", 400, nil, carrier.VoidRefused, "190110"},
		{"190117 beside another error is unknown", "void/voided_before_and_refused", 400, nil, carrier.VoidUnknown, "190117"},
		{"400 190001 is unknown", "void/unavailable", 400, nil, carrier.VoidUnknown, "190001"},
		{"400 10004 is unknown", "ship/unavailable", 400, nil, carrier.VoidUnknown, "10004"},
		{"503 10004 is unknown", "ship/unavailable", 503, nil, carrier.VoidUnknown, "10004"},
		{"a page instead of an error is unknown", "", 400, nil, carrier.VoidUnknown, ""},
		{"404 without a body is unknown", "", 404, nil, carrier.VoidUnknown, ""},
		{"401 251004 is unauthenticated", "ship/unauthorized_251004", 401, nil, carrier.VoidUnauthenticated, "251004"},
		{"429 is throttled", "ship/too_many_requests", 429, http.Header{"Retry-After": {"7"}}, carrier.VoidThrottled, "10429"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			body := ""
			if tc.file != "" {
				body = file(t, tc.file+".json")
			}
			s := newServer(t, map[string][]reply{voidPath: {{status: tc.status, body: body, header: tc.header}}})
			got := adapter(s.URL).Void(t.Context(), order(), number1, testCall())
			if got.Kind != tc.want || got.Code != tc.code || got.Raw.Status != tc.status || !got.Raw.Sent {
				t.Errorf("%v %q (%s), want %v %q", got.Kind, got.Code, got.Message, tc.want, tc.code)
			}
			if (got.Message == "") != (tc.want == carrier.Voided && tc.code == "") || (got.RetryAfter == 7*time.Second) != (tc.want == carrier.VoidThrottled) {
				t.Errorf("message %q, retry after %v", got.Message, got.RetryAfter)
			}
			if len(s.seen) != 1 {
				t.Fatalf("%d requests, want one", len(s.seen))
			}
			r := s.seen[0]
			if r.Method != http.MethodDelete || r.body != "" || r.URL.RawQuery != "" || r.Header.Get("Authorization") != "Bearer "+testToken || len(r.Header.Get("transId")) != 32 {
				t.Errorf("%s %s %q with %v", r.Method, r.URL, r.body, r.Header)
			}
		})
	}
}

func TestVoidThatDidNotLeaveIsNotSent(t *testing.T) {
	s := newServer(t, map[string][]reply{voidPath: {{status: 200, body: file(t, "void/voided.json")}}})
	late := testCall()
	late.SendBy = testTime.Add(-time.Second)
	live := order(func(o *carrier.Order) { o.Account.Mode = ship.Live })
	for name, got := range map[string]carrier.VoidAnswer{
		"past send-by":           adapter(s.URL).Void(t.Context(), order(), number1, late),
		"nobody listens":         adapter("http://127.0.0.1:1").Void(t.Context(), order(), number1, testCall()),
		"a mode without address": adapter(s.URL).Void(t.Context(), live, number1, testCall()),
	} {
		if got.Kind != carrier.VoidNotSent || got.Raw.Sent || got.Message == "" {
			t.Errorf("%s: %v (%s)", name, got.Kind, got.Message)
		}
	}
	if len(s.seen) != 0 {
		t.Errorf("%d requests arrived", len(s.seen))
	}
}

func TestNumberThatIsNoneIsNotVoided(t *testing.T) {
	s := newServer(t, nil)
	for _, n := range []string{"", "../../ship", "1Z?x=y", strings.Repeat("1", 35)} {
		if got := adapter(s.URL).Void(t.Context(), order(), n, testCall()); got.Kind != carrier.VoidRefused || got.Code == "" || len(s.seen) != 0 {
			t.Errorf("%q: %v after %d requests", n, got.Kind, len(s.seen))
		}
	}
}

func TestEveryVoidHasItsOwnConnection(t *testing.T) {
	var mu sync.Mutex
	conns := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr]++
		mu.Unlock()
		w.Write([]byte(file(t, "void/voided.json")))
	}))
	defer srv.Close()
	u := adapter(srv.URL)
	for range 3 {
		u.Rates(t.Context(), order(anyService).Shipment, order().Account, testCall()) // leaves a pooled connection behind
		if got := u.Void(t.Context(), order(), number1, testCall()); got.Kind != carrier.Voided {
			t.Fatalf("%v (%s)", got.Kind, got.Message)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(conns) != 4 { // one for the questions, one for each void
		t.Errorf("connections %v, want 4", conns)
	}
}

// FuzzVoid holds that only a body which says so is a void.
func FuzzVoid(f *testing.F) {
	seeds(f, "void")
	u, o := adapter(""), order()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, status := range []int{200, 400, 500} {
			got := u.judgeVoid(carrier.Evidence{Sent: true, Written: true, Status: status, Body: body}, o, testCall())
			if got.Kind == carrier.Voided && !strings.Contains(string(body), "1") {
				t.Errorf("HTTP %d %q is taken for a void", status, body)
			}
			if status == 500 && got.Kind != carrier.VoidUnknown {
				t.Errorf("HTTP 500 %q is %v", body, got.Kind)
			}
		}
	})
}
