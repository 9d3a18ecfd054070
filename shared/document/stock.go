package document

import (
	"fmt"

	"github.com/fairlead/fairlead/shared/ship"
)

// milli is a length on paper in thousandths of a point, of which an inch has 72,000. Whole numbers print alike
// everywhere.
type milli int64

// String is the length in points, as a PDF has it.
func (m milli) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	return fmt.Sprintf("%s%d.%03d", sign, m/1000, m%1000)
}

const (
	inch   = 72_000
	tenths = 254 // of a millimetre, in an inch
)

// stock is what labels are printed on, and where on it they are put.
type stock struct {
	wide, high milli
	spots      []spot
}

// spot is the place of a label. Its origin is the lower left corner, as everything's in a PDF.
type spot struct{ x, y, wide, high milli }

// stocks are the sizes a label may be wanted on. A4 is 210 by 297 mm, Letter 8.5 by 11 inches.
var stocks = map[string]stock{
	ship.Size4x6:    {4 * inch, 6 * inch, []spot{{0, 0, 4 * inch, 6 * inch}}},
	ship.SizeA4:     sheet((2100*inch+tenths/2)/tenths, (2970*inch+tenths/2)/tenths),
	ship.SizeLetter: sheet(inch*17/2, 11*inch),
}

// sheet holds two labels on their side, each in the middle of a half: once cut across the middle there is an even margin
// around each (29 and 23 mm on A4, 32 and 19 on Letter), and both lie well on sheets of two adhesive labels.
func sheet(wide, high milli) stock {
	x, y := (wide-6*inch)/2, (high/2-4*inch)/2
	return stock{wide, high, []spot{{x, high/2 + y, 6 * inch, 4 * inch}, {x, y, 6 * inch, 4 * inch}}}
}

// place is the matrix that puts a picture on a spot: as large as fits, in the middle, and turned where one of them lies
// and the other stands. A label of 2 to 3, which label stock is, fills the spot, so that it has its true size.
func (s spot) place(p picture) [6]milli {
	wide, high := milli(p.wide), milli(p.high)
	turned := p.lying() != (s.wide > s.high)
	if turned {
		wide, high = high, wide
	}
	w, h := s.wide, high*s.wide/wide
	if h > s.high {
		w, h = wide*s.high/high, s.high
	}
	x, y := s.x+(s.wide-w)/2, s.y+(s.high-h)/2
	switch {
	case !turned:
		return [6]milli{w, 0, 0, h, x, y}
	case p.lying(): // to the right, so that what was at the left, its head, comes to the top
		return [6]milli{0, -h, w, 0, x, y + h}
	default: // to the left, as carriers do that send labels on their side
		return [6]milli{0, h, -w, 0, x + w, y}
	}
}
