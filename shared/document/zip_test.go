package document

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/ship"
)

// unzipped is what an archive holds, by name, and the names in order.
func unzipped(t testing.TB, data []byte) (names []string, files map[string][]byte) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		if f.Modified.Year() != 1980 {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		names = append(names, f.Name)
	}
	return names, files
}

func TestZip(t *testing.T) {
	t.Run("has a file for each parcel, in what was asked for", func(t *testing.T) {
		doc, err := Zip([]Named{{"1ZA", tinyLying(t, 1, 2)}, {"1ZB", tiny(t, ship.PNG, 3)}}, ship.LabelSpec{Format: ship.PNG})
		if err != nil || doc.MediaType != "application/zip" || doc.Extension != "zip" {
			t.Fatalf("%s, .%s, %v", doc.MediaType, doc.Extension, err)
		}
		names, files := unzipped(t, doc.Data)
		if diff := cmp.Diff([]string{"1ZA-1.png", "1ZA-2.png", "1ZB.png"}, names); diff != "" {
			t.Error(diff)
		}
		if err := sameDots(decodeImage(t, files["1ZA-2.png"]), decodeImage(t, tinyLying(t, 2).Pages[0])); err != nil {
			t.Error(err)
		}
	})
	t.Run("holds carriers' PDFs beside those made of pictures", func(t *testing.T) {
		theirs := tiny(t, ship.PDF, 2)
		doc, err := Zip([]Named{{"a", tinyLying(t, 1)}, {"b", theirs}}, pdf4x6)
		if err != nil {
			t.Fatal(err)
		}
		names, files := unzipped(t, doc.Data)
		if diff := cmp.Diff([]string{"a.pdf", "b.pdf"}, names); diff != "" {
			t.Error(diff)
		}
		if len(readPDF(t, files["a.pdf"])) != 1 || !bytes.Equal(files["b.pdf"], theirs.Pages[0]) {
			t.Error("not what was asked for")
		}
	})
	t.Run("ZPL is there as the carrier sent it", func(t *testing.T) {
		l := ship.Label{Format: ship.ZPL, Pages: [][]byte{printed(1).ZPL()}}
		doc, err := Zip([]Named{{"a", l}}, zpl)
		if err != nil {
			t.Fatal(err)
		}
		if _, files := unzipped(t, doc.Data); !bytes.Equal(files["a.zpl"], l.Pages[0]) || len(doc.Data) > len(l.Pages[0]) {
			t.Errorf("%d bytes: %.100s", len(doc.Data), files["a.zpl"])
		}
	})
	t.Run("without a format each is as its carrier made it", func(t *testing.T) {
		doc, err := Zip([]Named{{"a", ship.Label{Format: ship.ZPL, Pages: [][]byte{printed(1).ZPL()}}}, {"b", tiny(t, ship.PDF, 2)}, {"c", tinyLying(t, 3)}}, ship.LabelSpec{})
		if err != nil {
			t.Fatal(err)
		}
		if names, _ := unzipped(t, doc.Data); !cmp.Equal([]string{"a.zpl", "b.pdf", "c.gif"}, names) {
			t.Errorf("got %q", names)
		}
	})
	t.Run("what cannot be in it is named", func(t *testing.T) {
		_, err := Zip([]Named{{"a", tinyLying(t, 1)}, {"b", tiny(t, ship.PDF, 2)}, {"c", tiny(t, ship.PDF, 3)}}, pdfA4)
		var got *NotConvertible
		if !errors.As(err, &got) {
			t.Fatalf("error = %v", err)
		}
		want := NotConvertible{pdfA4, []Misfit{{"b", ship.PDF}, {"c", ship.PDF}}, nil, []ship.LabelSpec{pdf4x6}}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a broken label is named with its parcel", func(t *testing.T) {
		l := tinyLying(t, 1, 2)
		l.Pages[1] = l.Pages[1][:20]
		_, err := Zip([]Named{{"a", tinyLying(t, 1)}, {"b", l}}, png4x6)
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), `"b-2"`) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestFileNamesAreSafeAndTheirOwn(t *testing.T) {
	given := []string{"1Z1", "1Z1", "1z1", "1Z1_2", "", "..", "../../etc/passwd", `C:\con`, "con", "Com1.x", "com", "ラベル", "a\x00b", ".hidden.", strings.Repeat("x", 500), strings.Repeat("x", 500)}
	var labels []Named
	for _, name := range given {
		labels = append(labels, Named{name, ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte("^XA^XZ")}}})
	}
	doc, err := Zip(labels, zpl)
	if err != nil {
		t.Fatal(err)
	}
	names, _ := unzipped(t, doc.Data)
	x := strings.Repeat("x", 80)
	want := []string{"1Z1.zpl", "1Z1_2.zpl", "1z1_3.zpl", "1Z1_2_2.zpl", "label.zpl", "label_2.zpl", "_.._etc_passwd.zpl", "C__con.zpl", "_con.zpl", "_Com1.x.zpl",
		"com.zpl", "___.zpl", "a_b.zpl", "hidden.zpl", x + ".zpl", x + "_2.zpl"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func FuzzZipNames(f *testing.F) {
	f.Add("1Z1", "../x", 2)
	f.Add("nul", "NUL.", 1)
	ok := regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}\.zpl$`)
	f.Fuzz(func(t *testing.T, a, b string, parcels int) {
		l := ship.Label{Format: ship.ZPL}
		for range 1 + uint(parcels)%3 {
			l.Pages = append(l.Pages, []byte("^XA^XZ"))
		}
		doc, err := Zip([]Named{{a, l}, {b, l}, {a, l}}, zpl)
		if err != nil {
			t.Fatal(err)
		}
		names, _ := unzipped(t, doc.Data)
		seen := map[string]bool{}
		for _, name := range names {
			stem, _, _ := strings.Cut(name, ".")
			if !ok.MatchString(name) || seen[strings.ToLower(name)] || device(strings.ToUpper(stem)) {
				t.Errorf("%q of %q", name, names)
			}
			seen[strings.ToLower(name)] = true
		}
		if len(names) != 3*len(l.Pages) {
			t.Errorf("%d files: %s", len(names), fmt.Sprint(names))
		}
	})
}
