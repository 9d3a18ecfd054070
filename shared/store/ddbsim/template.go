package ddbsim

import "github.com/fairlead/fairlead/shared/store/dynamo"

// Template returns the tables of template.yaml, with a prefix before their names, and what the store calls them.
func Template(prefix string) ([]Table, dynamo.Tables) {
	names := dynamo.Tables{
		Shipments: prefix + "shipments", Documents: prefix + "documents", Accounts: prefix + "accounts",
		Limits: prefix + "limits", Deliveries: prefix + "deliveries", Requests: prefix + "requests",
	}
	return []Table{
		{
			Name: names.Shipments, Hash: "pk", Stream: true, TTL: "ttl", Numbers: []string{"due"},
			Indexes: []Index{{Name: "list", Hash: "lp", Range: "ls"}, {Name: "open", Hash: "wk", Range: "due"}, {Name: "number", Hash: "np"}, {Name: "held", Hash: "hp", Range: "ls"}},
		},
		{Name: names.Documents, Hash: "pk", Range: "sk", TTL: "ttl"},
		{Name: names.Accounts, Hash: "pk", Range: "sk"},
		{Name: names.Limits, Hash: "pk", TTL: "ttl"},
		{Name: names.Deliveries, Hash: "pk", Range: "sk", TTL: "ttl"},
		{Name: names.Requests, Hash: "pk", TTL: "ttl"},
	}, names
}
