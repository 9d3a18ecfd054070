package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/ship"
)

// PutEndpoint writes a new callback endpoint. It returns callback.ErrExists when there is one of this id.
func (s *Store) PutEndpoint(ctx context.Context, tenant string, e callback.Endpoint) error {
	item := attrs{
		"pk": str(tenant), "sk": str(endpointSort(e.ID)), "url": str(e.URL), "mode": str(string(e.Mode)),
		"disabled": yes(e.Disabled), "created": ms(e.CreatedAt),
	}
	if len(e.Events) > 0 {
		item["events"] = strs(e.Events)
	}
	item["sealed"], item["ends"] = secrets(e.Secrets)
	return s.putNew(ctx, "callback endpoint "+e.ID, item, callback.ErrExists)
}

// secrets are two lists, of what is sealed and of when it ends: an item from before secrets had an end has the first alone.
func secrets(list []callback.Secret) (sealed, ends types.AttributeValue) {
	a, b := &types.AttributeValueMemberL{Value: []types.AttributeValue{}}, &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
	for _, x := range list {
		end := num(0)
		if !x.Until.IsZero() {
			end = ms(x.Until)
		}
		a.Value, b.Value = append(a.Value, bin(x.Sealed)), append(b.Value, end)
	}
	return a, b
}

// Endpoints lists a tenant's callback endpoints of both modes, disabled ones included, by id. The read is
// eventually consistent.
func (s *Store) Endpoints(ctx context.Context, tenant string) ([]callback.Endpoint, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Accounts, KeyConditionExpression: new("pk=:pk AND begins_with(sk,:sk)"),
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

// EndpointPage lists a tenant's callback endpoints of a mode, by id: at most limit after an id ("" from the first), and
// the id to go on after, "" on the last page. The read is strongly consistent.
func (s *Store) EndpointPage(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]callback.Endpoint, string, error) {
	items, next, err := s.settings(ctx, "callback endpoints", tenant, endpointSort(""), mode, limit, after)
	if err != nil {
		return nil, "", err
	}
	out := make([]callback.Endpoint, len(items))
	for i, item := range items {
		if out[i], err = endpoint(item); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}

// Endpoint reads one callback endpoint, eventually consistent, and strongly on a miss. It returns
// callback.ErrNoEndpoint when there is none.
func (s *Store) Endpoint(ctx context.Context, tenant, id string) (callback.Endpoint, error) {
	d, err := s.accountItem(ctx, "callback endpoint", tenant, endpointSort(id))
	if err != nil {
		return callback.Endpoint{}, asEndpoint(err)
	}
	return endpoint(d.it)
}

// EndpointNow is Endpoint, strongly consistent: a tenant sees what it has just changed.
func (s *Store) EndpointNow(ctx context.Context, tenant, id string) (callback.Endpoint, error) {
	d, err := s.read(ctx, "callback endpoint", tenant, endpointSort(id), true)
	if err != nil {
		return callback.Endpoint{}, asEndpoint(err)
	}
	return endpoint(d.it)
}

// UpdateEndpoint changes what change names of an endpoint and returns it as it is now. It returns
// callback.ErrNoEndpoint for one that does not exist in this mode.
func (s *Store) UpdateEndpoint(ctx context.Context, tenant string, mode ship.Mode, id string, change callback.EndpointChange) (callback.Endpoint, error) {
	p := patch{set: attrs{}}
	if change.URL != nil {
		p.set["url"] = str(*change.URL)
	}
	if change.Disabled != nil {
		p.set["disabled"] = yes(*change.Disabled)
	}
	switch {
	case change.Events != nil && len(*change.Events) > 0:
		p.set["events"] = strs(*change.Events)
	case change.Events != nil:
		p.remove = []string{"events"}
	}
	return s.changeEndpoint(ctx, tenant, mode, id, p)
}

// ReplaceSecrets gives an endpoint other signing secrets than those it was read with, and returns it as it is now. It
// returns callback.ErrRotated, and changes nothing, when they are not the ones it has; callback.ErrNoEndpoint for an
// endpoint that does not exist in this mode.
func (s *Store) ReplaceSecrets(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next []callback.Secret) (callback.Endpoint, error) {
	before, _ := secrets(seen)
	sealed, ends := secrets(next)
	return s.changeEndpoint(ctx, tenant, mode, id, patch{set: attrs{"sealed": sealed, "ends": ends}, seen: attrs{"sealed": before}})
}

func (s *Store) changeEndpoint(ctx context.Context, tenant string, mode ship.Mode, id string, p patch) (callback.Endpoint, error) {
	item, err := s.updateSetting(ctx, "callback endpoint "+id, tenant, endpointSort(id), mode, p)
	if err != nil {
		return callback.Endpoint{}, asEndpoint(err)
	}
	return endpoint(item)
}

// DeleteEndpoint deletes an endpoint with its secrets. It returns callback.ErrNoEndpoint for one that does not exist in
// this mode.
func (s *Store) DeleteEndpoint(ctx context.Context, tenant string, mode ship.Mode, id string) error {
	_, err := s.deleteSetting(ctx, "callback endpoint "+id, tenant, endpointSort(id), mode)
	return asEndpoint(err)
}

// asEndpoint says what is wrong in the words of package callback.
func asEndpoint(err error) error {
	switch {
	case errors.Is(err, account.ErrNotFound):
		return callback.ErrNoEndpoint
	case errors.Is(err, errChanged):
		return callback.ErrRotated
	}
	return err
}

func endpoint(item attrs) (callback.Endpoint, error) {
	if err := readable("callback endpoint", item); err != nil {
		return callback.Endpoint{}, err
	}
	d := decoder{it: item}
	e := callback.Endpoint{
		ID: d.str("sk")[min(len(endpointSort("")), len(d.str("sk"))):], URL: d.str("url"), Mode: ship.Mode(d.str("mode")),
		Events: d.strings("events"), Disabled: d.flag("disabled"), CreatedAt: d.time("created"),
	}
	ends := d.list("ends")
	for i, v := range d.list("sealed") {
		one := decoder{it: attrs{"sealed": v}}
		if i < len(ends) {
			one.it["ends"] = ends[i]
		}
		e.Secrets = append(e.Secrets, callback.Secret{Sealed: one.bytes("sealed"), Until: one.time("ends")})
		d.err = errors.Join(d.err, one.err)
	}
	return e, d.err
}
