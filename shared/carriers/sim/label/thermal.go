package label

import (
	"bytes"
	"fmt"
	"strings"
)

// ZPL writes the label in the language of Zebra's printers: UTF-8, text with ^A0, the barcode with ^BC.
func (l Label) ZPL() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "^XA\n^CI28\n^PW%d\n^LL%d\n^LH0,0\n", dotsWide, dotsHigh)
	for _, y := range []int{310, 620, 740, 1000} {
		fmt.Fprintf(&b, "^FO20,%d^GB%d,4,4^FS\n", y, dotsWide-40)
	}
	for _, r := range l.rows() {
		fmt.Fprintf(&b, "^FO%d,%d^A0N,%d,%d^FH_^FD%s^FS\n", r.x, r.y, glyphHigh*r.size+2, glyphWide*r.size, zplText(r.text))
	}
	fmt.Fprintf(&b, "^BY3,3,%d\n^FO%d,%d^BCN,%d,N,N,N,A^FD%s^FS\n", barcodeHigh, barcodeLeft, barcodeTop, barcodeHigh, l.Number)
	b.WriteString("^PQ1\n^XZ\n")
	return b.Bytes()
}

// zplText writes what would be read as a command as its hexadecimal code, which ^FH announces.
func zplText(text string) string {
	return strings.NewReplacer("_", "_5F", "^", "_5E", "~", "_7E", "\n", " ", "\r", " ").Replace(text)
}

// EPL writes the label in EPL2. Its fonts hold ASCII only.
func (l Label) EPL() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\nN\nq%d\nQ%d,24\n", dotsWide, dotsHigh)
	for _, r := range l.rows() {
		fmt.Fprintf(&b, "A%d,%d,0,%d,1,1,N,\"%s\"\n", r.x, r.y, min(r.size, 5), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(Plain(r.text)))
	}
	fmt.Fprintf(&b, "B%d,%d,0,1,3,6,%d,N,\"%s\"\nP1\n", barcodeLeft, barcodeTop, barcodeHigh, l.Number)
	return b.Bytes()
}

// SPL writes the label in the command language of SATO's printers.
func (l Label) SPL() []byte {
	const esc = "\x1b"
	var b bytes.Buffer
	b.WriteString(esc + "A")
	for _, r := range l.rows() {
		fmt.Fprintf(&b, esc+"V%04d"+esc+"H%04d"+esc+"L%02d%02d"+esc+"XS%s", r.y, r.x, min(r.size, 6), min(r.size, 6), Plain(r.text))
	}
	fmt.Fprintf(&b, esc+"V%04d"+esc+"H%04d"+esc+"BG03%03d%s", barcodeTop, barcodeLeft, barcodeHigh, l.Number)
	b.WriteString(esc + "Q1" + esc + "Z")
	return b.Bytes()
}
