package client

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// storage is where large documents are: another place, which must not see the key.
type storage struct {
	*httptest.Server
	asked   atomic.Int32
	refuse  atomic.Int32 // how many requests it fails
	refusal int
}

func newStorage(t *testing.T, key string) *storage {
	t.Helper()
	s := &storage{refusal: http.StatusServiceUnavailable}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		for k, v := range r.Header {
			if strings.Contains(strings.Join(v, ""), key) {
				t.Errorf("the key was sent to another place, in %s", k)
			}
		}
		if r.URL.Query().Get("signature") != "t0ps3cret" {
			t.Errorf("asked for %s", r.URL)
		}
		if s.refuse.Add(-1) >= 0 {
			w.WriteHeader(s.refusal)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte("large"))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestLabel(t *testing.T) {
	f := fake(t)
	at := newStorage(t, f.Key)
	f.Elsewhere = at.URL
	c, _ := dial(t, f)
	s, _, err := c.Book(t.Context(), Order("order-1"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		query               GetLabelParams
		accept, sent        string
		data, media, called string
	}{
		"in a format that is asked for": {GetLabelParams{Format: new(LabelFormatPDF), Size: new(LabelSizeA4), Parcel: new(2)}, "application/pdf", "format=pdf&parcel=2&size=a4",
			"label as application/pdf", "application/pdf", "1Zshp_1"},
		"from another place when it is large":                {GetLabelParams{Format: new(LabelFormatPNG)}, "image/png", "format=png", "large", "image/png", ""},
		"by a link when the format is the one that is there": {GetLabelParams{}, "application/json", "", "large", "application/zpl", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f.Next()
			d, err := c.GetLabel(t.Context(), s.ID, test.query)
			if err != nil || string(d.Data) != test.data || d.MediaType != test.media || d.Name != test.called {
				t.Errorf("%q (%s, %s), error %v", d.Data, d.MediaType, d.Name, err)
			}
			if got := f.Seen()[0]; got.Header.Get("Accept") != test.accept || got.Query != test.sent {
				t.Errorf("Accept %q, query %q", got.Header.Get("Accept"), got.Query)
			}
		})
	}
	t.Run("the storage is asked again when it fails", func(t *testing.T) {
		at.refuse.Store(2)
		if d, err := c.GetLabel(t.Context(), s.ID, GetLabelParams{Format: new(LabelFormatPNG)}); err != nil || string(d.Data) != "large" {
			t.Errorf("%q, error %v", d.Data, err)
		}
	})
	t.Run("an error does not tell the link, which is a permission", func(t *testing.T) {
		at.refusal = http.StatusForbidden
		at.refuse.Store(1)
		_, err := c.GetLabel(t.Context(), s.ID, GetLabelParams{Format: new(LabelFormatPNG)})
		if err == nil || strings.Contains(err.Error(), "t0ps3cret") {
			t.Errorf("error %v", err)
		}
		f.Elsewhere = "http://127.0.0.1:1"
		_, err = c.GetLabel(t.Context(), s.ID, GetLabelParams{Format: new(LabelFormatPNG)})
		if err == nil || strings.Contains(err.Error(), "t0ps3cret") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("from https nothing leads to plain http", func(t *testing.T) {
		before := at.asked.Load()
		safe := *c
		base := *c.base
		base.Scheme, safe.base = "https", &base
		if _, err := safe.download(t.Context(), at.URL+"/files/1?signature=t0ps3cret"); err == nil || at.asked.Load() != before {
			t.Errorf("error %v", err)
		}
	})
	t.Run("what there is not is a problem", func(t *testing.T) {
		if _, err := c.GetLabel(t.Context(), "shp_9", GetLabelParams{}); !IsCode(err, "not_found") {
			t.Errorf("error %v", err)
		}
	})
}
