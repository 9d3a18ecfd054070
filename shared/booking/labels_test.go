package booking_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/sim/label"
	"github.com/fairlead/fairlead/shared/ship"
)

// files is a bucket.
type files struct{ stored map[string][]byte }

func (f files) Put(_ context.Context, _, key string, data []byte) error {
	f.stored[key] = data
	return nil
}

func (f files) Get(_ context.Context, _, key string) ([]byte, error) { return f.stored[key], nil }

func (f files) PutFile(ctx context.Context, tenant, key string, data []byte, _ string) error {
	return f.Put(ctx, tenant, key, data)
}

func (f files) URL(_ context.Context, _, key string, ttl time.Duration, mediaType, fileName string) (string, error) {
	return fmt.Sprintf("https://bucket.example/%s?t=%s&n=%s&m=%s", key, ttl, fileName, mediaType), nil
}

// printed books a shipment whose label the carrier made in a format, a page a parcel.
func (d *desk) printed(reference string, ordered ship.LabelSpec, made ship.LabelFormat, pages ...[]byte) string {
	d.t.Helper()
	o := d.order(reference, true)
	o.Shipment.Label = ordered
	a, err := d.service.Create(d.ctx, tenant, ship.Test, o)
	if err != nil {
		d.t.Fatal(err)
	}
	out := done("N-" + reference)
	out.Booking.Label = &ship.Label{Format: made, Pages: pages}
	if pages == nil {
		out.Booking.Label = nil
	}
	d.carrier.book = always(out)
	d.book(a.Record.ID)
	return a.Record.ID
}

// hand asks a handler for a document.
func (d *desk) hand(h func(context.Context, api.Request) (api.Response, error), id, query, accept string) (api.Response, error) {
	d.t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		d.t.Fatal(err)
	}
	return h(d.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": id}, Query: q, Header: http.Header{"Accept": {accept}}})
}

func drawn(t *testing.T) (gif, png []byte) {
	t.Helper()
	l := label.Label{Number: "SIM1"}
	gif, err := l.GIF()
	if err != nil {
		t.Fatal(err)
	}
	png, err = l.PNG()
	if err != nil {
		t.Fatal(err)
	}
	return gif, png
}

func TestLabel(t *testing.T) {
	d := newDesk(t)
	h := d.http()
	f := files{map[string][]byte{}}
	h.Files, d.store.Blobs = f, f
	gif, png := drawn(t)
	zpl := []byte("^XA^XZ")
	ids := map[string]string{
		"zpl":      d.printed("z", ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}, ship.ZPL, zpl, zpl),
		"gif":      d.printed("g", ship.LabelSpec{Format: ship.GIF, Size: "4x6"}, ship.GIF, gif),
		"sheet":    d.printed("s", ship.LabelSpec{Format: ship.PDF, Size: "a4"}, ship.GIF, gif),
		"two gifs": d.printed("t", ship.LabelSpec{Format: ship.GIF, Size: "4x6"}, ship.GIF, gif, gif),
		"png":      d.printed("p", ship.LabelSpec{Format: ship.PNG, Size: "4x6"}, ship.PNG, png),
		"pending":  d.printed("l", ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}, ship.ZPL),
		"broken":   d.printed("b", ship.LabelSpec{Format: ship.PDF, Size: "4x6"}, ship.GIF, []byte("GIF89a nothing more")),
		"unknown":  "shp_unknown",
	}
	for name, c := range map[string]struct {
		of, query, accept string
		status            int
		media, begins     string // or the code of the problem, and a part of its detail
	}{
		"as it was ordered":                         {"zpl", "", "*/*", 200, "application/zpl", "^XA^XZ^XA^XZ"},
		"one parcel's alone":                        {"zpl", "parcel=2", "", 200, "application/zpl", "^XA^XZ"},
		"as bytes":                                  {"gif", "", "image/gif", 200, "image/gif", "GIF8"},
		"as Accept names it":                        {"gif", "", "image/png", 200, "image/png", "\x89PNG"},
		"as a PDF that Accept names":                {"gif", "", "application/pdf", 200, "application/pdf", "%PDF-"},
		"as Accept names what can't be had":         {"zpl", "", "image/png", 406, "not_convertible", ""},
		"as format says, whatever Accept names":     {"gif", "format=gif", "image/png", 200, "image/gif", "GIF8"},
		"in another format":                         {"gif", "format=png", "image/png, */*", 200, "image/png", "\x89PNG"},
		"on a sheet":                                {"gif", "format=pdf&size=letter", "application/pdf", 200, "application/pdf", "%PDF-"},
		"on the sheet that was ordered":             {"sheet", "", "application/pdf", 200, "application/pdf", "%PDF-"},
		"of several parcels as a PDF":               {"two gifs", "", "application/pdf", 200, "application/pdf", "%PDF-"},
		"of one of several parcels as it was made":  {"two gifs", "parcel=1", "image/gif", 200, "image/gif", "GIF8"},
		"as a link":                                 {"gif", "", "application/json", 200, "", "https://bucket.example/files/tn_1/test/"},
		"binary, for somebody who would get base64": {"gif", "", "*/*", 406, "accept_required", ""},
		"in a form that can't be had":               {"zpl", "format=pdf", "application/pdf", 406, "not_convertible", "ordered as png can be had as pdf"},
		"several parcels in one picture":            {"two gifs", "format=png", "image/png", 406, "not_convertible", ""},
		"a picture on a sheet":                      {"gif", "format=gif&size=a4", "image/gif", 406, "not_convertible", ""},
		"a picture that is broken":                  {"broken", "", "application/pdf", 406, "not_convertible", ""},
		"a parcel that there is not":                {"zpl", "parcel=3", "", 404, "no_such_parcel", ""},
		"parcel nought":                             {"zpl", "parcel=0", "", 400, "invalid_parcel", ""},
		"a format that there is not":                {"zpl", "format=bmp", "", 400, "invalid_format", "the formats are zpl, gif, png, pdf."},
		"a size that there is not":                  {"gif", "size=a3", "", 400, "invalid_size", "the sizes are 4x6, a4, letter."},
		"a size that there is not, before a label":  {"pending", "size=a3", "", 400, "invalid_size", ""},
		"a format that there is not, before one":    {"pending", "format=bmp", "", 400, "invalid_format", ""},
		"a parcel that no shipment has":             {"pending", "parcel=21", "", 400, "invalid_parcel", "from 1 to 20"},
		"parcel nought, before a label":             {"pending", "parcel=0", "", 400, "invalid_parcel", ""},
		"before the carrier handed it out":          {"pending", "", "", 404, "label_not_ready", ""},
		"of a shipment that there is not":           {"unknown", "", "", 404, "not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := d.hand(h.Label, ids[c.of], c.query, c.accept)
			if e, ok := errors.AsType[*api.Error](err); ok {
				if e.Status != c.status || e.Code != c.media || e.Detail == "" || !strings.Contains(e.Detail, c.begins) {
					t.Errorf("got %v (%s), want %d %s (%s)", err, e.Detail, c.status, c.media, c.begins)
				}
				return
			}
			if err != nil || resp.Status != c.status {
				t.Fatalf("%d, %v", resp.Status, err)
			}
			if link, ok := resp.Body.(v1.DocumentLink); ok {
				if !strings.HasPrefix(link.Url, c.begins) || link.SizeBytes != int64(len(gif)) || !strings.Contains(link.Url, "n=N-g.gif") {
					t.Errorf("%+v", link)
				}
				return
			}
			if resp.MediaType != c.media || !bytes.HasPrefix(resp.Raw, []byte(c.begins)) || c.media == "application/zpl" && string(resp.Raw) != c.begins {
				t.Errorf("%s %.20q, want %s %q", resp.MediaType, resp.Raw, c.media, c.begins)
			}
		})
	}
	t.Run("of a shipment that was cancelled is handed out no more, alone or with others", func(t *testing.T) {
		id := d.printed("void", ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}, ship.ZPL, zpl)
		d.takes(says(carrier.Voided))
		if _, err := d.service.Cancel(d.ctx, tenant, ship.Test, id, nil); err != nil {
			t.Fatal(err)
		}
		d.recover(id)
		if d.want(id, booking.Cancelled).Document != booking.DocumentReady {
			t.Fatal("the label is not kept")
		}
		_, err := d.hand(h.Label, id, "", "")
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 410 || e.Code != "label_void" {
			t.Errorf("got %v", err)
		}
		_, err = d.hand(h.Pack, "", "format=zpl&shipments="+ids["zpl"]+","+id, "")
		if e, ok := errors.AsType[*api.Error](err); !ok || len(e.Problems) != 1 || e.Problems[0].Code != "label_void" {
			t.Errorf("packed: %v", err)
		}
		shown, err := d.service.Get(d.ctx, tenant, ship.Test, id)
		if err != nil || booking.Present(shown).LabelUrl != nil {
			t.Errorf("its label_url is still there, %v", err)
		}
	})
	t.Run("the files of several parcels have names of their own", func(t *testing.T) {
		names := map[string]bool{}
		for _, query := range []string{"", "parcel=1", "parcel=2"} {
			resp, err := d.hand(h.Label, ids["zpl"], query, "")
			if err != nil {
				t.Fatal(err)
			}
			names[resp.Header["Content-Disposition"]] = true
		}
		if len(names) != 2 { // the first parcel's number is the shipment's
			t.Errorf("the files are %v", names)
		}
	})
	t.Run("what is too large for an answer is elsewhere, and stored once", func(t *testing.T) {
		id := d.printed("huge", ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}, ship.ZPL, bytes.Repeat([]byte("^XA^FX incompressible? no^XZ"), 200_000))
		before := len(f.stored)
		for range 2 {
			resp, err := d.hand(h.Label, id, "", "")
			if err != nil || resp.Status != http.StatusSeeOther || !strings.HasPrefix(resp.Header["Location"], "https://bucket.example/files/tn_1/") || len(f.stored) != before+1 {
				t.Errorf("%+v, %v", resp, err)
			}
		}
	})
}

func TestPack(t *testing.T) {
	d := newDesk(t)
	h := d.http()
	f := files{map[string][]byte{}}
	h.Files, d.store.Blobs = f, f
	gif, _ := drawn(t)
	spec := ship.LabelSpec{Format: ship.GIF, Size: "4x6"}
	a, b := d.printed("a", spec, ship.GIF, gif), d.printed("b", spec, ship.GIF, gif, gif)
	z, pending := d.printed("z", ship.LabelSpec{Format: ship.ZPL, Size: "4x6"}, ship.ZPL, []byte("^XA^XZ")), d.printed("p", spec, ship.GIF)
	cancelled := d.printed("c", spec, ship.GIF, gif)
	if _, err := h.Service.Cancel(d.ctx, tenant, ship.Test, cancelled, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query, accept string
		want          string // media type, or the code of the problem
		errors        int
	}{
		"as one PDF":                           {"shipments=" + a + "," + b, "application/pdf", "application/pdf", 0},
		"on sheets":                            {"size=a4&shipments=" + b + "," + a, "application/pdf", "application/pdf", 0},
		"as a zip, whatever they are":          {"format=zip&shipments=" + a + "," + z, "application/zip", "application/zip", 0},
		"as ZPL":                               {"format=zpl&shipments=" + z + "," + z, "", "application/zpl", 0},
		"of two kinds in one file":             {"shipments=" + a + "," + z, "application/pdf", "not_convertible", 0},
		"of one without a label and of nobody": {"shipments=" + a + "," + pending + ",shp_none", "application/pdf", "invalid_request", 2},
		"of ids as people list them":           {"shipments=" + a + ",%20" + b, "application/pdf", "application/pdf", 0},
		"as Accept names it":                   {"shipments=" + a + "," + z, "application/zip", "application/zip", 0},
		"of one that is cancelled":             {"shipments=" + a + "," + cancelled, "application/pdf", "invalid_request", 1},
		"of what can be no ids":                {"shipments=,%00,a%23b," + strings.Repeat("x", 3000), "", "invalid_request", 4},
		"of none":                              {"shipments=", "", "invalid_shipments", 0},
		"of too many":                          {"shipments=" + strings.Repeat("x,", 100) + "x", "", "invalid_shipments", 0},
		"in a size for a zip":                  {"format=zip&size=a4&shipments=" + a, "", "invalid_size", 0},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := d.hand(h.Pack, "", c.query, c.accept)
			if e, ok := errors.AsType[*api.Error](err); ok {
				if e.Code != c.want || len(e.Problems) != c.errors {
					t.Errorf("got %v %v, want %s", err, e.Problems, c.want)
				}
			} else if err != nil || resp.MediaType != c.want {
				t.Errorf("%s, %v, want %s", resp.MediaType, err, c.want)
			}
		})
	}
	t.Run("the labels of cancelled shipments are left out of a batch's", func(t *testing.T) {
		all, err := d.store.Many(d.ctx, tenant, ship.Test, []string{z, cancelled})
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		resp, err := h.PackAll(d.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Query: url.Values{"format": {"zpl"}}, Header: http.Header{}}, all, "batch")
		if err != nil || string(resp.Raw) != "^XA^XZ" {
			t.Errorf("%q, %v", resp.Raw, err)
		}
	})
}
