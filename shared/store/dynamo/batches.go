package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// A batch lies in the table of shipments, for the sake of its stream and of its index `open`: the write that changes a
// batch is what announces it, and wake finds one that was forgotten. It has `bs` where a shipment has `st`.

// PutSource stores the rows of a batch as they were sent.
func (s *Store) PutSource(ctx context.Context, tenant string, mode ship.Mode, id string, rows []string) error {
	body, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("storing the rows of %s: %w", id, err)
	}
	return s.Blobs.Put(ctx, tenant, BatchObject(tenant, mode, id), zip(body))
}

// Source reads them.
func (s *Store) Source(ctx context.Context, tenant string, mode ship.Mode, id string) ([]string, error) {
	packed, err := s.Blobs.Get(ctx, tenant, BatchObject(tenant, mode, id))
	if err != nil {
		return nil, err
	}
	body, err := unzip(attrs{"gz": bin(packed)})
	if err != nil {
		return nil, err
	}
	var rows []string
	return rows, json.Unmarshal(body, &rows)
}

// OpenBatch creates a batch.
func (s *Store) OpenBatch(ctx context.Context, tenant string, b batch.Batch) (batch.Batch, error) {
	key := ShipmentKey(tenant, b.Mode, b.ID)
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Shipments, ConditionExpression: new("attribute_not_exists(pk)"),
		Item: attrs{
			"pk": str(key), "fv": num(ItemFormat), "bs": str(string(b.Status)), "ver": num(b.Version), "cid": str(b.Correlation), "bn": num(b.Rows), "bd": num(0), "ba": num(0), "br": num(0), "bu": num(0), "bt": ms(b.Updated),
			"lp": str(BatchListKey(tenant, b.Mode)), "ls": str(ListSort(b.Created, b.ID)), "wk": str(ShardOf(key)), "due": ms(b.Due),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		return batch.Batch{}, batchRefusal(old)
	}
	if err != nil {
		return batch.Batch{}, fmt.Errorf("opening batch %s: %w", b.ID, err)
	}
	return b, nil
}

// Batch reads a batch, strongly consistent.
func (s *Store) Batch(ctx context.Context, tenant string, mode ship.Mode, id string) (batch.Batch, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, mode, id))}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return batch.Batch{}, fmt.Errorf("reading batch %s: %w", id, err)
	}
	if out.Item["bs"] == nil {
		return batch.Batch{}, batch.ErrNotFound
	}
	return DecodeBatch(out.Item)
}

// batchPosition is the sort key of a batch in the list index, as a cursor carries it.
var batchPosition = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z#bat_[0-9a-z]{26}$`)

// Batches reads a page, newest first.
func (s *Store) Batches(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]batch.Batch, string, error) {
	lp := str(BatchListKey(tenant, mode))
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Shipments, IndexName: new("list"), Limit: aws.Int32(int32(limit)), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: new("lp=:lp"), ExpressionAttributeValues: attrs{":lp": lp},
	}
	if after != "" {
		if !batchPosition.MatchString(after) {
			return nil, "", batch.ErrBadCursor
		}
		_, id, _ := strings.Cut(after, "#")
		in.ExclusiveStartKey = attrs{"lp": lp, "ls": str(after), "pk": str(ShipmentKey(tenant, mode, id))}
	}
	out, err := s.DB.Query(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("listing batches: %w", err)
	}
	items, err := s.itemsOf(ctx, out.Items)
	if err != nil {
		return nil, "", err
	}
	var found []batch.Batch
	for _, it := range items {
		b, err := DecodeBatch(it)
		if err != nil {
			return nil, "", err
		}
		found = append(found, b)
	}
	next := decoder{it: out.LastEvaluatedKey}
	return found, next.str("ls"), nil
}

// PutOutcomes records a chunk of outcomes, once.
func (s *Store) PutOutcomes(ctx context.Context, tenant string, mode ship.Mode, id string, chunk int64, o []batch.Outcome) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Documents, ConditionExpression: new("attribute_not_exists(pk)"),
		Item: attrs{"pk": str(ShipmentKey(tenant, mode, id)), "sk": str(rowsDoc(chunk)), "fv": num(ItemFormat), "gz": bin(zip(body))},
	})
	if _, there := refused(err); there || err == nil {
		return nil
	}
	return fmt.Errorf("recording rows of %s: %w", id, err)
}

// Outcomes reads a chunk, nil while it is not recorded.
func (s *Store) Outcomes(ctx context.Context, tenant string, mode ship.Mode, id string, chunk int64) ([]batch.Outcome, error) {
	it, err := s.document(ctx, tenant, mode, id, rowsDoc(chunk))
	if errors.Is(err, booking.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	body, err := unzip(it)
	if err != nil {
		return nil, err
	}
	var out []batch.Outcome
	return out, json.Unmarshal(body, &out)
}

// TakeBatch makes owner the one who creates rows.
func (s *Store) TakeBatch(ctx context.Context, tenant string, b batch.Batch, owner string, now, lease, due time.Time) (batch.Batch, error) {
	return s.changeBatch(ctx, tenant, b, "SET own=:own, lx=:lx, due=:due, ver=ver+:one",
		"bs=:processing AND bd=:done AND (attribute_not_exists(own) OR own=:own OR lx<:now)",
		attrs{":own": str(owner), ":lx": ms(lease), ":due": ms(due), ":one": num(1), ":processing": str(string(batch.Processing)), ":now": ms(now), ":done": num(b.Done)})
}

// AdvanceBatch counts rows as done, as long as the lease is the writer's.
func (s *Store) AdvanceBatch(ctx context.Context, tenant string, b batch.Batch, done, accepted, rejected int64, now time.Time) (batch.Batch, error) {
	set, remove := "SET bd=:to, ba=:accepted, br=:rejected, bt=:at, ver=ver+:one", ""
	vals := attrs{":to": num(done), ":accepted": num(accepted), ":rejected": num(rejected), ":at": ms(now), ":one": num(1), ":own": str(b.Owner), ":done": num(b.Done),
		":processing": str(string(batch.Processing))}
	if done == b.Rows {
		set, remove = set+", bs=:created", " REMOVE own, lx, wk, due"
		vals[":created"] = str(string(batch.Created))
	}
	return s.changeBatch(ctx, tenant, b, set+remove, "bs=:processing AND bd=:done AND own=:own", vals)
}

// StopBatch is the wish to cancel.
func (s *Store) StopBatch(ctx context.Context, tenant string, b batch.Batch, now, due time.Time) (batch.Batch, error) {
	return s.changeBatch(ctx, tenant, b, "SET bs=:cancelling, bt=:at, wk=:wk, due=:due, ver=ver+:one", "ver=:ver AND (bs=:processing OR bs=:created)",
		attrs{":cancelling": str(string(batch.Cancelling)), ":at": ms(now), ":wk": shard(tenant, b.Mode, b.ID), ":due": ms(due), ":one": num(1), ":ver": num(b.Version),
			":processing": str(string(batch.Processing)), ":created": str(string(batch.Created))})
}

// UndoBatch counts rows as cancelled, and those that were recorded too late to be counted before.
func (s *Store) UndoBatch(ctx context.Context, tenant string, b batch.Batch, undone, accepted, rejected int64, now time.Time) (batch.Batch, error) {
	set, remove := "SET bu=:to, ba=:accepted, br=:rejected, bt=:at, ver=ver+:one", ""
	vals := attrs{":to": num(undone), ":accepted": num(accepted), ":rejected": num(rejected), ":at": ms(now), ":one": num(1), ":ver": num(b.Version), ":cancelling": str(string(batch.Cancelling))}
	if undone == b.Rows {
		set, remove = set+", bs=:cancelled", " REMOVE own, lx, wk, due"
		vals[":cancelled"] = str(string(batch.Cancelled))
	}
	return s.changeBatch(ctx, tenant, b, set+remove, "ver=:ver AND bs=:cancelling", vals)
}

// PostponeBatch moves `due`.
func (s *Store) PostponeBatch(ctx context.Context, tenant string, b batch.Batch, next time.Time) (batch.Batch, error) {
	return s.changeBatch(ctx, tenant, b, "SET due=:next", "due=:due", attrs{":next": ms(next), ":due": ms(b.Due)})
}

func (s *Store) changeBatch(ctx context.Context, tenant string, b batch.Batch, update, cond string, vals attrs) (batch.Batch, error) {
	out, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Shipments, Key: attrs{"pk": str(ShipmentKey(tenant, b.Mode, b.ID))},
		UpdateExpression: &update, ConditionExpression: &cond, ExpressionAttributeValues: vals,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		return batch.Batch{}, batchRefusal(old)
	}
	if err != nil {
		return batch.Batch{}, fmt.Errorf("writing batch %s: %w", b.ID, err)
	}
	return DecodeBatch(out.Attributes)
}

// batchRefusal makes *batch.Refused of the item that refused a write.
func batchRefusal(old attrs) error {
	if len(old) == 0 {
		return &batch.Refused{}
	}
	b, err := DecodeBatch(old)
	if err != nil {
		return err
	}
	return &batch.Refused{Old: &b}
}

// IsBatch tells a batch from a shipment, from the table or from its stream.
func IsBatch(it map[string]types.AttributeValue) bool { return it["bs"] != nil }

// DecodeBatch reads a batch, from the table or from its stream. It refuses one that a newer version wrote.
func DecodeBatch(it map[string]types.AttributeValue) (batch.Batch, error) {
	if err := readable("batch", it); err != nil {
		return batch.Batch{}, err
	}
	d := decoder{it: it}
	var b batch.Batch
	b.Tenant, b.Mode, b.ID = d.key()
	b.Status, b.Version, b.Correlation = batch.Status(d.str("bs")), d.num("ver"), d.str("cid")
	b.Rows, b.Done, b.Accepted, b.Rejected, b.Undone = d.num("bn"), d.num("bd"), d.num("ba"), d.num("br"), d.num("bu")
	b.Owner, b.Lease, b.Due, b.Created, b.Updated = d.str("own"), d.time("lx"), d.time("due"), created(d.str("ls")), d.time("bt")
	return b, d.err
}
