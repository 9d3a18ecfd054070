// Package quoting asks carriers what a shipment would cost and whether they know an address. It sends nothing that has
// consequences: every question may be asked again.
package quoting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// Life is how long a rate can be booked by its id. Carriers do not promise a price: what is charged is told with the
// booking.
const Life = 24 * time.Hour

// Accounts are a tenant's carrier accounts.
type Accounts interface {
	// CarrierAccount returns an account with its credentials. Absent is ErrNoAccount.
	CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error)
	// AccountIDs are the ids of the accounts of a mode, at most limit.
	AccountIDs(ctx context.Context, tenant string, mode ship.Mode, limit int) ([]string, error)
}

// ErrNoAccount means that there is no such account.
var ErrNoAccount = errors.New("no such carrier account")

// Tokens hands out the token all workers share, and refreshes it once for all of them.
type Tokens interface {
	Token(ctx context.Context, acct carrier.Account, c carrier.Carrier) (carrier.Token, error)
	Refresh(ctx context.Context, acct carrier.Account, c carrier.Carrier, stale carrier.Token) (carrier.Token, error)
}

// Quotes keeps what was offered until it expires.
type Quotes interface {
	PutQuote(ctx context.Context, tenant string, mode ship.Mode, q Quote) error
	// Quote returns ErrUnknownRate when there is none.
	Quote(ctx context.Context, tenant string, mode ship.Mode, id string) (Quote, error)
}

// Quote is every offer made to one request.
type Quote struct {
	ID      string    `json:"id"`      // 26 characters
	Content string    `json:"content"` // Content of what was asked about
	Expires time.Time `json:"expires"`
	Offers  []Offer   `json:"offers"` // by their number in rate ids
}

// Offer is one rate of one account.
type Offer struct {
	Carrier string    `json:"carrier"`
	Account string    `json:"account"`
	Rate    ship.Rate `json:"rate"`
}

// RateID names offer n of a quote.
func RateID(quote string, n int) string { return "rate_" + quote + "_" + strconv.Itoa(n) }

// ParseRateID takes a rate's id apart. It judges the form only.
func ParseRateID(id string) (quote string, n int, ok bool) {
	rest, ok := strings.CutPrefix(id, "rate_")
	quote, number, cut := strings.Cut(rest, "_")
	n, err := strconv.Atoi(number)
	return quote, n, ok && cut && err == nil && n >= 0 && strconv.Itoa(n) == number && len(quote) == 26 && strings.Trim(quote, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// Content is what a rate depends on: a shipment booked by a rate has to say the same.
func Content(s ship.Shipment) string {
	b, err := json.Marshal([]any{s.From, s.To, s.Parcels, s.Customs})
	if err != nil {
		panic("a shipment that is no JSON: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Service holds the rules.
type Service struct {
	Accounts Accounts
	Tokens   Tokens
	Carriers carrier.Registry
	Quotes   Quotes
	Now      func() time.Time
	NewID    func() string // a ULID in lower case
	Log      *slog.Logger
}

// ErrUnknownRate is a rate that nobody of this tenant and mode was offered, or long ago.
var ErrUnknownRate = errors.New("there is no such rate")

// Rate returns a shipment as a rate would book it: with its service, its account and the quote. The problem says why the
// rate can't be had: it is unknown (another tenant's or mode's as well), has expired, or is of other contents.
func (s *Service) Rate(ctx context.Context, tenant string, mode ship.Mode, id string, sh ship.Shipment) (ship.Shipment, *ship.Problem, error) {
	no := func(code, detail string) (ship.Shipment, *ship.Problem, error) {
		return sh, &ship.Problem{Field: "rate", Code: code, Detail: detail + " Get new ones with POST /v1/rates."}, nil
	}
	quote, n, ok := ParseRateID(id)
	if !ok {
		return no("unknown_rate", "There is no such rate.")
	}
	q, err := s.Quotes.Quote(ctx, tenant, mode, quote)
	switch {
	case errors.Is(err, ErrUnknownRate), err == nil && n >= len(q.Offers):
		return no("unknown_rate", "There is no such rate, or it expired long ago.")
	case err != nil:
		return sh, nil, err
	case !s.Now().Before(q.Expires):
		return no("rate_expired", "The rate expired at "+q.Expires.Format(time.RFC3339)+".")
	case q.Content != Content(sh):
		return no("rate_mismatch", "The rate is of other addresses, parcels or customs data than this shipment has.")
	}
	o := q.Offers[n]
	sh.Service, sh.CarrierAccount = o.Rate.Service, o.Account
	sh.Quote = &ship.Quote{ID: id, Total: o.Rate.Total, Expires: q.Expires}
	return sh, nil, nil
}
