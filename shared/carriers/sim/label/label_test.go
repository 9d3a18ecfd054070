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

func TestEveryPrintableCapitalHasAGlyphOrAQuestionMark(t *testing.T) {
	for c := byte('!'); c <= 'Z'; c++ {
		if g, ok := glyphs[c]; !ok || g == [7]byte{} {
			t.Errorf("no glyph for %q", c)
		}
	}
	if got := Plain("Łódź ÅÉß 東"); got != "LODZ AESS ?" {
		t.Errorf("Plain = %q", got)
	}
}
