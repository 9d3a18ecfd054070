package ship

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Normalised is the shipment as it is stored and sent: its addresses and its customs declaration normalised.
func (s Shipment) Normalised() Shipment {
	s.From, s.To = s.From.Normalised(), s.To.Normalised()
	if s.Customs != nil {
		c := s.Customs.Normalised()
		s.Customs = &c
	}
	return s
}

// Check tells what is wrong with a normalised shipment apart from what only its carrier can know. Paths are the
// request's.
func (s Shipment) Check() []Problem {
	var p problems
	p = append(p, s.From.Check("ship_from")...)
	p = append(p, s.To.Check("ship_to")...)
	s.checkBorder(&p)
	for i, parcel := range s.Parcels {
		given := 0
		for _, d := range []Millimetres{parcel.Length, parcel.Width, parcel.Height} {
			if d > 0 {
				given++
			}
		}
		if given != 0 && given != 3 {
			p.add(fmt.Sprintf("parcels[%d]", i), "incomplete_dimensions", "Give length_mm, width_mm and height_mm together, or none of them.")
		}
	}
	if size := s.Label.Size; (size == SizeA4 || size == SizeLetter) && s.Label.Format != PDF {
		p.add("label.size", "unsupported", "A label on a sheet of %s is a pdf; ask for format pdf, or for size %s.", size, Size4x6)
	}
	s.checkFilter(&p)
	return p
}

// checkBorder tells what is wrong with the customs declaration. It has to be there across a border. Elsewhere it may
// be: no invoice is made of it, but some carriers ask what is in a parcel where no customs does (UPS from the United
// States to Puerto Rico, and in its air services within the European Union). It is checked wherever it is given.
func (s Shipment) checkBorder(p *problems) {
	if s.Customs != nil {
		s.Customs.check(p, s.gross())
	}
	if !s.From.supported() || !s.To.supported() || !CustomsNeeded(s.From, s.To) {
		return // what is not supported is told at the country
	}
	if s.Customs == nil {
		p.add("customs", "required", "A customs border lies between %s and %s: give customs with contents, incoterm and items, for documents as well.", s.From.territory(), s.To.territory())
	}
	s.From.checkPhone(p, "ship_from")
	s.To.checkPhone(p, "ship_to")
}

// checkPhone tells that a number is missing. Across a border UPS and FedEx demand both: somebody has to answer what
// customs asks.
func (a Address) checkPhone(p *problems, path string) {
	if strings.TrimSpace(a.Phone) == "" {
		p.add(path+".phone", "required", "A shipment across a customs border needs the phone numbers of both sides.")
	}
}

// gross is the weight of all parcels; what is beyond 64 bits is as heavy as can be.
func (s Shipment) gross() Grams {
	var sum int64
	for _, p := range s.Parcels {
		next, ok := addTimes(sum, 1, int64(max(p.Weight, 0)))
		if !ok {
			return math.MaxInt64
		}
		sum = next
	}
	return Grams(sum)
}

func (s Shipment) checkFilter(p *problems) {
	f := s.Filter
	if f == nil {
		return
	}
	if s.Service != Cheapest && s.Service != Fastest {
		p.add("filter", "not_needed", "A filter bounds what the services %s and %s may choose; leave it out for any other.", Cheapest, Fastest)
	}
	if slices.Contains(f.Services, "") {
		p.add("filter.services", "invalid", "A service in the filter has no name.")
	}
	if f.MaxBusinessDays < 0 {
		p.add("filter.max_business_days", "invalid", "The days in transit are 1 or more; leave them out for any.")
	}
	if m := f.MaxTotal; m != nil {
		if _, ok := MinorDigits(m.Currency); !ok {
			p.add("filter.max_total.currency", "invalid", "%q is not a currency of ISO 4217; use three letters like EUR.", m.Currency)
		}
		if m.Minor < 0 {
			p.add("filter.max_total.amount", "invalid", "The price is 0 or more, in minor units of its currency.")
		}
	}
}
