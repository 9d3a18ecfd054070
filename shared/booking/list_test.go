package booking_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

func (d *desk) http() *booking.HTTP {
	return &booking.HTTP{Service: d.service, Lister: d.store, Watcher: d.store, Labels: d.store, Past: d.store}
}

func (d *desk) list(query string) (v1.ShipmentPage, error) {
	d.t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		d.t.Fatal(err)
	}
	resp, err := d.http().List(d.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Query: q})
	if err != nil {
		return v1.ShipmentPage{}, err
	}
	return resp.Body.(v1.ShipmentPage), nil
}

func TestList(t *testing.T) {
	d := newDesk(t)
	var ids []string
	for i := range 7 { // one a minute; 1, 3 and 5 are booked, the others drafts
		d.tick(time.Minute)
		a, err := d.service.Create(d.ctx, tenant, ship.Test, d.order(fmt.Sprint("order-", i), i%2 == 1))
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, a.Record.ID); i%2 == 1 {
			number := fmt.Sprint("N", i)
			d.carrier.book = always(done(number))
			d.book(a.Record.ID)
		}
	}
	at := func(minute int) string {
		return time.UnixMilli(1_800_000_000_000).UTC().Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
	}
	for name, c := range map[string]struct {
		query string
		want  []int
	}{
		"everything, newest first":                   {"", []int{6, 5, 4, 3, 2, 1, 0}},
		"by reference":                               {"reference=order-3", []int{3}},
		"by a reference nobody used":                 {"reference=order-9", nil},
		"by tracking number":                         {"tracking_number=N5", []int{5}},
		"by a number nobody has":                     {"tracking_number=N9", nil},
		"by status":                                  {"status=booked", []int{5, 3, 1}},
		"by status, the rest of a page":              {"status=draft&limit=4", []int{6, 4, 2, 0}},
		"from a time on, that time included":         {"created_after=" + at(5), []int{6, 5, 4}},
		"before a time, that time excluded":          {"created_before=" + at(3), []int{1, 0}},
		"between two times by status":                {"created_after=" + at(2) + "&created_before=" + at(6) + "&status=draft", []int{4, 2}},
		"from a time of a far future on":             {"created_after=9500-01-01T00:00:00Z", nil},
		"from a time on to the end of time":          {"created_after=" + at(5) + "&created_before=9999-12-31T23:59:59-05:00", []int{6, 5, 4}},
		"by reference and a status it does not have": {"reference=order-3&status=draft", nil},
		"by number and a time it was not made at":    {"tracking_number=N5&created_before=" + at(2), nil},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := d.list(c.query)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, s := range page.Data {
				got = append(got, slices.Index(ids, s.Id))
			}
			if !slices.Equal(got, c.want) || page.NextCursor != nil {
				t.Errorf("got %v, cursor %v, want %v", got, page.NextCursor, c.want)
			}
		})
	}
	for _, filter := range []string{"", "&status=draft", "&status=booked", "&created_after=" + at(2)} {
		t.Run("pages of two hold each shipment once, with "+filter, func(t *testing.T) {
			whole, err := d.list("limit=100" + filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []v1.Shipment
			for query := "limit=2" + filter; ; {
				page, err := d.list(query)
				if err != nil || len(page.Data) > 2 {
					t.Fatal(err, len(page.Data))
				}
				if got = append(got, page.Data...); page.NextCursor == nil {
					break
				}
				query = "limit=2" + filter + "&cursor=" + *page.NextCursor
			}
			if a, b := text(t, got), text(t, whole.Data); a != b {
				t.Errorf("got %s\nwant %s", a, b)
			}
		})
	}
	for name, c := range map[string]struct{ query, code string }{
		"a limit of nothing is refused":            {"limit=0", "invalid_limit"},
		"a limit in words is refused":              {"limit=ten", "invalid_limit"},
		"a made-up cursor is refused":              {"cursor=abc", "invalid_cursor"},
		"a cursor of no base64 is refused":         {"cursor=%21", "invalid_cursor"},
		"a status that is none is refused":         {"status=lost", "invalid_status"},
		"a reference that can be none is refused":  {"reference=" + strings.Repeat("r", 101), "invalid_reference"},
		"a number that can be none is refused":     {"tracking_number=" + strings.Repeat("9", 3000), "invalid_tracking_number"},
		"a time that is none is refused":           {"created_after=yesterday", "invalid_time"},
		"a span without anything in it is refused": {"created_after=" + at(3) + "&created_before=" + at(3), "invalid_time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.list(c.query)
			if e, ok := errors.AsType[*api.Error](err); !ok || e.Status != 400 || e.Code != c.code {
				t.Errorf("got %v", err)
			}
		})
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
