package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/ship"
)

// keyListing is how old the listing of a key that does not exist must be before it is taken for what is left of a
// revocation: while a key is made, its listing is there first.
const keyListing = time.Minute

// PutAPIKey writes a new key, findable by its id alone, and before it the item by which its tenant lists it: a key that
// works is always listed, whatever fails in between. It returns account.ErrExists when there is one of this id.
func (s *Store) PutAPIKey(ctx context.Context, tenant string, k account.Key) error {
	if err := s.EnlistAPIKey(ctx, tenant, k); err != nil {
		return err
	}
	item := attrs{
		"pk": str(apiKeyPartition(k.ID)), "sk": str(apiKeySort), "tenant": str(tenant), "mode": str(string(k.Mode)),
		"hash": bin(k.Hash), "scopes": strs(k.Scopes), "created": ms(k.CreatedAt),
	}
	if k.Name != "" {
		item["name"] = str(k.Name)
	}
	return s.putNew(ctx, "API key "+k.ID, item, account.ErrExists)
}

// EnlistAPIKey writes the item by which a tenant lists a key, in place of one that is there. What it shows is read from the
// key itself.
func (s *Store) EnlistAPIKey(ctx context.Context, tenant string, k account.Key) error {
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Accounts, Item: attrs{
		"pk": str(tenant), "sk": str(apiKeyListSort(k.ID)), "fv": num(ItemFormat), "mode": str(string(k.Mode)), "created": ms(k.CreatedAt),
	}})
	if err != nil {
		return fmt.Errorf("listing API key %s: %w", k.ID, err)
	}
	return nil
}

// APIKey finds a key by its id: whose it is is what the caller wants to know. It returns account.ErrNotFound when
// there is none. The read is strongly consistent: a key works from the moment it was made, a revoked one does not,
// and an unknown one takes as much work as a known one.
func (s *Store) APIKey(ctx context.Context, keyID string) (account.Key, error) {
	d, err := s.read(ctx, "API key", apiKeyPartition(keyID), apiKeySort, true)
	if err != nil {
		return account.Key{}, err
	}
	return apiKey(keyID, d)
}

func apiKey(id string, d *decoder) (account.Key, error) {
	k := account.Key{
		ID: id, Tenant: d.str("tenant"), Name: d.str("name"), Mode: ship.Mode(d.str("mode")), Scopes: d.strings("scopes"),
		Hash: d.bytes("hash"), CreatedAt: d.time("created"),
	}
	if d.it["scopes"] == nil { // from before keys had scopes
		k.Scopes = account.AllScopes()
	}
	return k, d.err
}

// APIKeys lists a tenant's keys of a mode, by id: at most limit after an id ("" from the first), and the id to go on
// after, "" on the last page. What is listed and is no key any more is left out.
func (s *Store) APIKeys(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]account.Key, string, error) {
	kind := apiKeyListSort("")
	items, next, err := s.settings(ctx, "API keys", tenant, kind, mode, limit, after)
	if err != nil || len(items) == 0 {
		return nil, "", err
	}
	ids := make([]string, len(items))
	for i, item := range items {
		d := decoder{it: item}
		ids[i] = d.str("sk")[len(kind):]
	}
	known, err := s.apiKeys(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	var out []account.Key
	for _, id := range ids {
		if k, ok := known[id]; ok && k.Tenant == tenant && k.Mode == mode {
			out = append(out, k)
		}
	}
	return out, next, nil
}

// apiKeys reads at most 100 keys, strongly consistent, by id.
func (s *Store) apiKeys(ctx context.Context, ids []string) (map[string]account.Key, error) {
	keys, known := make([]attrs, len(ids)), map[string]account.Key{}
	for i, id := range ids {
		keys[i] = attrs{"pk": str(apiKeyPartition(id)), "sk": str(apiKeySort)}
	}
	ask := map[string]types.KeysAndAttributes{s.Tables.Accounts: {Keys: keys, ConsistentRead: aws.Bool(true)}}
	for len(ask) > 0 {
		got, err := s.DB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask})
		if err != nil {
			return nil, fmt.Errorf("reading API keys: %w", err)
		}
		for _, item := range got.Responses[s.Tables.Accounts] {
			d := &decoder{it: item}
			id := strings.TrimPrefix(d.str("pk"), apiKeyPartition(""))
			if err := readable("API key "+id, item); err != nil {
				return nil, err
			}
			if known[id], err = apiKey(id, d); err != nil {
				return nil, err
			}
		}
		ask = got.UnprocessedKeys
	}
	return known, nil
}

// DeleteAPIKey revokes a key: it is gone before its listing is. It returns account.ErrNotFound for a key that is not
// this tenant's in this mode; a listing that an interrupted revocation left goes then.
func (s *Store) DeleteAPIKey(ctx context.Context, tenant string, mode ship.Mode, keyID string) error {
	out, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(apiKeyPartition(keyID)), "sk": str(apiKeySort)},
		ConditionExpression:       new("tenant=:tenant AND #mode=:mode"),
		ExpressionAttributeNames:  map[string]string{"#mode": "mode"},
		ExpressionAttributeValues: attrs{":tenant": str(tenant), ":mode": str(string(mode))},
		ReturnValues:              types.ReturnValueAllOld,

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if other, no := refused(err); no {
		if len(other) == 0 {
			if err := s.unlistKey(ctx, tenant, keyID, s.Now().Add(-keyListing)); err != nil {
				return err
			}
		}
		return fmt.Errorf("revoking API key %s: %w", keyID, account.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("revoking API key %s: %w", keyID, err)
	}
	was := decoder{it: out.Attributes}
	return errors.Join(s.unlistKey(ctx, tenant, keyID, was.time("created")), was.err)
}

// unlistKey takes a key that does not exist any more out of the list, unless it was listed later than that: then it is
// being made again.
func (s *Store) unlistKey(ctx context.Context, tenant, keyID string, listed time.Time) error {
	_, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(tenant), "sk": str(apiKeyListSort(keyID))},
		ConditionExpression: new("created<=:listed"), ExpressionAttributeValues: attrs{":listed": ms(listed)},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, no := refused(err); no || err == nil {
		return nil
	}
	return fmt.Errorf("taking API key %s out of the list: %w", keyID, err)
}

// Admins are the keys of a mode that may administer the tenant, as they were made and not revoked. It returns nil where
// none was ever named.
func (s *Store) Admins(ctx context.Context, tenant string, mode ship.Mode) ([]string, error) {
	d, err := s.read(ctx, "administering keys", tenant, adminsSort(mode), true)
	if errors.Is(err, account.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.strings("ids"), d.err
}

// SaveAdmins replaces the list that was seen. It returns account.ErrChanged, and changes nothing, when it is another.
func (s *Store) SaveAdmins(ctx context.Context, tenant string, mode ship.Mode, seen, ids []string) error {
	in := &dynamodb.PutItemInput{
		TableName: &s.Tables.Accounts, Item: attrs{"pk": str(tenant), "sk": str(adminsSort(mode)), "fv": num(ItemFormat), "ids": strs(ids)},
		ConditionExpression: new("attribute_not_exists(pk)"),

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if seen != nil {
		in.ConditionExpression = new("ids=:seen AND fv<=:fv")
		in.ExpressionAttributeValues = attrs{":seen": strs(seen), ":fv": num(ItemFormat)}
	}
	_, err := s.DB.PutItem(ctx, in)
	if _, no := refused(err); no {
		return account.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("writing administering keys: %w", err)
	}
	return nil
}
