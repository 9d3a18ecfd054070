package ups

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestBookDone(t *testing.T) {
	cases := []struct {
		name, file string
		order      carrier.Order
		numbers    []string
		charge     ship.Money
		label      string // its first characters; "": none
	}{
		{"success", "success", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
		{"package results as an object", "package_as_object", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
		{"several packages as an array", "two_packages", order(parcels(2)), []string{number1, number2}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
		{"transaction reference as an empty string", "transaction_reference_empty_string", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
		{"numbers that are numbers for once", "numbers_as_numbers", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
		{"gif", "gif", order(format(ship.GIF)), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "GIF8"},
		{"pdf is booked as gif", "gif", order(format(ship.PDF)), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "GIF8"},
		{"png is booked as gif", "gif", order(format(ship.PNG)), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "GIF8"},
		{"a png where gif was asked for is an image as well", "png", order(format(ship.PNG)), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "\x89PNG"},
		{"a pdf where gif was asked for is fetched later", "pdf", order(format(ship.PDF)), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, ""},
		{"an invoice that can't be read is none", "invoice_garbage", order(abroad(canada, "ups_standard")), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
		{"an account without negotiated rates", "no_negotiated_rate", order(), []string{number1}, ship.Money{Minor: 1240, Currency: "USD"}, "^XA"},
		{"a currency without decimals", "yen", order(), []string{number1}, ship.Money{Minor: 1240, Currency: "JPY"}, "^XA"},
		{"a charge that can't be read is no charge", "charge_unreadable", order(), []string{number1}, ship.Money{}, "^XA"},
		{"a label that is missing is fetched later", "label_missing", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, ""},
		{"a label that is garbage is fetched later", "label_garbage", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, ""},
		{"a gif where zpl was asked for is fetched later", "label_gif_instead_of_zpl", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, ""},
		{"base64 with line breaks", "label_with_line_breaks", order(), []string{number1}, ship.Money{Minor: 987, Currency: "USD"}, "^XA"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			out := bookAgainst(t, tc.order, reply{status: 200, body: file(t, "ship/"+tc.file+".json")})
			if out.Kind != carrier.Done {
				t.Fatalf("%v %s, want Done", out.Kind, out.Message)
			}
			got := *out.Booking
			if (got.Label != nil) != (tc.label != "") || tc.label != "" && !hasPrefix(got.Label, tc.label) {
				t.Errorf("label %v, want %q", got.Label, tc.label)
			}
			got.Label = nil
			want := ship.Booking{TrackingNumber: number1, Numbers: tc.numbers, Charge: tc.charge, At: testTime}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLabelsOfAllPackagesAreOneDocument(t *testing.T) {
	out := bookAgainst(t, order(parcels(2)), reply{status: 200, body: file(t, "ship/two_packages.json")})
	if out.Booking == nil || out.Booking.Label == nil || len(out.Booking.Label.Pages) != 2 {
		t.Errorf("outcome %+v, want both labels", out)
	}
}

func TestInvoiceComesWithTheBooking(t *testing.T) {
	out := bookAgainst(t, order(abroad(canada, "ups_standard")), reply{status: 200, body: file(t, "ship/invoice.json")})
	if out.Booking == nil || out.Booking.Invoice == nil || out.Booking.Invoice.Format != ship.PDF || !hasPrefix(out.Booking.Invoice, "%PDF-") {
		t.Errorf("outcome %+v, want an invoice", out)
	}
}

func TestBookNotDone(t *testing.T) {
	malformed := http.Header{"APIErrorCode": {"1"}, "APIErrorMsg": {"The request is not valid. Review for errors before re-submitting."}}
	cases := []struct {
		name, file string
		status     int
		header     http.Header
		order      carrier.Order
		want       carrier.Kind
		code       string
	}{
		{"empty 200 with APIErrorCode is unknown", "", 200, malformed, order(), carrier.Unknown, ""},
		{"status other than 1 is unknown", "ship/status_not_one.json", 200, nil, order(), carrier.Unknown, ""},
		{"no shipment number is unknown", "ship/shipment_without_number.json", 200, nil, order(), carrier.Unknown, ""},
		{"a package without a number is unknown", "ship/package_without_number.json", 200, nil, order(), carrier.Unknown, ""},
		{"fewer packages than parcels is unknown", "ship/success.json", 200, nil, order(parcels(2)), carrier.Unknown, ""},
		{"more packages than parcels is unknown", "ship/two_packages.json", 200, nil, order(), carrier.Unknown, ""},
		{"a recovery answer is no booking", "recovery/success_array.json", 200, nil, order(), carrier.Unknown, ""},
		{"400 120202 is refused", "ship/refused_address.json", 400, nil, order(), carrier.Refused, "120202"},
		{"400 120802 is refused", "ship/refused_address_validation.json", 400, nil, order(), carrier.Refused, "120802"},
		{"400 120541 is refused", "ship/refused_reference_place.json", 400, nil, order(), carrier.Refused, "120541"},
		{"400 that names a number is unknown", "ship/refused_with_number.json", 400, nil, order(), carrier.Unknown, "120802"},
		{"400 with one unsure code of several is unknown", "ship/refused_and_unsure.json", 400, nil, order(), carrier.Unknown, "120202"},
		{"400 10004 is unknown", "ship/unavailable.json", 400, nil, order(), carrier.Unknown, "10004"},
		{"400 120021 is unknown: it was created before", "ship/created_before.json", 400, nil, order(), carrier.Unknown, "120021"},
		{"503 10004 is unknown", "ship/unavailable.json", 503, nil, order(), carrier.Unknown, "10004"},
		{"500 VSS100 is unknown", "ship/unavailable_vss.json", 500, nil, order(), carrier.Unknown, "VSS100"},
		{"400 VSS100 is unknown", "ship/unavailable_vss.json", 400, nil, order(), carrier.Unknown, "VSS100"},
		{"401 250002 is unauthenticated", "ship/unauthorized_250002.json", 401, nil, order(), carrier.Unauthenticated, "250002"},
		{"401 250003 is unauthenticated", "ship/unauthorized_250003.json", 401, nil, order(), carrier.Unauthenticated, "250003"},
		{"401 251004 is unauthenticated", "ship/unauthorized_251004.json", 401, nil, order(), carrier.Unauthenticated, "251004"},
		{"401 UJ0001 is unauthenticated", "ship/unauthorized_uj0001.json", 401, nil, order(), carrier.Unauthenticated, "UJ0001"},
		{"403 250002 is unauthenticated", "ship/unauthorized_250002.json", 403, nil, order(), carrier.Unauthenticated, "250002"},
		{"403 blocked merchant is refused", "ship/blocked_merchant.json", 403, nil, order(), carrier.Refused, "10403"},
		{"429 without a header is throttled", "ship/too_many_requests.json", 429, nil, order(), carrier.Throttled, "10429"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			body := ""
			if tc.file != "" {
				body = file(t, tc.file)
			}
			out := bookAgainst(t, tc.order, reply{status: tc.status, body: body, header: tc.header})
			if out.Kind != tc.want || out.Code != tc.code || out.Booking != nil {
				t.Errorf("%v code %q (%s), want %v %q", out.Kind, out.Code, out.Message, tc.want, tc.code)
			}
			if out.Message == "" || out.Raw.Status != tc.status {
				t.Errorf("message %q, raw status %d", out.Message, out.Raw.Status)
			}
			if tc.header != nil && out.Raw.Header["Apierrorcode"] == "" && out.Raw.Header["APIErrorCode"] == "" {
				t.Errorf("APIErrorCode is not in the evidence: %v", out.Raw.Header)
			}
		})
	}
}

func TestBookSendsWhatUPSAsksFor(t *testing.T) {
	s := newServer(t, map[string][]reply{shipPath: {{status: 200, body: file(t, "ship/success.json")}}})
	adapter(s.URL).Book(t.Context(), order(), testCall())
	r := s.requests(shipPath)[0]
	want := map[string]string{"Authorization": "Bearer " + testToken, "Content-Type": "application/json",
		"Transactionsrc": "fairlead", "Idempotency-Key": ""}
	for k, v := range want {
		if got := r.Header.Get(k); got != v {
			t.Errorf("%s is %q, want %q", k, got, v)
		}
	}
	if id := r.Header.Get("transId"); len(id) != 32 {
		t.Errorf("transId %q, want 32 characters", id)
	}
}

func TestOrderThatCannotBeRenderedIsRefusedWithoutACall(t *testing.T) {
	for name, o := range map[string]carrier.Order{
		"unknown service":       order(func(o *carrier.Order) { o.Shipment.Service = "ups_moon" }),
		"account number":        order(func(o *carrier.Order) { o.Account.Number = "12345" }),
		"reference too long":    order(func(o *carrier.Order) { o.Reference = strings.Repeat("x", 31) }),
		"no service chosen":     order(func(o *carrier.Order) { o.Shipment.Service = ship.Cheapest }),
		"goods without customs": order(abroad(canada, "ups_standard"), noCustoms),
		"reference is absent":   order(func(o *carrier.Order) { o.Reference = "" }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil)
			out := adapter(s.URL).Book(t.Context(), o, testCall())
			if out.Kind != carrier.Refused || out.Raw.Sent || out.Message == "" || len(s.seen) != 0 {
				t.Errorf("%v %q after %d requests, want Refused after none", out.Kind, out.Message, len(s.seen))
			}
		})
	}
	t.Run("a mode without an address is not sent", func(t *testing.T) {
		o := order(func(o *carrier.Order) { o.Account.Mode = ship.Live })
		if out := adapter("http://127.0.0.1:1").Book(t.Context(), o, testCall()); out.Kind != carrier.NotSent {
			t.Errorf("%v, want NotSent", out.Kind)
		}
	})
}

func TestEvidenceHoldsNoLabel(t *testing.T) {
	big := strings.Replace(file(t, "ship/success.json"), `"GraphicImage": "`, `"GraphicImage": "`+strings.Repeat("QUJD", 20000), 1)
	out := bookAgainst(t, order(), reply{status: 200, body: big})
	if len(out.Raw.Body) > carrier.MaxRawBody || strings.Contains(out.Raw.Body, "QUJDQUJDQUJD") {
		t.Errorf("kept %d bytes: %.200s", len(out.Raw.Body), out.Raw.Body)
	}
	if !strings.Contains(out.Raw.Body, number1) {
		t.Error("the number is not in the evidence")
	}
}

func TestLogin(t *testing.T) {
	acct := order().Account
	cases := []struct {
		name, file string
		status     int
		refused    bool // *carrier.LoginRefused
		ok         bool
	}{
		{"values that are strings", "success", 200, false, true},
		{"a life time that is a number", "expires_as_number", 200, false, true},
		{"200 without a token passes", "no_token", 200, false, false},
		{"200 without a life time passes", "no_life_time", 200, false, false},
		{"401 10401 needs a person", "client_invalid", 401, true, false},
		{"400 10401 needs a person", "client_invalid", 400, true, false},
		{"400 10400 passes", "header_missing", 400, false, false},
		{"403 blocked merchant passes", "blocked", 403, false, false},
		{"429 10429 passes", "too_many", 429, false, false},
		{"500 10500 passes", "internal", 500, false, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{tokenPath: {{status: tc.status, body: file(t, "oauth/"+tc.file+".json")}}})
			tok, err := adapter(s.URL).Login(t.Context(), acct)
			if tc.ok {
				want := carrier.Token{Value: "access-of-the-test", Expires: testTime.Add(14399 * time.Second)}
				if d := cmp.Diff(want, tok); d != "" || err != nil {
					t.Error(err, d)
				}
			} else if _, refused := asLoginRefused(err); err == nil || refused != tc.refused {
				t.Errorf("error %v, login refused %v, want %v", err, refused, tc.refused)
			}
			r := s.requests(tokenPath)[0]
			id, secret, _ := r.BasicAuth()
			if id != acct.Credentials["client_id"] || secret != acct.Credentials["client_secret"] ||
				r.body != "grant_type=client_credentials" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("sent %q as %q", r.body, r.Header.Get("Content-Type"))
			}
		})
	}
	t.Run("no answer passes", func(t *testing.T) {
		if _, err := adapter("http://127.0.0.1:1").Login(t.Context(), acct); err == nil {
			t.Error("no error")
		}
	})
}

// FuzzBooking holds that an answer is a booking only with a number for every parcel, and that what can't be read of its
// documents does not make it less of one.
func FuzzBooking(f *testing.F) {
	seeds(f, "ship")
	o := order(parcels(2))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := booking(o, body)
		if err != nil {
			return
		}
		if !number.MatchString(b.TrackingNumber) || len(b.Numbers) != 2 || !number.MatchString(b.Numbers[0]) || !number.MatchString(b.Numbers[1]) || b.Charge.Minor < 0 {
			t.Errorf("%q is taken for %+v", body, b)
		}
		if b.Label != nil && (b.Label.Format != ship.ZPL || len(b.Label.Pages) != 2) || b.Invoice != nil && len(b.Invoice.Pages) != 1 {
			t.Errorf("documents %+v, %+v", b.Label, b.Invoice)
		}
	})
}
