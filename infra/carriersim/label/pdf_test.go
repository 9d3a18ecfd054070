package label

import (
	"bytes"
	"testing"
)

func TestPDFHoldsOnePictureForEachLabel(t *testing.T) {
	a := Label{Carrier: "UPS", Service: "UPS GROUND", Number: "1Z12345E0300000017", Piece: 1, Pieces: 2}
	b := Label{Carrier: "UPS", Service: "UPS GROUND", Number: "1Z12345E0300000026", Piece: 2, Pieces: 2}
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
