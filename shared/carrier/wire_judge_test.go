package carrier

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fairlead/fairlead/shared/ship"
)

// plainReading reads a made-up carrier: "booked" is a yes, "no:<code>" its error shape.
func plainReading() Reading {
	return Reading{
		Booking: func(e Evidence) (ship.Booking, error) {
			if string(e.Body) != "booked" {
				return ship.Booking{}, errors.New("the body has no booking")
			}
			return ship.Booking{TrackingNumber: "T1"}, nil
		},
		Errors: func(e Evidence) []CarrierError {
			code, ok := strings.CutPrefix(string(e.Body), "no:")
			if !ok {
				return nil
			}
			return []CarrierError{{code, "carrier says " + code}}
		},
		Unauthenticated: func(s int, code string) bool { return s == 401 && code == "token" },
		Trace:           func(b []byte) bool { return strings.Contains(string(b), "1Z") },
		Unsure:          []string{"busy"},
		Now:             time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func TestJudge(t *testing.T) {
	answer := func(status int, body string) Evidence {
		return Evidence{Sent: true, Written: true, Status: status, Body: []byte(body)}
	}
	cases := []struct {
		name string
		e    Evidence
		want Kind
	}{
		{"no byte left is not sent", Evidence{Err: errors.New("refused")}, NotSent},
		{"a byte left and no answer is unknown", Evidence{Sent: true, Err: errors.New("reset")}, Unknown},
		{"nothing known is unknown", Evidence{Sent: true}, Unknown},
		{"200 with a booking is done", answer(200, "booked"), Done},
		{"201 with a booking is done", answer(201, "booked"), Done},
		{"empty 200 is unknown", answer(200, ""), Unknown},
		{"200 with the error shape is unknown", answer(200, "no:120202"), Unknown},
		{"302 is unknown", answer(302, "no:120202"), Unknown},
		{"400 with the error shape is refused", answer(400, "no:120202"), Refused},
		{"400 with an unsure code is unknown", answer(400, "no:busy"), Unknown},
		{"400 without a code is unknown", answer(400, "no:"), Unknown},
		{"400 nobody can parse is unknown", answer(400, "<html>"), Unknown},
		{"400 that names a shipment is unknown", answer(400, "no:1Z0000000000000000"), Unknown},
		{"401 of the documented kind is unauthenticated", answer(401, "no:token"), Unauthenticated},
		{"401 nobody can parse is unknown", answer(401, "<html>"), Unknown},
		{"403 with another documented code is refused", answer(403, "no:blocked"), Refused},
		{"403 nobody can parse is unknown", answer(403, ""), Unknown},
		{"408 is unknown", answer(408, "no:120202"), Unknown},
		{"409 is unknown", answer(409, "no:120202"), Unknown},
		{"425 is unknown", answer(425, "no:120202"), Unknown},
		{"429 is throttled", answer(429, ""), Throttled},
		{"429 that names a shipment is unknown", answer(429, "1Z"), Unknown},
		{"500 is unknown", answer(500, "no:120202"), Unknown},
		{"503 is unknown", answer(503, "no:120202"), Unknown},
		{"500 with a booking is unknown", answer(500, "booked"), Unknown},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			o := Judge(tc.e, plainReading())
			if o.Kind != tc.want || (o.Booking != nil) != (tc.want == Done) {
				t.Errorf("%v (%s), booking %v; want %v", o.Kind, o.Message, o.Booking, tc.want)
			}
			if o.Kind != Done && o.Message == "" {
				t.Error("no message")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 7 ": 7 * time.Second, "-3": 0, "soon": 0, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 12:01:30 GMT": 90 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
}

func TestHeadKeepsNoSecretAndNoDocument(t *testing.T) {
	label := strings.Repeat("R0lGODlh", 5000)
	e := Evidence{
		Sent: true, Status: 400, Err: errors.New("sent s3cr3t-token"),
		Header: http.Header{"Set-Cookie": {"a=b"}, "X-Request-Id": {"r1"}, "Errordescription": {"token s3cr3t-token refused"}},
		Body:   []byte(`{"image":"` + label + `","token":"s3cr3t-token","rest":"` + strings.Repeat("ü ", 3000) + `"}`),
	}
	got := Head(e, "s3cr3t-token", "")
	if len(got.Body) > MaxRawBody || !utf8.ValidString(got.Body) || strings.Contains(got.Body, "R0lGODlh") {
		t.Errorf("body of %d bytes: %.120q", len(got.Body), got.Body)
	}
	if all := got.Body + got.Error + got.Header["Errordescription"]; strings.Contains(all, "s3cr3t") {
		t.Errorf("a secret was kept: %.200q", all)
	}
	want := map[string]string{"X-Request-Id": "r1", "Errordescription": "token [secret] refused"}
	if d := cmp.Diff(want, got.Header); d != "" {
		t.Error(d)
	}
}

func TestDocumentsAreCut(t *testing.T) {
	pattern := regexp.MustCompile(`[A-Za-z0-9+/=_\\-]{200,}`)
	piece := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(rapid.SampledFrom([]string{"A", "z9", "+/", "=_-", `\/`, `"`, " ", "ü", "{}"}).Draw(t, "of"), rapid.SampledFrom([]int{0, 1, 99, 100, 199, 200, 201}).Draw(t, "times"))
	})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "text"), "")
		want := pattern.ReplaceAllStringFunc(s, func(d string) string { return fmt.Sprintf("[%d characters cut]", len(d)) })
		if got := withoutDocuments(s); got != want {
			t.Fatalf("%q became %q, want %q", s, got, want)
		}
	})
}
