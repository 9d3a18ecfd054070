package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// recorder notes what the database says to each write and what it bills.
type recorder struct {
	dynamo.API
	said []string
}

func (r *recorder) note(answer string, c *types.ConsumedCapacity, err error) {
	if err != nil {
		r.said = append(r.said, failed(err))
		return
	}
	r.said = append(r.said, answer+" for "+spent(c))
}

// UpdateItem notes the answer.
func (r *recorder) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := r.API.UpdateItem(ctx, in, o...)
	if err == nil {
		r.note(written(out.Attributes), out.ConsumedCapacity, nil)
	} else {
		r.note("", nil, err)
	}
	return out, err
}

// PutItem notes the answer.
func (r *recorder) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := r.API.PutItem(ctx, in, o...)
	if err == nil {
		r.note(show(in.Item), out.ConsumedCapacity, nil)
	} else {
		r.note("", nil, err)
	}
	return out, err
}

// DeleteItem notes the answer.
func (r *recorder) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
	out, err := r.API.DeleteItem(ctx, in, o...)
	if err == nil {
		r.note("deleted", out.ConsumedCapacity, nil)
	} else {
		r.note("", nil, err)
	}
	return out, err
}

// turn is one step, with all that is random about it: the same for every backend.
type turn struct {
	tenant, id, me, number string
	now, later             time.Time
	record                 booking.Record // as the writer last saw it
}

// writes are the store's, by name.
var writes = map[string]func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error){
	"CREATE": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Create(ctx, p.tenant, booking.Record{Mode: ship.Test, ID: p.id, Status: booking.Pending, Version: 1, RequestFP: "fp", RequestFP0: "fp0", Priority: ship.Standard,
			Created: p.now, Confirmed: p.now, Due: p.later, History: []booking.Entry{{At: p.now, Status: booking.Pending, Cause: booking.CauseInitiated}}}, p.later)
	},
	"CONFIRM": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Confirm(ctx, p.tenant, ship.Test, p.id, p.record.Version, p.me, p.now, p.later)
	},
	"CLAIM": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Claim(ctx, p.tenant, booking.Claim{Mode: ship.Test, ID: p.id, Me: p.me, Request: p.record.RequestFP, Now: p.now, Lease: p.later, SendBy: p.now, Account: "ca", Service: "sv"})
	},
	"BOOKED": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Booked(ctx, p.tenant, p.record, booking.Result{TrackingNumber: p.number, Document: booking.DocumentReady}, p.now)
	},
	"BOOKED+": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.BookedOpen(ctx, p.tenant, p.record, booking.Result{TrackingNumber: p.number, Charge: ship.Money{Minor: 1, Currency: "USD"}}, p.now, p.later)
	},
	"BACK": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Back(ctx, p.tenant, p.record, booking.CauseNotSent, p.now, p.now, p.later)
	},
	"REFUSED": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Refused(ctx, p.tenant, p.record, booking.Failure{Source: "carrier", Code: "1", Detail: "no"}, p.now, p.later)
	},
	"UNKNOWN": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Unknown(ctx, p.tenant, p.record, p.now, p.now)
	},
	"EXPIRE": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Expire(ctx, p.tenant, p.record, p.later, p.now)
	},
	"LATE": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Late(ctx, p.tenant, ship.Test, p.id, p.number, p.now, p.later)
	},
	"DROP": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Drop(ctx, p.tenant, p.record, booking.Failure{Code: "1"}, p.now, p.later)
	},
	"CANCEL": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Cancel(ctx, p.tenant, p.record, p.now, p.later)
	},
	"WAKE": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		err := s.Wake(ctx, p.tenant, ship.Test, p.id, p.record.Due, p.later)
		if err != nil {
			return booking.Record{}, err
		}
		return s.Record(ctx, p.tenant, ship.Test, p.id)
	},
	"RECOVER": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Recover(ctx, p.tenant, ship.Test, p.id, p.me, p.now, p.now)
	},
	"again": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Again(ctx, p.tenant, p.record, booking.Looked{Absent: p.me == "v", Step: booking.LookAnnounce}, p.now, p.now)
	},
	"adopt": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Adopt(ctx, p.tenant, p.record, booking.Result{TrackingNumber: p.number}, p.now)
	},
	"adopt+": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.AdoptOpen(ctx, p.tenant, p.record, booking.Result{TrackingNumber: p.number}, p.record.Late, p.now, p.later)
	},
	"absent": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Absent(ctx, p.tenant, p.record, p.later.Add(time.Hour), p.now, p.later)
	},
	"hold": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Hold(ctx, p.tenant, p.record, p.later.Add(time.Hour), p.now)
	},
	"REOPEN": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Reopen(ctx, p.tenant, p.record, p.now, p.later)
	},
	"CLEAR": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Clear(ctx, p.tenant, p.record, booking.LeftOver(p.record, []string{p.number}), p.now, p.later)
	},
	"CLOSE": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Close(ctx, p.tenant, p.record, booking.NoDocument, p.now)
	},
	"DECLARE": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Declare(ctx, p.tenant, p.record, p.now, p.later)
	},
	"ADOPT": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.AdoptNamed(ctx, p.tenant, p.record, booking.Result{TrackingNumber: p.number}, p.record.Late, p.now, p.later)
	},
	"audited": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Audited(ctx, p.tenant, p.record, p.now, p.later)
	},
	"fetched": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Fetched(ctx, p.tenant, p.record, p.now, p.later)
	},
	"EDIT": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Edit(ctx, p.tenant, p.record, "fp "+p.number, ship.Bulk, p.now, p.later)
	},
	"CANCEL, a client's": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.CancelSeen(ctx, p.tenant, p.record, p.now, p.later)
	},
	"CW": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Want(ctx, p.tenant, p.record, p.now, p.later)
	},
	"VOID": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Void(ctx, p.tenant, p.record, p.me, p.now, p.now, p.later)
	},
	"VOIDBACK": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.VoidBack(ctx, p.tenant, p.record, p.now, p.now, p.later)
	},
	"VOIDED": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Voided(ctx, p.tenant, p.record, p.now, p.later)
	},
	"VOIDPROVEN": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.VoidProven(ctx, p.tenant, p.record, p.record.TrackingNumber, p.now, p.later)
	},
	"LOCAL": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.Local(ctx, p.tenant, p.record, p.now, p.later)
	},
	"VOIDNO": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.VoidNo(ctx, p.tenant, p.record, booking.Failure{Code: "1"}, p.now, p.later)
	},
	"VOIDUNK": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.VoidUnk(ctx, p.tenant, p.record, booking.Failure{Code: "1"}, p.now, p.later)
	},
	"VOIDED, a person's": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.VoidDeclared(ctx, p.tenant, p.record, p.now, p.later)
	},
	"VOIDNO, a person's": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return s.VoidDenied(ctx, p.tenant, p.record, booking.Failure{Code: "1"}, p.now, p.later)
	},
	"alias": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return p.record, s.Alias(ctx, p.tenant, ship.Test, p.me, p.id)
	},
	"refresh": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		_, err := s.AcquireRefresh(ctx, p.tenant, "ca", p.me, p.later)
		return p.record, err
	},
	"release": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return p.record, s.ReleaseRefresh(ctx, p.tenant, "ca", p.me)
	},
	"token": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		return p.record, s.SaveToken(ctx, p.tenant, "ca", oauth.Record{Generation: int64(len(p.number)), Sealed: []byte(p.me)})
	},
	"delivery": func(ctx context.Context, s *dynamo.Store, p turn) (booking.Record, error) {
		state := callback.Failed
		if p.me == "v" {
			state = callback.Delivered
		}
		return p.record, s.RecordDelivery(ctx, p.tenant, callback.Delivery{Endpoint: p.tenant, EventID: p.number, OccurredAt: p.now, State: state, At: p.now})
	},
}

// paths begin the sequences, each in its turn: together they make every write there is.
var paths = [][]string{
	{"CLAIM", "UNKNOWN", "RECOVER", "hold", "DECLARE", "CLAIM", "BOOKED+", "fetched", "CLOSE"},
	{"CLAIM", "UNKNOWN", "RECOVER", "absent", "DROP", "CLOSE"},
	{"CLAIM", "REFUSED", "LATE", "REOPEN", "RECOVER", "adopt"},
	{"CLAIM", "EXPIRE", "RECOVER", "again", "RECOVER", "adopt+"},
	{"CLAIM", "LATE", "BOOKED+", "audited", "CLEAR"},
	{"CLAIM", "BACK", "WAKE", "CANCEL"},
	{"CLAIM", "REFUSED", "CONFIRM", "CLAIM", "BOOKED"},
	{"CLAIM", "UNKNOWN", "ADOPT"},
	{"CLAIM", "BOOKED", "CW", "VOID", "VOIDBACK", "VOID", "RECOVER", "VOIDNO", "CW", "VOID", "VOIDED", "CLOSE"},
	{"CLAIM", "CW", "BOOKED+", "VOID", "VOIDUNK", "VOIDED, a person's"},
	{"CLAIM", "BOOKED", "CW", "VOID", "VOIDUNK", "VOIDNO, a person's", "CW", "VOID", "LOCAL"},
	{"CLAIM", "BOOKED", "CW", "VOID", "RECOVER", "VOIDPROVEN"},
	{"CLAIM", "REFUSED", "EDIT", "CONFIRM", "CANCEL, a client's"},
	{"alias", "refresh", "release", "token", "delivery"},
}

// likely are the writes that a shipment's state allows, if the rest is right.
func likely(r booking.Record) []string {
	switch r.Status {
	case booking.Pending:
		return []string{"CLAIM", "CLAIM", "CLAIM", "WAKE", "LATE", "DROP", "CANCEL", "CANCEL, a client's"}
	case booking.Booking:
		return []string{"BOOKED", "BOOKED+", "BACK", "REFUSED", "UNKNOWN", "UNKNOWN", "UNKNOWN", "EXPIRE", "LATE", "CW"}
	case booking.Unknown:
		switch {
		case r.Held != "":
			return []string{"DECLARE", "ADOPT", "LATE"}
		case r.Owner != "":
			return []string{"again", "adopt", "adopt+", "absent", "hold", "ADOPT"}
		}
		return []string{"RECOVER", "RECOVER", "RECOVER", "CW"}
	case booking.Failed:
		return []string{"CONFIRM", "CONFIRM", "REOPEN", "LATE", "EDIT"}
	case booking.Booked:
		if !r.CancelWanted.IsZero() {
			return []string{"VOID", "VOID", "LATE"}
		}
		return []string{"CW", "LATE", "CLEAR", "CLOSE", "audited", "fetched"}
	case booking.Cancelling:
		if r.Held != "" {
			return []string{"VOIDED, a person's", "VOIDNO, a person's", "CLEAR", "CLOSE", "LATE"}
		}
		return []string{"RECOVER", "VOIDED", "VOIDNO", "VOIDUNK", "VOIDBACK", "LOCAL", "LATE"}
	}
	return []string{"LATE", "CLEAR", "CLOSE", "audited", "fetched"}
}

// TestSameHistory makes random sequences of the store's writes on every backend, and holds that each write is
// answered, refused and billed alike.
func TestSameHistory(t *testing.T) {
	backends := dynamotest.Backends()
	stores := make([]*dynamo.Store, len(backends))
	for i, b := range backends {
		tables, names := ddbsim.Template(dynamotest.Prefix())
		stores[i] = &dynamo.Store{DB: b.Open(t, tables...), Tables: names}
	}
	names := slices.Sorted(maps.Keys(writes))
	made := map[string]bool{}
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		p := turn{tenant: fmt.Sprint("tn", runs), now: time.UnixMilli(1_800_000_000_000).UTC()}
		records := map[string]booking.Record{}
		for n := range 30 {
			name := p.draw(rt, n, paths[runs%len(paths)], names, records)
			var want []string
			for i, s := range stores {
				rec := &recorder{API: s.DB}
				on := *s
				on.DB, on.Now = rec, func() time.Time { return p.now }
				r, err := writes[name](t.Context(), &on, p)
				if rec.said = append(rec.said, fmt.Sprintf("%T", err)); i == 0 {
					want, records[p.id] = rec.said, next(p.record, r, err)
					made[name] = made[name] || err == nil
				} else if diff := cmp.Diff(want, rec.said); diff != "" {
					rt.Fatalf("%s on %s (-) and %s (+):\n%s", name, backends[0].Name, backends[i].Name, diff)
				}
			}
		}
	})
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(names, dynamo.Writes)))) {
		if !made[name] {
			t.Errorf("%s never succeeded: the sequences say nothing about it", name)
		}
	}
}

// draw chooses the next step and returns its name: first the shipments are created, then a path is gone with the second of them, then anything
// may happen.
func (p *turn) draw(rt *rapid.T, n int, path, names []string, records map[string]booking.Record) string {
	shipments := []string{"shp_1", "shp_2"}
	n -= len(shipments)
	if n < len(path) {
		p.id, p.me, p.number, p.now = shipments[min(n+2, 1)], "w", "1Z", p.now.Add(2*time.Second)
	} else {
		p.id, p.me = rapid.SampledFrom(shipments).Draw(rt, "shipment"), rapid.SampledFrom([]string{"v", "w"}).Draw(rt, "me")
		p.number = rapid.SampledFrom([]string{"1Z", "1Z2", "1Z34"}).Draw(rt, "number")
		p.now = p.now.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "seconds")) * time.Second)
	}
	p.later, p.record = p.now.Add(time.Second), records[p.id]
	switch {
	case n < 0:
		return "CREATE"
	case n < len(path):
		return path[n]
	case rapid.IntRange(0, 3).Draw(rt, "any") == 0:
		return rapid.SampledFrom(names).Draw(rt, "write")
	}
	return rapid.SampledFrom(likely(p.record)).Draw(rt, "write")
}

// next is what the writer knows of its shipment after a write.
func next(was, r booking.Record, err error) booking.Record {
	if e, ok := errors.AsType[*booking.Refused](err); ok && e.Old != nil {
		return *e.Old
	}
	if err != nil {
		return was
	}
	return r
}
