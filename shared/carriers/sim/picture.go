package sim

import (
	"fmt"
	"strings"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/sim/label"
	"github.com/fairlead/fairlead/shared/ship"
)

// bookedAs is the format a label is made in: the platform makes PDF of a picture.
func bookedAs(f ship.LabelFormat) ship.LabelFormat {
	if f == ship.PDF {
		return ship.PNG
	}
	return f
}

// draw makes the label of an order, a page for each parcel. The same order gives the same bytes.
func (s *Sim) draw(o carrier.Order, numbers []string) (ship.Label, error) {
	l := ship.Label{Format: bookedAs(o.Shipment.Label.Format)}
	for i, n := range numbers {
		page, err := render(l.Format, label.Label{
			Carrier: "TEST", Service: s.desc.Services[o.Shipment.Service].Title, From: printed(o.Shipment.From), To: printed(o.Shipment.To),
			Number: n, Piece: i + 1, Pieces: len(numbers), Weight: kilograms(o.Shipment.Parcels[i].Weight), References: references(o),
		})
		if err != nil {
			return ship.Label{}, err
		}
		l.Pages = append(l.Pages, page)
	}
	return l, nil
}

func render(f ship.LabelFormat, l label.Label) ([]byte, error) {
	switch f {
	case ship.ZPL:
		return l.ZPL(), nil
	case ship.GIF:
		return l.GIF()
	case ship.PNG:
		return l.PNG()
	}
	return nil, fmt.Errorf("the test carrier draws no label in format %q", f)
}

// printed is an address as it stands on a label.
func printed(a ship.Address) []string {
	lines := []string{a.Name}
	if a.Company != "" {
		lines = append(lines, a.Company)
	}
	lines = append(lines, a.Lines...)
	return append(lines, strings.Join(strings.Fields(a.City+" "+a.State+" "+a.Postcode), " "), a.Country)
}

func references(o carrier.Order) []string {
	if o.Shipment.Reference == "" {
		return []string{o.Reference}
	}
	return []string{o.Shipment.Reference, o.Reference}
}

// kilograms writes a weight with its grams.
func kilograms(g ship.Grams) string { return fmt.Sprintf("%d.%03d KG", g/1000, g%1000) }
