package ups

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

func asLoginRefused(err error) (*carrier.LoginRefused, bool) {
	return errors.AsType[*carrier.LoginRefused](err)
}

func TestFind(t *testing.T) {
	one := [][]string{{number1}}
	none := [][]string(nil)
	cases := []struct {
		name       string
		order      carrier.Order
		rec, track string // status and file; several of rec in turn
		want       carrier.FindKind
		numbers    [][]string
		label      string
	}{
		{"recovery finds it", order(), "200 success_array", "200 not_found_200", carrier.Found, one, "^XA"},
		{"label results as an object", order(), "200 success_object", "", carrier.Found, one, "^XA"},
		{"recovery finds it without its label", order(), "200 without_label", "", carrier.Found, one, ""},
		{"recovery gives gif to zpl", order(), "200 gif", "", carrier.Found, one, ""},
		{"recovery finds pdf as the gif it was booked as", order(format(ship.PDF)), "200 gif", "", carrier.Found, one, "GIF8"},
		{"recovery gives pdf to gif", order(format(ship.PDF)), "200 pdf", "", carrier.Found, one, ""},
		{"recovery finds two packages of one booking", order(parcels(2)), "200 two_packages_zpl", "", carrier.Found, [][]string{{number1, number2}}, "^XA"},
		{"two candidates are two bookings of one parcel", order(), "200 candidates,200 success_array,200 other_shipment", "", carrier.Found, [][]string{{number1}, {number2}}, "^XA"},
		{"one candidate as an object", order(), "200 candidate_object,200 success_object", "", carrier.Found, one, "^XA"},
		{"a candidate that was voided is not live", order(), "200 candidates,200 success_array,400 voided", "", carrier.Found, one, "^XA"},
		{"candidates that were all voided are failed", order(), "200 candidates,400 voided", "200 all_voided", carrier.FindFailed, none, ""},
		{"candidates recovery has no label of", order(), "200 candidates,400 not_found", "", carrier.Found, [][]string{{number1}, {number2}}, ""},
		{"what recovery calls voided is no absence", order(), "400 voided", "200 not_found_200", carrier.FindFailed, none, ""},
		{"two candidates are one booking of two parcels", order(parcels(2)), "200 candidates,200 two_packages_zpl", "", carrier.Found, [][]string{{number1, number2}}, "^XA"},
		{"two candidates are two bookings of two parcels", order(parcels(2)), "200 candidates,200 success_array,200 other_shipment", "", carrier.Found, [][]string{{number1}, {number2}}, ""},
		{"track's packages that can't be told apart are failed", order(parcels(2)), "400 not_found,500 other_error", "200 found_two", carrier.FindFailed, none, ""},
		{"candidates that can't be told apart are failed", order(parcels(2)), "200 candidates,500 other_error", "", carrier.FindFailed, none, ""},
		{"only track finds it", order(), "400 not_found", "200 found", carrier.Found, one, ""},
		{"track answers with objects", order(), "400 not_found", "200 found_object", carrier.Found, one, ""},
		{"track finds it though recovery is down", order(), "503 other_error", "200 found", carrier.Found, one, ""},
		{"track finds two bookings", order(), "400 not_found", "200 found_two", carrier.Found, [][]string{{number1}, {number2}}, ""},
		{"packages of which track alone knows are failed: it can't name their shipment", order(parcels(2)), "400 not_found", "200 found_two", carrier.FindFailed, none, ""},
		{"one of two packages is failed: it may not be the one the shipment is known by", order(parcels(2)), "503 other_error", "200 found", carrier.FindFailed, none, ""},
		{"what is voided is not live", order(), "400 not_found", "200 one_voided", carrier.Found, one, ""},
		{"only voided packages are failed", order(), "400 not_found", "200 all_voided", carrier.FindFailed, none, ""},
		{"both say not found", order(), "400 not_found", "200 not_found_200", carrier.Absent, none, ""},
		{"both say not found, as objects", order(), "404 not_found", "200 not_found_object", carrier.Absent, none, ""},
		{"recovery failing is no absence", order(), "500 not_found", "200 not_found_200", carrier.FindFailed, none, ""},
		{"recovery's other error is no absence", order(), "400 other_error", "200 not_found_200", carrier.FindFailed, none, ""},
		{"recovery's not found beside an error is no absence", order(), "400 not_found_and_other_error", "200 not_found_200", carrier.FindFailed, none, ""},
		{"recovery's empty 200 is no absence", order(), "200 ", "200 not_found_200", carrier.FindFailed, none, ""},
		{"track failing is no absence", order(), "400 not_found", "503 not_found_200", carrier.FindFailed, none, ""},
		{"track's empty 200 is no absence", order(), "400 not_found", "200 ", carrier.FindFailed, none, ""},
		{"track's 404 is no absence", order(), "400 not_found", "404 ", carrier.FindFailed, none, ""},
		{"track's other warning is no absence", order(), "400 not_found", "200 other_warning", carrier.FindFailed, none, ""},
		{"track without a shipment is no absence", order(), "400 not_found", "200 no_shipment", carrier.FindFailed, none, ""},
		{"track TV1002 is no absence", order(), "400 not_found", "400 invalid_number", carrier.FindFailed, none, ""},
		{"recovery 401 is unauthorized", order(), "401 ../ship/unauthorized_251004", "", carrier.FindUnauthorized, none, ""},
		{"track 401 is unauthorized", order(), "400 not_found", "401 ../ship/unauthorized_250002", carrier.FindUnauthorized, none, ""},
		{"429 is failed", order(), "429 ../ship/too_many_requests", "200 not_found_200", carrier.FindFailed, none, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{recPath: replies(t, "recovery", tc.rec), trackPath: replies(t, "track", tc.track)})
			got := adapter(s.URL).Find(t.Context(), tc.order, testCall())
			var numbers [][]string
			for _, b := range got.Bookings {
				numbers = append(numbers, b.Numbers)
				if b.TrackingNumber != b.Numbers[0] || b.Charge != (ship.Money{}) || b.At != testTime {
					t.Errorf("booking %+v", b)
				}
			}
			if d := cmp.Diff(tc.numbers, numbers, cmpopts.EquateEmpty()); d != "" || got.Kind != tc.want {
				t.Errorf("kind %d (%s), want %d\n%s", got.Kind, got.Message, tc.want, d)
			}
			if got.Kind == carrier.Found {
				if l := got.Bookings[0].Label; (l != nil) != (tc.label != "") || l != nil && !hasPrefix(l, tc.label) {
					t.Errorf("label %v, want %q", l, tc.label)
				}
			} else if got.Message == "" {
				t.Error("no message")
			}
		})
	}
}

// replies reads "200 file,400 file" of a folder of testdata.
func replies(t *testing.T, folder, list string) []reply {
	t.Helper()
	var all []reply
	for one := range strings.SplitSeq(list, ",") {
		status, name, ok := strings.Cut(one, " ")
		if !ok {
			continue
		}
		var r reply
		if err := json.Unmarshal([]byte(status), &r.status); err != nil {
			t.Fatal(err)
		}
		if rest, other := strings.CutPrefix(name, "../"); other {
			r.body = file(t, rest+".json")
		} else if name != "" {
			r.body = file(t, folder+"/"+name+".json")
		}
		all = append(all, r)
	}
	return all
}

func TestFindTellsWhatIsVoid(t *testing.T) {
	for name, c := range map[string]struct {
		rec, track string
		kind       carrier.FindKind
		voided     []string
	}{
		"every package that Track knows":          {"400 not_found", "200 all_voided", carrier.FindFailed, []string{number1}},
		"every candidate that recovery knows":     {"200 candidates,400 voided", "200 not_found_200", carrier.FindFailed, []string{number1, number2}},
		"a candidate beside one that is live":     {"200 candidates,200 success_array,400 voided", "", carrier.Found, []string{number2}},
		"a package beside one that is live":       {"400 not_found", "200 one_voided", carrier.Found, []string{number2}},
		"nothing, where nothing is known":         {"400 not_found", "200 not_found_200", carrier.Absent, nil},
		"nothing, where recovery names no number": {"400 voided", "200 not_found_200", carrier.FindFailed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{recPath: replies(t, "recovery", c.rec), trackPath: replies(t, "track", c.track)})
			got := adapter(s.URL).Find(t.Context(), order(), testCall())
			if got.Kind != c.kind || !slices.Equal(got.Voided, c.voided) {
				t.Errorf("kind %d (%s), voided %v; want %d, %v", got.Kind, got.Message, got.Voided, c.kind, c.voided)
			}
		})
	}
}

func TestFindAsksByOurReference(t *testing.T) {
	cases := []struct {
		name string
		date time.Time
		from string
	}{
		{"within Track's own window", testTime.AddDate(0, 0, -2), ""},
		{"before Track's own window", testTime.AddDate(0, 0, -20), testTime.AddDate(0, 0, -21).Format("20060102")},
		{"without a ship date", time.Time{}, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{recPath: replies(t, "recovery", "400 not_found"), trackPath: replies(t, "track", "200 not_found_200")})
			adapter(s.URL).Find(t.Context(), order(func(o *carrier.Order) { o.ShipDate = tc.date }), testCall())
			var body struct {
				LabelRecoveryRequest struct {
					ReferenceValues struct {
						ReferenceNumber struct{ Value string }
						ShipperNumber   string
					}
				}
			}
			if err := json.Unmarshal([]byte(s.requests(recPath)[0].body), &body); err != nil {
				t.Fatal(err)
			}
			ref := body.LabelRecoveryRequest.ReferenceValues
			if ref.ReferenceNumber.Value != "FL-REF-1" || ref.ShipperNumber != "A1B2C3" {
				t.Errorf("recovery was asked for %+v", ref)
			}
			r := s.requests(trackPath)[0]
			q := r.URL.Query()
			if q.Get("shipperNum") != "A1B2C3" || q.Get("refNumType") != "SmallPackage" || q.Get("fromPickUpDate") != tc.from {
				t.Errorf("track was asked with %v", q)
			}
			// Track requires both; everywhere else they are optional.
			if r.Header.Get("transId") == "" || r.Header.Get("transactionSrc") == "" {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
}

func TestLabel(t *testing.T) {
	cases := []struct {
		name         string
		order        carrier.Order
		reply        string
		want         string
		unauthorized bool
	}{
		{"zpl", order(), "200 success_object", "^XA", false},
		{"pdf is the gif it was booked as", order(format(ship.PDF)), "200 gif", "GIF8", false},
		{"png is the gif it was booked as", order(format(ship.PNG)), "200 gif", "GIF8", false},
		{"pdf where gif was asked for is an error", order(format(ship.PDF)), "200 pdf", "", false},
		{"zpl of all packages", order(parcels(2)), "200 two_packages_zpl", "^XA", false},
		{"zpl of some packages only is an error", order(parcels(2)), "200 success_array", "", false},
		{"gif where zpl was asked for is an error", order(), "200 gif", "", false},
		{"no label is an error", order(), "200 without_label", "", false},
		{"candidates are an error", order(), "200 candidates", "", false},
		{"not found is an error", order(), "400 not_found", "", false},
		{"an empty 200 is an error", order(), "200 ", "", false},
		{"503 is an error", order(), "503 other_error", "", false},
		{"401 asks for a new token", order(), "401 ../ship/unauthorized_251004", "", true},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{recPath: replies(t, "recovery", tc.reply)})
			got, err := adapter(s.URL).Label(t.Context(), tc.order, number1, testCall())
			if tc.want != "" && (err != nil || got.Format != bookedAs(tc.order.Shipment.Label.Format) || !hasPrefix(&got, tc.want)) {
				t.Errorf("%q %.20q (%v), want %q", got.Format, got.Pages, err, tc.want)
			}
			if tc.want == "" && (err == nil || len(got.Pages) > 0) {
				t.Error("no error")
			}
			if _, is := errors.AsType[*carrier.ErrUnauthorized](err); is != tc.unauthorized {
				t.Errorf("error %v, unauthorized %v", err, is)
			}
			if !strings.Contains(s.requests(recPath)[0].body, `"TrackingNumber":"`+number1+`"`) {
				t.Error("not asked by the number")
			}
		})
	}
}

// FuzzFindings holds that no answer of a look-up is taken for a booking without a number.
func FuzzFindings(f *testing.F) {
	seeds(f, "recovery")
	seeds(f, "track")
	o := order(parcels(2))
	f.Fuzz(func(t *testing.T, body []byte) {
		if resp, err := recovered(carrier.Evidence{Status: 200, Body: body}); err == nil && len(resp.TrackingCandidate) == 0 {
			b := recoveredBooking(o, resp)
			if !number.MatchString(b.TrackingNumber) || len(b.Numbers) == 0 {
				t.Errorf("%q is taken for %+v", body, b)
			}
		}
		if a, err := client.Parse[client.TrackAnswer](body); err == nil {
			live, voided, absent := tracked(a.TrackResponse.V.Shipment)
			if absent && len(live)+len(voided) > 0 {
				t.Errorf("%q is absent with %v and %v", body, live, voided)
			}
		}
	})
}
