package ship

import "fmt"

// Check tells what is wrong with a shipment apart from what only its carrier can know. Paths are the request's.
func (s Shipment) Check() []Problem {
	var p problems
	p = append(p, s.From.Check("ship_from")...)
	p = append(p, s.To.Check("ship_to")...)
	if s.From.Country != s.To.Country && s.From.supported() && s.To.supported() {
		p.add("ship_to.country", "customs_unsupported", "A shipment from %s to %s crosses a customs border, which is not supported yet; ship within one country.", s.From.Country, s.To.Country)
	}
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
	return p
}
