package ups

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// orders are one of each kind of request the adapter can send.
func orders() map[string]carrier.Order {
	m := map[string]carrier.Order{}
	for _, f := range []ship.LabelFormat{ship.ZPL, ship.GIF, ship.PNG, ship.PDF} {
		n := string(f)
		m["US to US, "+n] = order(format(f))
		m["PR to PR, "+n] = order(format(f), within("PR", "", "00907-1234", "ups_2nd_day_air"))
		m["PR as a state of the US, "+n] = order(format(f), within("US", "PR", "00907", "ups_ground"))
		m["GB to GB, "+n] = order(format(f), within("GB", "", "SW1A 1AA", "ups_express_saver"))
		m["DE to DE, "+n] = order(format(f), within("DE", "BE", "10117", "ups_standard"))
		m["CA to CA, "+n] = order(format(f), within("CA", "ON", "K1A 0B1", "ups_standard"))
		m["several parcels, "+n] = order(format(f), parcels(20))
		m["several parcels in GB, "+n] = order(format(f), parcels(3), sized, within("GB", "", "SW1A 1AA", "ups_standard"))
		m["several parcels to Germany, "+n] = order(format(f), parcels(3), abroad(germany, "ups_express"))
	}
	crossing(m)
	m["everything at its longest"] = order(func(o *carrier.Order) {
		long := ship.Address{Name: strings.Repeat("ü", 35), Company: strings.Repeat("Ö", 35), Phone: strings.Repeat("4", 15),
			Email: strings.Repeat("e", 38) + "@example.com", Lines: []string{strings.Repeat("a", 35), strings.Repeat("b", 35), strings.Repeat("c", 35)},
			City: strings.Repeat("ß", 30), Postcode: "10117", Country: "DE"}
		o.Shipment.From, o.Shipment.To, o.Shipment.Service = long, long, "ups_express"
		o.Reference = strings.Repeat("R", 30)
		o.Shipment.Parcels = []ship.Parcel{{Weight: 70_000, Length: 1000, Width: 500, Height: 500}}
	})
	m["everything at its least"] = order(func(o *carrier.Order) {
		least := ship.Address{Name: "N", Lines: []string{"1"}, City: "C", State: "MD", Postcode: "21030", Country: "US"}
		o.Shipment.From, o.Shipment.To, o.Reference = least, least, "R"
		o.Shipment.Parcels = []ship.Parcel{{Weight: 1}}
	})
	for code, goes := range map[string]func(*carrier.Order){
		"ups_next_day_air": nil, "ups_2nd_day_air": nil, "ups_ground": nil, "ups_3_day_select": nil, "ups_next_day_air_saver": nil,
		"ups_express": abroad(britain, ""), "ups_express_plus": abroad(britain, ""), "ups_expedited": abroad(britain, ""),
		"ups_express_saver": abroad(britain, ""), "ups_standard": abroad(canada, ""),
	} {
		if goes == nil {
			goes = func(*carrier.Order) {}
		}
		m["service "+code] = order(goes, func(o *carrier.Order) { o.Shipment.Service = code })
	}
	return m
}

// crossing adds one of each kind of shipment between countries.
func crossing(m map[string]carrier.Order) {
	m["homes at both ends"] = order(residence, func(o *carrier.Order) { o.Shipment.From.Residential = o.Shipment.To.Residential })
	m["US to CA"] = order(ordered("PO-77"), abroad(canada, "ups_standard"))
	m["US to DE, duties paid"] = order(abroad(germany, "ups_express"), paidDuties, residence)
	m["US to PR"] = order(abroad(puertoRico, "ups_ground"))
	m["PR to US"] = order(from(puertoRico), abroad(america, "ups_2nd_day_air"), noCustoms)
	m["CA to US"] = order(from(canada), abroad(america, "ups_3_day_select"))
	m["DE to FR"] = order(from(germany), abroad(france, "ups_standard"), noCustoms)
	m["DE to FR by air"] = order(from(germany), abroad(france, "ups_express_saver"), noCustoms, ordered("PO-77"))
	m["GB to DE, euros"] = order(from(britain), abroad(germany, "ups_standard"), func(o *carrier.Order) {
		for i := range o.Shipment.Customs.Items {
			o.Shipment.Customs.Items[i].UnitValue.Currency = "EUR"
		}
	})
	m["DE to US, documents"] = order(from(germany), abroad(america, "ups_express"), documents)
	m["US to DE, documents"] = order(abroad(germany, "ups_express"), documents)
	for _, c := range []ship.Contents{ship.Gift, ship.Sample, ship.Returned, ship.Repair} {
		m["US to GB, "+string(c)] = order(abroad(britain, "ups_express"), func(o *carrier.Order) { o.Shipment.Customs.Contents = c })
	}
	m["US to CA at its least"] = order(abroad(canada, "ups_standard"), func(o *carrier.Order) {
		o.Shipment.To.TaxID, o.Shipment.To.Company = "", ""
		o.Shipment.Customs = &ship.Customs{Contents: ship.Merchandise, Incoterm: "EXW",
			Items: []ship.CustomsItem{{Description: "x", Quantity: 1, UnitValue: ship.Money{Minor: 1, Currency: "JPY"}, Origin: "JP"}}}
	})
	m["US to DE at its most"] = order(abroad(germany, "ups_express_plus"), ordered(strings.Repeat("O", 35)), func(o *carrier.Order) {
		o.Shipment.From.TaxID, o.Shipment.To.TaxID = strings.Repeat("1", 15), strings.Repeat("2", 15)
		c := o.Shipment.Customs
		c.InvoiceNumber, c.Note = strings.Repeat("I", 35), strings.Repeat("ü", 150)
		c.Items = nil
		for range 50 {
			c.Items = append(c.Items, ship.CustomsItem{Description: strings.Repeat("w ", 52) + "w", Quantity: 1_999_999, UnitValue: ship.Money{Minor: 1, Currency: "JPY"},
				Origin: "CN", HSCode: "6105100000", SKU: strings.Repeat("S", 35)})
		}
	})
}

// bodies are the request bodies the adapter sends for an order: schema name and body.
func bodies(t *testing.T, o carrier.Order) [][2]string {
	t.Helper()
	s := newServer(t, nil) // it answers 418: what matters is what was sent
	u := adapter(s.URL)
	if p := u.Check(o.Shipment); len(p) > 0 {
		t.Fatalf("the order fails the check: %v", p)
	}
	u.Book(t.Context(), o, testCall())
	u.Find(t.Context(), o, testCall())
	u.Label(t.Context(), o, number1, testCall())
	u.Rates(t.Context(), o.Shipment, o.Account, testCall())
	open := o.Shipment
	open.Service = ship.Fastest
	u.Rates(t.Context(), open, o.Account, testCall())
	u.CheckAddress(t.Context(), o.Shipment.To, o.Account, testCall())
	var list [][2]string
	for _, r := range s.seen {
		switch {
		case r.URL.Path == shipPath:
			list = append(list, [2]string{"ship", r.body})
		case r.URL.Path == recPath:
			list = append(list, [2]string{"recovery", r.body})
		case r.URL.Path == xavPath:
			list = append(list, [2]string{"address", r.body})
		case strings.HasPrefix(r.URL.Path, ratePath):
			list = append(list, [2]string{"rate", r.body})
		}
	}
	want := 5 // a booking, two recoveries, two questions for rates
	if c := country(o.Shipment.To); c == "US" || c == "PR" {
		want++ // and one about the address
	}
	if len(list) != want {
		t.Fatalf("%d requests with a body, want %d", len(list), want)
	}
	return list
}

// validateAll checks every request of every order.
func validateAll(t *testing.T, schemas map[string]*openapi3.Schema) {
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			for _, b := range bodies(t, o) {
				var v any
				if err := json.Unmarshal([]byte(b[1]), &v); err != nil {
					t.Fatal(err)
				}
				if err := schemas[b[0]].VisitJSON(v, openapi3.MultiErrors()); err != nil {
					t.Errorf("%s: %s", b[0], reasons(err))
				}
			}
		})
	}
}

// reasons lists where and why, without the schemas that a kin-openapi error repeats.
func reasons(err error) string {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []string
		for _, e := range many {
			all = append(all, reasons(e))
		}
		return strings.Join(all, "; ")
	}
	if one, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return "/" + strings.Join(one.JSONPointer(), "/") + " " + one.Reason
	}
	return err.Error()
}

func TestRequestsObeyOurSchemas(t *testing.T) {
	schemas := map[string]*openapi3.Schema{}
	for n := range specified {
		s := &openapi3.Schema{}
		if err := json.Unmarshal([]byte(file(t, "schema/"+n+".json")), s); err != nil {
			t.Fatal(err)
		}
		schemas[n] = s
	}
	validateAll(t, schemas)
}
