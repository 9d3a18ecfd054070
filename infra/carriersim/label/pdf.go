package label

import (
	"bytes"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
)

// PDF puts labels on pages of 4 by 6 inches, one a page.
func PDF(labels ...Label) ([]byte, error) {
	doc := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "in", Size: fpdf.SizeType{Wd: 4, Ht: 6}})
	// One label is the same file, however often it is asked for. (With several, fpdf writes the pictures in any
	// order; the pages keep theirs.)
	fixed(doc)
	for _, l := range labels {
		picture, err := l.PNG()
		if err != nil {
			return nil, err
		}
		options := fpdf.ImageOptions{ImageType: "PNG"}
		doc.RegisterImageOptionsReader(l.Number, options, bytes.NewReader(picture))
		doc.AddPage()
		doc.ImageOptions(l.Number, 0, 0, 4, 6, false, options, 0, "")
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return b.Bytes(), nil
}
