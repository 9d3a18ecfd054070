package carriersim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// rig is a simulator behind a real server, and a caller with a token.
type rig struct {
	t     *testing.T
	sim   *carriersim.Server
	url   string
	token string
	stop  func()
}

func newRig(t *testing.T, o carriersim.Options) *rig {
	t.Helper()
	sim, err := carriersim.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	r := &rig{t: t, sim: sim, url: server.URL}
	r.stop = sync.OnceFunc(func() {
		sim.Release()
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	req, _ := http.NewRequest(http.MethodPost, r.url+"/security/v1/oauth/token", strings.NewReader("grant_type=client_credentials"))
	req.SetBasicAuth("client", "secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil {
		t.Fatal(err)
	}
	r.token = token.AccessToken
	return r
}

// got is what a caller saw of an answer.
type got struct {
	status int // 0: no answer, see err
	header http.Header
	body   string
	err    error
}

// book sends a good order; a fault may be asked for by header.
func (r *rig) book(ctx context.Context, reference, faultHeader string) got {
	return r.order(ctx, fmt.Sprintf(`{"Value":%q}`, reference), faultHeader)
}

// order is book with a list of references in JSON.
func (r *rig) order(ctx context.Context, references, faultHeader string) got {
	party := `"Name":"Acme","Phone":{"Number":"4105551234"},"Address":{"AddressLine":["1 Main St"],"City":"Timonium","StateProvinceCode":"MD","PostalCode":"21093","CountryCode":"US"}`
	body := fmt.Sprintf(`{"ShipmentRequest":{"Request":{"RequestOption":"nonvalidate"},"Shipment":{
		"Shipper":{"ShipperNumber":"A1B2C3",%[1]s},"ShipTo":{%[1]s},
		"PaymentInformation":{"ShipmentCharge":[{"Type":"01","BillShipper":{"AccountNumber":"A1B2C3"}}]},"Service":{"Code":"03"},
		"Package":[{"Packaging":{"Code":"02"},"PackageWeight":{"UnitOfMeasurement":{"Code":"LBS"},"Weight":"1"},"ReferenceNumber":[%[2]s]}]},
		"LabelSpecification":{"LabelImageFormat":{"Code":"ZPL"},"LabelStockSize":{"Height":"6","Width":"4"}}}}`, party, references)
	return r.send(ctx, http.MethodPost, "/api/shipments/v2409/ship", body, faultHeader)
}

// void voids what stands under a reference; a fault may be asked for by header.
func (r *rig) void(ctx context.Context, reference, faultHeader string) got {
	r.t.Helper()
	for _, e := range r.sim.Ledger() {
		if e.Reference == reference {
			return r.send(ctx, http.MethodDelete, "/api/shipments/v2409/void/cancel/"+e.Bookings[0].ID, "", faultHeader)
		}
	}
	r.t.Fatalf("nothing under %s", reference)
	return got{}
}

func (r *rig) recover(reference string) got {
	body := fmt.Sprintf(`{"LabelRecoveryRequest":{"Request":{},"ReferenceValues":{"ReferenceNumber":{"Value":%q},"ShipperNumber":"A1B2C3"}}}`, reference)
	return r.send(r.t.Context(), http.MethodPost, "/api/labels/v1/recovery", body, "")
}

func (r *rig) send(ctx context.Context, method, path, body, faultHeader string) got {
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, strings.NewReader(body))
	if err != nil {
		return got{err: err}
	}
	// A fresh connection: net/http repeats nothing on it when it is reset.
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("transId", "trans-1")
	if faultHeader != "" {
		req.Header.Set(fault.Header, faultHeader)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return got{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return got{resp.StatusCode, resp.Header, string(text), err}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
