package ups

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// maxPackages of one shipment (Shipping.yaml, Shipment.Package).
const maxPackages = 200

var decimalForm = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,2})?$`)

// hundredths reads a decimal number of at most two decimals; UPS writes them all as strings.
func hundredths(s string) (int64, bool) {
	if !decimalForm.MatchString(s) {
		return 0, false
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	return n, err == nil
}

func readPackages(n node, b *state.Booking) {
	packages := n.objects("Package", packageNames...)
	if n.there && (len(packages) == 0 || len(packages) > maxPackages) {
		n.c.add(codeNoPackage, "The shipment must have 1 to %d packages.", maxPackages)
	}
	for _, p := range packages {
		b.Parcels = append(b.Parcels, readPackage(p, b.From.Country))
	}
}

func readPackage(n node, origin string) state.Parcel {
	n.may("Description", 1, 35, "")
	box := n.object("Packaging", true, "Code", "Description")
	if code := box.need("Code", 2, 2, ""); code != "" && !slices.Contains(packaging, code) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", box.at("Code"), code)
	}
	weights, lengths := measures(origin)
	weight := n.object("PackageWeight", true, "UnitOfMeasurement", "Weight")
	p := state.Parcel{
		Unit:   readUnit(weight, []string{"LBS", "KGS", "OZS"}, weights, origin),
		Weight: weight.need("Weight", 1, 5, ""),
	}
	limit := int64(15000)
	if p.Unit == "KGS" {
		limit = 7000
	}
	if value, ok := hundredths(p.Weight); p.Weight != "" && (!ok || value == 0) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: more than 0.", weight.at("Weight"), p.Weight)
	} else if value > limit {
		n.c.add(codeOverweight, "The package exceeds the maximum weight of 150 LBS or 70 KGS.")
	}
	if box := n.object("Dimensions", false, "UnitOfMeasurement", "Length", "Width", "Height"); box.there {
		unit := readUnit(box, []string{"IN", "CM"}, lengths, origin)
		checkSides(box, unit)
		if unit != "" && p.Unit != "" && (unit == "IN") != (p.Unit == "LBS") {
			n.c.add(codeUnitsMixed, "A shipment cannot have a KGS/IN or LBS/CM as its unit of measurements.")
		}
	}
	for _, r := range n.objects("ReferenceNumber", referenceNames...) {
		p.References = append(p.References, readReference(r))
	}
	return p
}

func readUnit(n node, known, fitting []string, origin string) string {
	unit := n.object("UnitOfMeasurement", true, "Code", "Description").need("Code", 1, 3, "")
	switch {
	case unit == "":
	case !slices.Contains(known, unit):
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("UnitOfMeasurement/Code"), unit)
	case origin != "" && !slices.Contains(fitting, unit):
		n.c.add(codeUnitsForeign, "This measurement system is not valid for the selected country.")
	}
	return unit
}

// checkSides holds the limits of Shipping.yaml: 108 in or 270 cm for the longest side, 165 in or 330 cm for it
// and the girth together.
func checkSides(n node, unit string) {
	longest, whole := int64(10800), int64(16500)
	if unit == "CM" {
		longest, whole = 27000, 33000
	}
	sides := make([]int64, 0, 3)
	for _, name := range []string{"Length", "Width", "Height"} {
		text := n.need(name, 1, 3, "")
		value, ok := hundredths(text)
		if text != "" && (!ok || value == 0 || value > longest) {
			n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at(name), text)
			return
		}
		sides = append(sides, value)
	}
	slices.Sort(sides)
	if sides[2]+2*(sides[0]+sides[1]) > whole {
		n.c.add(codeInvalid, "The field, %s, contains invalid data: length and girth exceed the maximum.", n.path)
	}
}

func readReference(n node) string {
	if code := n.may("Code", 1, 2, ""); code != "" && !referenceCodeForm.MatchString(code) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("Code"), code)
	}
	return n.need("Value", 1, 35, "")
}

// readReferences takes references from the one place that is valid: the packages from US to US and from PR to PR,
// the shipment otherwise. In the other place they are refused.
func readReferences(n node, b *state.Booking) {
	var all []string
	for _, r := range n.objects("ReferenceNumber", referenceNames...) {
		all = append(all, readReference(r))
	}
	onPackages := b.From.Country == b.To.Country && unitedStates(b.From.Country)
	if onPackages && len(all) > 0 {
		n.c.add(codeShipmentRef, "Shipment/ReferenceNumber is not allowed for this shipment")
	}
	for _, p := range b.Parcels {
		if !onPackages && len(p.References) > 0 {
			n.c.add(codePackageRef, "Package/ReferenceNumber is not allowed for this shipment")
			break
		}
		all = append(all, p.References...)
	}
	for _, ref := range all {
		if ref != "" && !slices.Contains(b.References, ref) {
			b.References = append(b.References, ref)
		}
	}
}
