package operating

import "github.com/fairlead/fairlead/shared/account"

// TenantRequest is what create-tenant takes, with who asks.
type TenantRequest struct {
	Caller
	account.TenantRequest
}

// caller is who asks. Those who called before there was an audit say neither who they are nor why.
func (r TenantRequest) caller() Caller {
	if r.By == "" {
		r.By = "(not said)"
	}
	return r.Caller
}

// Target implements Input.
func (r TenantRequest) Target() string { return r.Tenant }

// Kept is what the audit keeps of it: a tenant's name can be erased, and the audit is for ever.
func (r TenantRequest) Kept() any {
	r.Name = ""
	return r
}

// TenantAnswer is what create-tenant answers. Its secret is kept nowhere.
type TenantAnswer struct{ account.TenantAnswer }

// Summary implements Told.
func (a TenantAnswer) Summary() (target, said string) {
	return a.Tenant.ID, "key " + a.APIKey.ID + " in mode " + string(a.APIKey.Mode)
}
