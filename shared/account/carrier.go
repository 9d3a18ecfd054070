package account

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/ship"
)

// credentialsPurpose binds sealed credentials to their use.
const credentialsPurpose = "carrier-credentials"

// maxID is longer than any id of ours, in bytes; a longer one need not be looked up.
const maxID = 64

// Input is what a tenant says of a new carrier account.
type Input struct {
	Name           string // may be empty
	Carrier        string
	Number         string
	Credentials    map[string]string
	RebookOnAbsent bool
	// BookingsPerMinute is 0 for what the carrier is known to take.
	BookingsPerMinute int64
	Seed              string // of the request (api.Request): the same account for each of its executions
}

// Update is what a tenant changes of a carrier account. What is nil stays as it is.
type Update struct {
	Name              *string           // empty: none any more
	Credentials       map[string]string // all of them
	RebookOnAbsent    *bool
	BookingsPerMinute *int64 // 0: what the carrier is known to take
}

// CreateCarrierAccount adds an account and returns it as it is stored. What is wrong with the input comes back as
// one *api.Error with every problem. The credentials are not tried at the carrier: that it is down is no reason to
// refuse them.
func (s *Service) CreateCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, in Input) (Carrier, error) {
	if problems := s.check(in); len(problems) > 0 {
		return Carrier{}, api.Invalid("The carrier account cannot be added as it is.", problems...)
	}
	c := Carrier{
		ID: api.NewID("ca_", in.Seed, s.NewID), Name: strings.TrimSpace(in.Name), Mode: mode, Carrier: in.Carrier, Number: in.Number,
		RebookOnAbsent: in.RebookOnAbsent, BookingsPerMinute: in.BookingsPerMinute, CreatedAt: s.now(),
	}
	var err error
	if c.Sealed, err = s.seal(ctx, tenant, c.ID, in.Credentials); err != nil {
		return Carrier{}, err
	}
	err = s.Store.PutCarrierAccount(ctx, tenant, c)
	if errors.Is(err, ErrExists) && in.Seed != "" { // by an execution whose answer was lost
		return s.Store.CarrierAccountNow(ctx, tenant, c.ID)
	}
	if err != nil {
		return Carrier{}, err
	}
	return c, nil
}

// UpdateCarrierAccount changes an account and returns it as it is now. Processes that book with it know the change after
// at most Keep. It returns ErrNotFound for an account that does not exist in this mode.
func (s *Service) UpdateCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, id string, up Update) (Carrier, error) {
	c, err := s.readCarrierAccount(ctx, tenant, mode, id)
	if err != nil {
		return Carrier{}, err
	}
	change := CarrierChange{RebookOnAbsent: up.RebookOnAbsent, BookingsPerMinute: up.BookingsPerMinute}
	var problems []ship.Problem
	if up.Name != nil {
		name := strings.TrimSpace(*up.Name)
		change.Name, problems = &name, checkName(name)
	}
	if up.BookingsPerMinute != nil {
		problems = append(problems, s.checkPace(c.Carrier, *up.BookingsPerMinute)...)
	}
	if up.Credentials != nil {
		problems = append(problems, s.checkCredentials(c.Carrier, up.Credentials)...)
	}
	if len(problems) > 0 {
		return Carrier{}, api.Invalid("The carrier account cannot be changed like this.", problems...)
	}
	if up.Credentials != nil {
		if change.Sealed, err = s.seal(ctx, tenant, id, up.Credentials); err != nil {
			return Carrier{}, err
		}
	}
	return s.Store.UpdateCarrierAccount(ctx, tenant, mode, id, change)
}

// CarrierAccounts lists a tenant's accounts of a mode by id: at most limit after an id ("" from the first), and the id to
// go on after, "" on the last page.
func (s *Service) CarrierAccounts(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]Carrier, string, error) {
	return s.Store.CarrierAccounts(ctx, tenant, mode, limit, after)
}

// readCarrierAccount reads an account as it is this moment. It returns ErrNotFound for one that does not exist in this mode.
func (s *Service) readCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, id string) (Carrier, error) {
	if id == "" || len(id) > maxID {
		return Carrier{}, ErrNotFound
	}
	c, err := s.Store.CarrierAccountNow(ctx, tenant, id)
	if err == nil && c.Mode != mode {
		err = ErrNotFound
	}
	if err != nil {
		return Carrier{}, fmt.Errorf("carrier account %s: %w", id, err)
	}
	return c, nil
}

func (s *Service) seal(ctx context.Context, tenant, id string, credentials map[string]string) ([]byte, error) {
	plain, err := json.Marshal(credentials)
	if err != nil {
		return nil, fmt.Errorf("encoding the credentials of %s: %w", id, err)
	}
	sealed, err := s.Box.Seal(ctx, tenant, credentialsPurpose, id, plain)
	if err != nil {
		return nil, fmt.Errorf("sealing the credentials of %s: %w", id, err)
	}
	return sealed, nil
}

// check finds all that is wrong at once. Values of credentials never get into a problem.
func (s *Service) check(in Input) []ship.Problem {
	c, ok := s.Carriers[in.Carrier]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(s.Carriers)), ", ")
		return []ship.Problem{{Field: "carrier", Code: "unknown_carrier", Detail: fmt.Sprintf("There is no carrier %q; the carriers are: %s.", in.Carrier, known)}}
	}
	problems := append(checkName(strings.TrimSpace(in.Name)), checkNumber(c.Describe(), in.Number)...)
	problems = append(problems, s.checkPace(in.Carrier, in.BookingsPerMinute)...)
	return append(problems, s.checkCredentials(in.Carrier, in.Credentials)...)
}

// checkPace is about a limit of bookings, whose range the contract holds: a carrier without one has none to be changed.
func (s *Service) checkPace(carrierName string, perMinute int64) []ship.Problem {
	if c, ok := s.Carriers[carrierName]; perMinute == 0 || ok && c.Describe().BookLimit != nil {
		return nil
	}
	return []ship.Problem{{Field: "bookings_per_minute", Code: "unsupported", Detail: fmt.Sprintf("Carrier %s has no limit of bookings; leave it out.", carrierName)}}
}

// checkName is about a name of the tenant's own, which may be left out.
func checkName(name string) []ship.Problem {
	if name == "" || isName(name) {
		return nil
	}
	return []ship.Problem{{Field: "name", Code: "invalid", Detail: fmt.Sprintf("A name has at most %d characters on one line.", maxName)}}
}

// checkCredentials holds credentials against those the carrier names.
func (s *Service) checkCredentials(carrierName string, credentials map[string]string) []ship.Problem {
	c, ok := s.Carriers[carrierName]
	if !ok {
		return []ship.Problem{{Field: "credentials", Code: "unknown_carrier", Detail: fmt.Sprintf("Carrier %s is not there any more.", carrierName)}}
	}
	var problems []ship.Problem
	wanted := c.Describe().Credentials
	for _, name := range wanted {
		value, given := credentials[name]
		if !given {
			problems = append(problems, ship.Problem{Field: "credentials." + name, Code: "required", Detail: fmt.Sprintf("Carrier %s needs %s.", carrierName, strings.Join(wanted, " and "))})
		} else if strings.TrimSpace(value) != value || value == "" {
			problems = append(problems, ship.Problem{Field: "credentials." + name, Code: "invalid", Detail: "It is empty, or begins or ends with a space; copy it again from the carrier."})
		}
	}
	takes := "no credentials"
	if len(wanted) > 0 {
		takes = strings.Join(wanted, " and ") + " and nothing else"
	}
	for _, name := range slices.Sorted(maps.Keys(credentials)) {
		if !slices.Contains(wanted, name) {
			problems = append(problems, ship.Problem{Field: "credentials." + name, Code: "unknown_field", Detail: fmt.Sprintf("Carrier %s takes %s.", carrierName, takes)})
		}
	}
	return problems
}

// CarrierAccount returns a tenant's account with its credentials, ready to book with. Whether its mode is the
// caller's is for the caller to see. It returns ErrNotFound when there is none. A process keeps the answer for Keep.
func (s *Service) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	a, err := s.open.get(ctx, s.Now, s.keep(), tenant+"\x00"+id, func(ctx context.Context) (carrier.Account, error) {
		c, err := s.stored(ctx, tenant, id)
		if err != nil {
			return carrier.Account{}, err
		}
		plain, err := s.Box.Open(ctx, tenant, credentialsPurpose, id, c.Sealed)
		if err != nil {
			return carrier.Account{}, fmt.Errorf("opening the credentials of %s: %w", id, err)
		}
		a := c.account(tenant)
		if err := json.Unmarshal(plain, &a.Credentials); err != nil {
			return carrier.Account{}, fmt.Errorf("the credentials of %s are not what was sealed", id) // the cause could quote them
		}
		return a, nil
	})
	return own(a), err
}

// Forget makes the process read an account anew that it has kept.
func (s *Service) Forget(tenant, id string) {
	s.open.forget(tenant + "\x00" + id)
	s.facts.forget(tenant + "\x00" + id)
}

// Facts is CarrierAccount without the credentials, for functions that only check an order and are not allowed to
// decrypt anything.
func (s *Service) Facts(ctx context.Context, tenant, id string) (carrier.Account, error) {
	a, err := s.facts.get(ctx, s.Now, s.keep(), tenant+"\x00"+id, func(ctx context.Context) (carrier.Account, error) {
		c, err := s.stored(ctx, tenant, id)
		if err != nil {
			return carrier.Account{}, err
		}
		return c.account(tenant), nil
	})
	return own(a), err
}

func (s *Service) stored(ctx context.Context, tenant, id string) (Carrier, error) {
	if id == "" || len(id) > maxID {
		return Carrier{}, fmt.Errorf("carrier account: %w", ErrNotFound)
	}
	c, err := s.Store.CarrierAccount(ctx, tenant, id)
	if errors.Is(err, ErrNotFound) {
		return Carrier{}, fmt.Errorf("carrier account %s: %w", id, ErrNotFound)
	}
	return c, err
}

// account is what a carrier needs, but for the credentials.
func (c Carrier) account(tenant string) carrier.Account {
	return carrier.Account{ID: c.ID, Tenant: tenant, Mode: c.Mode, Carrier: c.Carrier, Number: c.Number, Revision: c.Revision, RebookOnAbsent: c.RebookOnAbsent,
		BookingsPerMinute: c.BookingsPerMinute}
}

func (s *Service) keep() time.Duration { return cmp.Or(s.Keep, standardKeep) }

func (s *Service) id(prefix string) string { return prefix + strings.ToLower(s.NewID()) }

// now is the time to the millisecond, as it is stored.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// checkNumber holds an account number against what the carrier's look like: with a wrong one every booking would
// be refused.
func checkNumber(d carrier.Descriptor, number string) []ship.Problem {
	if ok, err := regexp.MatchString(d.Number, number); err == nil && ok {
		return nil
	}
	return []ship.Problem{{Field: "number", Code: "invalid", Detail: fmt.Sprintf("%q is not an account number of carrier %s: one has %s.", number, d.Name, d.NumberHint)}}
}
