package dynamo_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/quoting"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// keepFormat writes the file of the format that this code writes. It is run once, when a format is new: after that the
// file is how items of that format are, wherever they still lie.
var keepFormat = flag.Bool("keep-format", false, "write testdata/formats for the item format of this code")

// stored is what a version of the code has left in the tables, and what it read of that.
type stored struct {
	Items map[string][]json.RawMessage // by table, as DynamoDB writes them in JSON
	Read  map[string]json.RawMessage   // by what was read
}

// stand is a store over a database that can be looked into.
func stand() (*dynamo.Store, *ddbsim.DB, []ddbsim.Table) {
	tables, names := ddbsim.Template("t-")
	db := ddbsim.New(ddbsim.Options{Tables: tables})
	return &dynamo.Store{DB: db.Client(ddbsim.ClientOptions{Attempts: 1}), Tables: names, Now: func() time.Time { return made }}, db, tables
}

// Every format that was ever written is read as it was by the code that wrote it: an upgrade rewrites nothing.
func TestEarlierFormatsAreRead(t *testing.T) {
	if *keepFormat {
		keep(t)
	}
	files, err := filepath.Glob("testdata/formats/*.json")
	if err != nil || len(files) != dynamo.ItemFormat {
		t.Fatalf("%d files of formats, want one for each of %d: -keep-format writes the last, %v", len(files), dynamo.ItemFormat, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			must(t, err)
			var was stored
			must(t, json.Unmarshal(raw, &was))
			s, db, _ := stand()
			for table, items := range was.Items {
				var all []map[string]types.AttributeValue
				for _, item := range items {
					all = append(all, attributes(t, item))
				}
				db.Restore(table, all...)
			}
			then := values(t, was.Read)
			if diff := cmp.Diff(then, within(then, values(t, readings(t, s)))); diff != "" {
				t.Errorf("read differently now (-then +now):\n%s", diff)
			}
		})
	}
}

// keep writes one item of each kind, and what they read as.
func keep(t *testing.T) {
	s, db, tables := stand()
	leave(t, s)
	now := stored{Items: map[string][]json.RawMessage{}, Read: readings(t, s)}
	for _, table := range tables {
		for _, item := range db.Items(table.Name) {
			raw, err := json.Marshal(plain(t, &types.AttributeValueMemberM{Value: item})["M"])
			must(t, err)
			now.Items[table.Name] = append(now.Items[table.Name], raw)
		}
	}
	raw, err := json.MarshalIndent(now, "", " ")
	must(t, err)
	must(t, os.WriteFile(fmt.Sprintf("testdata/formats/%d.json", dynamo.ItemFormat), append(raw, '\n'), 0o600))
}

var (
	aRequest = ship.Shipment{Reference: "order-1", CarrierAccount: "ca_1", Service: "ups_ground", Priority: ship.Standard,
		From:    ship.Address{Name: "A", Lines: []string{"1 Main Street"}, City: "New York", State: "NY", Postcode: "10001", Country: "US"},
		To:      ship.Address{Name: "B", Lines: []string{"2 Side Street"}, City: "Boston", State: "MA", Postcode: "02108", Country: "US"},
		Parcels: []ship.Parcel{{Weight: 1200, Length: 300, Width: 200, Height: 100}}, Label: ship.LabelSpec{Format: ship.ZPL}}
	aLabel = ship.Label{Format: ship.ZPL, Pages: [][]byte{[]byte("^XA^XZ"), []byte("^XA^FS^XZ")}}
)

const shipmentID = "shp_formats"

// leave writes one item of each kind that outlives an upgrade.
func leave(t *testing.T, s *dynamo.Store) {
	ctx := t.Context()
	must(t, s.PutTenant(ctx, tenant, account.Tenant{ID: tenant, Name: "One", CreatedAt: made}))
	must(t, s.PutAPIKey(ctx, tenant, account.Key{ID: "k1", Tenant: tenant, Mode: ship.Test, Scopes: []string{"read", "ship"}, Hash: []byte{1, 2}, CreatedAt: made}))
	must(t, s.PutCarrierAccount(ctx, tenant, account.Carrier{ID: "ca_1", Name: "east", Mode: ship.Test, Carrier: "ups", Number: "A1B2C3", Sealed: []byte{9, 8}, RebookOnAbsent: true, CreatedAt: made}))
	must(t, s.SaveToken(ctx, tenant, "ca_1", oauth.Record{Generation: 1, Expires: made, Sealed: []byte("one")}))
	must(t, s.PutEndpoint(ctx, tenant, callback.Endpoint{ID: "ce_1", URL: "https://a.example", Secrets: []callback.Secret{{Sealed: []byte{1}}, {Sealed: []byte{2}, Until: made}}, Mode: ship.Test, CreatedAt: made}))
	must(t, s.RecordDelivery(ctx, tenant, callback.Delivery{Endpoint: "ce_1", EventID: "evt_1", OccurredAt: made, Type: "shipment.booked", Shipment: shipmentID, State: callback.Pending, Attempt: 2, Status: 500, Reason: callback.ReasonStatus, Answer: "no", At: made}))
	must(t, s.PutQuote(ctx, tenant, ship.Test, quoting.Quote{ID: "rt_1", Expires: made.Add(time.Hour)}))
	if _, err := s.PutRequest(ctx, tenant, ship.Test, shipmentID, "fp", aRequest); err != nil {
		t.Fatal(err)
	}
	must(t, s.PutLabel(ctx, tenant, ship.Test, shipmentID, "1Z1", aLabel, carrier.Answer{}))
	must(t, s.PutRaw(ctx, tenant, ship.Test, shipmentID, 1, carrier.Answer{Status: 503, Sent: true, Body: "busy", Duration: time.Second}))
	b := &bench{Store: s, t: t, ctx: ctx, at: made, id: shipmentID}
	b.create(booking.Pending)
	claimed := b.must(b.claim("me"))
	booked := b.must(s.BookedOpen(ctx, tenant, claimed, booking.Result{TrackingNumber: "1Z1", Numbers: []string{"1Z2"}, Charge: ship.Money{Minor: 934, Currency: "USD"}, Document: booking.DocumentReady}, b.tick(time.Second), b.at.Add(time.Hour)))
	b.must(s.Late(ctx, tenant, ship.Test, shipmentID, "1Z9", b.tick(time.Second), b.at.Add(time.Hour)))
	b.must(s.Want(ctx, tenant, b.must(s.Record(ctx, tenant, ship.Test, booked.ID)), b.tick(time.Second), b.at.Add(time.Hour)))
}

// readings are what this code reads of what leave wrote.
func readings(t *testing.T, s *dynamo.Store) map[string]json.RawMessage {
	ctx := t.Context()
	out := map[string]json.RawMessage{}
	add := func(what string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		raw, err := json.Marshal(v)
		must(t, err)
		out[what] = raw
	}
	tn, err := s.Tenant(ctx, tenant)
	add("tenant", tn, err)
	k, err := s.APIKey(ctx, "k1")
	add("API key", k, err)
	ca, err := s.CarrierAccount(ctx, tenant, "ca_1")
	add("carrier account", ca, err)
	token, err := s.Token(ctx, tenant, "ca_1")
	add("token", token, err)
	e, err := s.Endpoint(ctx, tenant, "ce_1")
	add("callback endpoint", e, err)
	d, err := s.Deliveries(ctx, tenant, "ce_1", made)
	add("deliveries", d, err)
	q, err := s.Quote(ctx, tenant, ship.Test, "rt_1")
	add("quote", q, err)
	r, err := s.Record(ctx, tenant, ship.Test, shipmentID)
	add("state", r, err)
	request, err := s.Request(ctx, tenant, ship.Test, shipmentID, "fp")
	add("request", request, err)
	l, err := s.Label(ctx, tenant, ship.Test, shipmentID, "1Z1")
	add("label", l, err)
	answers, err := s.Answers(ctx, tenant, r)
	add("answers", answers, err)
	return out
}

// within leaves of now what was has too: a member that is new since then is no difference.
func within(was, now any) any {
	switch w := was.(type) {
	case map[string]any:
		n, _ := now.(map[string]any)
		out := map[string]any{}
		for k := range w {
			if v, ok := n[k]; ok {
				out[k] = within(w[k], v)
			}
		}
		return out
	case []any:
		n, _ := now.([]any)
		for i := range min(len(w), len(n)) {
			n[i] = within(w[i], n[i])
		}
	}
	return now
}

// values are readings as they compare.
func values(t *testing.T, in map[string]json.RawMessage) any {
	raw, err := json.Marshal(in)
	must(t, err)
	var out any
	must(t, json.Unmarshal(raw, &out))
	return out
}

// plain is an attribute as DynamoDB writes it in JSON; attributes reads an item of them.
func plain(t *testing.T, v types.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": slices.Sorted(slices.Values(v.Value))}
	case *types.AttributeValueMemberL:
		l := []any{}
		for _, x := range v.Value {
			l = append(l, plain(t, x))
		}
		return map[string]any{"L": l}
	case *types.AttributeValueMemberM:
		m := map[string]any{}
		for k, x := range v.Value {
			m[k] = plain(t, x)
		}
		return map[string]any{"M": m}
	}
	t.Fatalf("an attribute of type %T", v)
	return nil
}

func attributes(t *testing.T, raw json.RawMessage) map[string]types.AttributeValue {
	var fields map[string]json.RawMessage
	must(t, json.Unmarshal(raw, &fields))
	out := map[string]types.AttributeValue{}
	for k, f := range fields {
		out[k] = attribute(t, f)
	}
	return out
}

func attribute(t *testing.T, raw json.RawMessage) types.AttributeValue {
	var a struct {
		S, N *string
		B    []byte
		BOOL *bool
		SS   []string
		L    []json.RawMessage
		M    json.RawMessage
	}
	must(t, json.Unmarshal(raw, &a))
	switch {
	case a.S != nil:
		return &types.AttributeValueMemberS{Value: *a.S}
	case a.N != nil:
		return &types.AttributeValueMemberN{Value: *a.N}
	case a.BOOL != nil:
		return &types.AttributeValueMemberBOOL{Value: *a.BOOL}
	case a.SS != nil:
		return &types.AttributeValueMemberSS{Value: a.SS}
	case a.M != nil:
		return &types.AttributeValueMemberM{Value: attributes(t, a.M)}
	case a.L != nil:
		l := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
		for _, x := range a.L {
			l.Value = append(l.Value, attribute(t, x))
		}
		return l
	case a.B != nil:
		return &types.AttributeValueMemberB{Value: a.B}
	}
	t.Fatalf("an attribute %s", raw)
	return nil
}
