package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/oauth"
	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

// PutTenant writes a new tenant. It returns account.ErrExists when there is one of this id.
func (s *Store) PutTenant(ctx context.Context, tenant string, t account.Tenant) error {
	return s.putNew(ctx, "tenant "+tenant, attrs{
		"pk": str(tenant), "sk": str(tenantSort), "name": str(t.Name), "created": ms(t.CreatedAt),
	}, account.ErrExists)
}

// Tenant reads a tenant, strongly consistent. It returns account.ErrNotFound when there is none.
func (s *Store) Tenant(ctx context.Context, tenant string) (account.Tenant, error) {
	d, err := s.read(ctx, "tenant", tenant, tenantSort, true)
	if err != nil {
		return account.Tenant{}, err
	}
	return readTenant(tenant, d)
}

// TenantLately is Tenant, eventually consistent, and strongly on a miss.
func (s *Store) TenantLately(ctx context.Context, tenant string) (account.Tenant, error) {
	d, err := s.accountItem(ctx, "tenant", tenant, tenantSort)
	if err != nil {
		return account.Tenant{}, err
	}
	return readTenant(tenant, d)
}

func readTenant(tenant string, d *decoder) (account.Tenant, error) {
	t := account.Tenant{ID: tenant, Name: d.str("name"), CreatedAt: d.time("created"), Suspended: d.time("sus"), Erased: d.time("era")}
	var err error
	if t.Limits, err = ratelimit.ParseSet(d.str("lim")); err != nil {
		return account.Tenant{}, fmt.Errorf("tenant %s: %w", tenant, err)
	}
	return t, d.err
}

// UpdateTenant changes what change names of a tenant and returns it as it is now. It returns account.ErrNotFound when there
// is none, and account.ErrErased for one whose erasure was begun: that stays suspended.
func (s *Store) UpdateTenant(ctx context.Context, tenant string, change account.TenantChange) (account.Tenant, error) {
	set, remove, vals := []string{}, []string{}, attrs{":fv": num(ItemFormat)}
	put := func(name string, v types.AttributeValue, gone bool) {
		if gone {
			remove = append(remove, name)
			return
		}
		set, vals[":"+name] = append(set, name+"=:"+name), v
	}
	cond := "attribute_exists(pk) AND fv<=:fv"
	if change.Suspended != nil {
		put("sus", ms(*change.Suspended), change.Suspended.IsZero())
		if change.Suspended.IsZero() {
			cond += " AND attribute_not_exists(era)"
		}
	}
	if change.Limits != nil {
		put("lim", str(change.Limits.String()), *change.Limits == ratelimit.Set{})
	}
	if change.Erased != nil {
		put("era", ms(*change.Erased), false)
		cond += " AND attribute_exists(sus) AND attribute_not_exists(era)"
	}
	out, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(tenant), "sk": str(tenantSort)},
		UpdateExpression: aws.String(strings.TrimSpace(clause("SET ", set) + clause(" REMOVE ", remove))), ConditionExpression: &cond, ExpressionAttributeValues: vals,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, no := refused(err); no {
		switch {
		case len(old) == 0:
			return account.Tenant{}, account.ErrNotFound
		case old["era"] != nil:
			return account.Tenant{}, account.ErrErased
		case readable("tenant", old) != nil:
			return account.Tenant{}, readable("tenant", old)
		}
		return account.Tenant{}, account.ErrChanged
	}
	if err != nil {
		return account.Tenant{}, fmt.Errorf("changing tenant %s: %w", tenant, err)
	}
	return readTenant(tenant, &decoder{it: out.Attributes})
}

// PutCarrierAccount writes a new carrier account. It returns account.ErrExists when there is one of this id. Its token
// record goes first: that of a deleted account of the same id would keep it from ever logging in.
func (s *Store) PutCarrierAccount(ctx context.Context, tenant string, c account.Carrier) error {
	item := attrs{
		"pk": str(tenant), "sk": str(carrierSort(c.ID)), "mode": str(string(c.Mode)), "carrier": str(c.Carrier),
		"number": str(c.Number), "sealed": bin(c.Sealed), "rebook": yes(c.RebookOnAbsent), "created": ms(c.CreatedAt),
	}
	if c.Name != "" {
		item["name"] = str(c.Name)
	}
	if c.BookingsPerMinute != 0 {
		item["pace"] = num(c.BookingsPerMinute)
	}
	if err := s.clearToken(ctx, tenant, c.ID); err != nil {
		return err
	}
	return s.putNew(ctx, "carrier account "+c.ID, item, account.ErrExists)
}

// CarrierAccount reads a tenant's carrier account, eventually consistent, and strongly on a miss. It returns
// account.ErrNotFound when there is none.
func (s *Store) CarrierAccount(ctx context.Context, tenant, id string) (account.Carrier, error) {
	d, err := s.accountItem(ctx, "carrier account", tenant, carrierSort(id))
	if err != nil {
		return account.Carrier{}, err
	}
	return carrierAccount(d.it)
}

// CarrierAccountNow is CarrierAccount, strongly consistent: a tenant sees what it has just changed.
func (s *Store) CarrierAccountNow(ctx context.Context, tenant, id string) (account.Carrier, error) {
	d, err := s.read(ctx, "carrier account", tenant, carrierSort(id), true)
	if err != nil {
		return account.Carrier{}, err
	}
	return carrierAccount(d.it)
}

// CarrierAccounts lists a tenant's carrier accounts of a mode, by id: at most limit after an id ("" from the first),
// and the id to go on after, "" on the last page.
func (s *Store) CarrierAccounts(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]account.Carrier, string, error) {
	items, next, err := s.settings(ctx, "carrier accounts", tenant, carrierSort(""), mode, limit, after)
	if err != nil {
		return nil, "", err
	}
	out := make([]account.Carrier, len(items))
	for i, item := range items {
		if out[i], err = carrierAccount(item); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}

// UpdateCarrierAccount changes what change names of an account and returns it as it is now. New credentials raise its
// revision, and end the tokens of the earlier ones: by the revision already, so that it is no harm when the token record
// is not reached. It returns account.ErrNotFound for an account that does not exist in this mode.
func (s *Store) UpdateCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, id string, change account.CarrierChange) (account.Carrier, error) {
	p := patch{set: attrs{}}
	if change.Sealed != nil {
		p.set["sealed"], p.count = bin(change.Sealed), "rev"
	}
	if change.RebookOnAbsent != nil {
		p.set["rebook"] = yes(*change.RebookOnAbsent)
	}
	switch {
	case change.BookingsPerMinute != nil && *change.BookingsPerMinute != 0:
		p.set["pace"] = num(*change.BookingsPerMinute)
	case change.BookingsPerMinute != nil:
		p.remove = append(p.remove, "pace")
	}
	switch {
	case change.Name != nil && *change.Name != "":
		p.set["name"] = str(*change.Name)
	case change.Name != nil:
		p.remove = append(p.remove, "name")
	}
	item, err := s.updateSetting(ctx, "carrier account "+id, tenant, carrierSort(id), mode, p)
	if err != nil {
		return account.Carrier{}, err
	}
	c, err := carrierAccount(item)
	if err != nil || change.Sealed == nil {
		return c, err
	}
	return c, s.endTokens(ctx, tenant, id, c.Revision)
}

// DeleteCarrierAccount deletes an account, and its token for good: a worker that is logging in at this moment can't bring
// one back. It returns account.ErrNotFound for an account that does not exist in this mode; the token of one whose
// deletion was interrupted goes then.
func (s *Store) DeleteCarrierAccount(ctx context.Context, tenant string, mode ship.Mode, id string) error {
	other, err := s.deleteSetting(ctx, "carrier account "+id, tenant, carrierSort(id), mode)
	if errors.Is(err, account.ErrNotFound) && len(other) == 0 {
		if orphan := s.endOrphanedToken(ctx, tenant, id); orphan != nil {
			return orphan
		}
	}
	if err != nil {
		return err
	}
	return s.endTokens(ctx, tenant, id, oauth.LastRevision)
}

func carrierAccount(item attrs) (account.Carrier, error) {
	if err := readable("carrier account", item); err != nil {
		return account.Carrier{}, err
	}
	d := decoder{it: item}
	c := account.Carrier{
		ID: d.str("sk")[min(len(carrierSort("")), len(d.str("sk"))):], Name: d.str("name"), Mode: ship.Mode(d.str("mode")), Carrier: d.str("carrier"), Number: d.str("number"),
		Sealed: d.bytes("sealed"), Revision: d.num("rev"), RebookOnAbsent: d.flag("rebook"), CreatedAt: d.time("created"),
		BookingsPerMinute: d.num("pace"),
	}
	return c, d.err
}
