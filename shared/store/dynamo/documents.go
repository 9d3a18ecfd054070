package dynamo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// maxInline is the largest gzipped label kept in an item; a larger one goes to the label bucket.
const maxInline = 3 << 10

// Blobs keeps documents too large for an item.
type Blobs interface {
	Put(ctx context.Context, tenant, key string, data []byte) error
	Get(ctx context.Context, tenant, key string) ([]byte, error)
}

// PutRequest stores a canonical request, once: fresh is false when this very request was there already. One that has had its
// end, and that DynamoDB has not deleted yet, is not there.
func (s *Store) PutRequest(ctx context.Context, tenant string, mode ship.Mode, id, fingerprint string, sh ship.Shipment) (fresh bool, err error) {
	body, err := json.Marshal(sh)
	if err != nil {
		return false, err
	}
	in := &dynamodb.PutItemInput{
		TableName: &s.Tables.Documents, ConditionExpression: new("attribute_not_exists(pk)"),
		Item: s.perishable(attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(requestDoc(fingerprint)), "fv": num(ItemFormat), "gz": bin(zip(body))}),
	}
	if s.Keep > 0 {
		in.ConditionExpression = new("attribute_not_exists(pk) OR #ttl<=:now")
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = map[string]string{"#ttl": "ttl"}, attrs{":now": num(s.Now().Unix())}
	}
	_, err = s.DB.PutItem(ctx, in)
	if _, ok := refused(err); ok {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("storing the request: %w", err)
	}
	return true, nil
}

// Request reads a canonical request: eventually consistent, and strongly when that finds nothing. Documents never
// change, so what is found is right.
func (s *Store) Request(ctx context.Context, tenant string, mode ship.Mode, id, fingerprint string) (ship.Shipment, error) {
	it, err := s.document(ctx, tenant, mode, id, requestDoc(fingerprint))
	if err != nil {
		return ship.Shipment{}, err
	}
	return decodeRequest(it)
}

func decodeRequest(it attrs) (ship.Shipment, error) {
	var out ship.Shipment
	body, err := unzip(it)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(body, &out)
}

func (s *Store) document(ctx context.Context, tenant string, mode ship.Mode, id, sort string) (attrs, error) {
	for _, strong := range []bool{false, true} {
		out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &s.Tables.Documents, Key: attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(sort)}, ConsistentRead: aws.Bool(strong),
		})
		if err != nil {
			return nil, fmt.Errorf("reading document %s: %w", sort, err)
		}
		if out.Item != nil && !s.perished(out.Item) {
			return out.Item, nil
		}
	}
	return nil, booking.ErrNotFound
}

// PutLabel stores a label with the head of the answer that brought it.
func (s *Store) PutLabel(ctx context.Context, tenant string, mode ship.Mode, id, number string, l ship.Label, raw carrier.Answer) error {
	var more attrs
	if head, err := json.Marshal(raw); err == nil {
		more = attrs{"raw": bin(zip(head))}
	}
	return s.putPages(ctx, tenant, mode, id, labelDoc(number), LabelObject(tenant, mode, id, number), l, more)
}

// PutInvoice stores the customs invoice that came with a tracking number.
func (s *Store) PutInvoice(ctx context.Context, tenant string, mode ship.Mode, id, number string, l ship.Label) error {
	return s.putPages(ctx, tenant, mode, id, invoiceDoc(number), InvoiceObject(tenant, mode, id, number), l, nil)
}

// putPages stores a document of pages: small ones in the item, large ones in the bucket under object.
func (s *Store) putPages(ctx context.Context, tenant string, mode ship.Mode, id, sort, object string, l ship.Label, more attrs) error {
	it := with(more, attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(sort), "fv": num(ItemFormat), "format": str(string(l.Format))})
	ends, n := make([]types.AttributeValue, len(l.Pages)), 0
	for i, page := range l.Pages {
		n += len(page)
		ends[i] = num(int64(n))
	}
	it["ends"] = &types.AttributeValueMemberL{Value: ends}
	if packed := zip(slices.Concat(l.Pages...)); len(packed) <= maxInline {
		it["gz"] = bin(packed)
	} else if err := s.Blobs.Put(ctx, tenant, object, packed); err != nil {
		return err
	}
	return s.putDocument(ctx, it)
}

// Label reads the label of a tracking number.
func (s *Store) Label(ctx context.Context, tenant string, mode ship.Mode, id, number string) (ship.Label, error) {
	return s.readPages(ctx, tenant, mode, id, labelDoc(number), LabelObject(tenant, mode, id, number))
}

// Invoice reads the customs invoice of a tracking number.
func (s *Store) Invoice(ctx context.Context, tenant string, mode ship.Mode, id, number string) (ship.Label, error) {
	return s.readPages(ctx, tenant, mode, id, invoiceDoc(number), InvoiceObject(tenant, mode, id, number))
}

func (s *Store) readPages(ctx context.Context, tenant string, mode ship.Mode, id, sort, object string) (ship.Label, error) {
	it, err := s.document(ctx, tenant, mode, id, sort)
	if err != nil {
		return ship.Label{}, err
	}
	d := decoder{it: it}
	l := ship.Label{Format: ship.LabelFormat(d.str("format"))}
	packed := it
	if it["gz"] == nil {
		blob, err := s.Blobs.Get(ctx, tenant, object)
		if err != nil {
			return l, err
		}
		packed = attrs{"gz": bin(blob)}
	}
	data, err := unzip(packed)
	if err != nil {
		return l, err
	}
	l.Pages, err = pages(it, data)
	return l, err
}

// pages cuts a label where its item says that pages end. An item without ends is of one page.
func pages(it attrs, data []byte) (out [][]byte, err error) {
	d, from := decoder{it: it}, int64(0)
	for _, v := range d.list("ends") {
		one := decoder{it: attrs{"ends": v}}
		end := one.num("ends")
		if d.err = errors.Join(d.err, one.err); d.err != nil || end < from || end > int64(len(data)) {
			return nil, errors.Join(errors.New("a label whose pages do not fit it"), d.err)
		}
		out, from = append(out, data[from:end]), end
	}
	if out == nil {
		out = [][]byte{data}
	}
	return out, d.err
}

// HasLabel tells whether the label of a tracking number is stored. The item is written after the bucket, so what it says
// is true of both.
func (s *Store) HasLabel(ctx context.Context, tenant string, mode ship.Mode, id, number string) (bool, error) {
	_, err := s.document(ctx, tenant, mode, id, labelDoc(number))
	if errors.Is(err, booking.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// PutRaw keeps the evidence of an attempt that failed or whose outcome is unknown.
func (s *Store) PutRaw(ctx context.Context, tenant string, mode ship.Mode, id string, attempt int64, raw carrier.Answer) error {
	head, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	return s.putDocument(ctx, attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(rawDoc(attempt)), "fv": num(ItemFormat), "gz": bin(zip(head))})
}

// Answers reads the heads of the carrier's answers that are kept, by attempt. The one that booked lies with the label; it
// is the last attempt's, unless the booking was found by a look-up: then it has no answer of its own.
func (s *Store) Answers(ctx context.Context, tenant string, r booking.Record) (map[int64]carrier.Answer, error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Tables.Documents, KeyConditionExpression: new("pk=:pk AND begins_with(sk,:raw)"),
		ExpressionAttributeValues: attrs{":pk": str(ShipmentKey(tenant, r.Mode, r.ID)), ":raw": str(rawPrefix)},
	})
	if err != nil {
		return nil, fmt.Errorf("reading the answers of %s: %w", r.ID, err)
	}
	heads := map[int64]carrier.Answer{}
	for _, it := range s.lasting(out.Items) {
		d := decoder{it: it}
		n, err := strconv.ParseInt(strings.TrimPrefix(d.str("sk"), rawPrefix), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("an answer of %s without its attempt: %w", r.ID, err)
		}
		if heads[n], err = head(it["gz"]); err != nil {
			return nil, fmt.Errorf("the answer to attempt %d of %s: %w", n, r.ID, err)
		}
	}
	if _, known := heads[r.Attempts]; known || r.TrackingNumber == "" {
		return heads, nil
	}
	label, err := s.document(ctx, tenant, r.Mode, r.ID, labelDoc(r.TrackingNumber))
	if errors.Is(err, booking.ErrNotFound) || err == nil && label["raw"] == nil {
		return heads, nil
	}
	if err != nil {
		return nil, err
	}
	answer, err := head(label["raw"])
	if err == nil && answer.Status != 0 { // a label that was fetched later has none
		heads[r.Attempts] = answer
	}
	return heads, err
}

// PutVoidAnswer keeps what a carrier answered to a void that was no yes.
func (s *Store) PutVoidAnswer(ctx context.Context, tenant string, mode ship.Mode, id string, a booking.VoidAnswer) error {
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return s.putDocument(ctx, attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(voidDoc(a.Number, a.Kind)), "fv": num(ItemFormat), "gz": bin(zip(body))})
}

// VoidAnswers reads what is kept of voids that were no yes, by number.
func (s *Store) VoidAnswers(ctx context.Context, tenant string, mode ship.Mode, id string) ([]booking.VoidAnswer, error) {
	out, err := s.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.Tables.Documents, KeyConditionExpression: new("pk=:pk AND begins_with(sk,:void)"),
		ExpressionAttributeValues: attrs{":pk": str(ShipmentKey(tenant, mode, id)), ":void": str(voidPrefix)},
	})
	if err != nil {
		return nil, fmt.Errorf("reading the answers to voids of %s: %w", id, err)
	}
	var found []booking.VoidAnswer
	for _, it := range s.lasting(out.Items) {
		if s.perished(it) {
			continue
		}
		body, err := unzip(it)
		if err != nil {
			return nil, err
		}
		var a booking.VoidAnswer
		if err := json.Unmarshal(body, &a); err != nil {
			return nil, fmt.Errorf("an answer to a void of %s: %w", id, err)
		}
		found = append(found, a)
	}
	return found, nil
}

// head reads a packed answer.
func head(packed types.AttributeValue) (a carrier.Answer, err error) {
	b, err := unzip(attrs{"gz": packed})
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	return a, err
}

// putHistory moves history entries out of a state item; first is the version of the first of them.
func (s *Store) putHistory(ctx context.Context, tenant string, mode ship.Mode, id string, first int64, h []booking.Entry) error {
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Documents, Item: attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(historyDoc(first)), "fv": num(ItemFormat), "h": history(h)},
		// A writer that slept must not replace a longer part with a shorter one.
		ConditionExpression: new("attribute_not_exists(pk) OR size(h)<=:n"), ExpressionAttributeValues: attrs{":n": num(int64(len(h)))},
	})
	if _, longer := refused(err); longer || err == nil {
		return nil
	}
	return fmt.Errorf("storing history: %w", err)
}

// History is the whole history of a shipment: the moved entries, then the item's own.
func (s *Store) History(ctx context.Context, tenant string, r booking.Record) ([]booking.Entry, error) {
	var all []booking.Entry
	for first := int64(1); first <= r.Moved; {
		it, err := s.document(ctx, tenant, r.Mode, r.ID, historyDoc(first))
		if err != nil {
			return nil, fmt.Errorf("history of %s from version %d: %w", r.ID, first, err)
		}
		d := decoder{it: it}
		part, err := d.entries()
		if err != nil {
			return nil, err
		}
		all, first = append(all, part...), first+int64(len(part))
	}
	return append(all[:min(int64(len(all)), r.Moved)], r.History...), nil
}

// perishable gives an item that may hold personal data its end.
func (s *Store) perishable(it attrs) attrs {
	if s.Keep > 0 {
		it["ttl"] = num(s.Now().Add(s.Keep).Unix())
	}
	return it
}

// perished tells whether an item's end has come. DynamoDB deletes it within days of that, S3 never before what lies there
// has had its days: until both are gone neither is shown.
func (s *Store) perished(it attrs) bool {
	d := decoder{it: it}
	end := d.num("ttl")
	return end > 0 && s.Now().Unix() >= end
}

// lasting are the items whose end has not come.
func (s *Store) lasting(items []attrs) []attrs { return slices.DeleteFunc(items, s.perished) }

// putDocument stores a document that may hold personal data.
func (s *Store) putDocument(ctx context.Context, it attrs) error {
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Documents, Item: s.perishable(it)}); err != nil {
		return fmt.Errorf("storing a document: %w", err)
	}
	return nil
}

// packers are gzip writers for reuse: each holds most of a megabyte.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

func zip(b []byte) []byte {
	var out bytes.Buffer
	w := packers.Get().(*gzip.Writer) // writes to memory: no error can come of it
	defer packers.Put(w)
	w.Reset(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func unzip(it attrs) ([]byte, error) {
	b, ok := it["gz"].(*types.AttributeValueMemberB)
	if !ok {
		return nil, fmt.Errorf("a document without content")
	}
	r, err := gzip.NewReader(bytes.NewReader(b.Value))
	if err != nil {
		return nil, fmt.Errorf("a document that is not gzip: %w", err)
	}
	return io.ReadAll(r)
}
