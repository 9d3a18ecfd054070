package document

import (
	"bytes"
	"fmt"
	"strings"
)

// pdf writes a PDF (ISO 32000-1) whose pages hold pictures and nothing else. No date, name or number of chance is in it.
type pdf struct {
	out   bytes.Buffer
	stock stock
	at    []int // where the objects begin; the first has number 1
	pages []int // their objects
	drawn []drawing
}

// drawing is a picture on the page that is not finished.
type drawing struct {
	object int
	matrix [6]milli
}

// The two objects that every other needs to know.
const (
	catalog = 1
	tree    = 2
)

func newPDF(on stock) *pdf {
	p := &pdf{stock: on, at: make([]int, tree)}
	// The second line tells programs that move files that this one is binary. Version 1.6 is that of PrintScaling.
	p.out.WriteString("%PDF-1.6\n%\xE2\xE3\xCF\xD3\n")
	return p
}

// draw puts a picture on a spot of the page.
func (p *pdf) draw(pic picture, on spot) {
	colours := "/DeviceRGB"
	if pic.palette != nil {
		colours = fmt.Sprintf("[/Indexed /DeviceRGB %d <%X>]", len(pic.palette)/3-1, pic.palette)
	}
	n := p.begin()
	fmt.Fprintf(&p.out, "<</Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %s /BitsPerComponent %d /Filter /FlateDecode /Length %d>>\n",
		pic.wide, pic.high, colours, pic.bits, len(pic.dots))
	p.stream(pic.dots)
	p.drawn = append(p.drawn, drawing{n, on.place(pic)})
}

// page finishes the page.
func (p *pdf) page() {
	var steps, names strings.Builder
	for i, d := range p.drawn {
		steps.WriteString("q ")
		for _, v := range d.matrix {
			fmt.Fprintf(&steps, "%s ", v)
		}
		fmt.Fprintf(&steps, "cm /L%d Do Q\n", i)
		fmt.Fprintf(&names, " /L%d %d 0 R", i, d.object)
	}
	content := p.begin()
	fmt.Fprintf(&p.out, "<</Length %d>>\n", steps.Len())
	p.stream([]byte(steps.String()))
	p.pages = append(p.pages, p.begin())
	fmt.Fprintf(&p.out, "<</Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources <</XObject <<%s>>>> /Contents %d 0 R>>\nendobj\n",
		tree, p.stock.wide, p.stock.high, names.String(), content)
	p.drawn = p.drawn[:0]
}

// end finishes the last page and the document.
func (p *pdf) end() []byte {
	p.page()
	p.at[catalog-1] = p.out.Len()
	// Viewers shrink pages to the printer's margins unless told not to, and a barcode is only good at its size.
	fmt.Fprintf(&p.out, "%d 0 obj\n<</Type /Catalog /Pages %d 0 R /ViewerPreferences <</PrintScaling /None>>>>\nendobj\n", catalog, tree)
	p.at[tree-1] = p.out.Len()
	fmt.Fprintf(&p.out, "%d 0 obj\n<</Type /Pages /Count %d /Kids [", tree, len(p.pages))
	for _, n := range p.pages {
		fmt.Fprintf(&p.out, " %d 0 R", n)
	}
	p.out.WriteString("]>>\nendobj\n")
	start := p.out.Len()
	fmt.Fprintf(&p.out, "xref\n0 %d\n0000000000 65535 f \n", len(p.at)+1)
	for _, at := range p.at {
		fmt.Fprintf(&p.out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&p.out, "trailer\n<</Size %d /Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(p.at)+1, catalog, start)
	return p.out.Bytes()
}

// begin begins the next object and gives its number.
func (p *pdf) begin() int {
	p.at = append(p.at, p.out.Len())
	fmt.Fprintf(&p.out, "%d 0 obj\n", len(p.at))
	return len(p.at)
}

// stream writes the content of an object and ends the object.
func (p *pdf) stream(b []byte) {
	p.out.WriteString("stream\n")
	p.out.Write(b)
	p.out.WriteString("\nendstream\nendobj\n")
}
