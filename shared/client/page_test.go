package client

import (
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPages(t *testing.T) {
	f := fake(t)
	c, _ := dial(t, f)
	var all []string
	for i := range 7 {
		o := Order(fmt.Sprintf("order-%d", i))
		o.Confirm = new(i%5 == 1) // the first and the third page have none that is pending
		s, err := c.CreateShipment(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.ID)
	}
	ids := func(t *testing.T, found iter.Seq2[Shipment, error]) (out []string) {
		for s, err := range found {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, s.ID)
		}
		return out
	}

	t.Run("all of them come, over all pages", func(t *testing.T) {
		f.Next(nil, refuse(503, ""))
		if diff := cmp.Diff(all, ids(t, c.Shipments(t.Context(), ListShipmentsParams{}))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a filter goes along, and an empty page is not the end", func(t *testing.T) {
		f.Next()
		if diff := cmp.Diff([]string{"shp_2", "shp_7"}, ids(t, c.Shipments(t.Context(), ListShipmentsParams{Status: new(StatusPending), CreatedAfter: new(noon)}))); diff != "" {
			t.Error(diff)
		}
		if q := f.Seen()[3].Query; q != "created_after=2026-11-21T12%3A00%3A00Z&cursor=6&status=pending" {
			t.Error(q)
		}
	})
	t.Run("who has enough asks for no more", func(t *testing.T) {
		f.Next()
		for range c.Shipments(t.Context(), ListShipmentsParams{}) {
			break
		}
		if n := len(f.Seen()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
	t.Run("the same list can be gone over twice", func(t *testing.T) {
		list := c.Shipments(t.Context(), ListShipmentsParams{})
		if diff := cmp.Diff(ids(t, list), ids(t, list)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an error is the last that comes", func(t *testing.T) {
		f.Next(nil, refuse(403, "scope_missing"))
		n, last := 0, error(nil)
		for _, err := range c.Shipments(t.Context(), ListShipmentsParams{}) {
			n, last = n+1, err
		}
		if n != 3 || !IsCode(last, "scope_missing") {
			t.Errorf("%d, the last %v", n, last)
		}
	})
}

func TestEveryList(t *testing.T) {
	f := fake(t)
	c, _ := dial(t, f)
	for i := range 5 {
		id := fmt.Sprintf("id_%d", i)
		f.Kept["/v1/batches"] = append(f.Kept["/v1/batches"], BatchSummary{ID: id, Object: BatchObjectBatch, Mode: ModeTest, Status: BatchStatusCreated, CreatedAt: noon, UpdatedAt: noon})
		f.Kept["/v1/batches/bat_1/rows"] = append(f.Kept["/v1/batches/bat_1/rows"], BatchRow{Row: int64(i), Status: BatchRowStatusWaiting, Reference: &id})
		f.Kept["/v1/carrier-accounts"] = append(f.Kept["/v1/carrier-accounts"], CarrierAccount{ID: id, Object: CarrierAccountObjectCarrierAccount, Carrier: "sim", Number: "1", Mode: ModeTest, CreatedAt: noon})
		f.Kept["/v1/callback-endpoints"] = append(f.Kept["/v1/callback-endpoints"], CallbackEndpoint{ID: id, Object: CallbackEndpointObjectCallbackEndpoint, URL: "https://example.com", Events: []EventType{EventTypeShipmentBooked}, Mode: ModeTest, CreatedAt: noon})
		f.Kept["/v1/api-keys"] = append(f.Kept["/v1/api-keys"], APIKey{ID: id, Object: APIKeyObjectAPIKey, Name: "till", Scopes: []Scope{ScopeRead}, Mode: ModeTest, CreatedAt: noon})
	}
	ctx := t.Context()
	for name, ids := range map[string][]string{
		"batches":   collect(t, c.Batches(ctx, ListBatchesParams{Limit: new(2)}), func(b BatchSummary) string { return b.ID }),
		"rows":      collect(t, c.BatchRows(ctx, "bat_1", ListBatchRowsParams{Limit: new(2)}), func(r BatchRow) string { return *r.Reference }),
		"accounts":  collect(t, c.CarrierAccounts(ctx, ListCarrierAccountsParams{Limit: new(2)}), func(a CarrierAccount) string { return a.ID }),
		"endpoints": collect(t, c.CallbackEndpoints(ctx, ListCallbackEndpointsParams{Limit: new(2)}), func(e CallbackEndpoint) string { return e.ID }),
		"keys":      collect(t, c.APIKeys(ctx, ListAPIKeysParams{Limit: new(2)}), func(k APIKey) string { return k.ID }),
	} {
		t.Run(name+" come over all pages", func(t *testing.T) {
			if diff := cmp.Diff([]string{"id_0", "id_1", "id_2", "id_3", "id_4"}, ids); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n := len(f.Seen()); n != 15 {
		t.Errorf("%d requests, want three for each list", n)
	}
}

func collect[T any](t *testing.T, found iter.Seq2[T, error], id func(T) string) (out []string) {
	t.Helper()
	for v, err := range found {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, id(v))
	}
	return out
}
