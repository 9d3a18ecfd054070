package label

import (
	"bytes"
	"testing"
)

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
