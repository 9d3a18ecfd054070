package endtoend_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/png"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// form is what a document was asked as, and what it has to be.
type form struct {
	query, accept string
	pages         string // of a PDF: the size of each page, in points
	width, height int    // of a picture, in dots
}

// pdfPage finds the pages of a PDF of ours.
var pdfPage = regexp.MustCompile(`/MediaBox \[0 0 ([0-9.]+ [0-9.]+)\]`)

// is fails the test unless a document is what its media type says.
func (f form) is(t *testing.T, a answer) {
	t.Helper()
	if a.Status != 200 || a.Header.Get("Content-Type") != f.accept || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "inline; filename=") {
		t.Fatalf("%s: %d %v %.300q", f.query, a.Status, a.Header, a.Body)
	}
	switch f.accept {
	case "application/zpl":
		if n := bytes.Count(a.Body, []byte("^XA")); n == 0 || n != bytes.Count(a.Body, []byte("^XZ")) {
			t.Errorf("%s: %.300q", f.query, a.Body)
		}
	case "application/pdf":
		var pages []string
		for _, m := range pdfPage.FindAllSubmatch(a.Body, -1) {
			pages = append(pages, string(m[1]))
		}
		if got := strings.Join(pages, ", "); got != f.pages || !bytes.HasPrefix(a.Body, []byte("%PDF-")) {
			t.Errorf("%s: pages of %s, want %s", f.query, got, f.pages)
		}
	default:
		c, kind, err := image.DecodeConfig(bytes.NewReader(a.Body))
		if err != nil || "image/"+kind != f.accept || c.Width != f.width || c.Height != f.height {
			t.Errorf("%s: %s of %d by %d: %v", f.query, kind, c.Width, c.Height, err)
		}
	}
}

// The sizes of pages in points.
const (
	inches4x6 = "288.000 432.000"
	a4        = "595.276 841.890"
	letter    = "612.000 792.000"
)

// ordered books an order whose label has a format, with so many parcels.
func (p *shipper) ordered(reference, format string, parcels int) answer {
	p.t.Helper()
	o := p.Confirmed(reference)
	o["label"], o["parcels"] = map[string]any{"format": format}, slices.Repeat(o["parcels"].([]any), parcels)
	a := p.call("POST", "/v1/shipments", o, waiting)
	if p.fresh(a, 201); a.Str("status") != "booked" || a.Str("document") != "ready" {
		p.t.Fatalf("%s", a.Body)
	}
	return a
}

func (p *shipper) get(path, query, accept string) answer {
	p.t.Helper()
	return p.call("GET", path+query, nil, map[string]string{"Accept": accept})
}

func labels(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Labels")
	gif, zpl := p.ordered("form-gif", "gif", 1), p.ordered("form-zpl", "zpl", 1)
	at := func(a answer) string { return "/v1/shipments/" + a.Str("id") + "/label" }
	for _, f := range []form{
		{"", "image/gif", "", 812, 1218}, {"?format=gif", "image/gif", "", 812, 1218}, {"?format=png", "image/png", "", 812, 1218}, {"?format=png&size=4x6&parcel=1", "image/png", "", 812, 1218},
		{"?format=pdf", "application/pdf", inches4x6, 0, 0}, {"?format=pdf&size=a4", "application/pdf", a4, 0, 0}, {"?format=pdf&size=letter", "application/pdf", letter, 0, 0},
	} {
		t.Run("a gif is handed out as it was ordered, or"+f.query+" as "+f.accept, func(t *testing.T) { f.is(t, p.in(t).get(at(gif), f.query, f.accept)) })
	}
	t.Run("zpl stays zpl, and what it can't be is 406 and names what it can", func(t *testing.T) {
		p := p.in(t)
		form{"", "application/zpl", "", 0, 0}.is(t, p.get(at(zpl), "", "*/*"))
		form{"?format=zpl", "application/zpl", "", 0, 0}.is(t, p.get(at(zpl), "?format=zpl", "application/zpl"))
		for _, q := range []string{"?format=pdf", "?format=png", "?format=gif", "?size=a4", "?format=pdf&size=letter"} {
			a := p.get(at(zpl), q, "application/pdf")
			if p.want(a, 406, "not_convertible"); fmt.Sprint(a.JSON["available"]) != "[map[format:zpl size:4x6]]" {
				t.Errorf("%s: %s", q, a.Body)
			}
		}
		a := p.get(at(gif), "?format=zpl", "application/zpl")
		if p.want(a, 406, "not_convertible"); len(list(a, "available")) != 5 {
			t.Errorf("%s", a.Body)
		}
		for _, q := range []string{"?format=bmp", "?format=", "?size=a5", "?parcel=x", "?parcel=0"} {
			if a := p.get(at(gif), q, "image/gif"); a.Status != 400 {
				t.Errorf("%s: %d %s", q, a.Status, a.Body)
			}
		}
		p.want(p.get(at(gif), "?parcel=2", "image/gif"), 404, "no_such_parcel")
		p.want(p.get(at(gif), "", "text/html,image/gif"), 406, "accept_required")
	})
	t.Run("a link needs no key, and leads to the same bytes", func(t *testing.T) {
		p := p.in(t)
		for q, media := range map[string]string{"": "image/gif", "?format=pdf&size=a4": "application/pdf"} {
			p.linked(p.get(at(gif), q, "application/json"), p.get(at(gif), q, media).Body, media)
		}
		p.linked(p.get(at(zpl), "", "application/json"), p.get(at(zpl), "", "*/*").Body, "application/zpl")
	})
	several(t, p)
	packed(t, p, gif, zpl)
}

// linked follows a link.
func (p *shipper) linked(link answer, want []byte, media string) {
	p.t.Helper()
	if p.want(link, 200, ""); link.Str("object") != "document_link" || link.Str("media_type") != media || link.Num("size_bytes") != int64(len(want)) {
		p.t.Errorf("%s", link.Body)
	}
	resp, err := http.Get(link.Str("url"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !bytes.Equal(got, want) || resp.Header.Get("Content-Type") != media {
		p.t.Errorf("%d %v, %d bytes instead of %d: %v", resp.StatusCode, resp.Header, len(got), len(want), err)
	}
}

// several is a shipment of three parcels: three numbers and three labels.
func several(t *testing.T, p *shipper) {
	gif, zpl := p.ordered("three-gif", "gif", 3), p.ordered("three-zpl", "zpl", 3)
	path := "/v1/shipments/" + zpl.Str("id") + "/label"
	t.Run("three parcels have three numbers and three labels", func(t *testing.T) {
		p := p.in(t)
		numbers, _ := zpl.JSON["tracking_numbers"].([]any)
		if len(numbers) != 3 || numbers[0] != zpl.Str("tracking_number") {
			t.Fatalf("%s", zpl.Body)
		}
		media, whole := labelFile(t, zpl)
		if media != "application/zpl" || bytes.Count(whole, []byte("^XA")) != 3 {
			t.Errorf("%s %s", media, whole)
		}
		for i, n := range numbers {
			one := p.get(path, fmt.Sprint("?parcel=", i+1), "application/zpl")
			form{"?parcel", "application/zpl", "", 0, 0}.is(t, one)
			if bytes.Count(one.Body, []byte("^XA")) != 1 || !bytes.Contains(one.Body, []byte(n.(string))) || !bytes.Contains(whole, one.Body) {
				t.Errorf("%s is not on %s", n, one.Body)
			}
		}
		p.want(p.get(path, "?parcel=4", "application/zpl"), 404, "no_such_parcel")
	})
	t.Run("three pictures are one PDF, or one picture each", func(t *testing.T) {
		p, path := p.in(t), "/v1/shipments/"+gif.Str("id")+"/label"
		for _, f := range []form{
			{"", "application/pdf", strings.Join([]string{inches4x6, inches4x6, inches4x6}, ", "), 0, 0}, {"?size=a4", "application/pdf", a4 + ", " + a4, 0, 0},
			{"?parcel=2", "image/gif", "", 812, 1218}, {"?parcel=3&format=png", "image/png", "", 812, 1218}, {"?parcel=1&format=pdf", "application/pdf", inches4x6, 0, 0},
		} {
			f.is(t, p.get(path, f.query, f.accept))
		}
		if media, content := labelFile(t, gif); media != "application/pdf" || !bytes.HasPrefix(content, []byte("%PDF-")) {
			t.Errorf("%s %.20q", media, content)
		}
		p.want(p.get(path, "?format=gif", "image/gif"), 406, "not_convertible")
	})
}

// packed are the labels of several shipments in one document.
func packed(t *testing.T, p *shipper, gif, zpl answer) {
	png := p.ordered("form-png", "png", 1)
	of := func(all ...answer) string {
		var ids []string
		for _, a := range all {
			ids = append(ids, a.Str("id"))
		}
		return "?shipments=" + strings.Join(ids, ",")
	}
	t.Run("pictures are packed one a page, or two a sheet", func(t *testing.T) {
		p := p.in(t)
		for _, f := range []form{
			{"", "application/pdf", strings.Join([]string{inches4x6, inches4x6}, ", "), 0, 0}, {"&size=a4", "application/pdf", a4, 0, 0}, {"&format=pdf&size=letter", "application/pdf", letter, 0, 0},
		} {
			f.is(t, p.get("/v1/labels", of(gif, png)+f.query, f.accept))
		}
		p.linked(p.get("/v1/labels", of(gif, png), "application/json"), p.get("/v1/labels", of(gif, png), "application/pdf").Body, "application/pdf")
	})
	t.Run("zpl follows zpl", func(t *testing.T) {
		a := p.in(t).get("/v1/labels", of(zpl, zpl)+"&format=zpl", "application/zpl")
		form{"", "application/zpl", "", 0, 0}.is(t, a)
	})
	t.Run("as a zip each is a file of its own, named by its reference", func(t *testing.T) {
		files := unzip(t, p.in(t).get("/v1/labels", of(gif, zpl, png)+"&format=zip", "application/zip"))
		if len(files) != 3 || !bytes.HasPrefix(files["form-gif.gif"], []byte("GIF8")) || !bytes.Contains(files["form-zpl.zpl"], []byte("^XA")) {
			t.Errorf("%d files", len(files))
		}
	})
	t.Run("what has no document in common is 406, and what has none is told by its place", func(t *testing.T) {
		p := p.in(t)
		p.want(p.get("/v1/labels", of(gif, zpl), "application/pdf"), 406, "not_convertible")
		draft := p.call("POST", "/v1/shipments", p.Order("form-draft"), nil)
		a := p.get("/v1/labels", of(gif, draft)+",shp_aaaaaaaaaaaaaaaaaaaaaaaaaa", "application/pdf")
		if p.want(a, 422, "invalid_request"); !slices.Equal(problemsOf(a), []string{"shipments[1]:label_not_ready", "shipments[2]:not_found"}) {
			t.Errorf("%s", a.Body)
		}
		p.want(p.get("/v1/labels", "", "application/pdf"), 400, "invalid_shipments")
		p.want(p.get("/v1/labels", "?shipments="+strings.Repeat("x,", 100)+"x", "application/pdf"), 400, "invalid_shipments")
		p.want(p.get("/v1/labels", of(gif)+"&format=gif", "application/pdf"), 400, "invalid_format")
	})
}

// unzip are the files of a zip by their names.
func unzip(t *testing.T, a answer) map[string][]byte {
	t.Helper()
	if a.Status != 200 || a.Header.Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %v %.300s", a.Status, a.Header, a.Body)
	}
	z, err := zip.NewReader(bytes.NewReader(a.Body), int64(len(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	return out
}
