package document

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/ship"
)

func pack(t testing.TB, labels []Named, want ship.LabelSpec) Document {
	t.Helper()
	doc, err := Pack(labels, want)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestPack(t *testing.T) {
	labels := []Named{{"a", tinyLying(t, 1, 2)}, {"b", tiny(t, ship.PNG, 3)}, {"c", tiny(t, ship.GIF, 4)}, {"d", tinyLying(t, 5)}}
	t.Run("on label stock each has a page, in order", func(t *testing.T) {
		pages := readPDF(t, pack(t, labels, pdf4x6).Data)
		if len(pages) != 5 {
			t.Fatalf("%d pages", len(pages))
		}
		for i, p := range pages {
			if !near(p.wide, 101.6) || !near(p.high, 152.4) || len(p.drawn) != 1 {
				t.Fatalf("page %d is of %.2f by %.2f mm with %d labels", i+1, p.wide, p.high, len(p.drawn))
			}
			if err := sameDots(p.drawn[0].looks, tinyPicture(i+1)); err != nil {
				t.Errorf("page %d: %v", i+1, err)
			}
		}
	})
	t.Run("A4 holds two at their true size, each in the middle of its half", func(t *testing.T) {
		onSheets(t, pack(t, labels, pdfA4).Data, 210, 297)
	})
	t.Run("Letter holds two at their true size, each in the middle of its half", func(t *testing.T) {
		onSheets(t, pack(t, labels, letter).Data, 215.9, 279.4)
	})
	t.Run("ZPL follows one after the other", func(t *testing.T) {
		a, b := tiny(t, ship.ZPL, 1, 2), tiny(t, ship.ZPL, 3)
		doc := pack(t, []Named{{"a", a}, {"b", b}}, zpl)
		if want := string(a.Pages[0]) + string(a.Pages[1]) + string(b.Pages[0]); string(doc.Data) != want || doc.Extension != "zpl" {
			t.Errorf(".%s is %s", doc.Extension, doc.Data)
		}
	})
	t.Run("nothing makes no document", func(t *testing.T) {
		for name, labels := range map[string][]Named{"no label": nil, "no page": {{Name: "a", Label: ship.Label{Format: ship.ZPL}}},
			"an empty page": {{"a", tiny(t, ship.ZPL, 1)}, {"b", ship.Label{Format: ship.ZPL, Pages: [][]byte{nil}}}}} {
			_, packed := Pack(labels, zpl)
			_, zipped := Zip(labels, zpl)
			if !errors.Is(packed, ErrNoPages) || !errors.Is(zipped, ErrNoPages) {
				t.Errorf("%s: %v; %v", name, packed, zipped)
			}
		}
	})
}

// onSheets checks where five labels lie on sheets of a size in millimetres, and that none stands or is mirrored.
func onSheets(t *testing.T, data []byte, wide, high float64) {
	t.Helper()
	pages := readPDF(t, data)
	if len(pages) != 3 || len(pages[2].drawn) != 1 {
		t.Fatalf("%d pages, %d labels on the last", len(pages), len(pages[len(pages)-1].drawn))
	}
	n := 0
	for _, p := range pages {
		if !near(p.wide, wide) || !near(p.high, high) || len(p.drawn) > 2 {
			t.Errorf("page of %.2f by %.2f mm with %d labels", p.wide, p.high, len(p.drawn))
		}
		for i, d := range p.drawn {
			n++
			x, y := (wide-152.4)/2, (high/2-101.6)/2
			if i == 0 {
				y += high / 2
			}
			if !near(d.wide, 152.4) || !near(d.high, 101.6) || !near(d.x, x) || !near(d.y, y) {
				t.Errorf("label %d is at %.3f, %.3f mm, %.3f by %.3f", n, d.x, d.y, d.wide, d.high)
			}
			if err := sameDots(turnedRight(d.looks), tinyPicture(n)); err != nil { // as it is held after cutting
				t.Errorf("label %d: %v", n, err)
			}
		}
	}
}

func TestMixedFormatsNameWhatStandsInTheWay(t *testing.T) {
	one := func(f ship.LabelFormat) ship.Label { return tiny(t, f, 1) }
	for name, c := range map[string]struct {
		labels []Named
		want   ship.LabelSpec
		err    NotConvertible
	}{
		"ZPL among pictures": {[]Named{{"a", one(ship.GIF)}, {"b", one(ship.ZPL)}, {"c", one(ship.PNG)}}, pdf4x6,
			NotConvertible{pdf4x6, []Misfit{{"b", ship.ZPL}}, nil, []ship.LabelSpec{}}},
		"a picture among ZPL": {[]Named{{"a", one(ship.ZPL)}, {"b", one(ship.GIF)}}, zpl,
			NotConvertible{zpl, []Misfit{{"b", ship.GIF}}, nil, []ship.LabelSpec{}}},
		"a carrier's PDF among pictures": {[]Named{{"a", one(ship.GIF)}, {"b", one(ship.PDF)}}, pdf4x6,
			NotConvertible{pdf4x6, []Misfit{{"b", ship.PDF}}, nil, []ship.LabelSpec{pdf4x6}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Pack(c.labels, c.want)
			var got *NotConvertible
			if !errors.As(err, &got) {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(c.err, *got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("of many, some are named", func(t *testing.T) {
		labels := []Named{{"good", one(ship.ZPL)}}
		picture := one(ship.GIF)
		for i := range 200 {
			labels = append(labels, Named{fmt.Sprintf("s-%d", i), picture})
		}
		_, err := Pack(labels, zpl)
		if text := err.Error(); !strings.Contains(text, `("s-0", "s-1", "s-2", "s-3", "s-4" and 195 more) cannot be made into zpl (4x6)`) || len(text) > 500 {
			t.Errorf("it says %s", text)
		}
	})
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	labels := []Named{{"a", tinyLying(t, 1, 2)}, {"b", tiny(t, ship.PNG, 3)}, {"b", tiny(t, ship.GIF, 4)}}
	for name, make := range map[string]func() (Document, error){
		"pdf (4x6)": func() (Document, error) { return Pack(labels, pdf4x6) },
		"pdf (a4)":  func() (Document, error) { return Pack(labels, pdfA4) },
		"png":       func() (Document, error) { return Convert(tiny(t, ship.GIF, 1), png4x6) },
		"zip":       func() (Document, error) { return Zip(labels, pdf4x6) },
	} {
		t.Run(name, func(t *testing.T) {
			first, err := make()
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				if again, _ := make(); !bytes.Equal(again.Data, first.Data) {
					t.Fatal("another file")
				}
			}
		})
	}
}

// BenchmarkPack200 packs what a batch of two hundred shipments has: UPS's GIFs, on A4. Beside Go's own figures it tells
// the most memory the process ever held, which must stay far under the 512 MB of a function.
func BenchmarkPack200(b *testing.B) {
	labels := make([]Named, 200)
	for i := range labels {
		labels[i] = Named{strconv.Itoa(i), lying(b, i)}
	}
	var doc Document
	forgetPeak(b)
	for b.Loop() {
		doc = pack(b, labels, pdfA4)
	}
	b.ReportMetric(float64(len(doc.Data))/200, "bytes/label")
	b.ReportMetric(peakMB(b), "MB-peak")
}

// BenchmarkLargest draws the largest picture there may be, of the kind that takes most memory.
func BenchmarkLargest(b *testing.B) {
	side := int(math.Sqrt(maxPixels))
	l := ship.Label{Format: ship.PNG, Pages: [][]byte{encodePNG(b, deepColours(side, side))}}
	forgetPeak(b)
	for b.Loop() {
		pack(b, []Named{{"a", l}}, pdf4x6)
	}
	b.ReportMetric(peakMB(b), "MB-peak")
}

// forgetPeak makes what the process holds now its most.
func forgetPeak(b *testing.B) {
	b.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Skip("no peak to measure here: ", err)
	}
}

func peakMB(b *testing.B) float64 {
	b.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(raw)
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kb) / 1000
}
