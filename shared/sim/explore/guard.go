package explore

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Guard is something that keeps the promise. An exploration without it has to find out what it is for.
type Guard string

// The guards.
const (
	Everything     Guard = ""                           // nothing is left out
	Fences         Guard = "fence"                      // owner and epoch in the results of a booking
	RecoveryFences Guard = "recovery fence"             // owner and epoch in the writes of a recovery
	SendByGate     Guard = "send-by gate"               // past send-by not a byte is written
	Settling       Guard = "settling time"              // an absence proves something only after it
	SettlingAsked  Guard = "settling before the asking" // judged by when it was asked, not by when it is written
	ExpiredUnknown Guard = "expired is unknown"         // an expired lease does not go back to pending
	UnknownUnsure  Guard = "unknown is unsure"          // an unknown outcome is no refusal
	NoBlindRetry   Guard = "no blind retry"             // an unknown outcome is not tried again
	LateKept       Guard = "late is kept"               // a number that came late is recorded
	LateBarsClaim  Guard = "late bars a claim"          // and bars another booking
	LateStaysOpen  Guard = "late stays open"            // and keeps the shipment in the open index
	FreshReceipts  Guard = "fresh receipts"             // the owner is a message receipt, not a process
	AuditsOwed     Guard = "audit"                      // a shipment that is booked again owes a look-up
	WishStaysOpen  Guard = "a wish stays open"          // what is booked and not wanted stays in the open index
	VoidFences     Guard = "fence of a void"            // owner and epoch in what a void ends with
	VoidDoubt      Guard = "doubt after a takeover"     // a refusal after a void that gave no account is not believed
	DoubtStays     Guard = "doubt outlives a try"       // and what can't be asked after one does not end the doubt
	VoidGate       Guard = "gate of a void"             // past its lease no void is asked for
	VoidStaysOpen  Guard = "voided stays open"          // a late number keeps a cancelled shipment in the open index
	ClearSeen      Guard = "clear what was seen"        // only the late numbers that were voided go
)

// rewrite is how the store's conditions change without g; nil for not at all.
func (g Guard) rewrite() func(write string, in *dynamodb.UpdateItemInput) {
	always := func(writes string, conds ...string) func(string, *dynamodb.UpdateItemInput) {
		return func(write string, in *dynamodb.UpdateItemInput) {
			if !strings.Contains(writes, " "+write+" ") {
				return
			}
			cond := *in.ConditionExpression
			for _, c := range conds { // the values stay in use, and say nothing
				cond = strings.ReplaceAll(cond, c, "("+c+" OR NOT "+c+")")
			}
			in.ConditionExpression = &cond
		}
	}
	switch g {
	case Fences:
		return always(" BOOKED BOOKED+ BACK REFUSED UNKNOWN ", "own=:me", "ep=:ep")
	case RecoveryFences:
		return always(" again adopt adopt+ absent hold ", "own=:me", "ep=:ep")
	case LateBarsClaim:
		return always(" CLAIM absent DECLARE ", "attribute_not_exists(late)")
	case LateStaysOpen:
		return always(" BOOKED adopt hold ", "attribute_not_exists(late)", "late=:seen")
	case WishStaysOpen:
		return always(" BOOKED adopt ", "attribute_not_exists(cw)")
	case VoidFences:
		return always(" VOIDED LOCAL VOIDNO VOIDUNK VOIDBACK ", "own=:me", "ep=:ep")
	case VoidStaysOpen:
		return always(" VOIDED LOCAL VOIDNO VOIDUNK ", "attribute_not_exists(late)")
	case ClearSeen:
		return always(" CLEAR ", "ver=:v", "late=:seen")
	case ExpiredUnknown:
		return func(write string, in *dynamodb.UpdateItemInput) {
			if write == "EXPIRE" {
				in.ExpressionAttributeValues[":unknown"] = &types.AttributeValueMemberS{Value: string(booking.Pending)}
			}
		}
	case AuditsOwed:
		return func(write string, in *dynamodb.UpdateItemInput) {
			if write == "absent" || write == "DECLARE" {
				set := strings.Replace(*in.UpdateExpression, "au=:au, ", "", 1)
				in.UpdateExpression = &set
				delete(in.ExpressionAttributeValues, ":au")
			}
		}
	}
	return nil
}

// look is how a decision after a look-up is fed without g.
func (g Guard) look(l *booking.Look, now time.Time) {
	switch g {
	case Settling:
		l.SettleS = 0
	case SettlingAsked:
		l.Asked = now
	}
}

// call is what an outcome leads to without g.
func (g Guard) call(w booking.ResultWrite, o carrier.Outcome) booking.ResultWrite {
	if o.Kind == carrier.Unknown {
		switch g {
		case UnknownUnsure:
			return booking.WriteRefused
		case NoBlindRetry:
			return booking.WriteBack
		}
	}
	return w
}

// result is what a refused result leads to without g.
func (g Guard) result(s booking.ResultStep) booking.ResultStep {
	if g == LateKept && s == booking.ResultLate {
		return booking.ResultDone
	}
	return s
}

// voiding is how a decision after a try to void is fed without g.
func (g Guard) voiding(d booking.Voiding) booking.Voiding {
	switch sure := d.Answer.Kind == carrier.VoidNotSent; {
	case g == VoidDoubt && !sure, g == DoubtStays && sure:
		d.Doubt = false
	}
	return d
}

// rewriting is a database whose conditions are not those that were written.
type rewriting struct {
	dynamo.API
	rewrite func(write string, in *dynamodb.UpdateItemInput)
}

// UpdateItem makes the write under the other condition.
func (r *rewriting) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	other := *in
	other.ExpressionAttributeValues = maps.Clone(in.ExpressionAttributeValues)
	r.rewrite(dynamo.WriteName(ctx), &other)
	return r.API.UpdateItem(ctx, &other, o...)
}
