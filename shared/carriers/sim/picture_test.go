package sim

import (
	"bytes"
	"image"
	"image/gif"
	"image/png"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestLabels(t *testing.T) {
	for format, as := range map[ship.LabelFormat]ship.LabelFormat{ship.ZPL: ship.ZPL, ship.GIF: ship.GIF, ship.PNG: ship.PNG, ship.PDF: ship.PNG} {
		t.Run(string(format), func(t *testing.T) {
			o := order("box-7")
			o.Shipment.Label.Format = format
			o.Shipment.Parcels = append(o.Shipment.Parcels, ship.Parcel{Weight: 40})
			b := at(0, 0).Book(t.Context(), o, carrier.Call{}).Booking
			if b == nil || b.Label == nil || b.Label.Format != as || len(b.Label.Pages) != 2 {
				t.Fatalf("%+v, want two pages of %s", b, as)
			}
			for i, page := range b.Label.Pages {
				if got := barcode(t, as, page); got != b.Numbers[i] {
					t.Errorf("the barcode of parcel %d is %q, want %q", i+1, got, b.Numbers[i])
				}
			}
		})
	}
}

// barcode reads what a scanner would.
func barcode(t *testing.T, f ship.LabelFormat, page []byte) string {
	t.Helper()
	var img image.Image
	var err error
	switch f {
	case ship.ZPL:
		_, code, _ := strings.Cut(string(page), "^BCN,")
		_, code, _ = strings.Cut(code, "^FD")
		code, _, _ = strings.Cut(code, "^FS")
		return code
	case ship.GIF:
		img, err = gif.Decode(bytes.NewReader(page))
	default:
		img, err = png.Decode(bytes.NewReader(page))
	}
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	code, err := oned.NewCode128Reader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatalf("no barcode: %v", err)
	}
	return code.GetText()
}

func TestLabelSaysWhatItIs(t *testing.T) {
	o := order("box-7")
	o.Shipment.To.State = ""
	page := string(at(0, 0).booking(o, 0).Label.Pages[0])
	for _, want := range []string{"TEST - NOT FOR SHIPPING", "Test Ground", "1 OF 1", "1.200 KG", "Cedar Books", "Portland OR 97214", "Jo Doe", "Doe & Co", "100 Main Street",
		"Floor 2", "New York 10001", "US", "REF: box-7", "REF: " + ourReference, number(ourReference, 0, 0)} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on it", want)
		}
	}
	o.Shipment.Reference = ""
	if page := string(at(0, 0).booking(o, 0).Label.Pages[0]); strings.Count(page, "REF: ") != 1 {
		t.Error("a shipment without a reference shows one")
	}
}
