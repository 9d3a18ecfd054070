package ups_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

func values(refs ...string) []any {
	list := make([]any, len(refs))
	for i, r := range refs {
		list[i] = object{"Value": r}
	}
	return list
}

func TestEveryReferenceFindsTheShipment(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	onPackage, both := request("ZPL", "", "1"), request("ZPL", "", "1")
	set("Shipment/Package/ReferenceNumber", values("box-1", "order-1"))(onPackage)
	all(germany, set("Shipment/Package/ReferenceNumber", nil), set("Shipment/ReferenceNumber", values("box-2", "order-2")))(both)
	for first, v := range map[string]object{"1": onPackage, "2": both} {
		number := dig(t, r.ship(v), "ShipmentResults", "ShipmentIdentificationNumber")
		for _, ref := range []string{"box-" + first, "order-" + first} {
			if _, body := r.call(http.MethodPost, recoveryPath, byReference(ref, "ZPL")); dig(t, body, "LabelRecoveryResponse", "ShipmentIdentificationNumber") != number {
				t.Errorf("%s: %v", ref, body)
			}
			_, body := r.call(http.MethodGet, "/api/track/v1/reference/details/"+ref, nil)
			refs := dig(t, body, "trackResponse", "shipment", 0, "package", 0, "referenceNumber").([]any)
			if len(refs) != 2 || dig(t, refs, 1, "number") != "order-"+first {
				t.Errorf("%s: references %v", ref, refs)
			}
		}
	}
}

func TestLabelsShowTwoReferencesOfTheirPackage(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	v := request("ZPL", "", "1", "2")
	boxes := dig(t, v, "ShipmentRequest", "Shipment", "Package")
	dig(t, boxes, 0).(object)["ReferenceNumber"] = values("ref-a", "ref-b", "ref-c")
	dig(t, boxes, 1).(object)["ReferenceNumber"] = values("ref-a", "ref-d")
	results := dig(t, r.ship(v), "ShipmentResults", "PackageResults")
	for i, want := range []string{"ref-a ref-b", "ref-a ref-d"} {
		zpl := string(image(t, dig(t, results, i, "ShippingLabel", "GraphicImage")))
		var shown []string
		for _, ref := range []string{"ref-a", "ref-b", "ref-c", "ref-d"} {
			if strings.Contains(zpl, ref) {
				shown = append(shown, ref)
			}
		}
		if got := strings.Join(shown, " "); got != want {
			t.Errorf("label %d shows %s, want %s", i, got, want)
		}
	}
}

func TestWrongReferencesAreRefused(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, refs := range map[string][]any{
		"six":                        values("1", "2", "3", "4", "5", "6"),
		"a bar code of 15 letters":   {object{"Value": strings.Repeat("a", 15), "BarCodeIndicator": ""}},
		"a bar code with a space":    {object{"Value": "a b", "BarCodeIndicator": ""}},
		"a bar code of 25 digits":    {object{"Value": strings.Repeat("1", 25), "BarCodeIndicator": ""}},
		"a code of three characters": {object{"Value": "a", "Code": "ABC"}},
	} {
		v := request("ZPL", "")
		set("Shipment/Package/ReferenceNumber", refs)(v)
		if _, body := r.call(http.MethodPost, shipPath, v); code(t, body) != "20008" {
			t.Errorf("%s: %v", name, body)
		}
	}
	good := request("ZPL", "")
	set("Shipment/Package/ReferenceNumber", []any{object{"Value": strings.Repeat("1", 24), "BarCodeIndicator": "", "Code": "PO"}})(good)
	r.ship(good)
}

func TestPNGHasOnePictureForEachPackage(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	results := dig(t, r.ship(request("PNG", "png", "1", "2", "3")), "ShipmentResults", "PackageResults").([]any)
	pictures := map[string]bool{}
	for _, p := range results {
		data := image(t, dig(t, p, "ShippingLabel", "GraphicImage"))
		if _, err := png.Decode(bytes.NewReader(data)); err != nil || dig(t, p, "ShippingLabel", "ImageFormat", "Code") != "PNG" {
			t.Errorf("%v %v", dig(t, p, "ShippingLabel", "ImageFormat"), err)
		}
		pictures[string(data)] = true
	}
	if len(pictures) != 3 {
		t.Errorf("%d pictures, want 3", len(pictures))
	}
}

func TestPackagesHaveChargesOfTheirOwn(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	v := request("ZPL", "ref", "1", "60")
	all(set("Request/SubVersion", "2409"), set("Shipment/ShipTo/Address/ResidentialAddressIndicator", ""))(v)
	results := dig(t, r.ship(v), "ShipmentResults")
	cents := func(v any) (n int) {
		_, _ = fmt.Sscan(strings.ReplaceAll(dig(t, v, "MonetaryValue").(string), ".", ""), &n)
		return n
	}
	total := 0
	for i := range 2 {
		p := dig(t, results, "PackageResults", i)
		total += cents(dig(t, p, "BaseServiceCharge"))
		for _, item := range dig(t, p, "ItemizedCharges").([]any) {
			total += cents(item)
		}
	}
	if want := cents(dig(t, results, "ShipmentCharges", "TotalCharges")); total != want {
		t.Errorf("packages cost %d, the shipment %d", total, want)
	}
	if diff := cmp.Diff("270", dig(t, results, "ShipmentCharges", "ItemizedCharges", 1, "Code")); diff != "" {
		t.Error(diff)
	}
	if w := dig(t, results, "BillingWeight", "Weight"); w != "65.0" { // the first package is billed by its size
		t.Errorf("billing weight %v", w)
	}
	plain := dig(t, r.ship(request("ZPL", "ref")), "ShipmentResults", "PackageResults", 0).(object)
	if plain["BaseServiceCharge"] != nil || plain["ItemizedCharges"] != nil {
		t.Errorf("without a SubVersion: %v", plain)
	}
}

func TestAGarbledBookingLacksItsLabel(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	if err := r.sim.SetFaults(fault.Fault{Kind: fault.Garbled, Operation: fault.Ship}); err != nil {
		t.Fatal(err)
	}
	results := dig(t, r.ship(request("ZPL", "ref")), "ShipmentResults")
	if dig(t, results, "PackageResults", 0).(object)["ShippingLabel"] != nil {
		t.Error("it has a label")
	}
	if _, body := r.call(http.MethodPost, recoveryPath, byReference("ref", "ZPL")); dig(t, body, "LabelRecoveryResponse", "LabelResults", 0, "LabelImage") == nil {
		t.Errorf("%v", body)
	}
}

func TestGoodsToAndInTheEmiratesAreDescribed(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	v := request("ZPL", "ref")
	all(onShipment, within("AE", "", "KGS", "CM"))(v)
	for _, p := range []string{"Shipper", "ShipTo", "ShipFrom"} {
		set("Shipment/"+p+"/Address/PostalCode", nil)(v)
	}
	if _, body := r.call(http.MethodPost, shipPath, v); code(t, body) != "20007" {
		t.Errorf("%v", body)
	}
	set("Shipment/Description", "Books")(v)
	r.ship(v)
}
