// Package label draws labels that nothing is shipped with, for the test carrier and for simulated carriers: real images
// and ZPL, EPL and SPL whose Code 128 barcode carries the tracking number, so that whatever reads them can be tested. It
// imitates no carrier's design.
package label

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Label is what is printed.
type Label struct {
	Carrier    string // in large letters
	Service    string
	From, To   []string // address lines, as printed
	Number     string   // tracking number: the barcode's content
	Piece      int      // from 1
	Pieces     int
	Weight     string // with its unit
	References []string
}

// Stock is label stock of 4 by 6 inches at 203 dots to the inch.
const (
	dotsWide = 812
	dotsHigh = 1218
)

// row is one line of text; x and y are dots from the top left corner, size a multiple of the 5 x 7 font.
type row struct {
	x, y, size int
	text       string
}

// barcodeTop and barcodeHigh place the barcode, in dots.
const (
	barcodeTop  = 760
	barcodeHigh = 220
	barcodeLeft = 60
)

// rows is the layout all formats share.
func (l Label) rows() []row {
	rows := []row{
		{40, 30, 6, l.Carrier},
		{420, 40, 3, fmt.Sprintf("%d OF %d", l.Piece, l.Pieces)},
		{420, 80, 3, l.Weight},
		{40, 130, 2, "FROM"},
		{40, 330, 3, "SHIP TO"},
		{40, 640, 4, l.Service},
		{40, 700, 3, "TRACKING #: " + l.Number},
		{40, 1150, 4, "TEST - NOT FOR SHIPPING"},
	}
	rows = append(rows, column(40, 156, 2, 22, l.From)...)
	rows = append(rows, column(90, 366, 3, 34, l.To)...)
	for i, ref := range l.References {
		rows = append(rows, row{40, 1010 + 26*i, 2, "REF: " + ref})
	}
	return rows
}

func column(x, y, size, step int, lines []string) []row {
	rows := make([]row, len(lines))
	for i, text := range lines {
		rows[i] = row{x, y + i*step, size, text}
	}
	return rows
}

// Plain makes of a text what a font of ASCII capitals can show: accents fall off, the rest becomes '?'.
func Plain(text string) string {
	text = strings.NewReplacer("ß", "SS", "ø", "O", "Ø", "O", "æ", "AE", "Æ", "AE", "œ", "OE", "ł", "L", "Ł", "L").Replace(text)
	var b strings.Builder
	for _, r := range norm.NFD.String(text) {
		switch {
		case r >= 0x300 && r < 0x370: // combining accents
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
		default:
			if _, ok := glyphs[byte(min(r, 0x7F))]; !ok {
				r = '?'
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}
