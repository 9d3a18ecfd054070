package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// What the test carrier takes, so that its refusals can be met: a parcel's weight in grams, its longest side in
// millimetres, and our reference in characters.
const (
	maxWeight    = 70_000
	maxSide      = 2_740
	maxReference = 30
)

const unchosen = "The service has not been chosen."

// Check tells what of a shipment the test carrier can't do, all of it at once.
func (s *Sim) Check(sh ship.Shipment) []ship.Problem {
	p := s.checkLoad(sh)
	if !slices.Contains(s.desc.Formats, sh.Label.Format) {
		p = append(p, problem("label.format", "unsupported", "Labels of the test carrier come as %v.", s.desc.Formats))
	}
	if !slices.Contains([]string{ship.Size4x6, ship.SizeA4, ship.SizeLetter}, sh.Label.Size) {
		p = append(p, problem("label.size", "unsupported", "Labels come as 4x6, and a pdf as a4 and letter as well."))
	}
	return p
}

// checkLoad tells what is wrong with what is to be moved: service and parcels.
func (s *Sim) checkLoad(sh ship.Shipment) []ship.Problem {
	var p []ship.Problem
	known := func(field, service string) {
		if _, ok := s.desc.Services[service]; !ok {
			p = append(p, problem(field, "unknown", "The test carrier has no service %q; its services are %s.", service, strings.Join(slices.Sorted(maps.Keys(s.desc.Services)), ", ")))
		}
	}
	if !open(sh.Service) {
		known("service", sh.Service)
	}
	if sh.Filter != nil {
		for i, service := range sh.Filter.Services {
			known(fmt.Sprintf("filter.services[%d]", i), service)
		}
	}
	if n := len(sh.Parcels); n < 1 || n > s.desc.MaxParcels {
		p = append(p, problem("parcels", "invalid", "The test carrier takes 1 to %d parcels in one shipment, this has %d.", s.desc.MaxParcels, n))
	}
	for i, parcel := range sh.Parcels {
		at := "parcels[" + strconv.Itoa(i) + "]"
		if parcel.Weight < 1 {
			p = append(p, problem(at+".weight_g", "invalid", "A parcel weighs at least 1 g."))
		} else if parcel.Weight > maxWeight {
			p = append(p, problem(at+".weight_g", "too_heavy", "The test carrier takes parcels up to %d g.", maxWeight))
		}
		if max(parcel.Length, parcel.Width, parcel.Height) > maxSide {
			p = append(p, problem(at+".length_mm", "too_large", "The test carrier takes parcels up to %d mm long.", maxSide))
		}
	}
	return p
}

// checkOrder tells what of an order can't be booked whatever is done about it.
func (s *Sim) checkOrder(o carrier.Order) []ship.Problem {
	p := s.Check(o.Shipment)
	if open(o.Shipment.Service) {
		p = append(p, problem("service", "invalid", unchosen))
	}
	if n := utf8.RuneCountInString(o.Reference); n < 1 || n > maxReference {
		p = append(p, problem("reference", "invalid", "The test carrier takes a reference of 1 to %d characters, this has %d.", maxReference, n))
	}
	return p
}

func problem(field, code, format string, args ...any) ship.Problem {
	return ship.Problem{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)}
}
