package endtoend_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// problemsOf lists an answer's problems as field:code.
func problemsOf(a answer) []string {
	var out []string
	list, _ := a.JSON["errors"].([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		out = append(out, fmt.Sprintf("%v:%v", m["field"], m["code"]))
	}
	return out
}

// refused fails the test unless an answer is a whole problem document with this status and code, told in few words.
func refused(t *testing.T, a answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.Str("code") != code {
		t.Fatalf("got %d %.2000s, want %d %s", a.Status, a.Body, status, code)
	}
	if ct := a.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type is %q", ct)
	}
	if a.Num("status") != int64(status) || a.Str("request_id") == "" || a.Str("request_id") != a.Header.Get("X-Request-Id") || a.Str("detail") == "" || a.Str("source") != "fairlead" {
		t.Errorf("%v %.2000s", a.Header, a.Body)
	}
	if len(a.Body) > 64<<10 {
		t.Errorf("the answer has %d bytes", len(a.Body))
	}
}

// stored counts a tenant's items in every table that keeps what it sends.
func (p *shipper) stored() map[string]int {
	p.t.Helper()
	db, got := p.Database(), map[string]int{}
	tables, err := db.ListTables(p.t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, table := range tables.TableNames {
		for page := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{
			TableName: &table, ConsistentRead: aws.Bool(true), FilterExpression: aws.String("begins_with(pk, :t)"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":t": &types.AttributeValueMemberS{Value: p.Tenant}},
		}); page.HasMorePages(); {
			out, err := page.NextPage(p.t.Context())
			if err != nil {
				p.t.Fatal(err)
			}
			got[table] += len(out.Items)
		}
	}
	return got
}

// unchanged runs a subtest, and fails it when the tenant has more or fewer items after it, or the carrier other bookings.
func (p *shipper) unchanged(t *testing.T, sim *simulator, name string, run func(*testing.T, *shipper)) {
	t.Run(name, func(t *testing.T) {
		p := p.in(t)
		before, ledger := p.stored(), len(sim.Ledger())
		run(t, p)
		if after := p.stored(); !maps.Equal(before, after) || len(sim.Ledger()) != ledger {
			t.Errorf("stored: %v before, %v after; booked %d and %d", before, after, ledger, len(sim.Ledger()))
		}
	})
}

// bad is a body that can't be accepted.
type bad struct {
	body   any // []byte goes as it is
	status int
	code   string
	want   []string // beginnings of problems, field:code, that must be among the answer's; nil: none is asked for
}

func badOrders(t *testing.T, s *stack, sim *simulator) {
	p, other := s.shipper("Bad orders"), s.shipper("Bad orders' neighbour")
	for name, c := range brokenBodies() {
		c.check(t, p, sim, name, "/v1/shipments")
	}
	for name, c := range wrongOrders(other.Account) {
		o := p.Confirmed("bad")
		c.change(o)
		bad{o, 422, "invalid_request", c.want}.check(t, p, sim, name, "/v1/shipments")
	}
	t.Run("of all that nothing is listed", func(t *testing.T) {
		p := p.in(t)
		a := p.call("GET", "/v1/shipments?limit=100", nil, nil)
		if n := len(a.JSON["data"].([]any)); n != 0 {
			t.Errorf("%d shipments: %s", n, a.Body)
		}
	})
}

// wrongOrder makes a good order wrong; want are the problems that must be told.
type wrongOrder struct {
	change func(o map[string]any)
	want   []string
}

// wrongOrders are all kinds of them. foreign is another tenant's carrier account.
func wrongOrders(foreign string) map[string]wrongOrder {
	at := func(o map[string]any, part string) map[string]any { return o[part].(map[string]any) }
	parcel := func(o map[string]any) map[string]any { return o["parcels"].([]any)[0].(map[string]any) }
	return map[string]wrongOrder{
		"an unknown field":               {func(o map[string]any) { o["colour"] = "red" }, []string{"colour:unknown_field"}},
		"an unknown field in an address": {func(o map[string]any) { at(o, "ship_to")["planet"] = "Mars" }, []string{"ship_to.planet:unknown_field"}},
		"an unknown field in a parcel":   {func(o map[string]any) { parcel(o)["fragile"] = true }, []string{"parcels[0].fragile:unknown_field"}},
		"a field in other letters":       {func(o map[string]any) { o["Service"] = "ups_ground" }, []string{"Service:unknown_field"}},
		"nothing but braces":             {func(o map[string]any) { clear(o) }, []string{"parcels:required", "ship_from:required", "ship_to:required"}},
		"wrong types everywhere": {func(o map[string]any) {
			maps.Copy(o, map[string]any{"reference": 1, "confirm": "yes", "service": true, "ship_from": []any{}, "ship_to": "home", "parcels": map[string]any{}, "label": 4, "metadata": "m"})
		}, []string{"confirm:type", "label:type", "metadata:type", "parcels:type", "reference:type", "service:type", "ship_from:type", "ship_to:type"}},
		"null everywhere": {func(o map[string]any) {
			for k := range o {
				o[k] = nil
			}
		}, []string{"parcels:nullable", "reference:nullable", "ship_to:nullable"}},
		"neither service nor rate":    {func(o map[string]any) { delete(o, "service"); delete(o, "carrier_account") }, []string{"carrier_account:required", "service:required"}},
		"no parcel":                   {func(o map[string]any) { o["parcels"] = []any{} }, []string{"parcels:minItems"}},
		"21 parcels":                  {func(o map[string]any) { o["parcels"] = slices.Repeat(o["parcels"].([]any), 21) }, []string{"parcels:maxItems"}},
		"a parcel that is none":       {func(o map[string]any) { o["parcels"] = []any{nil} }, []string{"parcels[0]:nullable"}},
		"a negative weight":           {func(o map[string]any) { parcel(o)["weight_g"] = -1 }, []string{"parcels[0].weight_g:minimum"}},
		"no weight at all":            {func(o map[string]any) { delete(parcel(o), "weight_g") }, []string{"parcels[0].weight_g:required"}},
		"a weight of nothing":         {func(o map[string]any) { parcel(o)["weight_g"] = 0 }, []string{"parcels[0].weight_g:minimum"}},
		"a weight in words":           {func(o map[string]any) { parcel(o)["weight_g"] = "1200" }, []string{"parcels[0].weight_g:type"}},
		"a weight in part":            {func(o map[string]any) { parcel(o)["weight_g"] = 1.5 }, []string{"parcels[0].weight_g:type"}},
		"a weight of a house":         {func(o map[string]any) { parcel(o)["weight_g"] = 1_000_001 }, []string{"parcels[0].weight_g:maximum"}},
		"a weight beyond UPS":         {func(o map[string]any) { parcel(o)["weight_g"] = 999_999 }, []string{"parcels[0].weight_g:too_heavy"}},
		"a weight beyond int64":       {func(o map[string]any) { parcel(o)["weight_g"] = json.Number("92233720368547758080") }, []string{"parcels[0].weight_g:maximum"}},
		"a weight beyond floats":      {func(o map[string]any) { parcel(o)["weight_g"] = json.Number("1e999") }, []string{}},
		"a negative length":           {func(o map[string]any) { parcel(o)["length_mm"] = -300 }, []string{"parcels[0].length_mm:minimum"}},
		"one side of three":           {func(o map[string]any) { delete(parcel(o), "length_mm") }, []string{"parcels[0]:incomplete_dimensions"}},
		"a country that is none":      {func(o map[string]any) { at(o, "ship_to")["country"] = "XX" }, []string{"ship_to.country:unsupported_country"}},
		"a country in three letters":  {func(o map[string]any) { at(o, "ship_to")["country"] = "USA" }, []string{"ship_to.country:maxLength"}},
		"a country of signs":          {func(o map[string]any) { at(o, "ship_from")["country"] = "☃☃" }, []string{"ship_from.country:unsupported_country"}},
		"no country":                  {func(o map[string]any) { delete(at(o, "ship_from"), "country") }, []string{"ship_from.country:required"}},
		"a postcode of letters":       {func(o map[string]any) { at(o, "ship_to")["postcode"] = "ABCDE" }, []string{"ship_to.postcode:invalid_postcode"}},
		"a postcode too short":        {func(o map[string]any) { at(o, "ship_from")["postcode"] = "1000" }, []string{"ship_from.postcode:invalid_postcode"}},
		"a state that is none":        {func(o map[string]any) { at(o, "ship_to")["state"] = "QQ" }, []string{"ship_to.state:invalid_state"}},
		"no state":                    {func(o map[string]any) { delete(at(o, "ship_to"), "state") }, []string{"ship_to.state:required"}},
		"a German postcode of four":   {func(o map[string]any) { o["ship_to"] = places()["DE"]; at(o, "ship_to")["postcode"] = "1011" }, []string{"ship_to.postcode:invalid_postcode", "customs:required"}},
		"a British postcode of none":  {func(o map[string]any) { o["ship_to"] = places()["GB"]; at(o, "ship_to")["postcode"] = "QQ1 1QQ1" }, []string{"ship_to.postcode:invalid_postcode"}},
		"a Canadian postcode abroad":  {func(o map[string]any) { o["ship_to"] = places()["CA"]; at(o, "ship_to")["state"] = "BC" }, []string{"ship_to.postcode:invalid_postcode"}},
		"a name of blanks":            {func(o map[string]any) { at(o, "ship_to")["name"] = "   " }, []string{"ship_to.name:required"}},
		"a name of 5000 letters":      {func(o map[string]any) { at(o, "ship_to")["name"] = strings.Repeat("n", 5000) }, []string{"ship_to.name:maxLength"}},
		"a name beyond UPS":           {func(o map[string]any) { at(o, "ship_to")["name"] = strings.Repeat("n", 36) }, []string{"ship_to.name:too_long"}},
		"no address line":             {func(o map[string]any) { at(o, "ship_to")["lines"] = []any{} }, []string{"ship_to.lines:minItems"}},
		"four address lines":          {func(o map[string]any) { at(o, "ship_to")["lines"] = []any{"a", "b", "c", "d"} }, []string{"ship_to.lines:maxItems"}},
		"a phone of letters":          {func(o map[string]any) { at(o, "ship_to")["phone"] = "call me" }, []string{"ship_to.phone:invalid"}},
		"a NUL in a reference":        {func(o map[string]any) { o["reference"] = "a\x00b" }, []string{"reference:control_character"}},
		"a line break in a reference": {func(o map[string]any) { o["reference"] = "a\nb" }, []string{"reference:control_character"}},
		"a NUL in a name":             {func(o map[string]any) { at(o, "ship_to")["name"] = "Jo\x00Doe" }, []string{"ship_to.name:control_character"}},
		"a line break in a name":      {func(o map[string]any) { at(o, "ship_to")["name"] = "Jo\r\nDoe" }, []string{"ship_to.name:control_character"}},
		"an escape in an address":     {func(o map[string]any) { at(o, "ship_to")["lines"] = []any{"1 Main\x1b[2J"} }, []string{"ship_to.lines[0]:control_character"}},
		"a weight with an exponent":   {func(o map[string]any) { parcel(o)["weight_g"] = json.Number("12e2") }, []string{}},
		"a weight with a point":       {func(o map[string]any) { parcel(o)["weight_g"] = json.Number("1200.0") }, []string{}},
		"an empty reference":          {func(o map[string]any) { o["reference"] = "" }, []string{"reference:minLength"}},
		"a reference of 101":          {func(o map[string]any) { o["reference"] = strings.Repeat("r", 101) }, []string{"reference:maxLength"}},
		"an unknown service":          {func(o map[string]any) { o["service"] = "pigeon" }, []string{"service:unknown"}},
		"an unknown priority":         {func(o map[string]any) { o["priority"] = "soon" }, []string{"priority:enum"}},
		"an unknown label":            {func(o map[string]any) { o["label"] = map[string]any{"format": "bmp", "size": "a0"} }, []string{"label.format:enum", "label.size:enum"}},
		"an unknown account":          {func(o map[string]any) { o["carrier_account"] = "ca_01jd3v5x8z6q4m2n7p9r0s1t2v" }, []string{"carrier_account:unknown_carrier_account"}},
		"another tenant's account":    {func(o map[string]any) { o["carrier_account"] = foreign }, []string{"carrier_account:unknown_carrier_account"}},
		"an account that is a key":    {func(o map[string]any) { o["carrier_account"] = "../tenant" }, []string{"carrier_account:unknown_carrier_account"}},
		"metadata of other types":     {func(o map[string]any) { o["metadata"] = map[string]any{"a": 1, "b": []any{}} }, []string{"metadata.a:type", "metadata.b:type"}},
		"problems of every kind of field at once": {func(o map[string]any) {
			at(o, "ship_from")["postcode"], at(o, "ship_to")["country"], o["service"] = "x", "QQ", "pigeon"
			delete(parcel(o), "width_mm")
		}, []string{"ship_from.postcode:invalid_postcode", "ship_to.country:unsupported_country", "service:unknown", "parcels[0]:incomplete_dimensions"}},
	}
}

func (c bad) check(t *testing.T, p *shipper, sim *simulator, name, path string) {
	p.unchanged(t, sim, fmt.Sprintf("%s is %d and nothing is stored", name, c.status), func(t *testing.T, p *shipper) {
		a := p.call("POST", path, c.body, nil)
		refused(t, a, c.status, c.code)
		got := problemsOf(a)
		for _, w := range c.want {
			if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, w) }) {
				t.Errorf("%q is not among %q", w, got)
			}
		}
		if c.want != nil && len(got) == 0 {
			t.Errorf("no problem is told: %s", a.Body)
		}
	})
}

// brokenBodies can be no request of any route.
func brokenBodies() map[string]bad {
	many := func(n int, one func(i int) string) []byte {
		var b bytes.Buffer
		for i := range n {
			b.WriteString(one(i))
		}
		return b.Bytes()
	}
	object := func(inner []byte) []byte { return slices.Concat([]byte{'{'}, inner, []byte(`"last":1}`)) }
	return map[string]bad{
		"no body":                       {[]byte(nil), 400, "empty_body", nil},
		"blanks":                        {[]byte(" \r\n\t "), 400, "empty_body", nil},
		"half an object":                {[]byte(`{"service":`), 400, "invalid_json", nil},
		"words":                         {[]byte("service=ups_ground"), 400, "invalid_json", nil},
		"XML":                           {[]byte("<order/>"), 400, "invalid_json", nil},
		"two objects":                   {[]byte(`{}{}`), 400, "invalid_json", nil},
		"a comma too many":              {[]byte(`{"service":"x",}`), 400, "invalid_json", nil},
		"NaN":                           {[]byte(`{"service":NaN}`), 400, "invalid_json", nil},
		"a byte order mark":             {[]byte("\xef\xbb\xbf{}"), 400, "invalid_json", nil},
		"a NUL":                         {[]byte("\x00"), 400, "invalid_json", nil},
		"a raw line break in a string":  {[]byte("{\"service\":\"a\nb\"}"), 400, "invalid_json", nil},
		"a hundred thousand brackets":   {bytes.Repeat([]byte("["), 100_000), 400, "invalid_json", nil},
		"five thousand brackets closed": {append(bytes.Repeat([]byte("["), 5000), bytes.Repeat([]byte("]"), 5000)...), 422, "invalid_request", []string{":type"}},
		"a deep unknown field":          {append(append([]byte(`{"x":`), append(bytes.Repeat([]byte(`{"a":`), 5000), '1')...), bytes.Repeat([]byte("}"), 5001)...), 422, "invalid_request", []string{"x:unknown_field"}},
		"an array":                      {[]byte(`[]`), 422, "invalid_request", []string{":type"}},
		"a string":                      {[]byte(`"order"`), 422, "invalid_request", []string{":type"}},
		"a number":                      {[]byte(`5`), 422, "invalid_request", []string{":type"}},
		"null":                          {[]byte(`null`), 422, "invalid_request", []string{":nullable"}},
		"invalid UTF-8":                 {[]byte("{\"service\":\"\xff\"}"), 400, "invalid_utf8", nil},
		"half a character":              {[]byte("{\"service\":\"\xe2\x82\"}"), 400, "invalid_utf8", nil},
		"a body full of unknown fields": {object(many(80_000, func(i int) string { return fmt.Sprintf(`"%x":1,`, i) })), 422, "invalid_request", []string{}},
		"an unknown field of 900 kB":    {object(fmt.Appendf(nil, `%q:1,`, strings.Repeat("k", 900_000))), 422, "invalid_request", []string{}},
		"fifty unknown fields":          {object(many(50, func(i int) string { return fmt.Sprintf(`"f%d":1,`, i) })), 422, "invalid_request", []string{"f0:unknown_field", "f49:unknown_field"}},
		"a value of 900 kB":             {object(fmt.Appendf(nil, `"service":%q,`, strings.Repeat("v", 900_000))), 422, "invalid_request", []string{}},
		"1 MB and a byte":               {object(fmt.Appendf(nil, `"service":%q,`, strings.Repeat("v", 1<<20-22))), 413, "body_too_large", nil},
		"7 MB":                          {object(fmt.Appendf(nil, `"service":%q,`, strings.Repeat("v", 7<<20))), 413, "body_too_large", nil},
		"10 MB":                         {object(fmt.Appendf(nil, `"service":%q,`, strings.Repeat("v", 10<<20-100))), 413, "body_too_large", nil},
		"12 MB":                         {object(fmt.Appendf(nil, `"service":%q,`, strings.Repeat("v", 12<<20))), 413, "body_too_large", nil},
	}
}

func badSettings(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Bad settings")
	for _, path := range []string{"/v1/carrier-accounts", "/v1/callback-endpoints"} {
		for name, c := range brokenBodies() {
			c.check(t, p, sim, name+" to "+path, path)
		}
	}
	account := func(change map[string]any) map[string]any {
		a := map[string]any{"carrier": "ups", "number": "A1B2C3", "credentials": map[string]any{"client_id": "i", "client_secret": "hush-1"}}
		maps.Copy(a, change)
		return a
	}
	for name, c := range map[string]bad{
		"an account with nothing":           {map[string]any{}, 422, "invalid_request", []string{"carrier:required", "number:required"}},
		"an account without credentials":    {map[string]any{"carrier": "ups", "number": "A1B2C3"}, 422, "invalid_request", []string{"credentials.client_id:required", "credentials.client_secret:required"}},
		"an account with an unknown field":  {account(map[string]any{"colour": 1}), 422, "invalid_request", []string{"colour:unknown_field"}},
		"an account of wrong types":         {account(map[string]any{"carrier": 1, "number": []any{}, "rebook_on_absent": "no"}), 422, "invalid_request", []string{"carrier:type", "number:type", "rebook_on_absent:type"}},
		"an account at an unknown carrier":  {account(map[string]any{"carrier": "pigeon"}), 422, "invalid_request", []string{"carrier:unknown_carrier"}},
		"an account of no number":           {account(map[string]any{"number": "1"}), 422, "invalid_request", []string{"number:invalid"}},
		"an account without a secret":       {account(map[string]any{"credentials": map[string]any{"client_id": "i"}}), 422, "invalid_request", []string{"credentials.client_secret:required"}},
		"an account with a secret too many": {account(map[string]any{"credentials": map[string]any{"client_id": "i", "client_secret": "s", "password": "p"}}), 422, "invalid_request", []string{"credentials.password:unknown_field"}},
		"an account with empty credentials": {account(map[string]any{"credentials": map[string]any{"client_id": "", "client_secret": ""}}), 422, "invalid_request", []string{"credentials.client_id:minLength", "credentials.client_secret:minLength"}},
	} {
		c.check(t, p, sim, name, "/v1/carrier-accounts")
	}
	at := func(url string) map[string]any { return map[string]any{"url": url} }
	for name, c := range map[string]bad{
		"an endpoint with nothing":            {map[string]any{}, 422, "invalid_request", []string{"url:required"}},
		"an endpoint with an unknown field":   {map[string]any{"url": "https://example.com", "x": 1}, 422, "invalid_request", []string{"x:unknown_field"}},
		"an endpoint of wrong types":          {map[string]any{"url": 1, "events": "all"}, 422, "invalid_request", []string{"events:type", "url:type"}},
		"an endpoint for no event":            {map[string]any{"url": "https://example.com", "events": []any{"shipment.lost"}}, 422, "invalid_request", []string{"events[0]:enum"}},
		"an endpoint without an address":      {at("not a url"), 422, "invalid_request", []string{"url:invalid_url"}},
		"an endpoint with an empty address":   {at(""), 422, "invalid_request", []string{"url:minLength"}},
		"an endpoint of 3000 characters":      {at("https://example.com/" + strings.Repeat("p", 3000)), 422, "invalid_request", []string{"url:maxLength"}},
		"an endpoint on a private address":    {at("https://10.0.0.1/hook"), 422, "invalid_request", []string{"url:prohibited_host"}},
		"an endpoint on a metadata service":   {at("https://169.254.169.254/latest"), 422, "invalid_request", []string{"url:prohibited_host"}},
		"an endpoint on an address in octal":  {at("https://0177.0.0.1/"), 422, "invalid_request", []string{"url:prohibited_host"}},
		"an endpoint without encryption":      {at("http://example.com/hook"), 422, "invalid_request", []string{"url:insecure_url"}},
		"an endpoint with another scheme":     {at("file:///etc/passwd"), 422, "invalid_request", []string{"url:invalid_url"}},
		"an endpoint with a name and a word":  {at("https://user:pass@example.com/"), 422, "invalid_request", []string{"url:invalid_url"}},
		"an endpoint with a line break in it": {at("https://example.com/\r\nX: y"), 422, "invalid_request", []string{"url:"}},
	} {
		c.check(t, p, sim, name, "/v1/callback-endpoints")
	}
}

// operations is every route with a path that exists.
func operations(id string) map[string]string {
	return map[string]string{
		"creating": "POST /v1/shipments", "listing": "GET /v1/shipments", "getting": "GET /v1/shipments/" + id, "confirming": "POST /v1/shipments/" + id + "/confirm",
		"labelling": "GET /v1/shipments/" + id + "/label", "adding an account": "POST /v1/carrier-accounts", "adding an endpoint": "POST /v1/callback-endpoints",
	}
}

func badRequests(t *testing.T, s *stack, sim *simulator) {
	p, other := s.shipper("Bad requests"), s.shipper("Bad requests' neighbour")
	id := p.call("POST", "/v1/shipments", p.Order("good"), nil).Str("id")
	badKeys(t, p, other, sim, id)
	for name, strange := range map[string]string{
		"unknown": "shp_aaaaaaaaaaaaaaaaaaaaaaaaaa", "of other letters": strings.ToUpper(id), "with a blank": "%20" + id, "NUL": "%00", "no UTF-8": "%ff%fe", "snowmen": "%E2%98%83%E2%98%83",
		"a key of ours": "K%23" + strings.Repeat("a", 32), "a table key": p.Tenant + "%23test%23" + id, "dots": "..%2f" + id, "of 3000 characters": strings.Repeat("x", 3000), "of 1000 characters": strings.Repeat("x", 1000), "an encoded slash": id + "%2flabel",
	} {
		p.unchanged(t, sim, "an id that is "+name+" is 404", func(t *testing.T, p *shipper) {
			for _, call := range []string{"GET %s", "GET %s/label", "POST %s/confirm"} {
				method, path, _ := strings.Cut(fmt.Sprintf(call, "/v1/shipments/"+strange), " ")
				refused(t, p.call(method, path, nil, map[string]string{"If-Match": "1"}), 404, "not_found")
			}
		})
	}
	for _, call := range []string{
		"GET /", "GET /v1", "GET /v2/shipments", "GET /v1/shipment", "GET /v1/shipments/" + id + "/labels", "GET /v1/shipments/" + id + "/label/1", "POST /v1/tenants", "POST /v1/create-tenant",
		"PUT /v1/shipments", "PUT /v1/shipments/" + id, "DELETE /v1/shipments/" + id, "GET /v1/shipments/" + id + "/confirm", "POST /v1/shipments/" + id + "/label", "PUT /v1/carrier-accounts",
		"DELETE /v1/callback-endpoints", "POST /v1//shipments", "GET /v1/shipments//label", "GET /_local/instances", "GET /2015-03-31/functions",
	} {
		p.unchanged(t, sim, call+" is no route", func(t *testing.T, p *shipper) {
			method, path, _ := strings.Cut(call, " ")
			refused(t, p.call(method, path, nil, nil), 404, "no_such_route")
		})
	}
	for name, key := range map[string][]string{"empty": {""}, "of blanks": {"   "}, "of 256 characters": {strings.Repeat("k", 256)}, "of 5000 characters": {strings.Repeat("k", 5000)}} {
		p.unchanged(t, sim, "an Idempotency-Key "+name+" is 400", func(t *testing.T, p *shipper) {
			for path, body := range map[string]any{"/v1/shipments": p.Confirmed("bad-key"), "/v1/shipments/" + id + "/confirm": nil} {
				refused(t, p.raw("POST", path, body, http.Header{"Idempotency-Key": key, "If-Match": {"1"}}), 400, "invalid_idempotency_key")
			}
		})
	}
	t.Run("after all that the draft is as it was", func(t *testing.T) {
		p := p.in(t)
		if a := p.call("GET", "/v1/shipments/"+id, nil, nil); a.Str("status") != "draft" || a.Num("version") != 1 {
			t.Errorf("%s", a.Body)
		}
	})
}

func badKeys(t *testing.T, p, other *shipper, sim *simulator, id string) {
	parts := strings.Split(p.Key, "_")
	neighbour := strings.Split(other.Key, "_")
	swapped := func(i int, with string) []string {
		k := slices.Clone(parts)
		k[i] = with
		return []string{"Bearer " + strings.Join(k, "_")}
	}
	for name, header := range map[string][]string{
		"no key": nil, "an empty header": {""}, "a scheme alone": {"Bearer"}, "a key alone": {p.Key}, "another scheme": {"Basic " + p.Key}, "two keys": {"Bearer " + p.Key + " " + other.Key},
		"words": {"Bearer let me in"}, "a half key": {"Bearer " + p.Key[:len(p.Key)-1]}, "a longer key": {"Bearer " + p.Key + "a"}, "another secret": swapped(3, neighbour[3]), "another id": swapped(2, neighbour[2]),
		"the other mode": swapped(1, "live"), "no mode": swapped(1, "prod"), "8000 letters": {"Bearer " + strings.Repeat("k", 8000)}, "other letters": {"Bearer " + strings.ToUpper(p.Key)}, "no ASCII": {"Bearer fl_test_ключ_ключ"},
	} {
		p.unchanged(t, sim, name+" is 401 on every route", func(t *testing.T, p *shipper) {
			for what, call := range operations(id) {
				method, path, _ := strings.Cut(call, " ")
				h := http.Header{"Authorization": header, "If-Match": {"1"}}
				var body any
				if what == "creating" {
					body = p.Confirmed("unauthorized")
				}
				refused(t, p.raw(method, path, body, h), 401, "unauthorized")
			}
		})
	}
}

// raw sends exactly these headers: an empty one is sent as such, and no key of its own unless Authorization is missing.
func (p *shipper) raw(method, path string, body any, header http.Header) answer {
	p.t.Helper()
	send, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	if body == nil {
		send = nil
	}
	return p.rawBody(method, path, send, header)
}

// rawBody is raw with a body as it is.
func (p *shipper) rawBody(method, path string, send []byte, header http.Header) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, p.Where().API+path, bytes.NewReader(send))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.Key)
	maps.Copy(req.Header, header)
	a, err := p.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}
