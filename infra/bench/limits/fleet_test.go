package limits

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// fleet is many processes with limiters of their own over one database, on one virtual clock.
type fleet struct {
	now      time.Time
	store    ratelimit.Store
	limiters []*ratelimit.Limiter
	calls    map[string]int // of the database, by key
}

func newFleet(processes int) *fleet {
	f := &fleet{now: time.Unix(1_800_000_000, 0), calls: map[string]int{}}
	clock := func() time.Time { return f.now }
	tables, names := ddbsim.Template("")
	f.store = (&dynamo.Store{DB: ddbsim.New(ddbsim.Options{Now: clock, Tables: tables}).Client(ddbsim.ClientOptions{}), Tables: names, Now: clock}).TenantLimits()
	for range processes {
		f.limiters = append(f.limiters, &ratelimit.Limiter{Store: f, Now: clock, Log: slog.New(slog.DiscardHandler)})
	}
	return f
}

// Advance implements ratelimit.Store.
func (f *fleet) Advance(ctx context.Context, key string, floor, ceil, inc int64) (int64, bool, error) {
	f.calls[key]++
	return f.store.Advance(ctx, key, floor, ceil, inc)
}

// Anchor implements ratelimit.Store.
func (f *fleet) Anchor(ctx context.Context, key string, floor, to int64) (int64, bool, error) {
	f.calls[key]++
	return f.store.Anchor(ctx, key, floor, to)
}

// source is one tenant's requests: at random times, each at a random process.
type source struct {
	key    string
	rate   ratelimit.Rate
	second float64 // requests a second
}

// outcome is what became of a tenant's requests.
type outcome struct {
	key               string
	offered, admitted int
	asked, calls      int // decisions for which the database was asked, and its calls
	entitled          float64
}

func (o outcome) refused() int { return o.offered - o.admitted }

// arrival is one request.
type arrival struct {
	at      time.Duration
	of      int // source
	process int
}

// arrivals draws the requests of each source from a stream of its own: another source more changes no other's.
func arrivals(sources []source, processes int, length time.Duration) []arrival {
	var all []arrival
	for i, s := range sources {
		draw := rand.New(rand.NewPCG(uint64(i), 7))
		for at := draw.ExpFloat64() / s.second; at < length.Seconds(); at += draw.ExpFloat64() / s.second {
			all = append(all, arrival{time.Duration(at * float64(time.Second)), i, draw.IntN(processes)})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })
	return all
}

// run lets the sources ask for a while.
func (f *fleet) run(ctx context.Context, sources []source, length time.Duration) []outcome {
	out, begun := make([]outcome, len(sources)), f.now
	for i, s := range sources {
		out[i].key = s.key
		out[i].entitled = math.Min(s.second, float64(s.rate.Count)/s.rate.Per.Seconds())*length.Seconds() + float64(s.rate.Burst)
	}
	for _, a := range arrivals(sources, len(f.limiters), length) {
		f.now = begun.Add(a.at)
		o, s := &out[a.of], sources[a.of]
		before := f.calls[s.key]
		d := f.limiters[a.process].Take(ctx, s.key, s.rate)
		if o.offered++; d.Allowed {
			o.admitted++
		}
		if f.calls[s.key] > before {
			o.asked++
		}
	}
	for i, o := range out {
		out[i].calls = f.calls[o.key]
		out[i].entitled = math.Min(o.entitled, float64(o.offered))
	}
	return out
}
