package sim

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

var updateFlag = flag.Bool("update", false, "write the tables into their document")

// page is the document that holds the tables, after this line.
const (
	page      = "../../../infra/docs/test-carrier.md"
	pageBegin = "<!-- go test ./shared/carriers/sim -update writes from here -->\n"
)

func TestDocumentHoldsTheTables(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, old, _ := strings.Cut(string(text), pageBegin)
	tables := documented(t)
	if *updateFlag {
		if err := os.WriteFile(page, []byte(head+pageBegin+tables), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != tables {
		t.Errorf("%s is behind the code: go test ./shared/carriers/sim -update", page)
	}
}

// documented is every table of the document.
func documented(t *testing.T) string {
	s := at(0, 0)
	b := "\n## Services\n\nWhat the parcel of the order above costs, and how many business days it takes.\n\n| service | in one place | in one country | abroad |\n| --- | --- | --- | --- |\n"
	for _, service := range slices.SortedFunc(maps.Keys(tariffs), func(x, y string) int { return int(tariffs[x].first[0] - tariffs[y].first[0]) }) {
		b += fmt.Sprintf("| `%s` %s |", service, s.Describe().Services[service].Title)
		for _, to := range []ship.Address{{Country: "US", Postcode: "97201"}, {Country: "US", Postcode: "10001"}, {Country: "CA", Postcode: "K1A 0B1"}} {
			sh := order("").Shipment
			sh.Service, sh.To, sh.Parcels = service, to, []ship.Parcel{{Weight: 1200}}
			a := s.Rates(t.Context(), sh, order("").Account, carrier.Call{})
			b += fmt.Sprintf(" $%d.%02d, %d |", a.Rates[0].Total.Minor/100, a.Rates[0].Total.Minor%100, a.Rates[0].BusinessDays)
		}
		b += "\n"
	}
	b += table("Markers of a shipment's reference", "Those of rates count in the first line of `ship_to` as well, for a question for rates has no reference.", "marker", Magic)
	b += table("Markers of an address", "In the first of the `lines` of an address that is to be validated. Any other address is `valid`.", "marker", MagicAddresses)
	return b + table("Account numbers", "Any other number is an account in good standing.", "number", MagicNumbers)
}

func table(title, about, what string, markers []Marker) string {
	b := fmt.Sprintf("\n## %s\n\n%s\n\n| %s | the carrier | how it ends |\n| --- | --- | --- |\n", title, about, what)
	for _, m := range markers {
		b += fmt.Sprintf("| `%s` | %s | %s |\n", m.Name, m.Does, m.Ends)
	}
	return b
}
