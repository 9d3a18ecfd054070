package document

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"

	"github.com/fairlead/fairlead/shared/ship"
)

// maxPixels bounds a picture before it is decoded: a label of 4 by 8 inches at the 600 dots of the finest label printers
// has 11.5 million. At 16 bits a channel that is 96 MB, which a function of 512 MB can hold.
const maxPixels = 12_000_000

// decode reads a page of a label. Of an animation it is the first picture; later ones are not looked at.
func decode(l Named, page int) (image.Image, error) {
	data := l.Label.Pages[page]
	config, read := gif.DecodeConfig, gif.Decode
	if l.Label.Format == ship.PNG {
		config, read = png.DecodeConfig, png.Decode
	}
	c, err := config(bytes.NewReader(data))
	if err != nil {
		return nil, unreadable(l, page, err)
	}
	if int64(c.Width)*int64(c.Height) > maxPixels {
		return nil, unreadable(l, page, fmt.Errorf("%d by %d dots are more than a label's", c.Width, c.Height))
	}
	img, err := read(bytes.NewReader(data))
	if err != nil {
		return nil, unreadable(l, page, err)
	}
	if img.Bounds().Empty() {
		return nil, unreadable(l, page, errors.New("it has no dots"))
	}
	return img, nil
}

// picture is an image as a PDF draws it: without its blank foot, and as few bits a dot as its colours need, which for a
// label is one.
type picture struct {
	wide, high int    // dots
	palette    []byte // three bytes a colour; nil when the dots themselves are three bytes each
	bits       int    // a dot, or of each of its channels
	dots       []byte // rows from the top, each begins at a byte, deflated
}

// lying tells whether the picture is a label on its side, its head at the left.
func (p picture) lying() bool { return p.wide > p.high }

// trace makes a picture of an image.
func trace(img image.Image) picture {
	r := flatten(img)
	part := r.trimmed()
	p := picture{wide: part.X, high: part.Y, bits: r.bits(), dots: r.deflated(part)}
	for _, c := range r.colours {
		p.palette = append(p.palette, c[:]...)
	}
	return p
}
