package document

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"

	"github.com/fairlead/fairlead/shared/ship"
)

var (
	zpl    = ship.LabelSpec{Format: ship.ZPL, Size: ship.Size4x6}
	gif4x6 = ship.LabelSpec{Format: ship.GIF, Size: ship.Size4x6}
	png4x6 = ship.LabelSpec{Format: ship.PNG, Size: ship.Size4x6}
	pdf4x6 = ship.LabelSpec{Format: ship.PDF, Size: ship.Size4x6}
	pdfA4  = ship.LabelSpec{Format: ship.PDF, Size: ship.SizeA4}
	letter = ship.LabelSpec{Format: ship.PDF, Size: ship.SizeLetter}
)

func convert(t *testing.T, l ship.Label, want ship.LabelSpec) Document {
	t.Helper()
	doc, err := Convert(l, want)
	if err != nil {
		t.Fatal(err)
	}
	if doc.MediaType != want.Format.MediaType() || doc.Extension != string(want.Format) {
		t.Errorf("it is %s, .%s", doc.MediaType, doc.Extension)
	}
	return doc
}

func TestConvert(t *testing.T) {
	t.Run("the carrier's own format is handed out as it is", func(t *testing.T) {
		for _, f := range []ship.LabelFormat{ship.ZPL, ship.GIF, ship.PNG, ship.PDF} {
			l := tiny(t, f, 1)
			if doc := convert(t, l, ship.LabelSpec{Format: f}); !bytes.Equal(doc.Data, l.Pages[0]) {
				t.Errorf("%s was changed", f)
			}
		}
	})
	t.Run("a PNG has the GIF's dots", func(t *testing.T) {
		l := tinyLying(t, 1)
		doc := convert(t, l, png4x6)
		if err := sameDots(decodeImage(t, doc.Data), decodeImage(t, l.Pages[0])); err != nil {
			t.Error(err)
		}
	})
	t.Run("ZPL of several parcels follows one after the other", func(t *testing.T) {
		l := tiny(t, ship.ZPL, 1, 2, 3)
		doc := convert(t, l, zpl)
		if n := bytes.Count(doc.Data, []byte("^XA")); n != 3 || !bytes.HasPrefix(doc.Data, l.Pages[0]) || !bytes.HasSuffix(doc.Data, l.Pages[2]) {
			t.Errorf("%d labels: %.200s", n, doc.Data)
		}
	})
	for _, f := range []ship.LabelFormat{ship.GIF, ship.PNG} {
		t.Run("a standing "+string(f)+" fills its page, dot by dot", func(t *testing.T) {
			l := standing(t, f, 1)
			fills(t, convert(t, l, pdf4x6), decodeImage(t, l.Pages[0]))
		})
	}
	t.Run("UPS's GIF is turned to the right, without its blank foot", func(t *testing.T) {
		l := lying(t, 1)
		fills(t, convert(t, l, pdf4x6), turnedRight(cut(decodeImage(t, l.Pages[0]), image.Rect(0, 0, 1200, 800))))
	})
	t.Run("each parcel has its page, in order", func(t *testing.T) {
		pages := readPDF(t, convert(t, tinyLying(t, 1, 2, 3), pdf4x6).Data)
		if len(pages) != 3 {
			t.Fatalf("%d pages", len(pages))
		}
		for i, p := range pages {
			if err := sameDots(p.drawn[0].looks, tinyPicture(i+1)); err != nil {
				t.Errorf("page %d: %v", i+1, err)
			}
		}
	})
}

// fills checks that a PDF is one page of label stock, all of it the picture.
func fills(t *testing.T, doc Document, want image.Image) {
	t.Helper()
	pages := readPDF(t, doc.Data)
	if len(pages) != 1 || len(pages[0].drawn) != 1 || !near(pages[0].wide, 101.6) || !near(pages[0].high, 152.4) {
		t.Fatalf("pages are %+v", pages)
	}
	d := pages[0].drawn[0]
	if !near(d.x, 0) || !near(d.y, 0) || !near(d.wide, 101.6) || !near(d.high, 152.4) {
		t.Errorf("it is drawn at %.2f, %.2f, %.2f by %.2f mm", d.x, d.y, d.wide, d.high)
	}
	if err := sameDots(d.looks, want); err != nil {
		t.Error(err)
	}
}

// TestABarcodeOutlivesItsConversion reads the barcode of UPS's GIF from the PDF. The reader looks along rows only.
func TestABarcodeOutlivesItsConversion(t *testing.T) {
	page := readPDF(t, convert(t, lying(t, 7), pdf4x6).Data)[0].drawn[0].looks
	barcode := cut(page, image.Rect(0, 760, 800, 950))
	bitmap, err := gozxing.NewBinaryBitmapFromImage(barcode)
	if err != nil {
		t.Fatal(err)
	}
	got, err := oned.NewCode128Reader().Decode(bitmap, nil)
	if err != nil || got.GetText() != printed(7).Number {
		t.Errorf("the barcode reads %v, %v", got, err)
	}
}

func TestALabelIsSmallInAPDF(t *testing.T) {
	doc := convert(t, lying(t, 1), pdf4x6)
	if d := readPDF(t, doc.Data)[0].drawn[0]; d.bits != 1 {
		t.Errorf("%d bits a dot", d.bits)
	}
	if len(doc.Data) > 100_000 {
		t.Errorf("%d bytes", len(doc.Data))
	}
	t.Logf("a GIF of %d bytes is a PDF of %d", len(lying(t, 1).Pages[0]), len(doc.Data))
}

func TestALongerPictureIsFittedAndCentred(t *testing.T) {
	for name, c := range map[string]struct {
		img              *image.RGBA
		x, y, wide, high float64
	}{
		"ink in the foot":           {blankLabel(140, 80, image.Rect(0, 0, 1, 80), image.Rect(139, 0, 140, 80)), 7.257, 0, 87.086, 152.4},
		"ink at 13/14 of it":        {blankLabel(140, 80, image.Rect(129, 0, 130, 80)), 3.908, 0, 93.785, 152.4},
		"a blank head is kept":      {blankLabel(140, 80, image.Rect(120, 0, 140, 80)), 7.257, 0, 87.086, 152.4},
		"standing, ink in the foot": {blankLabel(80, 140, image.Rect(0, 139, 80, 140)), 7.257, 0, 87.086, 152.4},
		"standing, a blank foot":    {blankLabel(80, 140, image.Rect(0, 119, 80, 120)), 0, 0, 101.6, 152.4},
		"square":                    {blankLabel(80, 80, image.Rect(0, 0, 80, 80)), 0, 25.4, 101.6, 101.6},
		"wholly blank":              {blankLabel(140, 80), 0, 0, 101.6, 152.4},
		"one dot":                   {blankLabel(1, 1), 0, 25.4, 101.6, 101.6},
	} {
		t.Run(name, func(t *testing.T) {
			pages := readPDF(t, convert(t, ship.Label{Format: ship.PNG, Pages: [][]byte{encodePNG(t, c.img)}}, pdf4x6).Data)
			if d := pages[0].drawn[0]; !near(d.x, c.x) || !near(d.y, c.y) || !near(d.wide, c.wide) || !near(d.high, c.high) {
				t.Errorf("it is drawn at %.3f, %.3f, %.3f by %.3f mm", d.x, d.y, d.wide, d.high)
			}
		})
	}
}

// TestEveryKindOfPNG draws each way a PNG can hold colours, and reads it from the PDF.
func TestEveryKindOfPNG(t *testing.T) {
	box := image.Rect(0, 0, 40, 60)
	grey, deep, glass := image.NewGray(box), image.NewNRGBA64(box), image.NewNRGBA(box)
	few, many := map[int]*image.Paletted{}, image.NewRGBA(box)
	for _, n := range []int{1, 2, 3, 4, 5, 16, 17, 256} {
		few[n] = image.NewPaletted(box, nil)
		for i := range n {
			few[n].Palette = append(few[n].Palette, color.RGBA{byte(i), byte(255 - i), byte(3 * i), 0xFF})
		}
	}
	for i := range 40 * 60 {
		x, y := i%40, i/40
		grey.SetGray(x, y, color.Gray{byte(i)})
		many.SetRGBA(x, y, color.RGBA{byte(i), byte(i / 256), byte(y), 0xFF})
		deep.SetNRGBA64(x, y, color.NRGBA64{uint16(i * 27), 0x8000, 0x1234, 0xFFFF})
		glass.SetNRGBA(x, y, color.NRGBA{0, 0, 0, byte(x)})
		for n, img := range few {
			img.SetColorIndex(x, y, byte(i%n))
		}
	}
	check := func(name string, img image.Image, bits int) {
		t.Run(name, func(t *testing.T) {
			doc := convert(t, ship.Label{Format: ship.PNG, Pages: [][]byte{encodePNG(t, img)}}, pdf4x6)
			d := readPDF(t, doc.Data)[0].drawn[0]
			if err := sameDots(d.looks, img); err != nil || d.bits != bits {
				t.Errorf("%d bits, %v", d.bits, err)
			}
		})
	}
	check("grey", grey, 8)
	check("more colours than a palette holds", many, 8)
	check("16 bits a channel", deep, 8)
	check("ink that lets the paper through", glass, 8)
	for n, bits := range map[int]int{1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 16: 4, 17: 8, 256: 8} {
		check("colours need no more bits than they must", few[n], bits)
	}
}

func TestAvailable(t *testing.T) {
	pdfs := []ship.LabelSpec{pdf4x6, pdfA4, letter}
	for name, c := range map[string]struct {
		labels []ship.Label
		want   []ship.LabelSpec
	}{
		"a GIF":                  {[]ship.Label{tinyLying(t, 1)}, append([]ship.LabelSpec{gif4x6, png4x6}, pdfs...)},
		"a PNG":                  {[]ship.Label{tiny(t, ship.PNG, 1)}, append([]ship.LabelSpec{png4x6}, pdfs...)},
		"pictures of parcels":    {[]ship.Label{tinyLying(t, 1, 2)}, pdfs},
		"pictures of both kinds": {[]ship.Label{tinyLying(t, 1), tiny(t, ship.PNG, 2)}, pdfs},
		"ZPL":                    {[]ship.Label{tiny(t, ship.ZPL, 1), tiny(t, ship.ZPL, 2, 3)}, []ship.LabelSpec{zpl}},
		"a PDF":                  {[]ship.Label{tiny(t, ship.PDF, 1)}, []ship.LabelSpec{pdf4x6}},
		"PDFs":                   {[]ship.Label{tiny(t, ship.PDF, 1, 2)}, nil},
		"ZPL and a picture":      {[]ship.Label{tiny(t, ship.ZPL, 1), tinyLying(t, 1)}, nil},
		"a PDF and a picture":    {[]ship.Label{tiny(t, ship.PDF, 1), tinyLying(t, 1)}, nil},
		"nothing":                {nil, nil},
		"no page":                {[]ship.Label{{Format: ship.GIF}}, nil},
		"an unknown format":      {[]ship.Label{{Format: "epl", Pages: [][]byte{{1}}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := Available(c.labels...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			var named []Named
			for _, l := range c.labels {
				named = append(named, Named{Label: l})
			}
			for _, spec := range got { // what is said to be had can be had
				if doc, err := Pack(named, spec); err != nil || len(doc.Data) == 0 {
					t.Errorf("%v: %v", spec, err)
				}
			}
		})
	}
}

func TestParcel(t *testing.T) {
	l := tinyLying(t, 1, 2, 3)
	one, err := Parcel(l, 2)
	if err != nil || len(one.Pages) != 1 || !bytes.Equal(one.Pages[0], l.Pages[1]) || one.Format != ship.GIF {
		t.Errorf("the second parcel is of %d pages, %v", len(one.Pages), err)
	}
	for _, n := range []int{-1, 0, 4} {
		if _, err := Parcel(l, n); !errors.Is(err, ErrNoParcel) {
			t.Errorf("parcel %d: %v", n, err)
		}
	}
}

func TestWhatCannotBeHadNamesWhatCan(t *testing.T) {
	epl := ship.LabelSpec{Format: "epl", Size: ship.Size4x6}
	for name, c := range map[string]struct {
		label ship.Label
		want  ship.LabelSpec
		err   NotConvertible
		text  string
	}{
		"ZPL as PDF": {tiny(t, ship.ZPL, 1), pdf4x6,
			NotConvertible{pdf4x6, []Misfit{{"", ship.ZPL}}, []ship.LabelSpec{zpl}, []ship.LabelSpec{zpl}},
			"a label that is zpl cannot be made into pdf (4x6); one file can be zpl (4x6)"},
		"pictures of parcels as one": {tinyLying(t, 1, 2), png4x6,
			NotConvertible{png4x6, nil, []ship.LabelSpec{pdf4x6, pdfA4, letter}, []ship.LabelSpec{gif4x6, png4x6, pdf4x6, pdfA4, letter}},
			"several parcels cannot be one file of png (4x6); one file can be pdf (4x6), pdf (a4), pdf (letter); a zip, or one parcel at a time (parcel=1), can be gif (4x6), png (4x6), pdf (4x6), pdf (a4), pdf (letter)"},
		"a carrier's PDF on a sheet": {tiny(t, ship.PDF, 1), pdfA4,
			NotConvertible{pdfA4, []Misfit{{"", ship.PDF}}, []ship.LabelSpec{pdf4x6}, []ship.LabelSpec{pdf4x6}}, "a label that is pdf cannot be made into pdf (a4); one file can be pdf (4x6)"},
		"a carrier's PDFs as one": {tiny(t, ship.PDF, 1, 2), pdf4x6,
			NotConvertible{pdf4x6, []Misfit{{"", ship.PDF}}, nil, []ship.LabelSpec{pdf4x6}}, "a label that is pdf cannot be made into pdf (4x6); a zip"},
		"a PNG as GIF": {tiny(t, ship.PNG, 1), gif4x6,
			NotConvertible{gif4x6, []Misfit{{"", ship.PNG}}, []ship.LabelSpec{png4x6, pdf4x6, pdfA4, letter}, []ship.LabelSpec{png4x6, pdf4x6, pdfA4, letter}}, "a label that is png cannot be made into gif (4x6)"},
		"a PNG on A4": {tiny(t, ship.PNG, 1), ship.LabelSpec{Format: ship.PNG, Size: ship.SizeA4},
			NotConvertible{ship.LabelSpec{Format: ship.PNG, Size: ship.SizeA4}, []Misfit{{"", ship.PNG}}, []ship.LabelSpec{png4x6, pdf4x6, pdfA4, letter}, []ship.LabelSpec{png4x6, pdf4x6, pdfA4, letter}}, "a label that is png cannot be made into png (a4)"},
		"a format nobody has": {tiny(t, ship.ZPL, 1), epl,
			NotConvertible{epl, []Misfit{{"", ship.ZPL}}, []ship.LabelSpec{zpl}, []ship.LabelSpec{zpl}}, "a label that is zpl cannot be made into epl (4x6)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Convert(c.label, c.want)
			var got *NotConvertible
			if !errors.As(err, &got) {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(c.err, *got); diff != "" {
				t.Error(diff)
			}
			if !strings.HasPrefix(err.Error(), c.text) {
				t.Errorf("it says %s", err)
			}
		})
	}
}
