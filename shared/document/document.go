// Package document turns the label that a carrier made into what a shipper asks for: another format, a PDF for label
// stock or for sheets, the labels of many shipments in one file, or a zip of them. It is pure, the same input gives the
// same bytes, and whatever a carrier may have sent gives an error at worst.
//
// It writes its PDFs itself: pictures on pages is all there is to them, and the libraries cost each function a megabyte
// and more, or order their objects by chance.
package document

import (
	"bytes"
	"fmt"
	"image/png"
	"slices"

	"github.com/fairlead/fairlead/shared/ship"
)

// Document is a file to hand out.
type Document struct {
	Data      []byte
	MediaType string
	Extension string // of its file name, without the point
}

// Named is the label of one shipment. The name tells it from the others, in errors and as the name of its file; it may
// hold anything.
type Named struct {
	Name  string
	Label ship.Label
}

// Convert makes one document of a label. The error is *NotConvertible when there is no such document of this label: a
// printer's language is no picture, and a picture of several parcels is several files.
func Convert(l ship.Label, want ship.LabelSpec) (Document, error) {
	return Pack([]Named{{Label: l}}, want)
}

// Parcel is the label of one parcel of a shipment, counted from 1. A carrier's PDF that holds all parcels is one page
// here, and stays so.
func Parcel(l ship.Label, n int) (ship.Label, error) {
	if n < 1 || n > len(l.Pages) {
		return ship.Label{}, fmt.Errorf("%w: parcel %d of %d", ErrNoParcel, n, len(l.Pages))
	}
	return ship.Label{Format: l.Format, Pages: l.Pages[n-1 : n]}, nil
}

// Available is what one document of all these labels can be, the carrier's own format first; nothing when they have no
// document in common. Carriers' PDFs are handed out as they are: neither put together nor on other sheets.
func Available(labels ...ship.Label) []ship.LabelSpec {
	pages, of := 0, map[ship.LabelFormat]int{}
	for _, l := range labels {
		pages += len(l.Pages)
		of[l.Format] += len(l.Pages)
	}
	own := func(f ship.LabelFormat) ship.LabelSpec { return ship.LabelSpec{Format: f, Size: ship.Size4x6} }
	switch {
	case pages == 0:
		return nil
	case of[ship.ZPL] == pages:
		return []ship.LabelSpec{own(ship.ZPL)}
	case of[ship.PDF] == pages && pages == 1:
		return []ship.LabelSpec{own(ship.PDF)}
	case of[ship.GIF]+of[ship.PNG] < pages:
		return nil
	}
	var all []ship.LabelSpec
	if pages == 1 && of[ship.GIF] == 1 {
		all = append(all, own(ship.GIF))
	}
	if pages == 1 {
		all = append(all, own(ship.PNG))
	}
	return append(all, own(ship.PDF), ship.LabelSpec{Format: ship.PDF, Size: ship.SizeA4}, ship.LabelSpec{Format: ship.PDF, Size: ship.SizeLetter})
}

// Pack makes one document of the labels of many shipments, in their order: PDF with a label a page on label stock and
// two on a sheet, or ZPL one after the other. The error is *NotConvertible when they have no such document; it names the
// labels that stand in the way.
func Pack(labels []Named, want ship.LabelSpec) (Document, error) {
	want = sized(want)
	if err := filled(labels); err != nil {
		return Document{}, err
	}
	if !slices.Contains(Available(bare(labels)...), want) {
		return Document{}, refuse(labels, want, false)
	}
	var data []byte
	var err error
	switch first := labels[0].Label; {
	case want.Format == ship.ZPL:
		for _, l := range labels {
			data = append(data, slices.Concat(l.Label.Pages...)...)
		}
	case want.Format == first.Format:
		data = first.Pages[0]
	case want.Format == ship.PNG:
		data, err = redraw(labels[0])
	default:
		data, err = sheets(labels, stocks[want.Size])
	}
	if err != nil {
		return Document{}, err
	}
	return Document{Data: data, MediaType: want.Format.MediaType(), Extension: string(want.Format)}, nil
}

// sized is what is wanted with its default: labels are on label stock.
func sized(want ship.LabelSpec) ship.LabelSpec {
	if want.Size == "" {
		want.Size = ship.Size4x6
	}
	return want
}

// redraw makes a PNG of a label of one page, dot by dot.
func redraw(l Named) ([]byte, error) {
	img, err := decode(l, 0)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, unreadable(l, 0, err)
	}
	return b.Bytes(), nil
}

// sheets makes a PDF of pictures, one by one: only the finished document grows with the number of labels.
func sheets(labels []Named, on stock) ([]byte, error) {
	doc, n := newPDF(on), 0
	for _, l := range labels {
		for i := range l.Label.Pages {
			img, err := decode(l, i)
			if err != nil {
				return nil, err
			}
			if n > 0 && n%len(on.spots) == 0 {
				doc.page()
			}
			doc.draw(trace(img), on.spots[n%len(on.spots)])
			n++
		}
	}
	return doc.end(), nil
}
