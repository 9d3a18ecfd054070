package operating_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/operating"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// ada is who operates in these tests.
var ada = operating.Caller{By: "ada", Reason: "a test"}

// room is a database, and an operator before it.
type room struct {
	*dynamo.Store
	t   *testing.T
	ctx context.Context
	at  time.Time
	ids int
}

func newRoom(t *testing.T) *room {
	return &room{Store: dynamotest.New(t), t: t, ctx: t.Context(), at: time.UnixMilli(1_800_000_000_000).UTC()}
}

func (r *room) clock() time.Time { return r.at }

func (r *room) id() string { r.ids++; return fmt.Sprintf("id%06d", r.ids) }

func (r *room) must(rec booking.Record, err error) booking.Record {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// pending is a shipment that is confirmed.
func (r *room) pending(tenant, reference string) booking.Record {
	r.t.Helper()
	rec := booking.Record{Mode: ship.Test, ID: booking.IDByReference(tenant, ship.Test, reference), Status: booking.Pending, Version: 1, RequestFP0: "fp0", RequestFP: "fp", Reference: reference,
		Priority: ship.Standard, Correlation: "c-" + reference, CreateRequest: "rq", Created: r.at, Confirmed: r.at, Due: r.at.Add(5 * time.Minute),
		History: []booking.Entry{{At: r.at, Status: booking.Pending, Cause: booking.CauseInitiated}}}
	return r.must(r.Create(r.ctx, tenant, rec, time.Time{}))
}

func (r *room) claimed(tenant, reference string) booking.Record {
	r.t.Helper()
	p := r.pending(tenant, reference)
	return r.must(r.Claim(r.ctx, tenant, booking.Claim{Mode: ship.Test, ID: p.ID, Me: "w1", Request: "fp", Now: r.at, Lease: r.at.Add(75 * time.Second), SendBy: r.at.Add(15 * time.Second), Account: "ca_1", Service: "ups_ground"}))
}

// booked is a shipment that is booked under a number.
func (r *room) booked(tenant, reference, number string) booking.Record {
	r.t.Helper()
	return r.must(r.Booked(r.ctx, tenant, r.claimed(tenant, reference), booking.Result{TrackingNumber: number, Document: booking.DocumentReady}, r.at))
}

// unknown is a shipment whose outcome is not known; the evidence of its attempt is kept.
func (r *room) unknown(tenant, reference string) booking.Record {
	r.t.Helper()
	rec := r.claimed(tenant, reference)
	if err := r.PutRaw(r.ctx, tenant, ship.Test, rec.ID, 1, carrier.Answer{Status: 503, Body: "upstream gone", Sent: true, Duration: 40 * time.Second}); err != nil {
		r.t.Fatal(err)
	}
	return r.must(r.Unknown(r.ctx, tenant, rec, r.at, r.at))
}

// held is one that a person decides about.
func (r *room) held(tenant, reference string) booking.Record {
	r.t.Helper()
	rec := r.unknown(tenant, reference)
	rec = r.must(r.Recover(r.ctx, tenant, ship.Test, rec.ID, "v1", r.at, r.at.Add(time.Minute)))
	return r.must(r.Hold(r.ctx, tenant, rec, rec.Lease.Add(time.Millisecond), r.at))
}

// heldVoid is one whose void has an unknown outcome.
func (r *room) heldVoid(tenant, reference, number string) booking.Record {
	r.t.Helper()
	rec := r.must(r.Void(r.ctx, tenant, r.booked(tenant, reference, number), "v1", r.at, r.at.Add(time.Minute), r.at))
	if err := r.PutVoidAnswer(r.ctx, tenant, ship.Test, rec.ID, booking.VoidAnswer{Number: number, At: r.at, Kind: "Unknown", Raw: carrier.Answer{Error: "deadline", Sent: true}}); err != nil {
		r.t.Fatal(err)
	}
	return r.must(r.VoidUnk(r.ctx, tenant, rec, booking.Failure{Source: "fairlead", Code: "void_unknown", Detail: "not answered"}, r.at, r.at))
}

// late is a booked shipment beside which another number came late.
func (r *room) late(tenant, reference, number, late string) booking.Record {
	r.t.Helper()
	rec := r.booked(tenant, reference, number)
	return r.must(r.Late(r.ctx, tenant, ship.Test, rec.ID, late, r.at, r.at.Add(time.Minute)))
}

func (r *room) lister() *operating.Lister {
	for _, id := range []string{"tn_1", "tn_2", "tn_3"} {
		if err := r.PutTenant(r.ctx, id, account.Tenant{ID: id, CreatedAt: r.at}); err != nil && !errors.Is(err, account.ErrExists) {
			r.t.Fatal(err)
		}
	}
	if err := r.PutCarrierAccount(r.ctx, "tn_1", account.Carrier{ID: "ca_1", Mode: ship.Test, Carrier: "ups", Number: "A1B2C3", Sealed: []byte("x"), CreatedAt: r.at}); err != nil && !errors.Is(err, account.ErrExists) {
		r.t.Fatal(err)
	}
	return &operating.Lister{Finder: r.Store, Evidence: r.Store, Accounts: r.Store, Shards: dynamo.Shards}
}

func (r *room) resolver() *operating.Resolver {
	op := &booking.Operator{Reader: r.Store, Decisions: r.Store, Settler: r.Store, Now: r.clock, Times: booking.StandardTimes()}
	return &operating.Resolver{Decide: op, Clear: op, Holders: r.Store, Now: r.clock, Log: slog.New(slog.DiscardHandler)}
}

func isRefused(err error) bool { _, ok := errors.AsType[*operating.Refused](err); return ok }

// answerOf is a carrier's answer with a text in it.
func answerOf(text string) carrier.Answer { return carrier.Answer{Status: 400, Body: text, Sent: true} }
