package api

// Operation is one operation of the contract, as the edge needs to know it. The values are generated from infra/openapi.yaml.
type Operation struct {
	Name    string   // operationId
	Method  string   // GET, POST, …
	Path    string   // "/v1/shipments/{id}"
	Scope   string   // what the API key must have: read, ship or admin; "" needs no key
	Query   []string // the query parameters it takes
	Media   []string // the media types of its body; none: it reads no body
	MaxBody int      // bytes
}
