package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ship"
)

// PutTenant writes a new tenant. It fails when there is one of this id.
func (s *Store) PutTenant(ctx context.Context, tenant string, t account.Tenant) error {
	return s.putNew(ctx, "tenant "+tenant, attrs{
		"pk": str(tenant), "sk": str(tenantSort), "name": str(t.Name), "created": ms(t.CreatedAt),
	})
}

// PutAPIKey writes a new key, findable by its id alone. It fails when there is one of this id.
func (s *Store) PutAPIKey(ctx context.Context, tenant string, k account.Key) error {
	return s.putNew(ctx, "API key "+k.ID, attrs{
		"pk": str(apiKeyPartition(k.ID)), "sk": str(apiKeySort), "tenant": str(tenant), "mode": str(string(k.Mode)),
		"hash": bin(k.Hash), "created": ms(k.CreatedAt),
	})
}

// APIKey finds a key by its id: whose it is is what the caller wants to know. It returns account.ErrNotFound when
// there is none. The read is strongly consistent: a key works from the moment it was made, and an unknown one
// takes as much work as a known one.
func (s *Store) APIKey(ctx context.Context, keyID string) (account.Key, error) {
	d, err := s.read(ctx, "API key", apiKeyPartition(keyID), apiKeySort, true)
	if err != nil {
		return account.Key{}, err
	}
	k := account.Key{ID: keyID, Tenant: d.str("tenant"), Mode: ship.Mode(d.str("mode")), Hash: d.bytes("hash"), CreatedAt: d.time("created")}
	return k, d.err
}

// PutCarrierAccount writes a new carrier account. It fails when there is one of this id.
func (s *Store) PutCarrierAccount(ctx context.Context, tenant string, c account.Carrier) error {
	return s.putNew(ctx, "carrier account "+c.ID, attrs{
		"pk": str(tenant), "sk": str(carrierSort(c.ID)), "mode": str(string(c.Mode)), "carrier": str(c.Carrier),
		"number": str(c.Number), "sealed": bin(c.Sealed), "rebook": yes(c.RebookOnAbsent), "created": ms(c.CreatedAt),
	})
}

// CarrierAccount reads a tenant's carrier account, eventually consistent, and strongly on a miss. It returns
// account.ErrNotFound when there is none.
func (s *Store) CarrierAccount(ctx context.Context, tenant, id string) (account.Carrier, error) {
	d, err := s.accountItem(ctx, "carrier account", tenant, carrierSort(id))
	if err != nil {
		return account.Carrier{}, err
	}
	c := account.Carrier{
		ID: id, Mode: ship.Mode(d.str("mode")), Carrier: d.str("carrier"), Number: d.str("number"),
		Sealed: d.bytes("sealed"), RebookOnAbsent: d.flag("rebook"), CreatedAt: d.time("created"),
	}
	return c, d.err
}

// PutEndpoint writes a callback endpoint, in place of the one of this id if there is one.
func (s *Store) PutEndpoint(ctx context.Context, tenant string, e callback.Endpoint) error {
	item := attrs{
		"pk": str(tenant), "sk": str(endpointSort(e.ID)), "fv": num(ItemFormat), "url": str(e.URL), "mode": str(string(e.Mode)),
		"disabled": yes(e.Disabled), "created": ms(e.CreatedAt),
	}
	sealed := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, b := range e.Sealed {
		sealed.Value = append(sealed.Value, bin(b))
	}
	item["sealed"] = sealed
	if len(e.Events) > 0 {
		item["events"] = strs(e.Events)
	}
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Accounts, Item: item}); err != nil {
		return fmt.Errorf("writing callback endpoint %s: %w", e.ID, err)
	}
	return nil
}

// Endpoints lists a tenant's callback endpoints of both modes, disabled ones included, by id. The read is
// eventually consistent.
func (s *Store) Endpoints(ctx context.Context, tenant string) ([]callback.Endpoint, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Accounts, KeyConditionExpression: ptr("pk=:pk AND begins_with(sk,:sk)"),
		ExpressionAttributeValues: attrs{":pk": str(tenant), ":sk": str(endpointSort(""))},
	}
	var out []callback.Endpoint
	for {
		page, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("reading callback endpoints: %w", err)
		}
		for _, item := range page.Items {
			e, err := endpoint(item)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
		if in.ExclusiveStartKey = page.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return out, nil
		}
	}
}

// Endpoint reads one callback endpoint, eventually consistent, and strongly on a miss. It returns
// callback.ErrNoEndpoint when there is none.
func (s *Store) Endpoint(ctx context.Context, tenant, id string) (callback.Endpoint, error) {
	d, err := s.accountItem(ctx, "callback endpoint", tenant, endpointSort(id))
	if errors.Is(err, account.ErrNotFound) {
		return callback.Endpoint{}, callback.ErrNoEndpoint
	}
	if err != nil {
		return callback.Endpoint{}, err
	}
	return endpoint(d.it)
}

func endpoint(item attrs) (callback.Endpoint, error) {
	if err := readable("callback endpoint", item); err != nil {
		return callback.Endpoint{}, err
	}
	d := decoder{it: item}
	e := callback.Endpoint{
		ID: d.str("sk")[min(len(endpointSort("")), len(d.str("sk"))):], URL: d.str("url"), Mode: ship.Mode(d.str("mode")),
		Disabled: d.flag("disabled"), CreatedAt: d.time("created"),
	}
	for _, v := range d.list("sealed") {
		one := decoder{it: attrs{"sealed": v}}
		e.Sealed = append(e.Sealed, one.bytes("sealed"))
		d.err = errors.Join(d.err, one.err)
	}
	for _, v := range d.list("events") {
		one := decoder{it: attrs{"events": v}}
		e.Events = append(e.Events, one.str("events"))
		d.err = errors.Join(d.err, one.err)
	}
	return e, d.err
}

// Token reads the token record of a carrier account, strongly consistent: who waits for another's refresh must see
// it. Without one it is the zero Record, of generation 0.
func (s *Store) Token(ctx context.Context, tenant, carrierAccount string) (oauth.Record, error) {
	d, err := s.read(ctx, "token record", tenant, tokenSort(carrierAccount), true)
	if errors.Is(err, account.ErrNotFound) {
		return oauth.Record{}, nil
	}
	if err != nil {
		return oauth.Record{}, err
	}
	r := oauth.Record{Generation: d.num("gen"), Expires: d.time("expires"), Sealed: d.bytes("sealed")}
	return r, d.err
}

// SaveToken replaces the token record by one of a higher generation. It returns oauth.ErrSuperseded, and changes
// nothing, when the stored one is as high or higher.
func (s *Store) SaveToken(ctx context.Context, tenant, carrierAccount string, r oauth.Record) error {
	item := attrs{
		"pk": str(tenant), "sk": str(tokenSort(carrierAccount)), "fv": num(ItemFormat),
		"gen": num(r.Generation), "sealed": bin(r.Sealed),
	}
	if !r.Expires.IsZero() {
		item["expires"] = ms(r.Expires)
	}
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Accounts, Item: item,
		ConditionExpression:       ptr("attribute_not_exists(pk) OR (gen<:gen AND fv<=:fv)"),
		ExpressionAttributeValues: attrs{":gen": num(r.Generation), ":fv": num(ItemFormat)},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, no := refused(err); no {
		return oauth.ErrSuperseded
	}
	if err != nil {
		return fmt.Errorf("writing the token of %s: %w", carrierAccount, err)
	}
	return nil
}

// putNew writes an item of Accounts that must not exist yet.
func (s *Store) putNew(ctx context.Context, what string, item attrs) error {
	item["fv"] = num(ItemFormat)
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Accounts, Item: item, ConditionExpression: ptr("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, no := refused(err); no {
		return fmt.Errorf("writing %s: it exists", what)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
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
