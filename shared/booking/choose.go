package booking

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// choose settles, before the claim, which service is booked: the one that was ordered, the one that an earlier claim has
// frozen, or the best of what the carrier offers now. An offer that was ordered by and has expired books nothing.
func (w *Worker) choose(ctx context.Context, m queue.Message, j job, fp string) (job, string, *impossible, error) {
	if why := expired(j.request, w.wall()); why != nil {
		return j, fp, why, nil
	}
	if !chosenLater(j.request.Service) {
		return j, fp, nil, nil
	}
	r, err := w.named(ctx, m)
	switch {
	case err != nil:
		return j, fp, nil, err
	case r.Status != Pending:
		_, why := AfterRates(carrier.RateAnswer{}, j.request) // nothing to ask for: what stands there decides
		return j, fp, why, nil
	}
	if r.RequestFP != fp { // edited since the message was sent: nothing is chosen for the old content
		var why *impossible
		if j, fp, why, err = w.prepare(ctx, m, r.RequestFP, Record{}); err != nil || why != nil {
			return j, fp, why, err
		}
		if why = expired(j.request, w.wall()); why != nil || !chosenLater(j.request.Service) {
			return j, fp, why, nil
		}
	}
	if r.Service != "" {
		j.request.Service = r.Service
		return j, fp, nil, nil
	}
	return w.offered(ctx, m, j, fp)
}

// offered asks the carrier for its offers and takes the best.
func (w *Worker) offered(ctx context.Context, m queue.Message, j job, fp string) (job, string, *impossible, error) {
	rater, ok := j.carrier.(carrier.Rater)
	if !ok {
		return j, fp, &impossible{final: true, why: Failure{"fairlead", "rates_unsupported", "This carrier tells no prices, so that no service can be chosen; PATCH the shipment with a service of its own and confirm again."}}, nil
	}
	end := w.wall().Add(w.Times.CallDeadline / 2)
	if last := m.Deadline.Round(0).Add(-w.Times.CallMargin - w.Times.SendBy); last.Before(end) {
		end = last // the claim needs its own time
	}
	defer w.watch(ctx, m, j)()
	call := carrier.Call{Token: j.token, Deadline: end}
	a := rater.Rates(ctx, j.request, j.account, call)
	if a.Kind == carrier.AskUnauthorized {
		if token, err := w.refresh(ctx, j, end); err == nil {
			j.token, call.Token = token, token
			a = rater.Rates(ctx, j.request, j.account, call)
		}
	}
	service, why := AfterRates(a, j.request)
	obs.Note(ctx, "ordered", j.request.Service)
	obs.Note(ctx, "service", service)
	obs.Note(ctx, "offers", len(a.Rates))
	obs.Note(ctx, "rates_ms", a.Raw.Duration.Milliseconds())
	j.request.Service = service
	return j, fp, why, nil
}

func chosenLater(service string) bool { return service == ship.Cheapest || service == ship.Fastest }

// expired tells that the offer which was ordered by is none any more.
func expired(s ship.Shipment, now time.Time) *impossible {
	if s.Quote == nil || now.Before(s.Quote.Expires) {
		return nil
	}
	return &impossible{final: true, why: Failure{"fairlead", "rate_expired", "The rate " + s.Quote.ID + " expired at " + s.Quote.Expires.UTC().Format(time.RFC3339) + ", before it was booked. Get new rates, PATCH the shipment with one of them, and confirm again."}}
}

// AfterRates decides what an answer to a question for offers means for an order of the cheapest or fastest service: the
// service, or why there is none.
func AfterRates(a carrier.RateAnswer, s ship.Shipment) (service string, why *impossible) {
	switch a.Kind {
	case carrier.Answered:
	case carrier.AskRefused:
		return "", &impossible{final: true, why: Failure{"carrier", a.Code, a.Message}}
	case carrier.AskImpossible:
		return "", &impossible{final: true, why: Failure{"fairlead", a.Code, a.Message}}
	default:
		return "", &impossible{final: false, why: Failure{"carrier", "rates_unavailable", "The carrier could not be asked for its rates for a day. Confirm again when it can, or PATCH the shipment with a service of your own."}}
	}
	if best, ok := Choose(s.Service, s.Filter, a.Rates); ok {
		return best.Service, nil
	}
	return "", &impossible{final: true, why: Failure{"fairlead", "no_rate", "No offer fits the filter. Change it or name a service, and confirm again. On offer: " + cmp.Or(listed(a.Rates), "nothing") + "."}}
}

// Choose picks the cheapest or fastest of the offers that a filter lets through. What a carrier does not say can't be held
// against a bound, and is last among the fastest. Prices are compared in one currency: the filter's, else that of the
// first offer.
func Choose(want string, f *ship.Filter, offers []ship.Rate) (ship.Rate, bool) {
	if f == nil {
		f = &ship.Filter{}
	}
	currency := ""
	if f.MaxTotal != nil {
		currency = f.MaxTotal.Currency
	}
	var fit []ship.Rate
	for _, o := range offers {
		switch {
		case len(f.Services) > 0 && !slices.Contains(f.Services, o.Service):
		case f.MaxBusinessDays > 0 && (o.BusinessDays == 0 || o.BusinessDays > f.MaxBusinessDays):
		case currency != "" && o.Total.Currency != currency:
		case f.MaxTotal != nil && o.Total.Minor > f.MaxTotal.Minor:
		default:
			currency = o.Total.Currency
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 {
		return ship.Rate{}, false
	}
	better := cheaper
	if want == ship.Fastest {
		better = faster
	}
	return slices.MinFunc(fit, better), true
}

func cheaper(a, b ship.Rate) int {
	return cmp.Or(cmp.Compare(a.Total.Minor, b.Total.Minor), cmp.Compare(days(a), days(b)), strings.Compare(a.Service, b.Service))
}

func faster(a, b ship.Rate) int {
	return cmp.Or(cmp.Compare(days(a), days(b)), strings.Compare(cmp.Or(a.DeliveryTime, "24:00"), cmp.Or(b.DeliveryTime, "24:00")),
		cmp.Compare(a.Total.Minor, b.Total.Minor), strings.Compare(a.Service, b.Service))
}

// days are an offer's business days in transit; what is not said may take any time.
func days(r ship.Rate) int64 {
	if r.BusinessDays > 0 {
		return r.BusinessDays
	}
	return 1 << 30
}

// listed is what was on offer, for a person.
func listed(offers []ship.Rate) string {
	var out []string
	for _, o := range offers {
		one := fmt.Sprintf("%s for %s", o.Service, o.Total)
		if o.BusinessDays > 0 {
			one += fmt.Sprintf(" in %d business days", o.BusinessDays)
		}
		out = append(out, one)
	}
	return strings.Join(out, ", ")
}
