package ups_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
)

type object = map[string]any

// rig is a simulator behind a real server, and a caller with a token.
type rig struct {
	t     *testing.T
	sim   *carriersim.Server
	url   string
	token string
}

func newRig(t *testing.T, o carriersim.Options) *rig {
	t.Helper()
	sim := carriersim.New(o)
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		sim.Release()
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{t: t, sim: sim, url: server.URL}
	r.token = r.login("client", "secret")["access_token"].(string)
	return r
}

func (r *rig) login(id, secret string) object {
	r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, r.url+"/security/v1/oauth/token", strings.NewReader("grant_type=client_credentials"))
	req.SetBasicAuth(id, secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, body := r.do(req)
	return body
}

// call sends JSON (or a string as it is) with the token and Track's headers.
func (r *rig) call(method, path string, body any) (*http.Response, object) {
	r.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		text = string(raw)
	}
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("transId", "0123456789abcdef")
	req.Header.Set("transactionSrc", "test")
	return r.do(req)
}

func (r *rig) do(req *http.Request) (*http.Response, object) {
	r.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(raw) == 0 {
		return resp, nil
	}
	var v object
	if err := json.Unmarshal(raw, &v); err != nil {
		r.t.Fatalf("%s: %v", raw, err)
	}
	return resp, v
}

func party(name, line, city, state, zip, country string) object {
	return object{"Name": name, "AttentionName": "Pat Doe", "Phone": object{"Number": "4105551234"}, "Address": object{
		"AddressLine": []any{line}, "City": city, "StateProvinceCode": state, "PostalCode": zip, "CountryCode": country}}
}

func pack(weight, reference string) object {
	p := object{"Packaging": object{"Code": "02"}, "PackageWeight": object{"UnitOfMeasurement": object{"Code": "LBS"}, "Weight": weight},
		"Dimensions": object{"UnitOfMeasurement": object{"Code": "IN"}, "Length": "12", "Width": "8", "Height": "6"}}
	if reference != "" {
		p["ReferenceNumber"] = []any{object{"Value": reference}}
	}
	return p
}

// request is a good one from Maryland to Georgia.
func request(format, reference string, weights ...string) object {
	if len(weights) == 0 {
		weights = []string{"2.5"}
	}
	var packages []any
	for _, w := range weights {
		packages = append(packages, pack(w, reference))
	}
	shipper := party("Acme", "2311 York Rd", "Timonium", "MD", "21093", "US")
	shipper["ShipperNumber"] = "A1B2C3"
	return object{"ShipmentRequest": object{
		"Request": object{"RequestOption": "nonvalidate", "TransactionReference": object{"CustomerContext": "ctx-" + reference}},
		"Shipment": object{
			"Shipper": shipper, "ShipTo": party("Happy Dog", "1 Peachtree St", "Atlanta", "GA", "30301", "US"),
			"ShipFrom":              party("Acme Dock", "2311 York Rd", "Timonium", "MD", "21093", "US"),
			"PaymentInformation":    object{"ShipmentCharge": []any{object{"Type": "01", "BillShipper": object{"AccountNumber": "A1B2C3"}}}},
			"ShipmentRatingOptions": object{"NegotiatedRatesIndicator": ""},
			"Service":               object{"Code": "03"}, "Package": packages,
		},
		"LabelSpecification": object{"LabelImageFormat": object{"Code": format}, "LabelStockSize": object{"Height": "6", "Width": "4"}},
	}}
}

func dig(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(object)
			if !ok {
				t.Fatalf("%v: %T is no object", path[:i+1], v)
			}
			v = m[step]
		case int:
			l, ok := v.([]any)
			if !ok || step >= len(l) {
				t.Fatalf("%v: no such element in %v", path[:i+1], v)
			}
			v = l[step]
		}
	}
	return v
}

func code(t *testing.T, body object) string {
	t.Helper()
	s, _ := dig(t, body, "response", "errors", 0, "code").(string)
	return s
}

func image(t *testing.T, v any) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const shipPath, recoveryPath = "/api/shipments/v2409/ship", "/api/labels/v1/recovery"

func (r *rig) ship(v object) object {
	r.t.Helper()
	resp, body := r.call(http.MethodPost, shipPath, v)
	if resp.StatusCode != http.StatusOK || body == nil {
		r.t.Fatalf("%d %v", resp.StatusCode, body)
	}
	return dig(r.t, body, "ShipmentResponse").(object)
}

func byReference(reference, format string) object {
	return object{"LabelRecoveryRequest": object{"Request": object{"SubVersion": "1903"},
		"LabelSpecification": object{"LabelImageFormat": object{"Code": format}, "LabelStockSize": object{"Height": "6", "Width": "4"}},
		"ReferenceValues":    object{"ReferenceNumber": object{"Value": reference}, "ShipperNumber": "A1B2C3"}}}
}

func byNumber(number, format string) object {
	return object{"LabelRecoveryRequest": object{"Request": object{},
		"LabelSpecification": object{"LabelImageFormat": object{"Code": format}}, "TrackingNumber": number}}
}

// hands is a clock that stands still until it is set.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func at(t time.Time) *hands { return &hands{now: t} }

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) set(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = t
}

func (h *hands) After(d time.Duration) <-chan time.Time { return time.After(d) }
