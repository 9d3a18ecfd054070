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
	Carrier        string
	Number         string
	Credentials    map[string]string
	RebookOnAbsent bool
}

// CreateCarrierAccount adds an account and returns it as it is stored. What is wrong with the input comes back as
// one *api.Error with every problem. The credentials are not tried at the carrier: that it is down is no reason to
// refuse them.
func (s *Service) CreateCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, in Input) (Carrier, error) {
	if problems := s.check(in); len(problems) > 0 {
		return Carrier{}, api.Invalid("The carrier account cannot be added as it is.", problems...)
	}
	c := Carrier{
		ID: s.id("ca_"), Mode: mode, Carrier: in.Carrier, Number: in.Number, RebookOnAbsent: in.RebookOnAbsent, CreatedAt: s.now(),
	}
	plain, err := json.Marshal(in.Credentials)
	if err != nil {
		return Carrier{}, fmt.Errorf("encoding the credentials of %s: %w", c.ID, err)
	}
	if c.Sealed, err = s.Box.Seal(ctx, tenant, credentialsPurpose, c.ID, plain); err != nil {
		return Carrier{}, fmt.Errorf("sealing the credentials of %s: %w", c.ID, err)
	}
	if err := s.Store.PutCarrierAccount(ctx, tenant, c); err != nil {
		return Carrier{}, err
	}
	return c, nil
}

// check finds all that is wrong at once. Values of credentials never get into a problem.
func (s *Service) check(in Input) []ship.Problem {
	c, ok := s.Carriers[in.Carrier]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(s.Carriers)), ", ")
		return []ship.Problem{{Field: "carrier", Code: "unknown_carrier", Detail: fmt.Sprintf("There is no carrier %q; the carriers are: %s.", in.Carrier, known)}}
	}
	desc := c.Describe()
	problems := checkNumber(desc, in.Number)
	wanted := desc.Credentials
	for _, name := range wanted {
		value, given := in.Credentials[name]
		if !given {
			problems = append(problems, ship.Problem{Field: "credentials." + name, Code: "required", Detail: fmt.Sprintf("Carrier %s needs %s.", in.Carrier, strings.Join(wanted, " and "))})
		} else if strings.TrimSpace(value) != value || value == "" {
			problems = append(problems, ship.Problem{Field: "credentials." + name, Code: "invalid", Detail: "It is empty, or begins or ends with a space; copy it again from the carrier."})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Credentials)) {
		if !slices.Contains(wanted, name) {
			problems = append(problems, ship.Problem{Field: "credentials." + name, Code: "unknown_field", Detail: fmt.Sprintf("Carrier %s takes %s and nothing else.", in.Carrier, strings.Join(wanted, " and "))})
		}
	}
	return problems
}

// CarrierAccount returns a tenant's account with its credentials, ready to book with. Whether its mode is the
// caller's is for the caller to see. It returns ErrNotFound when there is none. A process keeps the answer for Keep.
func (s *Service) CarrierAccount(ctx context.Context, tenant, id string) (carrier.Account, error) {
	return s.open.get(ctx, s.Now, s.keep(), tenant+"\x00"+id, func(ctx context.Context) (carrier.Account, error) {
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
}

// Facts is CarrierAccount without the credentials, for functions that only check an order and are not allowed to
// decrypt anything.
func (s *Service) Facts(ctx context.Context, tenant, id string) (carrier.Account, error) {
	return s.facts.get(ctx, s.Now, s.keep(), tenant+"\x00"+id, func(ctx context.Context) (carrier.Account, error) {
		c, err := s.stored(ctx, tenant, id)
		if err != nil {
			return carrier.Account{}, err
		}
		return c.account(tenant), nil
	})
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
	return carrier.Account{ID: c.ID, Tenant: tenant, Mode: c.Mode, Carrier: c.Carrier, Number: c.Number, RebookOnAbsent: c.RebookOnAbsent}
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
