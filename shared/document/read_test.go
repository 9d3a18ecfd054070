package document

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/png" // what the reader takes out of a PDF
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// page is a page of a PDF as somebody else's reader sees it. Lengths are millimetres.
type page struct {
	wide, high float64
	drawn      []drawn
}

// drawn is a picture as it looks on the page, turned as the page turns it. Its place is that of its lower left corner.
type drawn struct {
	x, y, wide, high float64
	bits             int
	looks            image.Image
}

// readPDF reads a PDF with pdfcpu, which also validates it.
func readPDF(t testing.TB, data []byte) []page {
	t.Helper()
	api.DisableConfigDir()
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationStrict
	ctx, err := api.ReadValidateAndOptimize(bytes.NewReader(data), conf)
	if err != nil {
		t.Fatalf("not a valid PDF: %v", err)
	}
	sizes, err := ctx.PageDims()
	if err != nil {
		t.Fatal(err)
	}
	pages := make([]page, ctx.PageCount)
	for i := range pages {
		pages[i] = page{wide: mm(sizes[i].Width), high: mm(sizes[i].Height), drawn: onPage(t, ctx, i+1)}
	}
	return pages
}

func mm(points float64) float64 { return points * 25.4 / 72 }

func onPage(t testing.TB, ctx *model.Context, n int) []drawn {
	t.Helper()
	content, err := pdfcpu.ExtractPageContent(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pdfcpu.ExtractPageImages(ctx, n, false)
	if err != nil {
		t.Fatal(err)
	}
	images := map[string]drawn{}
	for object, f := range found {
		img, _, err := image.Decode(f.Reader)
		if err != nil {
			t.Fatalf("picture %s of page %d: %v", f.Name, n, err)
		}
		dict, _, err := ctx.DereferenceStreamDict(*types.NewIndirectRef(object, 0))
		if err != nil {
			t.Fatal(err)
		}
		images[f.Name] = drawn{bits: *dict.IntEntry("BitsPerComponent"), looks: img}
	}
	var out []drawn
	for line := range strings.Lines(string(steps)) {
		f := strings.Fields(line)
		if len(f) != 11 || f[0] != "q" || f[7] != "cm" || f[9] != "Do" || f[10] != "Q" {
			t.Fatalf("page %d does something else than drawing pictures: %q", n, line)
		}
		var m [6]float64
		for i := range m {
			if m[i], err = strconv.ParseFloat(f[1+i], 64); err != nil {
				t.Fatal(err)
			}
		}
		d, ok := images[f[8][1:]]
		if !ok {
			t.Fatalf("page %d draws %s, which is no picture of it", n, f[8])
		}
		out = append(out, d.through(m))
	}
	return out
}

// through is the picture as a transformation of the unit square shows it (ISO 32000-1, 8.3.4 and 8.9.5): each dot is
// where the matrix puts it, whatever the code that made the matrix had in mind.
func (d drawn) through(m [6]float64) drawn {
	size := d.looks.Bounds().Size()
	left, right := min(0, m[0])+min(0, m[2]), max(0, m[0])+max(0, m[2])
	low, high := min(0, m[1])+min(0, m[3]), max(0, m[1])+max(0, m[3])
	dots := size
	if m[0] == 0 {
		dots = image.Pt(size.Y, size.X)
	}
	looks, from := image.NewRGBA(image.Rect(0, 0, dots.X, dots.Y)), white8(d.looks)
	det := m[0]*m[3] - m[1]*m[2]
	for j := range dots.Y {
		for i := range dots.X {
			x := left + (right-left)*(float64(i)+0.5)/float64(dots.X)
			y := high - (high-low)*(float64(j)+0.5)/float64(dots.Y)
			u, v := (m[3]*x-m[2]*y)/det, (m[0]*y-m[1]*x)/det
			at := image.Pt(int(u*float64(size.X)), int((1-v)*float64(size.Y)))
			looks.SetRGBA(i, j, from.RGBAAt(at.X, at.Y))
		}
	}
	return drawn{x: mm(m[4] + left), y: mm(m[5] + low), wide: mm(right - left), high: mm(high - low), bits: d.bits, looks: looks}
}

// sameDots tells where two pictures differ, on white paper.
func sameDots(got, want image.Image) error {
	if got.Bounds().Size() != want.Bounds().Size() {
		return fmt.Errorf("%v dots instead of %v", got.Bounds().Size(), want.Bounds().Size())
	}
	a, b := white8(got), white8(want)
	for i := range a.Pix {
		if a.Pix[i] != b.Pix[i] {
			at := image.Pt(i%a.Stride/4, i/a.Stride)
			return fmt.Errorf("dot %v is %v instead of %v", at, a.At(at.X, at.Y), b.At(at.X, at.Y))
		}
	}
	return nil
}

func white8(img image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Over)
	return out
}

// turnedRight is a picture a quarter to the right.
func turnedRight(img image.Image) *image.RGBA {
	from := white8(img)
	wide, high := from.Rect.Dx(), from.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, high, wide))
	for y := range high {
		for x := range wide {
			out.SetRGBA(high-1-y, x, from.RGBAAt(x, y))
		}
	}
	return out
}

// near tells whether two lengths are the same to a hundredth of a millimetre.
func near(a, b float64) bool { return math.Abs(a-b) < 0.01 }

// cut is a part of a picture.
func cut(img image.Image, box image.Rectangle) image.Image {
	out := image.NewRGBA(image.Rectangle{Max: box.Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min.Add(box.Min), draw.Src)
	return out
}
