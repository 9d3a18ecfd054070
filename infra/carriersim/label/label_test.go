package label

import (
	"bytes"
	"image"
	"image/gif"
	"image/png"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
)

func sample() Label {
	return Label{Carrier: "UPS", Service: "UPS GROUND", Number: "1Z12345E0300000017", Piece: 1, Pieces: 2, Weight: "2.5 LBS",
		From:       []string{"Acme ^XZ Ltd", "1 Main St", "TIMONIUM MD 21093", "UNITED STATES"},
		To:         []string{"Müller & Söhne", "Straße 5_b", "ATLANTA GA 30301", "UNITED STATES"},
		References: []string{"01JABCDEFGHJKMNPQRSTVWXYZ0"}}
}

func scan(t *testing.T, img image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	got, err := oned.NewCode128Reader().Decode(bitmap, hints)
	if err != nil {
		t.Fatalf("no barcode in the picture: %v", err)
	}
	return got.GetText()
}

func TestImagesCarryTheTrackingNumber(t *testing.T) {
	l := sample()
	g, err := l.GIF()
	if err != nil {
		t.Fatal(err)
	}
	img, err := gif.Decode(bytes.NewReader(g))
	if err != nil {
		t.Fatal(err)
	}
	if got := scan(t, img); got != l.Number {
		t.Errorf("GIF barcode is %q, want %q", got, l.Number)
	}
	p, err := l.PNG()
	if err != nil {
		t.Fatal(err)
	}
	if img, err = png.Decode(bytes.NewReader(p)); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, img); got != l.Number {
		t.Errorf("PNG barcode is %q, want %q", got, l.Number)
	}
	if dir := os.Getenv("LABEL_DIR"); dir != "" {
		_ = os.WriteFile(dir+"/label.png", p, 0o600)
		_ = os.WriteFile(dir+"/label.gif", g, 0o600)
	}
}

func TestThermalFormatsCarryTheTrackingNumber(t *testing.T) {
	l := sample()
	for name, c := range map[string]struct {
		data    []byte
		barcode string
	}{
		"ZPL": {l.ZPL(), `\^BCN,[^^]*\^FD([^^]+)\^FS`},
		"EPL": {l.EPL(), `(?m)^B\d+,\d+,0,1,.*"(.+)"$`},
		"SPL": {l.SPL(), `BG03\d{3}([^\x1b]+)\x1b`},
	} {
		t.Run(name, func(t *testing.T) {
			m := regexp.MustCompile(c.barcode).FindSubmatch(c.data)
			if m == nil || string(m[1]) != l.Number {
				t.Errorf("barcode is %q, want %q", m, l.Number)
			}
		})
	}
}

func TestTextCannotBreakOutOfItsZPLField(t *testing.T) {
	text := string(sample().ZPL())
	if n := strings.Count(text, "^XZ"); n != 1 {
		t.Errorf("%d ^XZ, want 1:\n%s", n, text)
	}
	if !strings.Contains(text, "Müller & Söhne") || !strings.Contains(text, "Straße 5_5Fb") {
		t.Errorf("addresses are missing:\n%s", text)
	}
}

func TestPDFHoldsOnePictureForEachLabel(t *testing.T) {
	a, b := sample(), sample()
	b.Number = "1Z12345E0300000026"
	doc, err := PDF(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(doc, []byte("%PDF-1.")) || !bytes.Contains(doc[len(doc)-16:], []byte("%%EOF")) {
		t.Errorf("not a PDF: %q … %q", doc[:8], doc[len(doc)-16:])
	}
	if n := bytes.Count(doc, []byte("/Subtype /Image")); n != 2 {
		t.Errorf("%d pictures, want 2", n)
	}
	first, _ := PDF(a)
	if again, _ := PDF(a); !bytes.Equal(first, again) {
		t.Error("the same label gave another file")
	}
}

func TestInvoiceIsASmallPDFOfEveryLine(t *testing.T) {
	i := Invoice{Number: "INV-7", Date: "20260302", Reason: "SALE", Terms: "DAP", Currency: "EUR", Total: "50.00", From: []string{"Müller"}, To: []string{"Łódź"}, SoldTo: []string{"Buyer"}}
	for n, pages := range map[int]int{0: 1, 20: 1, 21: 2, 100: 5} {
		i.Lines = make([]InvoiceLine, n)
		doc, err := i.PDF("1Z12345E0300000017")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(doc, []byte("%PDF-1.")) || !bytes.Contains(doc[len(doc)-16:], []byte("%%EOF")) || bytes.Count(doc, []byte("/Type /Page\n")) != pages || len(doc) > 50_000 {
			t.Errorf("%d lines: no PDF of %d pages: %d bytes", n, pages, len(doc))
		}
		if again, _ := i.PDF("1Z12345E0300000017"); !bytes.Equal(doc, again) {
			t.Error("the same invoice gave another file")
		}
	}
}

func TestEveryPrintableCapitalHasAGlyphOrAQuestionMark(t *testing.T) {
	for c := byte('!'); c <= 'Z'; c++ {
		if g, ok := glyphs[c]; !ok || g == [7]byte{} {
			t.Errorf("no glyph for %q", c)
		}
	}
	if got := plain("Łódź ÅÉß 東"); got != "LODZ AESS ?" {
		t.Errorf("plain = %q", got)
	}
}
