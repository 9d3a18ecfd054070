package document

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/ship"
)

// deepColours is a picture of 16 bits a channel, some of it transparent: what takes most memory to draw.
func deepColours(wide, high int) *image.NRGBA64 {
	img := image.NewNRGBA64(image.Rect(0, 0, wide, high))
	for i := range img.Pix {
		img.Pix[i] = byte(i >> 10)
	}
	return img
}

// saysItIs makes a small picture say that it is large. Only its head is changed.
func saysItIs(t testing.TB, f ship.LabelFormat, wide, high int) []byte {
	t.Helper()
	small := blankLabel(4, 6)
	if f == ship.GIF {
		data := encodeGIF(t, small)
		binary.LittleEndian.PutUint16(data[6:], uint16(wide))
		binary.LittleEndian.PutUint16(data[8:], uint16(high))
		return data
	}
	data := encodePNG(t, small)
	binary.BigEndian.PutUint32(data[16:], uint32(wide))
	binary.BigEndian.PutUint32(data[20:], uint32(high))
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// turned is the data with a byte in the middle turned.
func turned(data []byte) []byte {
	out := bytes.Clone(data)
	out[len(out)/2] ^= 0xFF
	return out
}

func TestABrokenLabelIsAnError(t *testing.T) {
	goodGIF, goodPNG := tinyLying(t, 1).Pages[0], tiny(t, ship.PNG, 1).Pages[0]
	for name, c := range map[string]struct {
		format ship.LabelFormat
		data   []byte
		says   string
	}{
		"a GIF cut off":                      {ship.GIF, goodGIF[:len(goodGIF)/2], "gif"},
		"a GIF's head alone":                 {ship.GIF, goodGIF[:13], "gif"},
		"a PNG cut off":                      {ship.PNG, goodPNG[:len(goodPNG)/2], "png"},
		"a PNG with a bit turned":            {ship.PNG, turned(goodPNG), "png"},
		"a PNG called a GIF":                 {ship.GIF, goodPNG, "gif"},
		"a GIF called a PNG":                 {ship.PNG, goodGIF, "png"},
		"an error page":                      {ship.GIF, []byte("<html>Service Unavailable</html>"), "gif"},
		"a GIF of four billion dots":         {ship.GIF, saysItIs(t, ship.GIF, 65535, 65535), "65535 by 65535 dots are more than a label's"},
		"a PNG of four billion dots":         {ship.PNG, saysItIs(t, ship.PNG, 65536, 65536), "65536 by 65536 dots are more than a label's"},
		"a PNG of more dots than can be":     {ship.PNG, saysItIs(t, ship.PNG, 1<<31-1, 1<<31-1), "overflow"},
		"a PNG of a dot more than a label":   {ship.PNG, saysItIs(t, ship.PNG, maxPixels+1, 1), "12000001 by 1 dots"},
		"a GIF larger than what follows":     {ship.GIF, saysItIs(t, ship.GIF, 2, 2), "gif"},
		"a PNG with fewer rows than it says": {ship.PNG, saysItIs(t, ship.PNG, 4, 4000), "png"},
	} {
		t.Run(name, func(t *testing.T) {
			l := ship.Label{Format: c.format, Pages: [][]byte{goodGIF, c.data}}
			if c.format == ship.PNG {
				l.Pages[0] = goodPNG
			}
			_, err := Pack([]Named{{"1Z1", l}}, pdf4x6)
			if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), `, "1Z1", parcel 2: `) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error = %v", err)
			}
			if c.format == ship.GIF {
				if _, err := Convert(ship.Label{Format: ship.GIF, Pages: [][]byte{c.data}}, png4x6); !errors.Is(err, ErrUnreadable) {
					t.Errorf("as PNG: %v", err)
				}
			}
		})
	}
}

func TestOfAnAnimationTheFirstPictureIsTheLabel(t *testing.T) {
	first := decodeImage(t, tinyLying(t, 1).Pages[0]).(*image.Paletted)
	second := decodeImage(t, tinyLying(t, 2).Pages[0]).(*image.Paletted)
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{first, second}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	cutOff := b.Bytes()[:b.Len()-500] // within the second
	for _, data := range [][]byte{b.Bytes(), cutOff} {
		doc := convert(t, ship.Label{Format: ship.GIF, Pages: [][]byte{data}}, png4x6)
		if err := sameDots(decodeImage(t, doc.Data), first); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsTransparentIsPaper(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 4, 6), color.Palette{color.Transparent, color.Black})
	img.SetColorIndex(1, 1, 1)
	doc := convert(t, ship.Label{Format: ship.GIF, Pages: [][]byte{encodeGIF(t, img)}}, pdf4x6)
	fills(t, doc, blankLabel(4, 6, image.Rect(1, 1, 2, 2)))
}

// TestAFrameWithinItsScreen: a GIF's picture may be smaller than its screen, and begin anywhere on it.
func TestAFrameWithinItsScreen(t *testing.T) {
	frame := image.NewPaletted(image.Rect(30, 20, 34, 26), color.Palette{color.White, color.Black})
	frame.SetColorIndex(31, 21, 1)
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 100, Height: 100}})
	if err != nil {
		t.Fatal(err)
	}
	l := ship.Label{Format: ship.GIF, Pages: [][]byte{b.Bytes()}}
	fills(t, convert(t, l, pdf4x6), blankLabel(4, 6, image.Rect(1, 1, 2, 2)))
	if err := sameDots(decodeImage(t, convert(t, l, png4x6).Data), frame); err != nil {
		t.Error(err)
	}
}

func FuzzConvertGIF(f *testing.F) {
	f.Add(encodeGIF(f, cut(lyingPicture(f, 1), image.Rect(0, 0, 70, 40)))) // small, so that many are tried
	f.Add(encodeGIF(f, blankLabel(4, 6)))
	f.Add(saysItIs(f, ship.GIF, 65535, 65535))
	f.Fuzz(func(t *testing.T, data []byte) { anything(t, ship.GIF, data) })
}

func FuzzConvertPNG(f *testing.F) {
	f.Add(encodePNG(f, cut(lyingPicture(f, 1), image.Rect(0, 0, 70, 40))))
	f.Add(encodePNG(f, image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.White, color.Transparent, color.Black})))
	f.Add(encodePNG(f, deepColours(3, 3)))
	f.Add(saysItIs(f, ship.PNG, 1<<31-1, 1<<31-1))
	f.Fuzz(func(t *testing.T, data []byte) { anything(t, ship.PNG, data) })
}

// anything converts what may be no label at all into each document there is: it is one, or the error says why not.
func anything(t *testing.T, format ship.LabelFormat, data []byte) {
	l := ship.Label{Format: format, Pages: [][]byte{data}}
	for _, want := range []ship.LabelSpec{pdf4x6, letter, png4x6} {
		doc, err := Convert(l, want)
		switch {
		case err != nil && !errors.Is(err, ErrUnreadable) && !errors.Is(err, ErrNoPages):
			t.Errorf("%v: error = %v", want, err)
		case err == nil && want == png4x6 && format != ship.PNG && len(doc.Data) < 5_000:
			decodeImage(t, doc.Data)
		case err == nil && want == letter && len(doc.Data) < 5_000:
			if p := readPDF(t, doc.Data); len(p) != 1 || len(p[0].drawn) != 1 {
				t.Errorf("%v: %d pages", want, len(p))
			}
		}
	}
}
