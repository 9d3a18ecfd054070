package linear_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/sim/linear"
)

const (
	tenant = "tn_1"
	mode   = "test"
	ms     = time.Millisecond
)

var id = booking.IDByReference(tenant, mode, "r")

// The calls below are answered from their time to 10 ms later; the functions after them change that.

func get(at time.Duration, state string, version int64) linear.Op {
	return linear.Op{Client: 1, Call: at, Return: at + 10*ms, Kind: linear.Get, Tenant: tenant, Mode: mode, ID: id, Status: 200, State: state, Answered: version}
}

func absent(at time.Duration) linear.Op {
	o := get(at, "", 0)
	o.Status = 404
	return o
}

func create(at time.Duration, body string, status int, state string, version int64) linear.Op {
	o := get(at, state, version)
	o.Kind, o.Body, o.Status, o.Replayed = linear.Create, body, status, status == 200
	return o
}

// order is a create that is to be confirmed at once.
func order(at time.Duration, body string, status int, state string, version int64) linear.Op {
	o := create(at, body, status, state, version)
	o.ConfirmNow = true
	return o
}

func taken(at time.Duration, body string) linear.Op {
	o := create(at, body, 422, "", 0)
	o.Existing = id
	return o
}

func confirm(at time.Duration, ifMatch int64, key string, status int, state string, version int64) linear.Op {
	o := get(at, state, version)
	o.Kind, o.Version, o.Key, o.Status, o.Replayed = linear.Confirm, ifMatch, key, status, status == 200
	return o
}

func update(at time.Duration, ifMatch int64, status int, state string, version int64) linear.Op {
	o := get(at, state, version)
	o.Kind, o.Version, o.Status = linear.Update, ifMatch, status
	return o
}

func cancel(at time.Duration, ifMatch int64, status int, state string, version int64) linear.Op {
	o := update(at, ifMatch, status, state, version)
	o.Kind = linear.Cancel
	return o
}

func lost(o linear.Op) linear.Op {
	o.Return, o.Status, o.State, o.Answered, o.Replayed = -1, 0, "", 0, false
	return o
}

func until(o linear.Op, end time.Duration) linear.Op { o.Return = end; return o }
func keyed(o linear.Op, key string) linear.Op        { o.Key = key; return o }
func failing(o linear.Op) linear.Op                  { o.Status, o.State, o.Answered = 500, "", 0; return o }
func late(o linear.Op) linear.Op                     { o.Late = true; return o }
func denied(o linear.Op) linear.Op                   { o.Status, o.State, o.Answered = 429, "", 0; return o }
func replayed(o linear.Op, is bool) linear.Op        { o.Replayed = is; return o }
func unnamed(o linear.Op) linear.Op                  { o.ID = ""; return o }
func byKey(o linear.Op, key string) linear.Op {
	o.Key, o.ID = key, booking.IDByKey(tenant, mode, key)
	return o
}
func of(o linear.Op, reference string) linear.Op {
	o.ID = booking.IDByReference(tenant, mode, reference)
	return o
}
func named(o linear.Op, reference string) linear.Op {
	o.Existing = booking.IDByReference(tenant, mode, reference)
	return o
}

func TestCheckTakes(t *testing.T) {
	for name, ops := range map[string][]linear.Op{
		"nothing":                                         {},
		"a life from draft to booked":                     {absent(0), create(20*ms, "a", 201, "draft", 1), get(40*ms, "draft", 1), confirm(60*ms, 1, "k", 202, "pending", 2), get(80*ms, "booking", 3), get(100*ms, "booked", 4)},
		"an order that is booked unseen":                  {order(0, "a", 202, "pending", 1), get(20*ms, "booked", 3)},
		"a repeated order":                                {order(0, "a", 202, "pending", 1), order(20*ms, "a", 200, "pending", 1), order(40*ms, "a", 200, "booking", 2)},
		"an order that confirms a draft":                  {create(0, "a", 201, "draft", 1), order(20*ms, "a", 202, "pending", 2), order(40*ms, "a", 200, "pending", 2)},
		"a plain create does not confirm a draft":         {create(0, "a", 201, "draft", 1), create(20*ms, "a", 200, "draft", 1)},
		"another body is refused":                         {create(0, "a", 201, "draft", 1), taken(20*ms, "b")},
		"a failed shipment is confirmed again":            {order(0, "a", 202, "pending", 1), get(20*ms, "failed", 3), confirm(40*ms, 3, "k", 202, "pending", 4), get(60*ms, "booked", 6)},
		"a confirm whose key was used is replayed":        {create(0, "a", 201, "draft", 1), confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 1, "k", 200, "failed", 4)},
		"a confirm without key is known by its version":   {create(0, "a", 201, "draft", 1), confirm(20*ms, 1, "", 202, "pending", 2), confirm(40*ms, 1, "", 200, "pending", 2)},
		"an order's key is its confirm's":                 {create(0, "a", 201, "draft", 1), keyed(order(20*ms, "a", 202, "pending", 2), "k"), confirm(40*ms, 1, "k", 200, "pending", 2)},
		"a confirm of an old version is refused":          {create(0, "a", 201, "draft", 1), confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 1, "l", 412, "pending", 2)},
		"a confirm of what is under way is refused":       {order(0, "a", 202, "pending", 1), confirm(20*ms, 1, "k", 409, "pending", 1)},
		"a failed shipment with a late number is refused": {order(0, "a", 202, "pending", 1), late(confirm(20*ms, 4, "k", 409, "failed", 4))},
		"a confirm of nothing":                            {confirm(0, 1, "k", 404, "", 0), create(20*ms, "a", 201, "draft", 1)},
		"a get beside a create sees either":               {until(create(0, "a", 201, "draft", 1), 100*ms), get(20*ms, "draft", 1)},
		"two confirms at once, one wins":                  {create(0, "a", 201, "draft", 1), until(confirm(20*ms, 1, "k", 202, "pending", 2), 60*ms), until(confirm(20*ms, 1, "l", 412, "pending", 2), 60*ms)},
		"a lost create took effect":                       {lost(create(0, "a", 0, "", 0)), absent(20 * ms), get(40*ms, "draft", 1)},
		"a lost create never took effect":                 {lost(create(0, "a", 0, "", 0)), absent(20 * ms), create(40*ms, "b", 201, "draft", 1), taken(60*ms, "a")},
		"a lost confirm took effect, once":                {create(0, "a", 201, "draft", 1), lost(confirm(20*ms, 1, "k", 0, "", 0)), get(40*ms, "booked", 4), confirm(60*ms, 1, "k", 200, "booked", 4)},
		"a failed call may have written":                  {failing(order(0, "a", 0, "", 0)), get(20*ms, "pending", 1)},
		"a lost confirm of a failed attempt":              {order(0, "a", 202, "pending", 1), lost(confirm(20*ms, 3, "k", 0, "", 0)), get(40*ms, "booked", 6)},
		"a create acknowledged at its second attempt":     {until(order(0, "a", 202, "booked", 3), 100*ms), get(20*ms, "pending", 1)},
		"a confirm acknowledged at its second attempt":    {create(0, "a", 201, "draft", 1), until(confirm(20*ms, 1, "k", 200, "booked", 4), 100*ms), get(40*ms, "pending", 2)},
		"a confirm overtaken before its second attempt": {create(0, "a", 201, "draft", 1), until(confirm(20*ms, 1, "k", 412, "pending", 5), 100*ms), get(40*ms, "failed", 4),
			confirm(60*ms, 4, "l", 202, "pending", 5)},
		"an old answer of a warm process":             {order(0, "a", 202, "pending", 1), get(20*ms, "failed", 3), confirm(40*ms, 3, "k", 202, "pending", 4), order(60*ms, "a", 200, "failed", 3)},
		"a cancelled shipment is known for ever":      {order(0, "a", 202, "pending", 1), get(20*ms, "cancelled", 2), get(40*ms, "cancelled", 3), order(100*time.Hour, "a", 200, "cancelled", 2)},
		"a draft is changed and then confirmed":       {create(0, "a", 201, "draft", 1), update(20*ms, 1, 200, "draft", 2), update(40*ms, 1, 412, "draft", 2), create(60*ms, "a", 200, "draft", 2), confirm(80*ms, 2, "k", 202, "pending", 3)},
		"a change of nothing":                         {create(0, "a", 201, "draft", 1), update(20*ms, 1, 200, "draft", 1), get(40*ms, "draft", 1), update(60*ms, 7, 412, "draft", 1)},
		"a failed one is changed":                     {order(0, "a", 202, "pending", 1), update(20*ms, 3, 200, "failed", 4), confirm(40*ms, 4, "k", 202, "pending", 5), update(60*ms, 5, 409, "pending", 5)},
		"a lost change took effect":                   {create(0, "a", 201, "draft", 1), lost(update(20*ms, 1, 0, "", 0)), get(40*ms, "draft", 2), replayed(update(60*ms, 1, 200, "draft", 2), true)},
		"a change overtaken before its answer":        {create(0, "a", 201, "draft", 1), until(update(20*ms, 1, 412, "pending", 3), 100*ms), get(40*ms, "draft", 2), confirm(60*ms, 2, "k", 202, "pending", 3)},
		"a failed one with a late number":             {order(0, "a", 202, "pending", 1), late(update(20*ms, 4, 409, "failed", 4))},
		"a draft is cancelled":                        {create(0, "a", 201, "draft", 1), cancel(20*ms, 1, 200, "cancelled", 2), replayed(cancel(40*ms, 1, 200, "cancelled", 2), true), update(60*ms, 2, 409, "cancelled", 2)},
		"what is booked is wanted cancelled":          {order(0, "a", 202, "pending", 1), cancel(20*ms, 0, 202, "booked", 4), replayed(cancel(40*ms, 0, 202, "cancelling", 5), true), get(60*ms, "cancelled", 6)},
		"a void that is refused":                      {order(0, "a", 202, "pending", 1), cancel(20*ms, 0, 202, "booked", 4), get(40*ms, "cancelling", 5), get(60*ms, "booked", 6)},
		"a failed one has nothing to cancel":          {order(0, "a", 202, "pending", 1), cancel(20*ms, 0, 409, "failed", 3), cancel(40*ms, 1, 412, "failed", 3), cancel(60*ms, 3, 409, "failed", 3)},
		"a lost cancellation took effect":             {create(0, "a", 201, "draft", 1), lost(cancel(20*ms, 0, 0, "", 0)), get(40*ms, "cancelled", 2)},
		"nothing is there to be changed or cancelled": {update(0, 1, 404, "", 0), cancel(20*ms, 0, 404, "", 0), create(40*ms, "a", 201, "draft", 1)},
		"denied calls":                                {denied(create(0, "a", 0, "", 0)), absent(20 * ms)},
		"an order acknowledged at its second attempt": {create(0, "a", 201, "draft", 1), until(order(20*ms, "a", 200, "booked", 4), 100*ms), get(40*ms, "pending", 2)},
		"a refused body proves nothing of the draft":  {create(0, "a", 201, "draft", 1), taken(20*ms, "b"), lost(confirm(40*ms, 1, "k", 0, "", 0)), get(60*ms, "pending", 2)},
		"a lost create without a name":                {unnamed(lost(create(0, "a", 0, "", 0))), absent(20 * ms)},
		"a denied call binds no key":                  {keyed(denied(create(0, "a", 0, "", 0)), "k"), of(keyed(create(20*ms, "b", 201, "draft", 1), "k"), "s")},
		"a key alone and with a reference are two":    {byKey(create(0, "a", 201, "draft", 1), "k"), keyed(create(20*ms, "b", 201, "draft", 1), "k")},
		"a key names one shipment":                    {keyed(create(0, "a", 201, "draft", 1), "k"), named(of(keyed(create(20*ms, "b", 422, "", 0), "k"), "s"), "r"), of(absent(40*ms), "s")},
		"a key bound by a call that was lost":         {lost(keyed(create(0, "a", 0, "", 0), "k")), named(of(keyed(create(20*ms, "b", 422, "", 0), "k"), "s"), "r")},
	} {
		t.Run(name, func(t *testing.T) {
			if err := linear.Check(ops); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCheckRefuses: each history breaks the rule it is named by. want are the calls that the error shows; nil for
// all.
func TestCheckRefuses(t *testing.T) {
	made, under := create(0, "a", 201, "draft", 1), order(0, "a", 202, "pending", 1)
	for name, c := range map[string]struct{ ops, want []linear.Op }{
		"a create that was answered is not lost":           {ops: []linear.Op{made, absent(20 * ms)}},
		"a replay needs a create":                          {ops: []linear.Op{create(0, "a", 200, "draft", 1)}},
		"one reference, one body":                          {ops: []linear.Op{made, create(20*ms, "b", 201, "draft", 1)}},
		"a replay is of the same body":                     {ops: []linear.Op{made, create(20*ms, "b", 200, "draft", 1)}, want: []linear.Op{create(20*ms, "b", 200, "draft", 1)}},
		"only another body is refused":                     {ops: []linear.Op{made, taken(20*ms, "a")}, want: []linear.Op{taken(20*ms, "a")}},
		"nothing is refused for a body that nobody sent":   {ops: []linear.Op{taken(0, "b"), create(20*ms, "a", 201, "draft", 1)}, want: []linear.Op{taken(0, "b")}},
		"the same order is created once":                   {ops: []linear.Op{under, order(20*ms, "a", 202, "pending", 1)}},
		"a draft is not confirmed by itself":               {ops: []linear.Op{made, get(20*ms, "pending", 2)}, want: []linear.Op{get(20*ms, "pending", 2)}},
		"an order does not leave a draft":                  {ops: []linear.Op{made, order(20*ms, "a", 200, "draft", 1)}, want: []linear.Op{order(20*ms, "a", 200, "draft", 1)}},
		"201 is a draft":                                   {ops: []linear.Op{order(0, "a", 201, "pending", 1)}},
		"a version never goes back":                        {ops: []linear.Op{under, get(20*ms, "booking", 2), get(40*ms, "pending", 1)}, want: []linear.Op{get(20*ms, "booking", 2), get(40*ms, "pending", 1)}},
		"a version is one state":                           {ops: []linear.Op{under, get(20*ms, "booking", 2), get(20*ms, "failed", 2)}, want: []linear.Op{get(20*ms, "booking", 2), get(20*ms, "failed", 2)}},
		"a booked shipment is not pending again":           {ops: []linear.Op{under, get(20*ms, "booked", 3), get(40*ms, "pending", 4)}, want: []linear.Op{get(20*ms, "booked", 3), get(40*ms, "pending", 4)}},
		"states are not skipped":                           {ops: []linear.Op{under, get(20*ms, "booked", 2)}, want: []linear.Op{get(20*ms, "booked", 2)}},
		"a failed shipment stays so until it is confirmed": {ops: []linear.Op{under, get(20*ms, "failed", 3), get(40*ms, "pending", 4)}, want: []linear.Op{get(20*ms, "failed", 3), get(40*ms, "pending", 4)}},
		"one version is confirmed once": {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), until(confirm(20*ms, 1, "l", 202, "pending", 2), 60*ms)},
			want: []linear.Op{confirm(20*ms, 1, "k", 202, "pending", 2), until(confirm(20*ms, 1, "l", 202, "pending", 2), 60*ms)}},
		"a confirm that was answered is not lost":   {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), get(40*ms, "draft", 1)}, want: []linear.Op{confirm(20*ms, 1, "k", 202, "pending", 2), get(40*ms, "draft", 1)}},
		"a replayed confirm needs its key":          {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 1, "l", 200, "pending", 2)}, want: []linear.Op{confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 1, "l", 200, "pending", 2)}},
		"a used key is replayed, not refused":       {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 1, "k", 412, "pending", 2)}, want: []linear.Op{confirm(40*ms, 1, "k", 412, "pending", 2)}},
		"the current version is not refused as old": {ops: []linear.Op{under, confirm(20*ms, 1, "k", 412, "pending", 1)}, want: []linear.Op{confirm(20*ms, 1, "k", 412, "pending", 1)}},
		"a draft can be confirmed":                  {ops: []linear.Op{made, confirm(20*ms, 1, "k", 409, "draft", 1)}, want: []linear.Op{confirm(20*ms, 1, "k", 409, "draft", 1)}},
		"what is booked can't be confirmed":         {ops: []linear.Op{under, confirm(20*ms, 3, "k", 202, "pending", 4), get(0, "booked", 3)}, want: []linear.Op{get(0, "booked", 3), confirm(20*ms, 3, "k", 202, "pending", 4)}},
		"a lost confirm is made once":               {ops: []linear.Op{made, lost(confirm(20*ms, 1, "k", 0, "", 0)), get(40*ms, "failed", 4), get(60*ms, "pending", 5)}, want: []linear.Op{get(40*ms, "failed", 4), get(60*ms, "pending", 5)}},
		"a lost create does not replace another":    {ops: []linear.Op{made, lost(create(20*ms, "b", 0, "", 0)), taken(40*ms, "a")}, want: []linear.Op{made, taken(40*ms, "a")}},
		"a get is never old":                        {ops: []linear.Op{under, get(20*ms, "booked", 3), get(40*ms, "booking", 2)}, want: []linear.Op{get(20*ms, "booked", 3), get(40*ms, "booking", 2)}},
		"an old replay of what moves":               {ops: []linear.Op{under, get(20*ms, "booking", 2), order(40*ms, "a", 200, "pending", 1)}, want: []linear.Op{get(20*ms, "booking", 2), order(40*ms, "a", 200, "pending", 1)}},
		"a replay of failed that is older than 2 s": {ops: []linear.Op{under, get(20*ms, "failed", 3), confirm(40*ms, 3, "k", 202, "pending", 4), order(2060*ms, "a", 200, "failed", 3)}, want: []linear.Op{confirm(40*ms, 3, "k", 202, "pending", 4), order(2060*ms, "a", 200, "failed", 3)}},
		"a cancelled shipment was so before":        {ops: []linear.Op{under, order(20*ms, "a", 200, "cancelled", 2), get(40*ms, "pending", 1)}, want: []linear.Op{order(20*ms, "a", 200, "cancelled", 2), get(40*ms, "pending", 1)}},
		"a draft stays at its version":              {ops: []linear.Op{made, get(20*ms, "draft", 2)}, want: []linear.Op{get(20*ms, "draft", 2)}},
		"a replayed order needs one before":         {ops: []linear.Op{order(0, "a", 200, "pending", 1)}},
		"a used key makes no second attempt": {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 4, "k", 202, "pending", 5)},
			want: []linear.Op{confirm(40*ms, 4, "k", 202, "pending", 5)}},
		"a used key is accepted once": {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), until(confirm(20*ms, 1, "k", 202, "pending", 2), 60*ms)},
			want: []linear.Op{confirm(20*ms, 1, "k", 202, "pending", 2), until(confirm(20*ms, 1, "k", 202, "pending", 2), 60*ms)}},
		"a used key is never refused with 409": {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), confirm(40*ms, 3, "k", 409, "booking", 3)},
			want: []linear.Op{confirm(40*ms, 3, "k", 409, "booking", 3)}},
		"an old version is refused with 412":           {ops: []linear.Op{under, confirm(20*ms, 1, "k", 409, "booking", 2)}, want: []linear.Op{confirm(20*ms, 1, "k", 409, "booking", 2)}},
		"a refusal is never old":                       {ops: []linear.Op{under, get(20*ms, "booked", 4), confirm(40*ms, 1, "k", 412, "booked", 3)}, want: []linear.Op{get(20*ms, "booked", 4), confirm(40*ms, 1, "k", 412, "booked", 3)}},
		"a replay is a 200":                            {ops: []linear.Op{under, replayed(order(20*ms, "a", 202, "pending", 1), true)}, want: []linear.Op{replayed(order(20*ms, "a", 202, "pending", 1), true)}},
		"a 200 to a confirm is a replay":               {ops: []linear.Op{made, confirm(20*ms, 1, "k", 202, "pending", 2), replayed(confirm(40*ms, 1, "k", 200, "pending", 2), false)}, want: []linear.Op{replayed(confirm(40*ms, 1, "k", 200, "pending", 2), false)}},
		"a get is no replay":                           {ops: []linear.Op{made, replayed(get(20*ms, "draft", 1), true)}, want: []linear.Op{replayed(get(20*ms, "draft", 1), true)}},
		"a change is not lost":                         {ops: []linear.Op{made, update(20*ms, 1, 200, "draft", 2), get(40*ms, "draft", 1)}, want: []linear.Op{update(20*ms, 1, 200, "draft", 2), get(40*ms, "draft", 1)}},
		"one version is changed once":                  {ops: []linear.Op{made, update(20*ms, 1, 200, "draft", 2), update(40*ms, 1, 200, "draft", 3)}, want: []linear.Op{update(40*ms, 1, 200, "draft", 3)}},
		"what is under way can't be changed":           {ops: []linear.Op{under, update(20*ms, 1, 200, "pending", 2)}, want: []linear.Op{update(20*ms, 1, 200, "pending", 2)}},
		"a draft can be changed":                       {ops: []linear.Op{made, update(20*ms, 1, 409, "draft", 1)}, want: []linear.Op{update(20*ms, 1, 409, "draft", 1)}},
		"a change is no confirm":                       {ops: []linear.Op{made, update(20*ms, 1, 200, "draft", 2), get(40*ms, "pending", 3)}, want: []linear.Op{get(40*ms, "pending", 3)}},
		"a change is not told of an old version":       {ops: []linear.Op{made, update(20*ms, 1, 200, "draft", 2), replayed(update(40*ms, 2, 200, "draft", 2), true)}, want: []linear.Op{replayed(update(40*ms, 2, 200, "draft", 2), true)}},
		"a draft is not wanted cancelled":              {ops: []linear.Op{made, cancel(20*ms, 0, 202, "draft", 1)}, want: []linear.Op{cancel(20*ms, 0, 202, "draft", 1)}},
		"what is cancelled is not booked":              {ops: []linear.Op{under, cancel(20*ms, 0, 200, "cancelled", 2), get(40*ms, "booking", 3)}, want: []linear.Op{cancel(20*ms, 0, 200, "cancelled", 2), get(40*ms, "booking", 3)}},
		"what is booked is not cancelled at once":      {ops: []linear.Op{under, cancel(20*ms, 0, 200, "booked", 4)}, want: []linear.Op{cancel(20*ms, 0, 200, "booked", 4)}},
		"the version that is there can be cancelled":   {ops: []linear.Op{under, cancel(20*ms, 1, 412, "pending", 1)}, want: []linear.Op{cancel(20*ms, 1, 412, "pending", 1)}},
		"pending is cancelled, not wanted so":          {ops: []linear.Op{under, cancel(20*ms, 0, 202, "pending", 1)}, want: []linear.Op{cancel(20*ms, 0, 202, "pending", 1)}},
		"a repeated cancellation is never old":         {ops: []linear.Op{under, get(20*ms, "cancelled", 2), replayed(cancel(40*ms, 0, 202, "booking", 2), true)}, want: []linear.Op{get(20*ms, "cancelled", 2), replayed(cancel(40*ms, 0, 202, "booking", 2), true)}},
		"a key never names two references":             {ops: []linear.Op{keyed(made, "k"), of(keyed(create(20*ms, "b", 201, "draft", 1), "k"), "s")}},
		"a key is not refused before it names another": {ops: []linear.Op{keyed(made, "k"), named(of(keyed(create(20*ms, "b", 422, "", 0), "k"), "s"), "t")}, want: []linear.Op{named(of(keyed(create(20*ms, "b", 422, "", 0), "k"), "s"), "t")}},
	} {
		t.Run(name, func(t *testing.T) {
			err := linear.Check(c.ops)
			if err == nil {
				t.Fatal("taken")
			}
			_, shown, _ := strings.Cut(err.Error(), "answers:\n")
			if c.want == nil {
				c.want = c.ops
			}
			want := ""
			for _, o := range c.want {
				want += "  " + o.String() + "\n"
			}
			if n := len(c.ops) - len(c.want); n > 0 {
				want += fmt.Sprintf("  whatever the other %d were answered\n", n)
			}
			if shown != want {
				t.Errorf("not the smallest piece (-want +got):\n%s", cmp.Diff(want, shown))
			}
		})
	}
}

func TestCheckJudgesNoCallItHasNoRuleFor(t *testing.T) {
	backwards := get(20*ms, "draft", 1)
	backwards.Return = 10 * ms
	teapot := get(0, "draft", 1)
	teapot.Status = 418
	existing := create(0, "a", 201, "draft", 1)
	existing.Existing = id
	for name, c := range map[string]struct {
		op  linear.Op
		say string
	}{
		"an unknown kind":            {linear.Op{Kind: "void", Status: 200}, "no rule"},
		"a status that is no answer": {teapot, "no rule"},
		"a body that is refused":     {create(0, "a", 422, "", 0), "existing_id"},
		"a create of what exists":    {existing, "existing_id"},
		"an answer of nothing":       {unnamed(get(0, "draft", 1)), "without its shipment's id"},
		"more than the places hold":  {until(get(0, "draft", 1), 200*24*time.Hour), "out of range"},
		"a version beyond them":      {get(0, "booked", 1000), "out of range"},
		"an answer before its call":  {backwards, "before it was made"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := linear.Check([]linear.Op{c.op}); err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("%v, want it to say %q", err, c.say)
			}
		})
	}
}

// Reads of one state can be put in any order, and none of them explains the last.
func TestCheckEndsWhateverTheTangle(t *testing.T) {
	ops := []linear.Op{create(0, "a", 201, "draft", 1)}
	for range 40 {
		ops = append(ops, until(taken(20*ms, "b"), time.Second), until(confirm(20*ms, 1, "k", 404, "", 0), time.Second))
	}
	if err := linear.Check(ops); err == nil || !strings.Contains(err.Error(), "not judged") {
		t.Error(err)
	}
}
