// Package rivals holds the best-known published ways to do something once, written from their documentation, so that
// the simulator can put them under the faults that Fairlead's own booking worker is put under. Each rule names the
// place it was read in. Where a document leaves a choice, the one is taken that books less twice and loses less.
//
// Nothing here is deferred and nothing recovers: a process that dies does no more work.
package rivals

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Desk is what every algorithm is given: the same ports and the same limits as Fairlead's worker has.
type Desk struct {
	DB     dynamo.API
	Table  string // a table of its own; its key is "pk"
	Order  func(ctx context.Context, m queue.Message) (carrier.Carrier, carrier.Order, error)
	Tokens booking.Tokens
	Redis  Redis // used by the lock only
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Times  booking.Times
}

// Redis is the two commands a lock consists of.
type Redis interface {
	// SetNX sets a key that does not exist, for ttl, and tells whether it did.
	SetNX(ctx context.Context, key, token string, ttl time.Duration) (bool, error)
	// CompareAndDelete deletes a key that holds the token; one that does not is left, without an error.
	CompareAndDelete(ctx context.Context, key, token string) error
}

// Algorithm is one way to book once. New returns its queue.Handler, one for each process.
type Algorithm struct {
	Name  string // for commands and tables
	Title string // for people
	New   func(Desk) queue.Handler
}

// All are the algorithms in the order in which they are shown.
func All() []Algorithm {
	return []Algorithm{
		{"powertools", "AWS Lambda Powertools idempotency", Powertools},
		{"redis-lock", "Redis lock of 30 s", RedisLock},
		{"plain-retry", "plain retry", PlainRetry},
	}
}

// The attributes of a durable record. Powertools' have the names of its documentation ("DynamoDB attributes").
const (
	attrKey        = "pk"
	attrStatus     = "status"
	attrExpiration = "expiration"             // seconds
	attrInProgress = "in_progress_expiration" // milliseconds
	attrData       = "data"                   // a result in JSON
)

// Key is the key of a shipment's durable record.
func Key(tenant string, mode ship.Mode, shipment string) string {
	return tenant + "#" + string(mode) + "#" + shipment
}

// Shown reads what an algorithm's durable record shows of a shipment: its tracking number, "" while there is none.
// failed tells that it ended as refused.
func Shown(item map[string]types.AttributeValue) (number string, failed bool) {
	r, _ := resultOf(item)
	return r.Number, r.Refused != ""
}

// result is how a shipment ended.
type result struct {
	Number  string `json:"number,omitempty"`
	Refused string `json:"refused,omitempty"` // the code of a definite no
}

// resultOf reads the result from a durable record. It has none while the shipment has not ended.
func resultOf(item map[string]types.AttributeValue) (r result, ended bool) {
	data, _ := item[attrData].(*types.AttributeValueMemberS)
	if data == nil || json.Unmarshal([]byte(data.Value), &r) != nil {
		return result{}, false
	}
	return r, true
}

func (r result) attribute() (types.AttributeValue, error) {
	b, err := json.Marshal(r)
	return str(string(b)), err
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(m queue.Message) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrKey: str(Key(m.Tenant, m.Mode, m.Shipment))}
}
