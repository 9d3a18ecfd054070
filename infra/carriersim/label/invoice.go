package label

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/fairlead/fairlead/shared/carriers/sim/label"
)

// Invoice is a commercial invoice for customs. Amounts are decimals as they were given, in Currency.
type Invoice struct {
	Number, Date, Reason string
	Terms                string // of shipment: an Incoterm, or ""
	Currency, Total      string
	From, To, SoldTo     []string // address lines, as printed
	Lines                []InvoiceLine
}

// InvoiceLine is one kind of goods on an invoice; Value is the price of one piece.
type InvoiceLine struct{ Description, Part, Commodity, Origin, Quantity, Unit, Value string }

// linesAPage is how many lines of goods stand on one page.
const linesAPage = 20

// PDF prints the invoice on pages of Letter, for the shipment with a tracking number. The same invoice is the same
// file.
func (i Invoice) PDF(number string) ([]byte, error) {
	doc := fpdf.New("P", "pt", "Letter", "")
	fixed(doc)
	for start := 0; start == 0 || start < len(i.Lines); start += linesAPage {
		doc.AddPage()
		w := writer{doc: doc, y: 54}
		w.line(16, "COMMERCIAL INVOICE")
		w.line(9, "SIMULATED DOCUMENT - NOT FOR CUSTOMS")
		w.line(10, fmt.Sprintf("Invoice %s of %s, shipment %s", i.Number, i.Date, number))
		w.line(10, fmt.Sprintf("Reason for export: %s. Terms of shipment: %s", i.Reason, i.Terms))
		w.line(10, "From: "+strings.Join(i.From, ", "))
		w.line(10, "To: "+strings.Join(i.To, ", "))
		w.line(10, "Sold to: "+strings.Join(i.SoldTo, ", "))
		for _, l := range i.Lines[start:min(start+linesAPage, len(i.Lines))] {
			w.line(10, fmt.Sprintf("%s %s  %s  (part %s, commodity %s, made in %s)  %s %s each", l.Quantity, l.Unit, l.Description, l.Part, l.Commodity, l.Origin, i.Currency, l.Value))
		}
		w.line(12, "Total "+i.Currency+" "+i.Total)
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return nil, fmt.Errorf("invoice: %w", err)
	}
	return b.Bytes(), nil
}

// writer writes one line below the other.
type writer struct {
	doc *fpdf.Fpdf
	y   float64
}

func (w *writer) line(size float64, text string) {
	w.doc.SetFont("Helvetica", "", size)
	w.doc.Text(54, w.y, label.Plain(text))
	w.y += size + 8
}

// fixed gives a document fixed dates and order, so that what is printed again is the same file.
func fixed(doc *fpdf.Fpdf) {
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.SetCreationDate(time.Unix(0, 0).UTC())
	doc.SetModificationDate(time.Unix(0, 0).UTC())
	doc.SetCatalogSort(true)
}
