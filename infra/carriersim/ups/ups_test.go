package ups_test

import (
	"bytes"
	"fmt"
	"image/gif"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/ups"
)

func TestTokenHasStringsOnly(t *testing.T) {
	got := newRig(t, carriersim.Options{}).login("client", "secret")
	for name, v := range got {
		if _, ok := v.(string); !ok {
			t.Errorf("%s is %T, want a string", name, v)
		}
	}
	if got["expires_in"] != "14399" || got["token_type"] != "Bearer" || got["client_id"] != "client" || got["status"] != "approved" {
		t.Errorf("token answer %v", got)
	}
}

func TestLoginIsRefused(t *testing.T) {
	r := newRig(t, carriersim.Options{Clients: map[string]string{"client": "secret"}})
	for name, c := range map[string]struct{ id, secret, form, code string }{
		"wrong secret":   {"client", "other", "grant_type=client_credentials", "10401"},
		"unknown client": {"nobody", "secret", "grant_type=client_credentials", "10401"},
		"no grant type":  {"client", "secret", "", "10400"},
		"other grant":    {"client", "secret", "grant_type=password", "10400"},
		"no credentials": {"", "", "grant_type=client_credentials", "10401"},
	} {
		t.Run(name, func(t *testing.T) {
			req, _ := http.NewRequest(http.MethodPost, r.url+"/security/v1/oauth/token", strings.NewReader(c.form))
			req.SetBasicAuth(c.id, c.secret)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, body := r.do(req)
			if resp.StatusCode < 400 || code(t, body) != c.code {
				t.Errorf("%d %v, want %s", resp.StatusCode, body, c.code)
			}
		})
	}
	t.Run("wrong by default rule", func(t *testing.T) {
		if body := newRig(t, carriersim.Options{}).login("x", "wrong-secret"); code(t, body) != "10401" {
			t.Errorf("%v", body)
		}
	})
}

func TestCallsWithoutAValidTokenAreRefused(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	clock := at(now)
	r := newRig(t, carriersim.Options{Clock: clock})
	good := r.token
	refused := func(why string) {
		t.Helper()
		resp, body := r.call(http.MethodPost, shipPath, request("ZPL", "ref"))
		if resp.StatusCode != http.StatusUnauthorized || code(t, body) != "250002" {
			t.Errorf("%s: %d %v", why, resp.StatusCode, body)
		}
	}
	r.token = "forged"
	refused("forged")
	r.token = good
	clock.set(now.Add(14400 * time.Second))
	refused("expired")
	clock.set(now)
	r.ship(request("ZPL", "ref"))
	if n, err := r.sim.RevokeTokens(); n != 1 || err != nil {
		t.Errorf("revoked %d, %v", n, err)
	}
	refused("revoked")
	if n := r.sim.Live("ref"); n != 1 {
		t.Errorf("%d live, want 1", n)
	}
}

func TestBookingAnswersWithStringsArraysAndTheLabel(t *testing.T) {
	r := newRig(t, carriersim.Options{Seed: 7})
	got := r.ship(request("ZPL", "01JREF"))
	number := dig(t, got, "ShipmentResults", "ShipmentIdentificationNumber").(string)
	if !regexp.MustCompile(`^1ZA1B2C303[0-9]{8}$`).MatchString(number) {
		t.Errorf("number %q", number)
	}
	want := object{"CustomerContext": "ctx-01JREF"}
	if diff := cmp.Diff(want, dig(t, got, "Response", "TransactionReference")); diff != "" {
		t.Error(diff)
	}
	if dig(t, got, "Response", "ResponseStatus", "Code") != "1" || dig(t, got, "ShipmentResults", "PackageResults", 0, "TrackingNumber") != number {
		t.Errorf("answer %v", got)
	}
	for path, want := range map[string]string{"ShipmentCharges.TotalCharges": "12.82", "NegotiatedRateCharges.TotalCharge": "10.25"} {
		a, b, _ := strings.Cut(path, ".")
		if got := dig(t, got, "ShipmentResults", a, b); !cmp.Equal(got, object{"CurrencyCode": "USD", "MonetaryValue": want}) {
			t.Errorf("%s = %v, want %s", path, got, want)
		}
	}
	zpl := image(t, dig(t, got, "ShipmentResults", "PackageResults", 0, "ShippingLabel", "GraphicImage"))
	m := regexp.MustCompile(`\^BC[^\^]*\^FD([^\^]+)\^FS`).FindSubmatch(zpl)
	if !bytes.HasPrefix(zpl, []byte("^XA")) || m == nil || string(m[1]) != number {
		t.Errorf("barcode %q of label, want %s", m, number)
	}
}

func TestGIFBarcodeIsTheTrackingNumber(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	got := r.ship(request("GIF", "01JGIF"))
	label := dig(t, got, "ShipmentResults", "PackageResults", 0, "ShippingLabel")
	img, err := gif.Decode(bytes.NewReader(image(t, dig(t, label, "GraphicImage"))))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	code, err := oned.NewCode128Reader().Decode(bitmap, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := dig(t, got, "ShipmentResults", "PackageResults", 0, "TrackingNumber"); code.GetText() != want {
		t.Errorf("barcode %q, want %q", code.GetText(), want)
	}
	if html := image(t, dig(t, label, "HTMLImage")); !bytes.Contains(html, []byte("<img")) {
		t.Errorf("HTMLImage %s", html)
	}
}

func TestEveryPackageGetsItsOwnNumber(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	got := dig(t, r.ship(request("ZPL", "multi", "1", "2", "3.25")), "ShipmentResults", "PackageResults").([]any)
	seen := map[any]bool{}
	for _, p := range got {
		seen[dig(t, p, "TrackingNumber")] = true
	}
	if len(got) != 3 || len(seen) != 3 {
		t.Errorf("%d packages, %d numbers", len(got), len(seen))
	}
	if n := r.sim.Live("multi"); n != 1 {
		t.Errorf("%d shipments, want 1", n)
	}
}

func TestListsOfOneBecomeObjectsWhenPolymorphic(t *testing.T) {
	r := newRig(t, carriersim.Options{Settings: carriersim.Settings{Polymorphic: true}})
	v := request("ZPL", "poly")
	delete(v["ShipmentRequest"].(object)["Request"].(object), "TransactionReference")
	got := r.ship(v)
	if _, ok := dig(t, got, "ShipmentResults", "PackageResults").(object); !ok {
		t.Error("one package is not an object")
	}
	if dig(t, got, "Response", "TransactionReference") != "" {
		t.Error(`TransactionReference is not ""`)
	}
	if _, ok := dig(t, r.ship(request("ZPL", "two", "1", "1")), "ShipmentResults", "PackageResults").([]any); !ok {
		t.Error("two packages are not an array")
	}
	r.sim.Set(carriersim.Settings{})
	if resp, body := r.call(http.MethodPost, "/api/shipments/v2205/ship", v); resp.StatusCode != 200 {
		t.Errorf("%v", body)
	} else if _, ok := dig(t, body, "ShipmentResponse", "ShipmentResults", "PackageResults").(object); !ok {
		t.Error("v2205: one package is not an object")
	}
}

func TestUnreadableBodiesGetAnEmpty200(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, body := range map[string]string{
		"cut off": `{"ShipmentRequest": {`, "nothing": "", "no JSON": "hello", "an array": "[]", "another object": `{"Rate": {}}`,
		"two values": `{"ShipmentRequest": {}} {}`, "not UTF-8": "{\"ShipmentRequest\": {\"Request\": \"\xff\"}}",
	} {
		t.Run(name, func(t *testing.T) {
			resp, got := r.call(http.MethodPost, shipPath, body)
			if resp.StatusCode != 200 || got != nil || resp.ContentLength != 0 || resp.Header.Get("APIErrorCode") != "1" {
				t.Errorf("%d %v %v", resp.StatusCode, resp.Header, got)
			}
			if got := resp.Header.Get("APIErrorMsg"); got != "The request is not valid. Review for errors before re-submitting." {
				t.Errorf("APIErrorMsg %q", got)
			}
		})
	}
	if n := len(r.sim.Ledger()); n != 0 {
		t.Errorf("%d bookings", n)
	}
}

func TestRecoveryAnswersOneShipmentByReference(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	booked := r.ship(request("ZPL", "one"))
	resp, body := r.call(http.MethodPost, recoveryPath, byReference("one", "ZPL"))
	if resp.StatusCode != 200 {
		t.Fatalf("%d %v", resp.StatusCode, body)
	}
	got := dig(t, body, "LabelRecoveryResponse")
	if dig(t, got, "ShipmentIdentificationNumber") != dig(t, booked, "ShipmentResults", "ShipmentIdentificationNumber") {
		t.Errorf("another number: %v", got)
	}
	again := image(t, dig(t, got, "LabelResults", 0, "LabelImage", "GraphicImage"))
	first := image(t, dig(t, booked, "ShipmentResults", "PackageResults", 0, "ShippingLabel", "GraphicImage"))
	if !bytes.Equal(again, first) {
		t.Error("the label is not the one that was booked")
	}
}

func TestRecoveryMakesAPDFOfAllPackages(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	number := dig(t, r.ship(request("GIF", "pdf", "1", "2")), "ShipmentResults", "ShipmentIdentificationNumber").(string)
	_, body := r.call(http.MethodPost, recoveryPath, byNumber(number, "PDF"))
	results := dig(t, body, "LabelRecoveryResponse", "LabelResults").([]any)
	pdf := image(t, dig(t, results, 0, "LabelImage", "GraphicImage"))
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Subtype /Image")) != 2 || bytes.Count(pdf, []byte("/Type /Page\n")) != 2 {
		t.Errorf("not a PDF of two pictures: %.40q", pdf)
	}
	if len(results) != 2 || results[1].(object)["LabelImage"] != nil {
		t.Errorf("want the pages in the first result alone: %d results", len(results))
	}
}

func TestRecoveryAnswersCandidatesForSeveralShipments(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	a := dig(t, r.ship(request("ZPL", "twice")), "ShipmentResults", "ShipmentIdentificationNumber")
	b := dig(t, r.ship(request("ZPL", "twice")), "ShipmentResults", "ShipmentIdentificationNumber")
	_, body := r.call(http.MethodPost, recoveryPath, byReference("twice", "ZPL"))
	candidates := dig(t, body, "LabelRecoveryResponse", "TrackingCandidate").([]any)
	if len(candidates) != 2 || dig(t, candidates, 0, "TrackingNumber") != a || dig(t, candidates, 1, "TrackingNumber") != b {
		t.Errorf("candidates %v, want %v and %v", candidates, a, b)
	}
	if n := r.sim.Live("twice"); n != 2 {
		t.Errorf("ledger has %d, want 2", n)
	}
}

func TestWhatIsAbsentVoidedForeignOrHiddenIsNotRecovered(t *testing.T) {
	clock := at(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	r := newRig(t, carriersim.Options{Clock: clock, TokenLife: 1000 * time.Hour})
	refused := func(why, reference, want string) {
		t.Helper()
		if resp, body := r.call(http.MethodPost, recoveryPath, byReference(reference, "ZPL")); resp.StatusCode != 400 || code(t, body) != want {
			t.Errorf("%s: %d %v, want %s", why, resp.StatusCode, body, want)
		}
	}
	refused("never booked", "nothing", "9801031")
	number := dig(t, r.ship(request("ZPL", "void")), "ShipmentResults", "ShipmentIdentificationNumber").(string)
	foreign := byReference("void", "ZPL")
	foreign["LabelRecoveryRequest"].(object)["ReferenceValues"].(object)["ShipperNumber"] = "ZZZZZZ"
	if _, body := r.call(http.MethodPost, recoveryPath, foreign); code(t, body) != "9801031" {
		t.Errorf("another shipper's: %v", body)
	}
	if resp, _ := r.call(http.MethodDelete, "/api/shipments/v2409/void/cancel/"+number, nil); resp.StatusCode != 200 {
		t.Errorf("void: %d", resp.StatusCode)
	}
	refused("voided", "void", "9801040")
	r.sim.Set(carriersim.Settings{LagMS: 5000})
	r.ship(request("ZPL", "lag"))
	refused("hidden", "lag", "9801031")
	track := "/api/track/v1/reference/details/lag?shipperNum=A1B2C3"
	if _, body := r.call(http.MethodGet, track, nil); dig(t, body, "trackResponse", "shipment", 0, "warnings", 0, "code") != "TW0001" {
		t.Errorf("hidden from Track: %v", body)
	}
	clock.set(clock.Now().Add(5 * time.Second))
	if resp, _ := r.call(http.MethodPost, recoveryPath, byReference("lag", "ZPL")); resp.StatusCode != 200 {
		t.Errorf("after the lag: %d", resp.StatusCode)
	}
	clock.set(clock.Now().AddDate(0, 0, 31))
	refused("too old", "lag", "9801031")
}

func TestTrackByReference(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	number := dig(t, r.ship(request("ZPL", "a b/c")), "ShipmentResults", "ShipmentIdentificationNumber")
	path := "/api/track/v1/reference/details/" + url.PathEscape("a b/c")
	resp, body := r.call(http.MethodGet, path+"?locale=en_US&refNumType=SmallPackage", nil)
	if resp.StatusCode != 200 || dig(t, body, "trackResponse", "shipment", 0, "package", 0, "trackingNumber") != number {
		t.Errorf("%d %v", resp.StatusCode, body)
	}
	for query, found := range map[string]bool{
		"shipperNum=A1B2C3": true, "shipperNum=ZZZZZZ": false, "destCountry=US&destZip=30301": true, "destZip=99999": false,
		"fromPickUpDate=20200101&toPickUpDate=20200131": false, "fromPickUpDate=20200101": true,
	} {
		_, body := r.call(http.MethodGet, path+"?"+query, nil)
		if got := dig(t, body, "trackResponse", "shipment", 0).(object)["package"] != nil; got != found {
			t.Errorf("%s: found %t, want %t", query, got, found)
		}
	}
	for query, want := range map[string]string{"fromPickUpDate=yesterday": "20008", "refNumType=x": "20008", "shipperNum=1": "20008"} {
		if resp, body := r.call(http.MethodGet, path+"?"+query, nil); resp.StatusCode != 400 || code(t, body) != want {
			t.Errorf("%s: %d %v", query, resp.StatusCode, body)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, r.url+path, nil)
	req.Header.Set("Authorization", "Bearer "+r.token)
	if resp, body := r.do(req); resp.StatusCode != 400 || code(t, body) != "VSS002" {
		t.Errorf("without transId: %d %v", resp.StatusCode, body)
	}
	if _, body := r.call(http.MethodGet, fmt.Sprint("/api/track/v1/details/", number), nil); dig(t, body, "trackResponse", "shipment", 0, "package", 0, "currentStatus", "type") != "M" {
		t.Errorf("by number: %v", body)
	}
}

func TestNumberHasUPSCheckDigit(t *testing.T) {
	for want, n := range map[string]string{
		"1Z999AA10123456784": ups.Number("999AA1", "01", 2345678),
		"1Z12345E6605272234": ups.Number("12345E", "66", 527223),
		"1ZCIETST0111111114": ups.Number("CIETST", "01", 1111111),
		"1ZCIETST0422222228": ups.Number("CIETST", "04", 2222222),
	} {
		if n != want {
			t.Errorf("%s, want %s", n, want)
		}
	}
}
