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

func readPackages(n node, o *order) {
	packages := n.objects("Package", packageNames...)
	countPackages(n, len(packages))
	for _, p := range packages {
		parcel, load := readPackage(p, o.booking.From.Country)
		o.booking.Parcels = append(o.booking.Parcels, parcel)
		o.loads = append(o.loads, load)
	}
}

func countPackages(n node, count int) {
	if n.there && (count == 0 || count > maxPackages) {
		n.c.add(codeNoPackage, "The shipment must have 1 to %d packages.", maxPackages)
	}
}

func readPackage(n node, origin string) (state.Parcel, load) {
	n.may("Description", 1, 35, "")
	kind := readPackaging(n.object("Packaging", true, "Code", "Description"), packaging)
	l, weight := readLoad(n, origin, sizes{weight: 5, side: 3})
	l.letter = kind == "01"
	p := state.Parcel{Weight: weight, Unit: l.unit}
	given := n.objects("ReferenceNumber", referenceNames...)
	countReferences(n, given)
	for _, r := range given {
		p.References = append(p.References, readReference(r))
	}
	return p, l
}

func readPackaging(n node, known []string) string {
	code := n.need("Code", 2, 2, "")
	if code != "" && !slices.Contains(known, code) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("Code"), code)
	}
	return code
}

// sizes are how many characters UPS's documents give a weight and a side: Shipping.yaml and Rating.yaml differ.
type sizes struct{ weight, side int }

// readLoad reads a package's weight, which it also returns as it was written, and its sides.
func readLoad(n node, origin string, s sizes) (load, string) {
	weights, lengths := measures(origin)
	weight := n.object("PackageWeight", true, "UnitOfMeasurement", "Weight")
	l := load{unit: readUnit(weight, []string{"LBS", "KGS", "OZS"}, weights, origin)}
	text := weight.need("Weight", 1, s.weight, "")
	limit := int64(15000)
	if l.unit == "KGS" {
		limit = 7000
	}
	value, ok := hundredths(text)
	switch {
	case text != "" && (!ok || value == 0):
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: more than 0.", weight.at("Weight"), text)
	case value > limit:
		n.c.add(codeOverweight, "The package exceeds the maximum weight of 150 LBS or 70 KGS.")
	}
	l.weight = value
	if box := n.object("Dimensions", false, "UnitOfMeasurement", "Length", "Width", "Height"); box.there {
		unit := readUnit(box, []string{"IN", "CM"}, lengths, origin)
		l.volume = readSides(box, unit, s.side)
		if unit != "" && l.unit != "" && (unit == "IN") != (l.unit == "LBS") {
			n.c.add(codeUnitsMixed, "A shipment cannot have a KGS/IN or LBS/CM as its unit of measurements.")
		}
	}
	return l, text
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

// readSides holds the limits of Shipping.yaml: 108 in or 270 cm for the longest side, 165 in or 330 cm for it and the
// girth together. It returns the product of the sides in hundredths.
func readSides(n node, unit string, length int) int64 {
	longest, whole := int64(10800), int64(16500)
	if unit == "CM" {
		longest, whole = 27000, 33000
	}
	sides := make([]int64, 0, 3)
	for _, name := range []string{"Length", "Width", "Height"} {
		text := n.need(name, 1, length, "")
		value, ok := hundredths(text)
		if text != "" && (!ok || value == 0 || value > longest) {
			n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at(name), text)
			return 0
		}
		sides = append(sides, value)
	}
	slices.Sort(sides)
	if sides[2]+2*(sides[0]+sides[1]) > whole {
		n.c.add(codeInvalid, "The field, %s, contains invalid data: length and girth exceed the maximum.", n.path)
	}
	return sides[0] * sides[1] * sides[2]
}

func readReference(n node) string {
	if code := n.may("Code", 1, 2, ""); code != "" && !referenceCodeForm.MatchString(code) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", n.at("Code"), code)
	}
	value := n.need("Value", 1, 35, "")
	if n.has("BarCodeIndicator") && !barcodeForm.MatchString(value) {
		n.c.add(codeInvalid, "The field, %s, contains invalid data, %q: a bar code holds 14 letters and digits, or 24 digits.", n.at("Value"), value)
	}
	return value
}

// barcodeForm is what of a reference can be bar coded (Shipping.yaml, ReferenceNumber.BarCodeIndicator).
var barcodeForm = regexp.MustCompile(`^([A-Za-z0-9]{1,14}|[0-9]{1,24})$`)

// maxReferences is how many references one package or shipment may have: Shipping.yaml tells of at most five, of which
// labels show two.
const maxReferences = 5

func countReferences(n node, given []node) {
	if len(given) > maxReferences {
		n.c.add(codeInvalid, "The field, %s, contains invalid data: at most %d.", n.at("ReferenceNumber"), maxReferences)
	}
}

// readReferences takes references from the one place that is valid: the packages from US to US and from PR to PR,
// the shipment otherwise. In the other place they are refused.
func readReferences(n node, b *state.Booking) {
	given := n.objects("ReferenceNumber", referenceNames...)
	countReferences(n, given)
	all := make([]string, len(given))
	for i, r := range given {
		all[i] = readReference(r)
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
