package ups

import (
	"maps"
	"slices"
)

// services are UPS's service codes and names (Shipping.yaml, Shipment.Service.Code).
var services = map[string]string{
	"01": "Next Day Air", "02": "2nd Day Air", "03": "Ground", "07": "Express", "08": "Expedited", "11": "UPS Standard",
	"12": "3 Day Select", "13": "Next Day Air Saver", "14": "Next Day Air Early", "17": "Worldwide Economy DDU",
	"54": "Express Plus", "59": "2nd Day Air A.M.", "65": "UPS Saver", "70": "Access Point Economy",
	"71": "Worldwide Express Freight Midday", "72": "Worldwide Economy DDP", "74": "Express 12:00", "75": "Heavy Goods",
	"82": "Today Standard", "83": "Today Dedicated Courier", "84": "Today Intercity", "85": "Today Express",
	"86": "Today Express Saver", "96": "Worldwide Express Freight",
}

// offer is which services start in an origin: within it, and by air to every other country. Shipping.yaml doesn't say;
// these are the lists that third parties agree on.
type offer struct{ within, abroad []string }

var offers = map[string]offer{
	"US": {[]string{"01", "02", "03", "12", "13", "14", "59"}, []string{"07", "08", "17", "54", "65", "72", "96"}},
	"PR": {[]string{"01", "02", "03", "14"}, []string{"07", "08", "54", "65"}},
	"CA": {[]string{"01", "02", "11", "13", "14", "70"}, []string{"07", "08", "54", "65"}},
	"PL": {[]string{"07", "08", "11", "54", "65", "70", "82", "83", "84", "85", "86"}, []string{"07", "08", "54", "65"}},
}

var elsewhere = offer{[]string{"07", "08", "11", "54", "65", "70", "74"}, []string{"07", "08", "54", "65"}}

// roads are the groups of countries between which UPS goes by road, and the services that do.
var roads = []struct{ countries, services []string }{
	{slices.Concat(union, []string{"CH", "GB", "LI", "MC", "NO", "SM", "TR"}), []string{"11", "70"}},
	{[]string{"US", "CA", "MX"}, []string{"11"}},
}

// offered tells whether a service starts in one country and ends in the other.
func offered(service, from, to string) bool {
	o, ok := offers[from]
	if !ok {
		o = elsewhere
	}
	if from == to || unitedStates(from) && unitedStates(to) {
		return slices.Contains(o.within, service)
	}
	for _, r := range roads {
		if slices.Contains(r.countries, from) && slices.Contains(r.countries, to) && slices.Contains(r.services, service) {
			return true
		}
	}
	return slices.Contains(o.abroad, service) || service == "12" && from == "CA" && to == "US"
}

// unshopped are the services that Shop doesn't offer for parcels: freight, same day, and those that need a contract or
// an access point.
var unshopped = []string{"17", "70", "71", "72", "75", "82", "83", "84", "85", "86", "96"}

// shop are the services that Shop offers between two countries, by code.
func shop(from, to string) []string {
	var all []string
	for _, code := range slices.Sorted(maps.Keys(services)) {
		if offered(code, from, to) && !slices.Contains(unshopped, code) {
			all = append(all, code)
		}
	}
	return all
}

func unitedStates(country string) bool { return country == "US" || country == "PR" }

// packaging are UPS's package types for small packages (Shipping.yaml, Package.Packaging.Code).
var packaging = []string{"01", "02", "03", "04", "21", "24", "25", "30", "2a", "2b", "2c"}

// subVersions that UPS's documents name.
var subVersions = []string{"1601", "1607", "1701", "1707", "1801", "1807", "2108", "2205", "2403", "2407", "2409"}

// measures are the units an origin measures in. Canada uses both systems.
func measures(origin string) (weights, lengths []string) {
	switch {
	case unitedStates(origin):
		return []string{"LBS"}, []string{"IN"}
	case origin == "CA":
		return []string{"LBS", "KGS"}, []string{"IN", "CM"}
	}
	return []string{"KGS"}, []string{"CM"}
}

// currencies are what origins are billed in; the rest of the world pays in dollars.
var currencies = map[string]string{
	"AE": "AED", "AU": "AUD", "BR": "BRL", "CA": "CAD", "CH": "CHF", "CN": "CNY", "CZ": "CZK", "DK": "DKK", "GB": "GBP", "HK": "HKD",
	"HU": "HUF", "IL": "ILS", "IN": "INR", "JP": "JPY", "KR": "KRW", "MX": "MXN", "NO": "NOK", "NZ": "NZD", "PL": "PLN", "RO": "RON",
	"SE": "SEK", "SG": "SGD", "TR": "TRY", "ZA": "ZAR",
	"AT": "EUR", "BE": "EUR", "DE": "EUR", "ES": "EUR", "FI": "EUR", "FR": "EUR", "GR": "EUR", "IE": "EUR", "IT": "EUR", "LU": "EUR",
	"NL": "EUR", "PT": "EUR", "SI": "EUR", "SK": "EUR",
}

func currency(origin string) string {
	if c, ok := currencies[origin]; ok {
		return c
	}
	return "USD"
}

// single tells whether two countries are one customs territory, so that there are no duties between them.
func single(from, to string) bool {
	return from == to || unitedStates(from) && unitedStates(to) || slices.Contains(union, from) && slices.Contains(union, to)
}

// union are the members of the European Union.
var union = []string{"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
	"LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
