package quoting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// AskWithin bounds the questions of one request: API Gateway waits 29 seconds for all of it.
const AskWithin = 20 * time.Second

// MostAccounts is how many accounts one request asks, and mostTold how many it tells that it did not ask.
const (
	MostAccounts = 10
	mostTold     = 90
)

// Question is what rates are asked for.
type Question struct {
	Shipment ship.Shipment // normalised; service, account and label play no part
	Accounts []string      // none: all of the mode, MostAccounts at most
	Services []string      // none: all
}

// Trouble is why an account offers nothing.
type Trouble struct {
	Account, Carrier string
	Source           string // "fairlead" or "carrier"
	Code, Detail     string
	Problems         []ship.Problem
}

// Rates asks every account at the same time and keeps what they offer, the cheapest first by currency. An account that
// offers nothing is told among the troubles and hides none of the others. Problems are what no carrier could ship.
func (s *Service) Rates(ctx context.Context, tenant string, mode ship.Mode, q Question) (Quote, []Trouble, []ship.Problem, error) {
	q.Shipment.Service = "" // every one
	if problems := q.Shipment.Check(); len(problems) > 0 {
		return Quote{}, nil, problems, nil
	}
	ids, left, err := s.asked(ctx, tenant, mode, q.Accounts)
	if err != nil {
		return Quote{}, nil, nil, err
	}
	if len(ids) == 0 {
		return Quote{}, nil, []ship.Problem{{Field: "carrier_accounts", Code: "required", Detail: fmt.Sprintf("There is no carrier account in mode %s to ask; add one with POST /v1/carrier-accounts.", mode)}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, AskWithin)
	defer cancel()
	var wait sync.WaitGroup
	offers, troubles := make([][]Offer, len(ids)), make([]*Trouble, len(ids))
	for i, id := range ids {
		wait.Go(func() { offers[i], troubles[i] = s.askOne(ctx, tenant, mode, id, q) })
	}
	wait.Wait()
	out := Quote{ID: strings.ToLower(s.NewID()), Content: Content(q.Shipment), Expires: s.Now().Add(Life).UTC().Truncate(time.Second), Offers: slices.Concat(offers...)}
	slices.SortStableFunc(out.Offers, func(a, b Offer) int {
		return cmp.Or(strings.Compare(a.Rate.Total.Currency, b.Rate.Total.Currency), cmp.Compare(a.Rate.Total.Minor, b.Rate.Total.Minor))
	})
	var told []Trouble
	for _, t := range troubles {
		if t != nil {
			told = append(told, *t)
		}
	}
	told = append(told, left...)
	if len(out.Offers) == 0 {
		return out, told, nil, nil
	}
	return out, told, nil, s.Quotes.PutQuote(ctx, tenant, mode, out)
}

// asked are the accounts to ask: those that are named, else as many of the mode's as one request asks, and what is told of
// the others.
func (s *Service) asked(ctx context.Context, tenant string, mode ship.Mode, named []string) (ids []string, left []Trouble, err error) {
	if len(named) > 0 {
		return named, nil, nil
	}
	all, err := s.Accounts.AccountIDs(ctx, tenant, mode, MostAccounts+mostTold)
	if err != nil {
		return nil, nil, err
	}
	for i, id := range all {
		if i < MostAccounts {
			ids = append(ids, id)
			continue
		}
		left = append(left, Trouble{Account: id, Source: "fairlead", Code: "not_asked", Detail: fmt.Sprintf("At most %d accounts are asked at once: name those that you want in carrier_accounts.", MostAccounts)})
	}
	return ids, left, nil
}

// askOne asks one account. A panic in an adapter is its own trouble and nobody else's.
func (s *Service) askOne(ctx context.Context, tenant string, mode ship.Mode, id string, q Question) (offers []Offer, trouble *Trouble) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.ErrorContext(ctx, "panic while asking for rates", "tenant", tenant, "account", id, "panic", p)
			offers, trouble = nil, &Trouble{Account: id, Source: "fairlead", Code: "internal_error", Detail: "Something failed on our side while this account was asked."}
		}
	}()
	acct, c, trouble := s.account(ctx, tenant, mode, id)
	if trouble != nil {
		return nil, trouble
	}
	no := func(source, code, detail string) ([]Offer, *Trouble) {
		return nil, &Trouble{Account: id, Carrier: acct.Carrier, Source: source, Code: code, Detail: detail}
	}
	rater, ok := c.(carrier.Rater)
	if !ok {
		return no("fairlead", "rates_unsupported", "This carrier tells no prices.")
	}
	if problems := c.Check(q.Shipment); len(problems) > 0 {
		_, t := no("fairlead", "invalid_request", "This carrier can't ship it as it is.")
		t.Problems = problems
		return nil, t
	}
	answer, err := ask(ctx, s, acct, c, func(call carrier.Call) (carrier.RateAnswer, carrier.AskKind) {
		a := rater.Rates(ctx, q.Shipment, acct, call)
		return a, a.Kind
	})
	if err != nil {
		_, t := no("carrier", "login_unavailable", "The carrier's login could not be reached. Ask again in a moment.")
		return nil, loginTrouble(t, acct, err)
	}
	switch answer.Kind {
	case carrier.Answered:
		for _, r := range answer.Rates {
			if len(q.Services) == 0 || slices.Contains(q.Services, r.Service) {
				offers = append(offers, Offer{Carrier: acct.Carrier, Account: id, Rate: r})
			}
		}
		if len(offers) == 0 {
			return no("fairlead", "no_rate", "The carrier offers no service for this shipment, of those asked for.")
		}
		return offers, nil
	case carrier.AskRefused:
		return no("carrier", answer.Code, answer.Message)
	case carrier.AskImpossible:
		return no("fairlead", answer.Code, answer.Message)
	case carrier.AskThrottled:
		return no("carrier", "throttled", "The carrier takes no more questions now. Ask again in a moment.")
	}
	return no("carrier", "carrier_unavailable", unavailable(answer.Message))
}

// unavailable is what is told when a carrier's answer is none, with what happened on the wire.
func unavailable(what string) string {
	if what == "" {
		return "The carrier gave no usable answer. Ask again in a moment."
	}
	return "The carrier gave no usable answer (" + what + "). Ask again in a moment."
}

// account finds an account of the mode and its carrier.
func (s *Service) account(ctx context.Context, tenant string, mode ship.Mode, id string) (carrier.Account, carrier.Carrier, *Trouble) {
	acct, err := s.Accounts.CarrierAccount(ctx, tenant, id)
	if errors.Is(err, ErrNoAccount) || err == nil && acct.Mode != mode {
		return acct, nil, &Trouble{Account: id, Source: "fairlead", Code: "unknown_carrier_account",
			Detail: fmt.Sprintf("There is no carrier account %q for this API key in mode %s; GET /v1/carrier-accounts lists them.", id, mode)}
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "account not read", "tenant", tenant, "account", id, "error", err)
		return acct, nil, &Trouble{Account: id, Source: "fairlead", Code: "account_unavailable", Detail: "The carrier account could not be read. Ask again in a moment."}
	}
	c, ok := s.Carriers[acct.Carrier]
	if !ok {
		return acct, nil, &Trouble{Account: id, Carrier: acct.Carrier, Source: "fairlead", Code: "unsupported_carrier", Detail: "This account's carrier is not supported."}
	}
	return acct, c, nil
}

// ask puts a question with the shared token, and once more with a fresh one when the carrier refused that.
func ask[T any](ctx context.Context, s *Service, acct carrier.Account, c carrier.Carrier, put func(carrier.Call) (T, carrier.AskKind)) (answer T, err error) {
	obs.Note(ctx, "waits_for", "carrier")
	token, err := s.Tokens.Token(ctx, acct, c)
	if err != nil {
		return answer, err
	}
	call := carrier.Call{Token: token}
	call.Deadline, _ = ctx.Deadline()
	answer, kind := put(call)
	if kind != carrier.AskUnauthorized {
		return answer, nil
	}
	if call.Token, err = s.Tokens.Refresh(ctx, acct, c, token); err != nil {
		return answer, err
	}
	answer, _ = put(call)
	return answer, nil
}

// loginTrouble says more where only a person can help.
func loginTrouble(t *Trouble, acct carrier.Account, err error) *Trouble {
	if refused, ok := errors.AsType[*carrier.LoginRefused](err); ok {
		t.Code = "login_refused"
		t.Detail = refused.Advice(acct)
	}
	return t
}

// CheckAddress asks the carrier of an account about an address. The trouble is nil when it answered.
func (s *Service) CheckAddress(ctx context.Context, tenant string, mode ship.Mode, account string, a ship.Address) (carrier.AddressAnswer, *Trouble) {
	ctx, cancel := context.WithTimeout(ctx, AskWithin)
	defer cancel()
	acct, c, trouble := s.account(ctx, tenant, mode, account)
	if trouble != nil {
		return carrier.AddressAnswer{}, trouble
	}
	no := func(source, code, detail string) (carrier.AddressAnswer, *Trouble) {
		return carrier.AddressAnswer{}, &Trouble{Account: account, Carrier: acct.Carrier, Source: source, Code: code, Detail: detail}
	}
	checker, ok := c.(carrier.AddressChecker)
	if !ok {
		return no("fairlead", "validation_unsupported", "This carrier does not validate addresses.")
	}
	answer, err := ask(ctx, s, acct, c, func(call carrier.Call) (carrier.AddressAnswer, carrier.AskKind) {
		a := checker.CheckAddress(ctx, a, acct, call)
		return a, a.Kind
	})
	if err != nil {
		_, t := no("carrier", "login_unavailable", "The carrier's login could not be reached. Ask again in a moment.")
		return answer, loginTrouble(t, acct, err)
	}
	switch answer.Kind {
	case carrier.Answered:
		return answer, nil
	case carrier.AskRefused:
		return no("carrier", answer.Code, answer.Message)
	case carrier.AskImpossible:
		return no("fairlead", answer.Code, answer.Message)
	case carrier.AskThrottled:
		return no("carrier", "throttled", "The carrier takes no more questions now. Ask again in a moment.")
	}
	return no("carrier", "carrier_unavailable", unavailable(answer.Message))
}
