package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

const (
	listTenant = "tn_list"
	listFew    = 1_000
	listMany   = 100_000

	// mostPageReads is what a page of 100 may read, in thousandths of a unit: for each shipment its state and its request,
	// half a unit each, and for the keys of all of them, as the index has them, at most eight units.
	mostPageReads = pageSize*(500+500) + 8_000
)

// list asserts that what a page reads has nothing to do with how many shipments there are: every page of 100,000 reads
// what a page of 1,000 does. It counts on the database in memory, whose bills are held against the emulators' elsewhere.
func (b *bench) list(ctx context.Context) error {
	t := &table{title: "A page of many", head: []string{"shipments stored", "pages of 100", "read units, least", "most"}}
	var most [2]int64
	for i, n := range []int{listFew, listMany} {
		p, err := readPages(ctx, n)
		if err != nil {
			return err
		}
		if p.shipments != n {
			b.fail(fmt.Errorf("the list of %d shipments shows %d", n, p.shipments))
		}
		most[i] = p.most
		t.row(fmt.Sprint(n), fmt.Sprint(p.pages), milli(p.least), milli(p.most))
	}
	t.note("Every page, by the cursor of the one before, in a database in memory that bills as DynamoDB does.")
	b.add(t)
	b.figure(figure{name: fmt.Sprintf("read units of a page of %d, %d shipments stored", pageSize, listMany), measured: milli(most[1]),
		goal:    fmt.Sprintf("%s, as with %d stored", milli(most[0]), listFew),
		reached: boundedPages(most[0], most[1]), asserted: true})
	return nil
}

// boundedPages tells whether the dearest pages of few and of many shipments cost what a page may. The keys of the one
// may take a unit more than those of the other, for they are billed by size.
func boundedPages(few, many int64) bool { return many <= few+1000 && many <= mostPageReads }

// listed is what reading a whole list came to.
type listed struct {
	shipments, pages int
	least, most      int64 // read units of a page in thousandths; least without the last page, which has fewer shipments
}

// readPages stores shipments and reads the list of them through the API's own handler.
func readPages(ctx context.Context, n int) (listed, error) {
	tables, names := ddbsim.Template("")
	var units atomic.Int64
	db := ddbsim.New(ddbsim.Options{Tables: tables}).Client(ddbsim.ClientOptions{Record: func(_ context.Context, r dynamo.Reading) { units.Add(r.Read) }})
	store := &dynamo.Store{DB: db, Tables: names, Now: time.Now}
	if err := fill(ctx, store, n); err != nil {
		return listed{}, err
	}
	h := &booking.HTTP{Lister: store}
	out := listed{least: 1 << 60}
	query := url.Values{"limit": {fmt.Sprint(pageSize)}}
	for more := true; more; {
		units.Store(0)
		resp, err := h.List(ctx, api.Request{Tenant: listTenant, Mode: ship.Test, Query: query})
		if err != nil {
			return listed{}, err
		}
		page, ok := resp.Body.(v1.ShipmentPage)
		if !ok {
			return listed{}, errors.New("the list's answer is no page")
		}
		out.shipments, out.pages = out.shipments+len(page.Data), out.pages+1
		out.most = max(out.most, units.Load())
		if more = page.NextCursor != nil; more {
			query.Set("cursor", *page.NextCursor)
			out.least = min(out.least, units.Load())
		}
	}
	return out, nil
}

// fill stores drafts, one a second.
func fill(ctx context.Context, store *dynamo.Store, n int) error {
	address := ship.Address{Name: "Jordan Ellis", Phone: "2125550117", Lines: []string{"455 W 23rd St", "Apt 7B"}, City: "New York", State: "NY", Postcode: "10011", Country: "US"}
	sh := ship.Shipment{OrderNumber: "1001", Service: "ups_ground", CarrierAccount: "ca_list", From: address, To: address, Parcels: []ship.Parcel{{}}}
	at := time.UnixMilli(1_800_000_000_000).UTC()
	for i := range n {
		at = at.Add(time.Second)
		sh.Reference = fmt.Sprintf("stored-%d", i)
		id := booking.IDByReference(listTenant, ship.Test, sh.Reference)
		fp, err := booking.Fingerprint(sh)
		if err != nil {
			return err
		}
		if _, err := store.PutRequest(ctx, listTenant, ship.Test, id, fp, sh); err != nil {
			return err
		}
		r := booking.Record{Mode: ship.Test, ID: id, Status: booking.Draft, Version: 1, Reference: sh.Reference, RequestFP0: fp, RequestFP: fp, CreateRequest: id, Correlation: id, Created: at,
			History: []booking.Entry{{At: at, Status: booking.Draft, Cause: booking.CauseInitiated}}}
		if _, err := store.Create(ctx, listTenant, r, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// milli prints thousandths of a unit.
func milli(n int64) string {
	if n%1000 == 0 {
		return fmt.Sprint(n / 1000)
	}
	return fmt.Sprintf("%d.%d", n/1000, n%1000/100)
}
