// Package ups books with UPS over its REST APIs: Shipping (within a country and across borders, void included), Label
// Recovery, Track by reference, Rating with transit times, Address Validation and OAuth client credentials. It
// translates between Fairlead's vocabulary and UPS's wire format (internal/client) and knows UPS's traps: success by
// body and not by status, arrays that become objects, numbers that are strings.
package ups

import (
	"context"
	"crypto/tls"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// Name is the carrier's name in accounts and in the registry.
const Name = "ups"

// UPS's own addresses, for Options.BaseURL.
const (
	TestURL = "https://wwwcie.ups.com"
	LiveURL = "https://onlinetools.ups.com"
)

// loginTime bounds a login when the caller's context does not.
const loginTime = 10 * time.Second

//go:embed carrier.json
var descriptor []byte

// Options says where UPS is and how it is reached. Dial, TLS and Now are for tests and simulations: nil is the real
// network and the real clock.
type Options struct {
	BaseURL map[ship.Mode]string // by the account's mode, without a trailing slash; a mode without one can't be used
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	TLS     *tls.Config
	Now     func() time.Time
	// BookingsPerMinute is what UPS takes of one client id, when the operator knows better than carrier.json; 0: it is what
	// that says.
	BookingsPerMinute int64
}

// UPS implements carrier.Carrier and every optional port of a carrier. Safe for concurrent use.
type UPS struct {
	desc   carrier.Descriptor
	client *client.Client
	base   map[ship.Mode]string
	now    func() time.Time
}

var (
	_ carrier.Carrier        = (*UPS)(nil)
	_ carrier.Finder         = (*UPS)(nil)
	_ carrier.Documenter     = (*UPS)(nil)
	_ carrier.Voider         = (*UPS)(nil)
	_ carrier.Rater          = (*UPS)(nil)
	_ carrier.AddressChecker = (*UPS)(nil)
)

// New makes the adapter. No I/O.
func New(o Options) *UPS {
	u := &UPS{base: maps.Clone(o.BaseURL), now: o.Now}
	if err := json.Unmarshal(descriptor, &u.desc); err != nil {
		panic("ups: carrier.json: " + err.Error()) // it is embedded, and a test reads it
	}
	if o.BookingsPerMinute > 0 {
		u.desc.BookLimit.PerMinute = o.BookingsPerMinute
	}
	if u.now == nil {
		u.now = time.Now
	}
	u.client = client.New(carrier.NewWire(carrier.WireOptions{Dial: o.Dial, TLS: o.TLS, Now: o.Now}))
	return u
}

// Describe gives the facts of carrier.json. The caller must not change them.
func (u *UPS) Describe() carrier.Descriptor { return u.desc }

// Login fetches a token by client credentials; it lives as long as UPS says (four hours). Code 10401, which UPS
// gives for an unknown client id and for a wrong secret alike, is a *carrier.LoginRefused; anything else passes.
func (u *UPS) Login(ctx context.Context, acct carrier.Account) (carrier.Token, error) {
	base, err := u.url(acct)
	if err != nil {
		return carrier.Token{}, err
	}
	id, secret := acct.Credentials["client_id"], acct.Credentials["client_secret"]
	now := u.now()
	e := u.client.Login(ctx, base, id, secret, now.Add(loginTime))
	if e.Err != nil {
		return carrier.Token{}, fmt.Errorf("UPS login: %s", carrier.Redact(e.Err.Error(), secrets(acct, "")...))
	}
	if e.Status != 200 {
		return carrier.Token{}, loginError(e, secrets(acct, ""))
	}
	a, err := client.Parse[client.TokenAnswer](e.Body)
	if err != nil {
		return carrier.Token{}, fmt.Errorf("UPS login: %w", err)
	}
	life, err := strconv.ParseInt(string(a.ExpiresIn), 10, 32)
	if err != nil || life <= 0 || a.AccessToken == "" {
		return carrier.Token{}, fmt.Errorf("UPS login: the answer has no token or no life time")
	}
	return carrier.Token{Value: string(a.AccessToken), Expires: now.Add(time.Duration(life) * time.Second)}, nil
}

// loginError tells what only a person can mend from what passes.
func loginError(e carrier.Evidence, secrets []string) error {
	errs := client.Errors(e.Body)
	for _, p := range errs {
		if p.Code == codeLoginRefused {
			return &carrier.LoginRefused{Code: string(p.Code), Message: carrier.Redact(string(p.Message), secrets...)}
		}
	}
	if len(errs) == 0 {
		return fmt.Errorf("UPS login: HTTP %d", e.Status)
	}
	return fmt.Errorf("UPS login: HTTP %d, %s %s", e.Status, carrier.Redact(string(errs[0].Code), secrets...),
		carrier.Redact(string(errs[0].Message), secrets...))
}

// Book sends the order once and judges the answer. An order that can't be rendered is refused without a call.
func (u *UPS) Book(ctx context.Context, o carrier.Order, c carrier.Call) carrier.Outcome {
	if p := append(u.Check(o.Shipment), u.checkOrder(o)...); len(p) > 0 {
		// It would be refused for ever, and nothing has left: waiting helps nobody.
		return carrier.Outcome{Kind: carrier.Refused, Code: "unsupported", Message: p[0].Field + ": " + p[0].Detail}
	}
	s, err := u.session(o, c)
	if err != nil {
		return carrier.Outcome{Kind: carrier.NotSent, Message: err.Error()}
	}
	e := u.client.Ship(ctx, s, render(o, u.desc.Services[o.Shipment.Service].Code, u.now()), c)
	out := carrier.Judge(e, u.reading(o, c))
	if out.Booking != nil {
		out.Booking.At = u.now()
	}
	return out
}

func (u *UPS) session(o carrier.Order, c carrier.Call) (client.Session, error) {
	base, err := u.url(o.Account)
	return client.Session{Base: base, Token: c.Token.Value, Reference: o.Reference}, err
}

func (u *UPS) url(a carrier.Account) (string, error) {
	base := u.base[a.Mode]
	if base == "" {
		return "", fmt.Errorf("no UPS address is configured for mode %q", a.Mode)
	}
	return base, nil
}

// secrets is what must not be kept of an account: its credentials, the header made of them, and the token.
func secrets(a carrier.Account, token string) []string {
	list := slices.Collect(maps.Values(a.Credentials))
	slices.SortFunc(list, func(x, y string) int { return len(y) - len(x) }) // one may contain another
	basic := client.BasicAuth(a.Credentials["client_id"], a.Credentials["client_secret"])
	return append([]string{token, basic[len("Basic "):]}, list...)
}
