package document

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

// Zip makes an archive with a file for each parcel, called by its label's name: as the carriers made them when no format
// is wanted. The error is *NotConvertible when not all of them can be what is wanted; it names those that cannot.
func Zip(labels []Named, want ship.LabelSpec) (Document, error) {
	if err := filled(labels); err != nil {
		return Document{}, err
	}
	if want.Format != "" {
		if e := refuse(labels, sized(want), true); len(e.Misfits) > 0 {
			return Document{}, e
		}
	}
	var b bytes.Buffer
	archive, taken := zip.NewWriter(&b), map[string]bool{}
	for _, l := range labels {
		for i := range l.Label.Pages {
			name := safe(l.Name)
			if len(l.Label.Pages) > 1 {
				name = fmt.Sprintf("%s-%d", name, i+1)
			}
			parcel := ship.Label{Format: l.Label.Format, Pages: l.Label.Pages[i : i+1]}
			as := want
			if as.Format == "" {
				as = ship.LabelSpec{Format: parcel.Format}
			}
			doc, err := Pack([]Named{{Name: name, Label: parcel}}, as)
			if err != nil {
				return Document{}, err
			}
			if err := add(archive, free(taken, name, doc.Extension), doc); err != nil {
				return Document{}, err
			}
		}
	}
	if err := archive.Close(); err != nil {
		return Document{}, fmt.Errorf("closing the archive: %w", err)
	}
	return Document{Data: b.Bytes(), MediaType: "application/zip", Extension: "zip"}, nil
}

// add writes a file. Only ZPL is text: the rest is compressed as it is.
func add(archive *zip.Writer, name string, doc Document) error {
	// The first date an archive knows: the same labels are the same file, whenever they are asked for.
	h := &zip.FileHeader{Name: name, Method: zip.Store, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	if doc.Extension == string(ship.ZPL) {
		h.Method = zip.Deflate
	}
	w, err := archive.CreateHeader(h)
	if err == nil {
		_, err = w.Write(doc.Data)
	}
	if err != nil {
		return fmt.Errorf("writing %s into the archive: %w", name, err)
	}
	return nil
}

// longest is the most characters of a name that are kept.
const longest = 80

// safe makes of a name one that every system takes as a file of this folder.
func safe(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, name)
	name = strings.Trim(name[:min(len(name), longest)], ".")
	stem, _, _ := strings.Cut(name, ".")
	switch {
	case name == "":
		return "label"
	case device(strings.ToUpper(stem)):
		return "_" + name
	}
	return name
}

// device tells whether Windows takes a name for a device's, whatever follows its point.
func device(stem string) bool {
	port := len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT"))
	return slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) || port && stem[3] >= '0' && stem[3] <= '9'
}

// free is the name with its extension, and a number when another file has it already; on many systems "a" and "A" are
// the same.
func free(taken map[string]bool, name, extension string) string {
	file := name + "." + extension
	for n := 2; taken[strings.ToLower(file)]; n++ {
		file = fmt.Sprintf("%s_%d.%s", name, n, extension)
	}
	taken[strings.ToLower(file)] = true
	return file
}
