package ups

import (
	"maps"
	"slices"

	"github.com/fairlead/fairlead/shared/carrier"
)

// domestic says whether UPS takes two countries for one: a Qualified Domestic Shipment by Shipping.yaml, the European
// Union apart, whose rules differ from service to service.
func domestic(from, to string) bool {
	return from == to || from == "US" && to == "PR" || from == "PR" && to == "US"
}

// offered says whether a service goes from one country to another, as far as carrier.json knows.
func offered(svc carrier.Service, from, to string) bool {
	if len(svc.From) > 0 && !slices.Contains(svc.From, from) {
		return false
	}
	goes, ok := svc.To[from]
	if !ok {
		goes, ok = svc.To["*"]
	}
	return !ok || slices.Contains(goes, to) ||
		slices.Contains(goes, carrier.ToHome) && domestic(from, to) ||
		slices.Contains(goes, carrier.ToAbroad) && !domestic(from, to)
}

// serviceOf is our name of UPS's code between two countries; "" when there is none. A code means different services
// in different countries: 01 is Next Day Air in the US and Express in Canada.
func (u *UPS) serviceOf(code, from, to string) string {
	for _, name := range slices.Sorted(maps.Keys(u.desc.Services)) {
		if svc := u.desc.Services[name]; svc.Code == code && offered(svc, from, to) {
			return name
		}
	}
	return ""
}
