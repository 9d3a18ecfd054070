package carriertest

import (
	"net/http"
	"testing"

	"github.com/fairlead/fairlead/shared/carrier"
)

// find holds a look-up to the rule that only the carrier's documented "not found" is an absence.
func find(t *testing.T, h Harness) {
	cases := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, []byte)
		want   carrier.FindKind
	}{
		{"not found everywhere is absent", func(w http.ResponseWriter, r *http.Request, b []byte) { say(h.NotFound(r))(w, r, b) }, carrier.Absent},
		{"500 is failed", say(Answer{Status: 500}), carrier.FindFailed},
		{"429 is failed", say(Answer{Status: 429}), carrier.FindFailed},
		{"an empty 200 is failed", say(Answer{Status: 200}), carrier.FindFailed},
		{"an empty object is failed", say(Answer{Status: 200, Body: "{}"}), carrier.FindFailed},
		{"an empty 404 is failed", say(Answer{Status: 404}), carrier.FindFailed},
		{"another documented error is failed", say(h.Refused), carrier.FindFailed},
		{"a redirect is failed", say(Answer{Status: 302, Header: http.Header{"Location": {"/"}}}), carrier.FindFailed},
		{"hanging up is failed", hangUp, carrier.FindFailed},
		{"a refused token is unauthorized", say(h.Unauthenticated), carrier.FindUnauthorized},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.answer)
			f, ok := h.New(Wiring{BaseURL: s.URL}).(carrier.Finder)
			if !ok {
				t.Fatal("the harness says it can be asked, and it is no carrier.Finder")
			}
			got := f.Find(t.Context(), h.Order(), call())
			if got.Kind != tc.want || len(got.Bookings) != 0 {
				t.Errorf("kind %d with %d bookings (%s), want %d", got.Kind, len(got.Bookings), got.Message, tc.want)
			}
		})
	}
}
