package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/ship"
)

// errChanged means that somebody else was faster: an attribute is not what it was when it was read.
var errChanged = errors.New("changed meanwhile")

// putNew writes an item of Accounts that must not exist yet. When there is one the error is exists. An item that is this one
// in every attribute was written by this very call, whose first answer was lost: what is secret in it is of chance.
func (s *Store) putNew(ctx context.Context, what string, item attrs, exists error) error {
	item["fv"] = num(ItemFormat)
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Accounts, Item: item, ConditionExpression: new("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		if reflect.DeepEqual(old, item) {
			return nil
		}
		return fmt.Errorf("writing %s: %w", what, exists)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
}

// patch says what changes of a setting. What it does not name stays as it is, whoever else writes at the same time.
type patch struct {
	set    attrs
	remove []string
	count  string // a number that grows by one; "": none
	seen   attrs  // attributes that must still be what they were
}

// updateSetting changes a setting that exists in this mode and returns it as it is now. A setting that is being deleted is
// never brought back by it. It returns account.ErrNotFound, or errChanged when what was seen is no more.
func (s *Store) updateSetting(ctx context.Context, what, tenant, sk string, mode ship.Mode, p patch) (attrs, error) {
	names := map[string]string{"#mode": "mode", "#fv": "fv"}
	values := attrs{":mode": str(string(mode)), ":fv": num(ItemFormat)}
	bind := func(prefix, name string, v types.AttributeValue) string {
		names["#"+name] = name
		if v == nil {
			return "#" + name
		}
		values[":"+prefix+name] = v
		return "#" + name + "=:" + prefix + name
	}
	var set, remove []string
	cond := "attribute_exists(pk) AND #mode=:mode AND #fv<=:fv"
	for _, name := range slices.Sorted(maps.Keys(p.set)) {
		set = append(set, bind("", name, p.set[name]))
	}
	for _, name := range p.remove {
		remove = append(remove, bind("", name, nil))
	}
	for _, name := range slices.Sorted(maps.Keys(p.seen)) {
		cond += " AND " + bind("was_", name, p.seen[name])
	}
	expr := clause("SET ", set) + clause(" REMOVE ", remove)
	if p.count != "" {
		values[":one"] = num(1)
		expr += clause(" ADD ", []string{bind("", p.count, nil) + " :one"})
	}
	out, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(tenant), "sk": str(sk)},
		UpdateExpression: new(strings.TrimSpace(expr)), ConditionExpression: &cond,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		return nil, whyRefused(what, old, mode)
	}
	if err != nil {
		return nil, fmt.Errorf("changing %s: %w", what, err)
	}
	return out.Attributes, nil
}

func clause(word string, parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return word + strings.Join(parts, ", ")
}

// whyRefused tells why a setting was not changed by the item that refused.
func whyRefused(what string, old attrs, mode ship.Mode) error {
	d := decoder{it: old}
	if len(old) == 0 || d.str("mode") != string(mode) {
		return fmt.Errorf("changing %s: %w", what, account.ErrNotFound)
	}
	if err := readable(what, old); err != nil {
		return err
	}
	return fmt.Errorf("changing %s: %w", what, errChanged)
}

// deleteSetting deletes a setting that exists in this mode. It returns account.ErrNotFound, and the item of the other
// mode if there is one.
func (s *Store) deleteSetting(ctx context.Context, what, tenant, sk string, mode ship.Mode) (old attrs, err error) {
	_, err = s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(tenant), "sk": str(sk)},
		ConditionExpression:       new("attribute_exists(pk) AND #mode=:mode"),
		ExpressionAttributeNames:  map[string]string{"#mode": "mode"},
		ExpressionAttributeValues: attrs{":mode": str(string(mode))},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		return old, fmt.Errorf("deleting %s: %w", what, account.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("deleting %s: %w", what, err)
	}
	return nil, nil
}

// settings reads one page of a tenant's settings of a kind and a mode, by id, after the id given ("" from the first),
// and the id to go on after, "" on the last page. The read is strongly consistent: a tenant sees what it has just done.
// Those of the other mode are read over: a tenant has few settings, and no index knows their mode.
func (s *Store) settings(ctx context.Context, what, tenant, kind string, mode ship.Mode, limit int, after string) (found []attrs, next string, err error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Accounts, KeyConditionExpression: new("pk=:pk AND begins_with(sk,:sk)"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: attrs{":pk": str(tenant), ":sk": str(kind)}, Limit: aws.Int32(int32(limit) + 1),
	}
	if after != "" {
		in.ExclusiveStartKey = attrs{"pk": str(tenant), "sk": str(kind + after)}
	}
	for {
		page, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, "", fmt.Errorf("listing %s: %w", what, err)
		}
		for _, item := range page.Items {
			d := decoder{it: item}
			if d.str("mode") != string(mode) {
				continue
			}
			if len(found) == limit {
				last := decoder{it: found[limit-1]}
				return found, strings.TrimPrefix(last.str("sk"), kind), nil
			}
			found = append(found, item)
		}
		if in.ExclusiveStartKey = page.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return found, "", nil
		}
	}
}

// accountItem reads an item of Accounts as cheaply as can be: eventually consistent, and strongly only when it
// seems not to exist, for it may have been written this moment.
func (s *Store) accountItem(ctx context.Context, what, pk, sk string) (*decoder, error) {
	d, err := s.read(ctx, what, pk, sk, false)
	if errors.Is(err, account.ErrNotFound) {
		return s.read(ctx, what, pk, sk, true)
	}
	return d, err
}

func (s *Store) read(ctx context.Context, what, pk, sk string, consistent bool) (*decoder, error) {
	out, err := s.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(pk), "sk": str(sk)}, ConsistentRead: aws.Bool(consistent),
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	if len(out.Item) == 0 {
		return nil, fmt.Errorf("reading %s: %w", what, account.ErrNotFound)
	}
	if err := readable(what, out.Item); err != nil {
		return nil, err
	}
	return &decoder{it: out.Item}, nil
}

// readable refuses an item that a newer version wrote.
func readable(what string, item attrs) error {
	d := decoder{it: item}
	if fv := d.num("fv"); fv > ItemFormat {
		return fmt.Errorf("reading %s: item format %d is newer than this version reads (%d): deploy the newer version", what, fv, ItemFormat)
	}
	return d.err
}

func yes(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func (d *decoder) bytes(name string) []byte {
	switch v := d.it[name].(type) {
	case nil:
		return nil
	case *types.AttributeValueMemberB:
		return v.Value
	}
	d.fail(name, "binary")
	return nil
}

func (d *decoder) flag(name string) bool {
	switch v := d.it[name].(type) {
	case nil:
		return false
	case *types.AttributeValueMemberBOOL:
		return v.Value
	}
	d.fail(name, "true or false")
	return false
}

// strings reads a list of strings.
func (d *decoder) strings(name string) []string {
	var out []string
	for _, v := range d.list(name) {
		one := decoder{it: attrs{name: v}}
		out = append(out, one.str(name))
		d.err = errors.Join(d.err, one.err)
	}
	return out
}
