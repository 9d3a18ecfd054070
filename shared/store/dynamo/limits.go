package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// limitLitter is how long a limit that binds nobody any more stays behind for TTL to find. Without its item a key is idle.
const limitLitter = time.Hour

// Limits keeps the times of limits, one item a key. It implements ratelimit.Store.
type Limits struct {
	store  *Store
	prefix string
	call   []func(*dynamodb.Options)
}

// TenantLimits are those of what tenants ask. A call is tried once: the request waits for it, and is let through without.
func (s *Store) TenantLimits() *Limits {
	return &Limits{s, limitPrefix, []func(*dynamodb.Options){func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 }}}
}

// CarrierSlots are those of what carriers take. A lost answer costs a slot that nobody uses.
func (s *Store) CarrierSlots() *Limits { return &Limits{store: s, prefix: slotPrefix} }

// Advance implements ratelimit.Store.
func (l *Limits) Advance(ctx context.Context, key string, floor, ceil, inc int64) (int64, bool, error) {
	return l.update(ctx, key, "tat=tat+:inc, #ttl=:ttl", "tat BETWEEN :floor AND :ceil", ceil+inc,
		attrs{":inc": num(inc), ":floor": num(floor), ":ceil": num(ceil)})
}

// Anchor implements ratelimit.Store.
func (l *Limits) Anchor(ctx context.Context, key string, floor, to int64) (int64, bool, error) {
	return l.update(ctx, key, "tat=:to, #ttl=:ttl, fv=:fv", "attribute_not_exists(tat) OR tat<:floor", to,
		attrs{":floor": num(floor), ":to": num(to), ":fv": num(ItemFormat)})
}

// update moves a time to last at most. The item outlives that: one that was taken away early would give a whole burst.
func (l *Limits) update(ctx context.Context, key, set, cond string, last int64, vals attrs) (int64, bool, error) {
	vals[":ttl"] = num(time.UnixMicro(last).Add(limitLitter).Unix())
	out, err := l.store.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &l.store.Tables.Limits, Key: attrs{"pk": str(l.prefix + key)},
		UpdateExpression: new("SET " + set), ConditionExpression: &cond,
		ExpressionAttributeNames: map[string]string{"#ttl": "ttl"}, ExpressionAttributeValues: vals,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, l.call...)
	item, no := refused(err)
	if err != nil && !no {
		return 0, false, fmt.Errorf("asking for limit %s: %w", key, err)
	}
	if !no {
		item = out.Attributes
	}
	if len(item) == 0 {
		return 0, false, nil
	}
	if err := readable("limit "+key, item); err != nil {
		return 0, false, err
	}
	d := decoder{it: item}
	return d.num("tat"), !no, d.err
}
