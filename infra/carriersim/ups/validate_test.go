package ups_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim"
)

// set changes a member of the shipment by its path ("ShipTo/Address/City"); a nil value removes it.
func set(path string, value any) func(object) {
	return func(root object) {
		steps := strings.Split(path, "/")
		var at any = root["ShipmentRequest"]
		for _, step := range steps[:len(steps)-1] {
			at = at.(object)[step]
			if list, ok := at.([]any); ok {
				at = list[0]
			}
		}
		last := steps[len(steps)-1]
		if value == nil {
			delete(at.(object), last)
		} else {
			at.(object)[last] = value
		}
	}
}

func all(changes ...func(object)) func(object) {
	return func(v object) {
		for _, change := range changes {
			change(v)
		}
	}
}

// within makes of the request one inside a country, with its units of weight and length.
func within(country, zip string, units ...string) func(object) {
	changes := []func(object){set("Shipment/Service/Code", "11")}
	for _, p := range []string{"Shipper", "ShipTo", "ShipFrom"} {
		changes = append(changes, set("Shipment/"+p+"/Address/CountryCode", country), set("Shipment/"+p+"/Address/PostalCode", zip),
			set("Shipment/"+p+"/Address/StateProvinceCode", nil))
	}
	return all(append(changes, set("Shipment/Package/PackageWeight/UnitOfMeasurement/Code", units[0]),
		set("Shipment/Package/Dimensions/UnitOfMeasurement/Code", units[1]))...)
}

var (
	onShipment = all(set("Shipment/Package/ReferenceNumber", nil), set("Shipment/ReferenceNumber", []any{object{"Value": "ref"}}))
	germany    = within("DE", "10115", "KGS", "CM")
	abroad     = all(onShipment, set("Shipment/ShipTo/Address/CountryCode", "DE"), set("Shipment/ShipTo/Address/PostalCode", "10115"),
		set("Shipment/Service/Code", "65"), set("Shipment/Description", "Books"))
)

func TestWrongValuesAreRefusedInUPSShape(t *testing.T) {
	r := newRig(t, carriersim.Options{Accounts: []string{"A1B2C3"}})
	to, from, box := "Shipment/ShipTo/", "Shipment/ShipFrom/", "Shipment/Package/"
	for name, c := range map[string]struct {
		change func(object)
		code   string
	}{
		"no address line":               {set(to+"Address/AddressLine", nil), "120202"},
		"empty address line":            {set(to+"Address/AddressLine", []any{""}), "120202"},
		"blank address line":            {set(to+"Address/AddressLine", []any{" "}), "120202"},
		"36 characters in a line":       {set(to+"Address/AddressLine", []any{strings.Repeat("x", 36)}), "120202"},
		"four lines":                    {set(to+"Address/AddressLine", []any{"1", "2", "3", "4"}), "120202"},
		"no city":                       {set(to+"Address/City", nil), "120205"},
		"a state that is none":          {set(to+"Address/StateProvinceCode", "XX"), "120206"},
		"no state":                      {set(to+"Address/StateProvinceCode", nil), "120206"},
		"a ZIP with a hyphen":           {set(to+"Address/PostalCode", "30301-123"), "120207"},
		"no ZIP":                        {set(to+"Address/PostalCode", nil), "120207"},
		"a ZIP of another state":        {set(to+"Address/PostalCode", "98101"), "120802"},
		"a sender's ZIP elsewhere":      {set(from+"Address/PostalCode", "98101"), "111285"},
		"no country":                    {set(to+"Address/CountryCode", nil), "120208"},
		"a country in small letters":    {set(to+"Address/CountryCode", "us"), "120208"},
		"no recipient's name":           {set(to+"Name", nil), "120200"},
		"a phone with signs":            {set(to+"Phone/Number", "+1 410 555"), "120209"},
		"a phone without area code":     {set(to+"Phone/Number", "5551234"), "120209"},
		"no shipper number":             {set("Shipment/Shipper/ShipperNumber", nil), "120100"},
		"five characters":               {set("Shipment/Shipper/ShipperNumber", "A1B2C"), "120100"},
		"a shipper number that is none": {set("Shipment/Shipper/ShipperNumber", "ZZZZZZ"), "120100"},
		"no payment":                    {set("Shipment/PaymentInformation", nil), "20007"},
		"another payer":                 {set("Shipment/PaymentInformation/ShipmentCharge/BillShipper/AccountNumber", "999999"), "120412"},
		"nobody pays":                   {set("Shipment/PaymentInformation/ShipmentCharge/BillShipper", nil), "120412"},
		"no charge for transport":       {set("Shipment/PaymentInformation/ShipmentCharge/Type", "03"), "20007"},
		"a service that is none":        {set("Shipment/Service/Code", "99"), "111100"},
		"a service of another origin":   {set("Shipment/Service/Code", "11"), "121210"},
		"no service":                    {set("Shipment/Service", nil), "20007"},
		"no package":                    {set("Shipment/Package", []any{}), "110002"},
		"no packaging":                  {set(box+"Packaging", nil), "20007"},
		"a packaging that is none":      {set(box+"Packaging/Code", "99"), "20008"},
		"Rating's name for packaging":   {set(box+"PackagingType", object{"Code": "02"}), "10002"},
		"a weight of nothing":           {set(box+"PackageWeight/Weight", "0.0"), "20008"},
		"a negative weight":             {set(box+"PackageWeight/Weight", "-1"), "20008"},
		"a weight as a number":          {set(box+"PackageWeight/Weight", 2.5), "10002"},
		"six characters of weight":      {set(box+"PackageWeight/Weight", "100.25"), "20008"},
		"over 150 pounds":               {set(box+"PackageWeight/Weight", "151"), "111035"},
		"kilograms from the US":         {set(box+"PackageWeight/UnitOfMeasurement/Code", "KGS"), "121057"},
		"a side of nothing":             {set(box+"Dimensions/Length", "0"), "20008"},
		"a side too long":               {set(box+"Dimensions/Length", "109"), "20008"},
		"length and girth too long":     {all(set(box+"Dimensions/Length", "99"), set(box+"Dimensions/Width", "40"), set(box+"Dimensions/Height", "40")), "20008"},
		"a reference of 36":             {set(box+"ReferenceNumber", []any{object{"Value": strings.Repeat("x", 36)}}), "20008"},
		"reference at the shipment":     {set("Shipment/ReferenceNumber", []any{object{"Value": "x"}}), "120541"},
		"no label format":               {set("LabelSpecification/LabelImageFormat", nil), "20007"},
		"PDF at booking":                {set("LabelSpecification/LabelImageFormat/Code", "PDF"), "20008"},
		"ZPL without a size":            {set("LabelSpecification/LabelStockSize", nil), "20007"},
		"a size that is none":           {set("LabelSpecification/LabelStockSize/Height", "5"), "20008"},
		"an option that is none":        {set("Request/RequestOption", "maybe"), "20008"},
		"a subversion that is none":     {set("Request/SubVersion", "9999"), "20008"},
		"an unknown element":            {set("Shipment/Shiper", object{}), "10002"},
		"a last year's ship date":       {set("Shipment/ShipmentDate", "20200101"), "20008"},
		"text for an object":            {set(to+"Address", "Atlanta"), "10002"},
		"package reference abroad":      {all(abroad, set(box+"ReferenceNumber", []any{object{"Value": "x"}})), "120542"},
		"package reference in Germany":  {germany, "120542"},
		"abroad without a person":       {all(abroad, set(to+"AttentionName", nil)), "120201"},
		"abroad without a phone":        {all(abroad, set(to+"Phone", nil)), "120209"},
		"abroad without a description":  {all(abroad, set("Shipment/Description", nil)), "20007"},
		"pounds in Germany":             {all(onShipment, within("DE", "10115", "LBS", "IN")), "121057"},
		"a German postcode of four":     {all(onShipment, within("DE", "1011", "KGS", "CM")), "120107"},
		"a space in Canada's":           {all(onShipment, within("CA", "K1A 0B1", "KGS", "CM"), set(to+"Address/StateProvinceCode", "ON")), "120106"},
		"units mixed":                   {all(onShipment, within("CA", "K1A0B1", "KGS", "IN"), ontario), "110548"},
	} {
		t.Run(name, func(t *testing.T) {
			v := request("ZPL", "ref")
			c.change(v)
			resp, body := r.call(http.MethodPost, shipPath, v)
			if resp.StatusCode != http.StatusBadRequest || code(t, body) != c.code {
				t.Errorf("%d %v, want %s first", resp.StatusCode, body, c.code)
			}
		})
	}
	if n := len(r.sim.Ledger()); n != 0 {
		t.Errorf("%d references were booked", n)
	}
}

var ontario = all(set("Shipment/Shipper/Address/StateProvinceCode", "ON"), set("Shipment/ShipTo/Address/StateProvinceCode", "ON"),
	set("Shipment/ShipFrom/Address/StateProvinceCode", "ON"))

func TestGoodRequestsAreBooked(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	puertoRico := all(within("PR", "00901", "LBS", "IN"), set("Shipment/Service/Code", "03"))
	for name, change := range map[string]func(object){
		"as it is":                 func(object) {},
		"objects for lists of one": all(set("Shipment/Package", pack("1", "ref")), set("Shipment/PaymentInformation/ShipmentCharge", object{"Type": "01", "BillShipper": object{"AccountNumber": "A1B2C3"}})),
		"no ShipFrom":              set("Shipment/ShipFrom", nil),
		"no dimensions":            set("Shipment/Package/Dimensions", nil),
		"nine digits of ZIP":       set("Shipment/ShipTo/Address/PostalCode", "303011234"),
		"GIF without a size":       all(set("LabelSpecification/LabelImageFormat/Code", "GIF"), set("LabelSpecification/LabelStockSize", nil)),
		"PNG":                      set("LabelSpecification/LabelImageFormat/Code", "PNG"),
		"EPL":                      set("LabelSpecification/LabelImageFormat/Code", "EPL"),
		"SPL":                      set("LabelSpecification/LabelImageFormat/Code", "SPL"),
		"Germany":                  all(germany, onShipment),
		"Britain":                  all(within("GB", "SW1A 1AA", "KGS", "CM"), onShipment),
		"Canada":                   all(within("CA", "K1A0B1", "KGS", "CM"), ontario, onShipment),
		"Puerto Rico":              puertoRico,
		"to Germany":               abroad,
		"a third party pays":       set("Shipment/PaymentInformation/ShipmentCharge", []any{object{"Type": "01", "BillThirdParty": object{"AccountNumber": "999999", "Address": object{"CountryCode": "US"}}}}),
		"city validation":          set("Request/RequestOption", "validate"),
	} {
		t.Run(name, func(t *testing.T) {
			v := request("ZPL", "ref")
			change(v)
			before := r.sim.Live("ref")
			r.ship(v)
			if after := r.sim.Live("ref"); after != before+1 {
				t.Errorf("%d live under the reference, want %d", after, before+1)
			}
		})
	}
}

func TestReferencesInTheWrongPlaceAreNotIndexed(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	v := request("ZPL", "ref")
	set("Shipment/ReferenceNumber", []any{object{"Value": "elsewhere"}})(v)
	r.call(http.MethodPost, shipPath, v)
	for _, ref := range []string{"ref", "elsewhere"} {
		if _, body := r.call(http.MethodPost, recoveryPath, byReference(ref, "ZPL")); code(t, body) != "9801031" {
			t.Errorf("%s: %v", ref, body)
		}
	}
}

func TestRecoveryRequestsAreChecked(t *testing.T) {
	r := newRig(t, carriersim.Options{})
	for name, c := range map[string]struct {
		body object
		code string
	}{
		"neither number nor reference": {object{"LabelRecoveryRequest": object{"Request": object{}}}, "20007"},
		"a number that is none":        {byNumber("1Z123", "GIF"), "20008"},
		"a wrong check digit":          {byNumber("1Z999AA10123456785", "GIF"), "20008"},
		"PNG":                          {byNumber("1Z999AA10123456784", "PNG"), "20008"},
		"no shipper number":            {object{"LabelRecoveryRequest": object{"Request": object{}, "ReferenceValues": object{"ReferenceNumber": object{"Value": "x"}}}}, "120100"},
		"an unknown element":           {object{"LabelRecoveryRequest": object{"Request": object{}, "TrackingNo": "x"}}, "10002"},
	} {
		t.Run(name, func(t *testing.T) {
			if resp, body := r.call(http.MethodPost, recoveryPath, c.body); resp.StatusCode != 400 || code(t, body) != c.code {
				t.Errorf("%d %v, want %s", resp.StatusCode, body, c.code)
			}
		})
	}
	if resp, body := r.call(http.MethodPost, "/api/labels/v9/recovery", byNumber("1Z999AA10123456784", "GIF")); resp.StatusCode != 400 || code(t, body) != "20002" {
		t.Errorf("version: %v", body)
	}
	if resp, body := r.call(http.MethodPost, "/api/shipments/v9/ship", request("ZPL", "r")); resp.StatusCode != 400 || code(t, body) != "20002" {
		t.Errorf("version: %v", body)
	}
}
