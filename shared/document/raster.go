package document

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"image/draw"
)

// rgb is an opaque colour.
type rgb [3]byte

func (c rgb) white() bool { return c[0]&c[1]&c[2] == 0xFF }

// raster is what an image shows on white paper, row by row from the top.
type raster struct {
	size    image.Point
	colours []rgb  // at most 256; nil when there are more
	dots    []byte // one a dot, the number of its colour, or the three channels of each
}

// flatten puts an image on white paper: what is transparent is not printed.
func flatten(img image.Image) raster {
	r := raster{size: img.Bounds().Size()}
	if few, ok := img.(*image.Paletted); ok {
		r.number(few)
		return r
	}
	flat := image.NewRGBA(image.Rectangle{Max: r.size})
	draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, img, img.Bounds().Min, draw.Over)
	if !r.count(flat.Pix) {
		r.colours, r.dots = nil, make([]byte, 0, 3*r.size.X*r.size.Y)
		for i := 0; i < len(flat.Pix); i += 4 {
			r.dots = append(r.dots, flat.Pix[i:i+3]...)
		}
	}
	return r
}

// number takes the dots of an image that has a palette, which is what labels come as: its colours are numbered anew, as
// many as are seen.
func (r *raster) number(img *image.Paletted) {
	var seen [256]bool
	var as [256]byte
	r.dots = make([]byte, 0, r.size.X*r.size.Y)
	for y := range r.size.Y {
		for _, n := range img.Pix[y*img.Stride:][:r.size.X] {
			if !seen[n] {
				seen[n], as[n] = true, r.colour(onPaper(img.Palette[n]))
			}
			r.dots = append(r.dots, as[n])
		}
	}
}

// count numbers the colours of dots of four bytes, unless there are more than 256.
func (r *raster) count(pix []byte) bool {
	numbers := map[rgb]byte{}
	r.dots = make([]byte, 0, len(pix)/4)
	for i := 0; i < len(pix); i += 4 {
		c := rgb(pix[i:])
		n, known := numbers[c]
		if !known && len(r.colours) == 256 {
			return false
		}
		if !known {
			n = r.colour(c)
			numbers[c] = n
		}
		r.dots = append(r.dots, n)
	}
	return true
}

// colour is the number of a colour, which gets one if it has none.
func (r *raster) colour(c rgb) byte {
	for n, known := range r.colours {
		if known == c {
			return byte(n)
		}
	}
	r.colours = append(r.colours, c)
	return byte(len(r.colours) - 1)
}

// onPaper is a colour as white paper shows it.
func onPaper(c color.Color) rgb {
	r, g, b, a := c.RGBA()
	rest := 0xFFFF - a
	return rgb{byte((r + rest) >> 8), byte((g + rest) >> 8), byte((b + rest) >> 8)}
}

// trimmed is the size without the blank foot, as far as a label is longer than label stock: UPS's GIF is 1400 by 800
// dots for a label of 1200 by 800, 6 by 4 inches, and scaled down to fit, its barcodes would be smaller than UPS made
// them. The foot of a label on its side is at the right.
func (r *raster) trimmed() image.Point {
	size := r.size
	if size.X > size.Y {
		for size.X*2 > size.Y*3 && r.blank(image.Rect(size.X-1, 0, size.X, size.Y)) {
			size.X--
		}
		return size
	}
	for size.Y*2 > size.X*3 && r.blank(image.Rect(0, size.Y-1, size.X, size.Y)) {
		size.Y--
	}
	return size
}

func (r *raster) blank(box image.Rectangle) bool {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if !r.at(x, y).white() {
				return false
			}
		}
	}
	return true
}

func (r *raster) at(x, y int) rgb {
	i := y*r.size.X + x
	if r.colours == nil {
		return rgb(r.dots[3*i:])
	}
	return r.colours[r.dots[i]]
}

// bits is how many a dot needs, or each of its channels.
func (r *raster) bits() int {
	if r.colours == nil {
		return 8
	}
	bits := 1
	for 1<<bits < len(r.colours) {
		bits *= 2
	}
	return bits
}

// deflated is the upper left part of the dots, compressed. Each row begins at a byte, the first dot at its highest bit.
func (r *raster) deflated(part image.Point) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out) // writes to memory: no error can come of it
	channels := len(r.dots) / (r.size.X * r.size.Y)
	bits, stride := r.bits(), r.size.X*channels
	row := make([]byte, (part.X*channels*bits+7)/8)
	for y := range part.Y {
		squeeze(row, r.dots[y*stride:][:part.X*channels], bits)
		_, _ = w.Write(row)
	}
	_ = w.Close()
	return out.Bytes()
}

// squeeze packs values of a byte into a few bits each.
func squeeze(into, values []byte, bits int) {
	if bits == 8 {
		copy(into, values)
		return
	}
	clear(into)
	each := 8 / bits
	for i, v := range values {
		into[i/each] |= v << (8 - bits*(i%each+1))
	}
}
