package operating

import "github.com/fairlead/fairlead/shared/account"

// TenantRequest is what create-tenant takes, with who asks.
type TenantRequest struct {
	Caller
	account.TenantRequest
}

// Target implements Input.
func (r TenantRequest) Target() string { return r.Tenant }

// TenantAnswer is what create-tenant answers. Its secret is kept nowhere.
type TenantAnswer struct{ account.TenantAnswer }

// Summary implements Told.
func (a TenantAnswer) Summary() (target, said string) {
	return a.Tenant.ID, "key " + a.APIKey.ID + " in mode " + string(a.APIKey.Mode)
}
