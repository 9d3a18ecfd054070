package ups_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/ups"
)

const voidPath = "/api/shipments/v2409/void/cancel/"

// numbers books a shipment of as many packages and returns their numbers; the first is the shipment's.
func (r *rig) numbers(reference string, weights ...string) []string {
	r.t.Helper()
	var all []string
	for _, p := range dig(r.t, r.ship(request("ZPL", reference, weights...)), "ShipmentResults", "PackageResults").([]any) {
		all = append(all, dig(r.t, p, "TrackingNumber").(string))
	}
	return all
}

func (r *rig) void(path string) (*http.Response, object) {
	r.t.Helper()
	return r.call(http.MethodDelete, path, nil)
}

func naming(numbers ...string) string {
	if len(numbers) == 1 {
		return "?trackingnumber=" + numbers[0]
	}
	return "?trackingnumber=" + url.QueryEscape(`["`+strings.Join(numbers, `","`)+`"]`)
}

// status is a package's result.
func status(number, code, description string) object {
	return object{"TrackingNumber": number, "Status": object{"Code": code, "Description": description}}
}

func TestVoidOfAWholeShipmentHasASummaryAlone(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	all := r.numbers("v", "1", "2")
	want := object{"VoidShipmentResponse": object{
		"Response":      object{"ResponseStatus": object{"Code": "1", "Description": "Success"}, "TransactionReference": ""},
		"SummaryResult": object{"Status": object{"Code": "1", "Description": "Voided"}},
	}}
	for _, why := range []string{"the first time", "voided before"} {
		if resp, body := r.void(voidPath + all[0]); resp.StatusCode != 200 || !cmp.Equal(want, body) {
			t.Errorf("%s: %d %s", why, resp.StatusCode, cmp.Diff(want, body))
		}
	}
	if n := r.sim.Live("v"); n != 0 {
		t.Errorf("%d live after the void", n)
	}
}

func TestVoidOfPackagesTellsOfEach(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	all, foreign := r.numbers("v", "1", "2", "3"), r.numbers("other")[0]
	for _, step := range []struct {
		named   []string
		results []any
		summary string
		live    int
	}{
		{all[1:2], []any{status(all[1], "1", "Voided")}, "1", 1},
		{all[:2], []any{status(all[0], "1", "Voided"), status(all[1], "1", "Already Voided")}, "1", 1},
		{[]string{all[2], foreign}, []any{status(all[2], "1", "Voided"), status(foreign, "0", "Not Voided")}, "0", 0},
	} {
		_, body := r.void(voidPath + all[0] + naming(step.named...))
		if diff := cmp.Diff(step.results, dig(t, body, "VoidShipmentResponse", "PackageLevelResults")); diff != "" {
			t.Errorf("%v:\n%s", step.named, diff)
		}
		if got := dig(t, body, "VoidShipmentResponse", "SummaryResult", "Status", "Code"); got != step.summary || r.sim.Live("v") != step.live {
			t.Errorf("%v: summary %v, %d live, want %s and %d", step.named, got, r.sim.Live("v"), step.summary, step.live)
		}
	}
	if r.sim.Live("other") != 1 {
		t.Error("another shipment's package was voided")
	}
}

func TestOneVoidedPackageIsAnObjectBeforeV2403(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	result := func(version, n string) any {
		_, body := r.void("/api/shipments/" + version + "/void/cancel/" + n + naming(n))
		return dig(t, body, "VoidShipmentResponse", "PackageLevelResults")
	}
	if _, list := result("v2403", r.numbers("a")[0]).([]any); !list {
		t.Error("v2403: no array")
	}
	if _, one := result("v2205", r.numbers("b")[0]).(object); !one {
		t.Error("v2205: no object")
	}
	n := r.numbers("c")[0]
	r.sim.Set(carriersim.Settings{Polymorphic: true})
	if _, one := result("v2409", n).(object); !one {
		t.Error("polymorphic: no object")
	}
}

func TestVoidIsRefused(t *testing.T) {
	booked := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	clock := at(booked)
	r := newRig(t, carriersim.Options{Clock: clock, TokenLife: 10_000 * time.Hour})
	all, foreign := r.numbers("v", "1", "2"), r.numbers("other")[0]
	refused := func(why, path, want string) {
		t.Helper()
		if resp, body := r.void(path); resp.StatusCode != 400 || code(t, body) != want {
			t.Errorf("%s: %d %v, want %s", why, resp.StatusCode, body, want)
		}
	}
	refused("unknown", voidPath+ups.Number("A1B2C3", "03", 1), "190102")
	refused("a package's own number", voidPath+all[1], "190102")
	refused("a package of another shipment", voidPath+all[0]+naming(foreign), "190102")
	refused("no number at all", voidPath+all[0]+"?trackingnumber=string", "190102")
	refused("a wrong check digit", voidPath+"1Z999AA10123456785", "190100")
	refused("more than twenty", voidPath+all[0]+naming(strings.Split(strings.Repeat(all[0]+",", 20)+all[0], ",")...), "190100")
	refused("a version that is none", "/api/shipments/v9/void/cancel/"+all[0], "20002")
	r.sim.Set(carriersim.Settings{NoVoid: true})
	refused("switched on", voidPath+all[0], "190102")
	r.sim.Set(carriersim.Settings{VoidDays: 2})
	clock.set(booked.Add(48*time.Hour + time.Second))
	refused("too late", voidPath+all[0], "190102")
	if n := r.sim.Live("v"); n != 1 {
		t.Errorf("%d live, want 1", n)
	}
	clock.set(booked.Add(48 * time.Hour))
	if resp, body := r.void(voidPath + all[0]); resp.StatusCode != 200 {
		t.Errorf("in time: %v", body)
	}
	clock.set(booked.AddDate(0, 0, 20))
	if resp, body := r.void(voidPath + all[0]); resp.StatusCode != 200 {
		t.Errorf("voided in time, asked again later: %v", body)
	}
}

func TestAVoidedShipmentIsShownAsVoid(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	all := r.numbers("v", "1", "2")
	tracked := func(number string) any {
		_, body := r.call(http.MethodGet, "/api/track/v1/details/"+number, nil)
		return dig(t, body, "trackResponse", "shipment", 0, "package", 0, "currentStatus", "type")
	}
	r.void(voidPath + all[0] + naming(all[1]))
	if a, b := tracked(all[0]), tracked(all[1]); a != "M" || b != "MV" {
		t.Errorf("one of two voided: %v and %v", a, b)
	}
	if _, body := r.call(http.MethodPost, recoveryPath, byReference("v", "ZPL")); len(dig(t, body, "LabelRecoveryResponse", "LabelResults").([]any)) != 1 {
		t.Errorf("one of two voided: %v", body)
	}
	r.void(voidPath + all[0])
	if got := tracked(all[0]); got != "MV" {
		t.Errorf("track: %v", got)
	}
	if _, body := r.call(http.MethodPost, recoveryPath, byReference("v", "ZPL")); code(t, body) != "9801040" {
		t.Errorf("recovery: %v", body)
	}
}

func TestAGarbledVoidIsExecuted(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	n := r.numbers("v")[0]
	if err := r.sim.SetFaults(fault.Fault{Kind: fault.Garbled, Operation: fault.Void}); err != nil {
		t.Fatal(err)
	}
	_, body := r.void(voidPath + n + naming(n))
	got := dig(t, body, "VoidShipmentResponse")
	if dig(t, got, "SummaryResult", "Status", "Code") != "&#xD;&#xD;1" || dig(t, got, "PackageLevelResult", "TrackingNumber") != "&#xD;&#xD;"+n {
		t.Errorf("%v", got)
	}
	if r.sim.Live("v") != 0 {
		t.Error("it is live")
	}
}
