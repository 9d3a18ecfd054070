package label

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"

	"github.com/boombuler/barcode/code128"
)

// GIF draws the label as a black and white GIF of 812 by 1218 dots.
func (l Label) GIF() ([]byte, error) {
	img, err := l.draw()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := gif.Encode(&b, img, &gif.Options{NumColors: len(img.Palette)}); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return b.Bytes(), nil
}

// PNG draws the same picture as a PNG.
func (l Label) PNG() ([]byte, error) {
	img, err := l.draw()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return b.Bytes(), nil
}

func (l Label) draw() (*image.Paletted, error) {
	img := image.NewPaletted(image.Rect(0, 0, dotsWide, dotsHigh), color.Palette{color.White, color.Black})
	for _, y := range []int{310, 620, 740, 1000} {
		fill(img, 20, y, dotsWide-40, 4)
	}
	for _, r := range l.rows() {
		write(img, r)
	}
	if err := l.bars(img); err != nil {
		return nil, err
	}
	return img, nil
}

// bars draws the barcode as wide as fits, with a quiet zone of at least ten modules on both sides.
func (l Label) bars(img *image.Paletted) error {
	code, err := code128.Encode(l.Number)
	if err != nil {
		return fmt.Errorf("label: barcode of %q: %w", l.Number, err)
	}
	modules := code.Bounds().Dx()
	module := dotsWide / (modules + 20)
	if module < 1 {
		return fmt.Errorf("label: %q is too long for a barcode", l.Number)
	}
	left := (dotsWide - modules*module) / 2
	for i := range modules {
		if r, _, _, _ := code.At(code.Bounds().Min.X+i, code.Bounds().Min.Y).RGBA(); r == 0 {
			fill(img, left+i*module, barcodeTop, module, barcodeHigh)
		}
	}
	return nil
}

func write(img *image.Paletted, r row) {
	x := r.x
	for _, c := range []byte(Plain(r.text)) {
		for dy, dots := range glyphs[c] {
			for dx := range 5 {
				if dots&(0x10>>dx) != 0 {
					fill(img, x+dx*r.size, r.y+dy*r.size, r.size, r.size)
				}
			}
		}
		x += glyphWide * r.size
	}
}

// fill blackens a rectangle, as far as it lies on the label.
func fill(img *image.Paletted, x, y, wide, high int) {
	box := image.Rect(x, y, x+wide, y+high).Intersect(img.Rect)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		line := img.Pix[img.PixOffset(box.Min.X, y):][:box.Dx()]
		for i := range line {
			line[i] = 1
		}
	}
}
