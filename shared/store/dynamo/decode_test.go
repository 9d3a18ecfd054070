package dynamo

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// itemOf reads an item that a fuzzer writes: an attribute a line, as "name S text", "name N number", "name B bytes" or,
// for a list of one entry, "name LB bytes".
func itemOf(text string) attrs {
	it := attrs{}
	for line := range strings.SplitSeq(text, "\n") {
		name, rest, _ := strings.Cut(line, " ")
		kind, value, _ := strings.Cut(rest, " ")
		switch kind {
		case "S":
			it[name] = str(value)
		case "N":
			it[name] = &types.AttributeValueMemberN{Value: value}
		case "B":
			it[name] = bin([]byte(value))
		case "LB":
			it[name] = &types.AttributeValueMemberL{Value: []types.AttributeValue{bin([]byte(value))}}
		case "LS":
			it[name] = &types.AttributeValueMemberL{Value: []types.AttributeValue{str(value)}}
		case "M":
			it[name] = &types.AttributeValueMemberM{Value: attrs{value: str(value)}}
		}
	}
	return it
}

// FuzzDecode holds that an item of any shape is either read as what its key says or refused: the stream brings what an
// operator wrote by hand as well.
func FuzzDecode(f *testing.F) {
	f.Add("pk S tn_1#test#shp_1\nst S booked\nver N 3\nfv N 1\nh LB 0123456\x00\x01\x02\x03\x04\nlate LS 1Z\nerr M c\nls S 2026-03-04T05:06:07.008Z#shp_1")
	f.Add("pk S tn_1#live#bat_1\nbs S created\nbn N 1000\nbd N -1\nlx N 99999999999999999999")
	f.Add("fv N 9999")
	f.Add("pk S #\nver S 1\nh N 0")
	f.Fuzz(func(t *testing.T, text string) {
		it := itemOf(text)
		d := decoder{it: it}
		if r, err := Decode(it); err == nil && ShipmentKey(r.Tenant, r.Mode, r.ID) != d.str("pk") {
			t.Errorf("%q is read as %s of %s, %s", text, r.ID, r.Tenant, r.Mode)
		}
		if b, err := DecodeBatch(it); err == nil && ShipmentKey(b.Tenant, b.Mode, b.ID) != d.str("pk") {
			t.Errorf("%q is read as %s of %s, %s", text, b.ID, b.Tenant, b.Mode)
		}
	})
}

// FuzzDecodeRequest holds that a stored request is read or refused, packed or not.
func FuzzDecodeRequest(f *testing.F) {
	f.Add(true, []byte(`{"ShipFrom":{"Name":"Jo"},"Parcels":[{"Weight":1}]}`))
	f.Add(true, []byte(`[]`))
	f.Add(false, []byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, packed bool, body []byte) {
		if packed {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = w.Write(body)
			_ = w.Close()
			body = b.Bytes()
		}
		if _, err := decodeRequest(attrs{"gz": bin(body)}); err == nil && !packed && !bytes.HasPrefix(body, []byte("\x1f\x8b")) {
			t.Errorf("%q is read as gzip", body)
		}
	})
}
