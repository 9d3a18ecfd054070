package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim/label"
	"github.com/fairlead/fairlead/shared/ship"
)

// printed is a carrier's label of a parcel.
func printed(n int) label.Label {
	return label.Label{Carrier: "UPS", Service: "UPS GROUND", Number: fmt.Sprintf("1Z12345E%010d", n), Piece: 1, Pieces: 1, Weight: "2.5 LBS",
		From: []string{"Cedar Books", "1208 SE Hawthorne Blvd", "PORTLAND OR 97214"}, To: []string{"Jo Doe", "100 Main Street", "NEW YORK NY 10001"},
		References: []string{fmt.Sprintf("order-%d", n)}}
}

// standing is the label of 812 by 1218 dots, as GIF or PNG.
func standing(t testing.TB, f ship.LabelFormat, n int) ship.Label {
	t.Helper()
	draws := printed(n).GIF
	if f == ship.PNG {
		draws = printed(n).PNG
	}
	data, err := draws()
	if err != nil {
		t.Fatal(err)
	}
	return ship.Label{Format: f, Pages: [][]byte{data}}
}

// lyingPicture is the label as UPS draws it: 1400 by 800 dots, the label's head at the left, and white right of 1200.
func lyingPicture(t testing.TB, n int) *image.Paletted {
	t.Helper()
	up := white8(decodeImage(t, standing(t, ship.GIF, n).Pages[0]))
	out := image.NewPaletted(image.Rect(0, 0, 1400, 800), color.Palette{color.White, color.Black})
	for y := range 800 {
		for x := range 1200 {
			// Turned left: the picture's left is the label's top, its top the label's right.
			if up.RGBAAt((799-y)*812/800, x*1218/1200).R == 0 {
				out.SetColorIndex(x, y, 1)
			}
		}
	}
	return out
}

// lying is UPS's GIF of a parcel.
func lying(t testing.TB, n int) ship.Label {
	t.Helper()
	return ship.Label{Format: ship.GIF, Pages: [][]byte{encodeGIF(t, lyingPicture(t, n))}}
}

// tinyPicture is a standing label in small: a line at its head, and the number of its parcel in dots under the line's
// left end, so that a label that was turned or mirrored is another. Where nothing but places and order matter, it saves
// a second for each label that is read back.
func tinyPicture(n int) *image.RGBA {
	img := blankLabel(40, 60, image.Rect(0, 0, 40, 2))
	for i := range 8 {
		if n>>i&1 == 1 {
			img.Set(i, 3, color.Black)
		}
	}
	return img
}

// tiny is such a label of each parcel; in a format that is no picture, text.
func tiny(t testing.TB, f ship.LabelFormat, parcels ...int) ship.Label {
	t.Helper()
	l := ship.Label{Format: f}
	for _, n := range parcels {
		data := fmt.Appendf(nil, "%%PDF-1.4 of parcel %d", n)
		switch f {
		case ship.ZPL:
			data = fmt.Appendf(nil, "^XA^FO20,20^A0N,30,30^FDparcel %d^FS^XZ\n", n)
		case ship.GIF:
			data = encodeGIF(t, tinyPicture(n))
		case ship.PNG:
			data = encodePNG(t, tinyPicture(n))
		}
		l.Pages = append(l.Pages, data)
	}
	return l
}

// tinyLying is the GIF of each parcel on its side, as UPS's are, with a blank foot.
func tinyLying(t testing.TB, parcels ...int) ship.Label {
	t.Helper()
	l := ship.Label{Format: ship.GIF}
	for _, n := range parcels {
		img, left := blankLabel(70, 40), turnedRight(turnedRight(turnedRight(tinyPicture(n))))
		draw.Draw(img, left.Rect, left, image.Point{}, draw.Src)
		l.Pages = append(l.Pages, encodeGIF(t, img))
	}
	return l
}

func encodeGIF(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decodeImage(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// blankLabel is white paper with ink in some places.
func blankLabel(wide, high int, marks ...image.Rectangle) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, wide, high))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for _, m := range marks {
		draw.Draw(img, m, image.Black, image.Point{}, draw.Src)
	}
	return img
}
